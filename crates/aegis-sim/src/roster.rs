//! The roster: which identities are there, and what each of them says.

use std::time::Duration;

use aegis_core::trust::model::{VOICES_MAX, Voice};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score};

use crate::attack::Words;
use crate::chance::Chance;
use crate::world::{Claim, World};

/// How far everybody's claims go, and how sure speakers are. Liars sound as sure as the honest.
const SCORE: f64 = 0.9;
const CONFIDENCE: f64 = 0.9;
/// How sure own detectors are: with the score above, what being right three times in four means.
const LOCAL_CONFIDENCE: f64 = 0.55;

/// One identity's place.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Member {
    /// An honest peer, by its place in the world.
    Honest(usize),
    /// A hostile one, by its slot.
    Hostile(usize),
}

/// Who is there, in order of identity.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: Vec<(NodeId, Member)>,
    hostile: Vec<NodeId>,
}

impl Roster {
    /// Gathers the honest peers and as many hostile identities of one generation.
    pub fn new(world: &World, hostile: usize, generation: u64) -> Self {
        let hostile: Vec<_> = (0..hostile)
            .map(|slot| world.hostile_identity(slot, generation))
            .collect();
        let honest = world.honest.iter().enumerate();
        let mut members: Vec<_> = honest
            .map(|(place, (peer, _))| (*peer, Member::Honest(place)))
            .collect();
        let others = hostile.iter().enumerate();
        members.extend(others.map(|(slot, peer)| (*peer, Member::Hostile(slot))));
        members.sort_unstable();
        Self { members, hostile }
    }

    /// Returns everybody, in order of identity.
    pub fn members(&self) -> &[(NodeId, Member)] {
        &self.members
    }

    /// Returns the hostile identities by slot.
    pub fn hostile(&self) -> &[NodeId] {
        &self.hostile
    }

    /// Returns what is said, in order of peer, and how much of it hostile peers say. Of more than a
    /// case can hold, `chance` decides who is heard.
    pub fn voices(
        &self,
        honest: &Words,
        hostile: &Words,
        chance: &mut Chance,
    ) -> (Vec<Voice>, usize) {
        let members = self.members.iter();
        let mut speakers: Vec<_> = members
            .filter_map(|(peer, member)| {
                let (word, is_hostile) = match member {
                    Member::Honest(place) => (honest.get(*place), false),
                    Member::Hostile(slot) => (hostile.get(*slot), true),
                };
                Some((*peer, (*word?)?, is_hostile))
            })
            .collect();
        // Selection sampling (Knuth, volume 2, algorithm S): every set is as likely as any other.
        let (mut left, mut needed) = (speakers.len(), VOICES_MAX);
        if left > needed {
            speakers.retain(|_| {
                let is_heard = chance.below(left) < needed;
                left -= 1;
                needed -= usize::from(is_heard);
                is_heard
            });
        }
        let hostile = speakers.iter().filter(|it| it.2).count();
        let voices = speakers.iter().map(|(peer, claim, _)| voice(*peer, *claim));
        (voices.collect(), hostile)
    }
}

/// Returns what own detectors think, as an opinion.
pub fn local_opinion(claim: Claim) -> Opinion {
    let said = opinion(claim);
    Opinion {
        confidence: Confidence::clamped(said.confidence.value().min(LOCAL_CONFIDENCE)),
        ..said
    }
}

fn voice(peer: NodeId, claim: Claim) -> Voice {
    Voice {
        peer,
        opinion: opinion(claim),
        evidence: Evidence::Verified,
    }
}

fn opinion(claim: Claim) -> Opinion {
    let (score, confidence) = match claim {
        Claim::Malicious => (SCORE, CONFIDENCE),
        Claim::Benign => (-SCORE, CONFIDENCE),
        Claim::Nothing => (0.0, 0.0),
    };
    Opinion {
        score: Score::clamped(score),
        confidence: Confidence::clamped(confidence),
        sightings: 1,
        age: Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;
