//! The tournament: every model against every attack in every setting, on all cores.
//!
//! What one job computes depends on the job alone, so the number of threads changes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::attack;
use crate::metrics::{Figures, timeline};
use crate::model;
use crate::run::{Checking, Transcript, run};
use crate::world::{Setting, World};

/// What is to be played.
#[derive(Clone)]
pub struct Plan {
    /// Numbers of peers.
    pub peers: Vec<usize>,
    /// Hostile shares of them.
    pub hostile: Vec<f64>,
    /// Strategies.
    pub attacks: Vec<attack::Entry>,
    /// Contenders. What a node without a network and the oracle reach is always found out, too.
    pub models: Vec<model::Entry>,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds, one after another.
    pub seeds: u64,
    /// Targets of each run.
    pub targets: usize,
    /// Verification.
    pub checking: Checking,
}

/// Returns the plans of the committed table: most seeds for the model of AEGIS and its measures,
/// and in larger networks fewer seeds and only the shares at which it gets hard.
pub fn committed() -> [Plan; 6] {
    let is_compared = |name: &str| ["none", "oracle", "aegis"].contains(&name);
    let (own, others): (Vec<_>, Vec<_>) = model::MODELS.iter().partition(|it| is_compared(it.name));
    let plan = |peers, hostile: &[f64], seeds, models: &[model::Entry]| Plan {
        peers: vec![peers],
        hostile: hostile.to_vec(),
        attacks: attack::ATTACKS.to_vec(),
        models: models.to_vec(),
        first_seed: 1,
        seeds,
        targets: TARGETS,
        checking: Checking {
            share: 0.05,
            is_steered: true,
        },
    };
    let all = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
    [
        plan(50, &all, 20, &own),
        plan(50, &all, 5, &others),
        plan(200, &all, 5, &own),
        plan(200, &[0.25, 0.5, 0.75, 0.9], 2, &others),
        plan(1_000, &[0.75, 0.9], 2, &own),
        plan(1_000, &[0.75], 1, &others),
    ]
}

/// Targets of a run unless somebody asks for others.
pub const TARGETS: usize = 1_200;

/// One attack in one setting: what the models play in turn.
#[derive(Clone, Copy)]
pub struct Job {
    /// The setting.
    pub setting: Setting,
    /// The attack.
    pub attack: attack::Entry,
}

/// How one model fared in one job.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its figures.
    pub figures: Figures,
    /// Its accuracy in each piece of the stream.
    pub timeline: Vec<f64>,
    /// The accuracy of a node without a network in the same world.
    pub alone: f64,
    /// The accuracy of the oracle there.
    pub oracle: f64,
    /// What the model took for a voice.
    pub time_per_voice: Duration,
    /// The most bytes it keeps of an identity, if it can say.
    pub bytes_max: Option<usize>,
}

impl Plan {
    /// Returns every job, in order.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for peers in &self.peers {
            for hostile in &self.hostile {
                for attack in &self.attacks {
                    let seeds = (self.first_seed..).take(self.seeds as usize);
                    jobs.extend(seeds.map(|seed| Job {
                        setting: Setting {
                            peers: *peers,
                            hostile: *hostile,
                            seed,
                            targets: self.targets,
                        },
                        attack: *attack,
                    }));
                }
            }
        }
        jobs
    }

    /// Plays everything on `threads` threads. Returns how each model fared in each job, in the
    /// order of `jobs` and of the models. `progress` hears how many jobs are done.
    pub fn play(&self, threads: usize, progress: &(dyn Fn(usize) + Sync)) -> Vec<Vec<Played>> {
        let jobs = self.jobs();
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(jobs.len()));
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(place) else { return };
                let played = self.play_job(job);
                // A thread that panics takes the whole tournament with it: nobody reads the rest.
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((place, played));
                progress(done.len());
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads.clamp(1, jobs.len().max(1)) {
                scope.spawn(work);
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_unstable_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, played)| played).collect()
    }

    fn play_job(&self, job: &Job) -> Vec<Played> {
        let world = World::new(job.setting);
        let [alone, oracle] = model::BASELINES.map(|entry| self.play_one(&world, job, &entry).0);
        let models = self.models.iter().map(|entry| {
            let (figures, transcript) = self.play_one(&world, job, entry);
            let voices: usize = transcript.outcomes.iter().map(|it| it.voices).sum();
            Played {
                figures,
                timeline: timeline(&world, &transcript),
                alone: alone.accuracy,
                oracle: oracle.accuracy,
                time_per_voice: transcript.model_time / u32::try_from(voices.max(1)).unwrap_or(1),
                bytes_max: transcript.bytes_max,
            }
        });
        models.collect()
    }

    fn play_one(&self, world: &World, job: &Job, entry: &model::Entry) -> (Figures, Transcript) {
        let mut attack = (job.attack.start)();
        let transcript = run(world, attack.as_mut(), entry, self.checking);
        let figures = Figures::new(world, &transcript, attack.turns_at());
        (figures, transcript)
    }
}

#[cfg(test)]
mod tests;
