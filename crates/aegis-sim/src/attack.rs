//! Attackers: what all hostile peers together do, one strategy for all of them.
//!
//! A strategy knows the truth of every target and what every honest peer says; some also know the
//! model they play against. A new one is a file beside these and a line in [`ATTACKS`].

use aegis_core::trust::model::{Deed, Verdict};

use crate::chance::Chance;
use crate::world::{Claim, Target, World};

mod abstain;
mod always_lie;
mod betray;
mod feedback;
mod just_trusted;
mod laundering;
mod mirror;
mod on_off;
mod one_sided;
mod oscillate;
mod own_targets;
mod parrot;
mod quiet_liar;
mod reformed;
mod ring;
mod slow_drift;
mod surgical;
mod sybil;
mod whitewash;

/// What hostile peers say of one target, by slot: `None` is silence.
pub type Words = [Option<Claim>];

/// What attackers know when a target comes up.
pub struct Moment<'a> {
    /// The world as a whole.
    pub world: &'a World,
    /// Which target it is, counted from 0.
    pub index: usize,
    /// The target.
    pub target: &'a Target,
    /// What the honest peers say of it.
    pub honest: &'a Words,
    /// The model they play against, for those who can see into it.
    pub insight: &'a dyn Insight,
}

/// What attackers can find out about the model without changing it.
pub trait Insight {
    /// Returns what the model would make of the target if the hostile peers said `words`.
    fn verdict_on(&self, words: &Words) -> Verdict;

    /// Returns how far the hostile peer of `slot` can move a verdict now, in nats.
    fn influence_of(&self, slot: usize) -> f64;
}

impl Moment<'_> {
    /// Returns how much of the stream is over: 0…1.
    pub fn progress(&self) -> f64 {
        self.index as f64 / self.world.targets.len().max(1) as f64
    }
}

/// One strategy.
pub trait Attack {
    /// Returns how many hostile identities there are at a time, where `hostile` peers are.
    fn identities(&self, hostile: usize) -> usize {
        hostile
    }

    /// Returns how often they have changed their identities when the target `index` comes up.
    fn generation(&self, _index: usize) -> u64 {
        0
    }

    /// Returns the share of the stream that is over when they join.
    fn joins_at(&self) -> f64 {
        0.0
    }

    /// Returns the share of the stream that is over when they turn from honest to hostile, for
    /// strategies that do so once.
    fn turns_at(&self) -> Option<f64> {
        None
    }

    /// Decides what to say: `words` holds what they would say if they were sincere.
    fn speak(&mut self, moment: &Moment<'_>, chance: &mut Chance, words: &mut Words);

    /// Sees what the model made of the target.
    fn observe(&mut self, _moment: &Moment<'_>, _verdict: &Verdict) {}

    /// Returns what each hostile peer does beside speaking, at every target.
    fn deeds(&self) -> &'static [Deed] {
        &[]
    }

    /// Returns whether it is an attack on recommendations, so that every model hears those.
    fn is_about_recommendations(&self) -> bool {
        false
    }
}

/// A strategy by name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The word of tables and of `--attack`.
    pub name: &'static str,
    /// Makes a fresh one.
    pub start: fn() -> Box<dyn Attack>,
}

/// Every strategy, in the order of tables.
pub const ATTACKS: &[Entry] = &[
    always_lie::ENTRY,
    betray::AT_A_THIRD,
    betray::LATE,
    on_off::ENTRY,
    oscillate::ENTRY,
    own_targets::ENTRY,
    one_sided::HIDE_MALICIOUS,
    one_sided::SLANDER,
    whitewash::ENTRY,
    sybil::JOIN,
    sybil::FLOOD_JOIN,
    reformed::ENTRY,
    laundering::ENTRY,
    parrot::ENTRY,
    quiet_liar::ENTRY,
    slow_drift::ENTRY,
    ring::ENTRY,
    abstain::ENTRY,
    mirror::BETRAY,
    mirror::OWN_TARGETS,
    feedback::ENTRY,
    just_trusted::ENTRY,
    surgical::ENTRY,
];

/// Has everybody who speaks claim the opposite of the truth.
fn lie(target: &Target, words: &mut Words) {
    say(Claim::against(target.truth), words);
}

/// Has everybody who speaks claim the same.
fn say(claim: Claim, words: &mut Words) {
    for word in words.iter_mut().flatten() {
        *word = claim;
    }
}

#[cfg(test)]
mod tests;
