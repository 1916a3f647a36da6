//! One run: one model against one attack in one world.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use aegis_core::trust::model::{Case, Deed, Introduction, Stance, Verdict, Voice};
use aegis_core::{Confidence, NodeId, Opinion, Score, Timestamp};

use crate::attack::{Attack, Insight, Moment, Words};
use crate::chance::Chance;
use crate::experience::{Experience, ROUND};
use crate::model::{Contender, Entry};
use crate::roster::{Roster, local_opinion};
use crate::verification::{DELAY, Verification};
use crate::world::{Claim, PRETRUSTED, World};

/// How a node verifies in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checking {
    /// Share of all targets: 0…1.
    pub share: f64,
    /// Whether the model steers a part of it.
    pub is_steered: bool,
}

/// What became of one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What the model would have done.
    pub stance: Stance,
    /// The score, whatever the stance.
    pub score: f64,
    /// How many voices there were, and how many of them were hostile.
    pub voices: usize,
    /// … of hostile peers.
    pub hostile_voices: usize,
    /// Whether most hostile voices were lies.
    pub is_lie: bool,
    /// Whether the node found out the truth about it, [`DELAY`] targets later.
    pub is_verified: bool,
}

/// What became of all targets.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// In order of target.
    pub outcomes: Vec<Outcome>,
    /// The time that the model took; differs from run to run.
    pub model_time: Duration,
    /// The most bytes that the model keeps of an identity, if it can say.
    pub bytes_max: Option<usize>,
}

/// A truth on its way.
struct Finding {
    index: usize,
    voices: Vec<Voice>,
}

/// Plays `entry` against `attack` in `world`.
pub fn run(
    world: &World,
    attack: &mut dyn Attack,
    entry: &Entry,
    checking: Checking,
) -> Transcript {
    let mut run = Run::new(world, attack, entry, checking);
    let mut outcomes = Vec::with_capacity(world.targets.len());
    for index in 0..world.targets.len() {
        outcomes.push(run.step(attack, index));
    }
    let members = run.roster.members().iter();
    Transcript {
        outcomes,
        model_time: run.model_time,
        bytes_max: members
            .filter_map(|(peer, _)| run.model.bytes_of(peer))
            .max(),
    }
}

