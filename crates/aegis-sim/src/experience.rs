//! Experience: what the other peers found out themselves, and what they recommend.
//!
//! Honest peers verify targets of their own and pass on what they counted. Hostile ones say that
//! every hostile peer was always right and every honest one always wrong.

use std::collections::{BTreeMap, VecDeque};

use aegis_core::trust::model::{Recommendation, SortRecord, Voice};
use aegis_core::{Confidence, NodeId, QUESTION_PEERS_MAX, Truth};

use crate::roster::{Member, Roster};
use crate::verification::DELAY;
use crate::world::{PRETRUSTED, World};

/// Targets between two rounds of questions about peers.
pub const ROUND: usize = 50;

/// Verified cases that hostile peers invent, of each class.
const INVENTED: (u32, u32) = (30, 70);
/// Interactions that Fides' records hold at most.
const HISTORY: u32 = 100;

/// What honest peers have counted so far.
pub struct Experience {
    /// Share of targets that each of them verifies.
    share: f64,
    heard: VecDeque<(usize, Vec<Voice>)>,
    counts: Vec<BTreeMap<NodeId, Recommendation>>,
}

impl Experience {
    /// Starts with nothing counted; every honest peer verifies `share` of all targets.
    pub fn new(world: &World, share: f64) -> Self {
        Self {
            share,
            heard: VecDeque::new(),
            counts: vec![BTreeMap::new(); world.honest.len()],
        }
    }

    /// Takes in what was said of the target at `index`, and what became known by then.
    pub fn hear(&mut self, world: &World, index: usize, voices: &[Voice]) {
        self.heard.push_back((index, voices.to_vec()));
        while let Some((index, voices)) = self.heard.pop_front_if(|it| it.0 + DELAY <= index) {
            let truth = world.targets[index].truth;
            let mut chance = world.recommendation_chance(index);
            for counts in &mut self.counts {
                if chance.happens(self.share) {
                    count(counts, &voices, truth);
                }
            }
        }
    }

    /// Returns what is said of everybody in the round after the target at `index`: of each
    /// subject, what each recommender says, in order of both.
    pub fn round(
        &self,
        world: &World,
        roster: &Roster,
        index: usize,
    ) -> Vec<(NodeId, Vec<(NodeId, Recommendation)>)> {
        let recommenders = recommenders(world, roster, index);
        let subjects = roster.members().iter();
        let about = subjects.map(|(subject, member)| {
            let others = recommenders.iter().filter(|(peer, _)| peer != subject);
            let said = others.filter_map(|(peer, recommender)| {
                let said = match recommender {
                    Member::Honest(place) => self.honest(*place, subject)?,
                    Member::Hostile(_) => invent(*member),
                };
                Some((*peer, said))
            });
            (*subject, said.collect())
        });
        about.collect()
    }

    fn honest(&self, place: usize, subject: &NodeId) -> Option<Recommendation> {
        let mut said = *self.counts.get(place)?.get(subject)?;
        let right = said.malicious_right + said.benign_right;
        let all = right + said.malicious_wrong + said.benign_wrong;
        let share = Confidence::clamped(f64::from(right) / f64::from(all.max(1)));
        said.sort = SortRecord {
            competence: share,
            integrity: Confidence::NONE,
            interactions: all.min(HISTORY),
            reputation: share,
            recommenders: 1,
        };
        Some(said)
    }
}

fn count(counts: &mut BTreeMap<NodeId, Recommendation>, voices: &[Voice], truth: Truth) {
    for voice in voices {
        let says_malicious = voice.opinion.score.value() > 0.0;
        if voice.opinion.confidence == Confidence::NONE {
            continue;
        }
        let counted = counts.entry(voice.peer).or_default();
        let counter = match (truth, says_malicious) {
            (Truth::Malicious, true) => &mut counted.malicious_right,
            (Truth::Malicious, false) => &mut counted.malicious_wrong,
            (Truth::Benign, false) => &mut counted.benign_right,
            (Truth::Benign, true) => &mut counted.benign_wrong,
        };
        *counter += 1;
    }
}

/// Returns what a hostile peer says of a peer.
fn invent(subject: Member) -> Recommendation {
    let (malicious, benign) = INVENTED;
    let right = matches!(subject, Member::Hostile(_));
    let share = if right {
        Confidence::FULL
    } else {
        Confidence::NONE
    };
    let sort = SortRecord {
        competence: share,
        integrity: Confidence::NONE,
        interactions: HISTORY,
        reputation: share,
        recommenders: HISTORY,
    };
    if right {
        Recommendation {
            malicious_right: malicious,
            benign_right: benign,
            sort,
            ..Recommendation::default()
        }
    } else {
        Recommendation {
            malicious_wrong: malicious,
            benign_wrong: benign,
            sort,
            ..Recommendation::default()
        }
    }
}

/// Returns who is asked in a round: as many as one question may go to, by lot, the pre-trusted
/// always among them.
fn recommenders(world: &World, roster: &Roster, index: usize) -> Vec<(NodeId, Member)> {
    let (pretrusted, others): (Vec<_>, Vec<_>) = roster
        .members()
        .iter()
        .partition(|it| matches!(it.1, Member::Honest(place) if place < PRETRUSTED));
    let mut chance = world.recommendation_chance(world.targets.len() + index);
    let (mut left, mut needed) = (others.len(), QUESTION_PEERS_MAX - pretrusted.len());
    let others = others.into_iter().filter(|_| {
        let is_asked = chance.below(left) < needed;
        left -= 1;
        needed -= usize::from(is_asked);
        is_asked
    });
    let mut asked: Vec<_> = others.chain(pretrusted).collect();
    asked.sort_unstable();
    asked
}

#[cfg(test)]
mod tests;