struct Run<'a> {
    world: &'a World,
    model: Box<dyn Contender>,
    roster: Roster,
    /// Hostile identities of which the roster is, once they have joined: how many and how new.
    hostile: Option<(usize, u64)>,
    accuracies: Vec<f64>,
    words: Vec<Option<Claim>>,
    verification: Verification,
    findings: VecDeque<Finding>,
    /// What others found out, where the model is told.
    experience: Option<Experience>,
    model_time: Duration,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, attack: &dyn Attack, entry: &Entry, checking: Checking) -> Self {
        let is_told = entry.hears_recommendations || attack.is_about_recommendations();
        let mut run = Self {
            world,
            model: (entry.start)(world),
            roster: Roster::new(world, 0, 0),
            hostile: None,
            accuracies: world.hostile_accuracies(attack.identities(world.hostile)),
            words: Vec::new(),
            verification: Verification::new(checking.share, checking.is_steered),
            findings: VecDeque::new(),
            experience: is_told.then(|| Experience::new(world, checking.share)),
            model_time: Duration::ZERO,
        };
        let trusted = Introduction {
            pretrust: Confidence::FULL,
            is_fixed: true,
        };
        for (place, (peer, _)) in world.honest.iter().enumerate() {
            let introduction = if entry.has_pretrust && place < PRETRUSTED {
                trusted
            } else {
                Introduction::default()
            };
            meet(run.model.as_mut(), world.time_of(0), *peer, introduction);
        }
        run
    }

    fn step(&mut self, attack: &mut dyn Attack, index: usize) -> Outcome {
        let now = self.world.time_of(index);
        self.admit(attack, index);
        self.tell_truths(now, index);
        let target = &self.world.targets[index];
        let local = target.local.map(local_opinion);
        let (voices, hostile_voices, verdict) = self.hear(attack, index, local);
        let case = Case {
            topic: target.topic,
            voices: &voices,
            local,
        };
        let value = self.model.check_value(now, &case, &verdict);
        let started = clock();
        self.model.conclude(now, &case, &verdict);
        self.model_time += started.elapsed();
        for deed in attack.deeds() {
            for peer in self.roster.hostile() {
                self.model.book(now, *peer, *deed);
            }
        }
        self.exchange_recommendations(now, index, &voices);
        let words = self.words.iter().flatten();
        let lies = words.clone().filter(|it| **it != Claim::of(target.truth));
        let is_verified = self.verification.picks(self.world, index, value);
        let outcome = Outcome {
            stance: verdict.stance,
            score: verdict.score.value(),
            voices: voices.len(),
            hostile_voices,
            is_lie: 2 * lies.count() > words.count(),
            is_verified,
        };
        if is_verified {
            self.findings.push_back(Finding { index, voices });
        }
        outcome
    }

    /// Lets the other peers find out what they can, and now and then tell the model.
    fn exchange_recommendations(&mut self, now: Timestamp, index: usize, voices: &[Voice]) {
        let Some(experience) = &mut self.experience else {
            return;
        };
        experience.hear(self.world, index, voices);
        if index % ROUND != ROUND - 1 {
            return;
        }
        for (subject, said) in experience.round(self.world, &self.roster, index) {
            if !said.is_empty() {
                self.model.consider(now, subject, &said);
            }
        }
    }

    /// Brings the roster up to date with who has joined or changed its identity.
    fn admit(&mut self, attack: &dyn Attack, index: usize) {
        let progress = index as f64 / self.world.targets.len() as f64;
        if progress < attack.joins_at() {
            return;
        }
        let hostile = (
            attack.identities(self.world.hostile),
            attack.generation(index),
        );
        if self.hostile == Some(hostile) {
            return;
        }
        self.hostile = Some(hostile);
        self.roster = Roster::new(self.world, hostile.0, hostile.1);
        let now = self.world.time_of(index);
        for peer in self.roster.hostile() {
            meet(self.model.as_mut(), now, *peer, Introduction::default());
        }
    }

    /// Tells the model the truths that have arrived.
    fn tell_truths(&mut self, now: Timestamp, index: usize) {
        while let Some(finding) = self.findings.pop_front_if(|it| it.index + DELAY <= index) {
            let target = &self.world.targets[finding.index];
            let case = Case {
                topic: target.topic,
                voices: &finding.voices,
                local: target.local.map(local_opinion),
            };
            let started = clock();
            self.model.learn(now, &case, target.truth);
            self.model_time += started.elapsed();
        }
    }

    /// Lets everybody speak, and the model judge.
    fn hear(
        &mut self,
        attack: &mut dyn Attack,
        index: usize,
        local: Option<Opinion>,
    ) -> (Vec<Voice>, usize, Verdict) {
        let mut words = std::mem::take(&mut self.words);
        if self.hostile.is_some() {
            self.world
                .hostile_words(index, &self.accuracies, &mut words);
        }
        let insight = Eye {
            run: self,
            index,
            local,
        };
        let moment = Moment {
            world: self.world,
            index,
            target: &self.world.targets[index],
            honest: self.world.honest_words(index),
            insight: &insight,
        };
        let mut chance = self.world.attack_chance(index);
        attack.speak(&moment, &mut chance, &mut words);
        let (voices, hostile_voices) = self.roster.voices(moment.honest, &words, &mut chance);
        let started = clock();
        let verdict = insight.judge(&voices);
        let judged = started.elapsed();
        attack.observe(&moment, &verdict);
        self.words = words;
        self.model_time += judged;
        (voices, hostile_voices, verdict)
    }
}

/// How attackers look into the model.
struct Eye<'a> {
    run: &'a Run<'a>,
    index: usize,
    local: Option<Opinion>,
}

impl Eye<'_> {
    fn judge(&self, voices: &[Voice]) -> Verdict {
        let case = Case {
            topic: self.run.world.targets[self.index].topic,
            voices,
            local: self.local,
        };
        self.run
            .model
            .judge(self.run.world.time_of(self.index), &case)
    }
}

impl Insight for Eye<'_> {
    fn verdict_on(&self, words: &Words) -> Verdict {
        let honest = self.run.world.honest_words(self.index);
        let mut chance: Chance = self.run.world.attack_chance(self.index);
        self.judge(&self.run.roster.voices(honest, words, &mut chance).0)
    }

    fn influence_of(&self, slot: usize) -> f64 {
        let now = self.run.world.time_of(self.index);
        let peer = self.run.roster.hostile().get(slot);
        peer.map_or(0.0, |peer| self.run.model.influence_of(now, peer))
    }
}

/// Introduces a peer of which own detectors saw nothing bad and which answers pings.
fn meet(model: &mut dyn Contender, now: Timestamp, peer: NodeId, introduction: Introduction) {
    model.meet(now, peer, introduction);
    model.book(now, peer, Deed::Ping { is_good: true });
    let nothing = Some((Score::UNKNOWN, Confidence::NONE));
    model.book(now, peer, Deed::Observed(nothing));
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures what a model costs, decides nothing"
)]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
