//! Mirrors: each says the opposite of what it itself believes, so that liars err as independently
//! of each other as honest peers do, and never speak with one voice.

use super::{Attack, Entry, Moment, Words};
use crate::chance::Chance;
use crate::world::Claim;

/// When those who betray do.
const BETRAYAL: f64 = 1.0 / 3.0;

pub(super) const BETRAY: Entry = Entry {
    name: "mirror-betray",
    start: || Box::new(Mirror(About::EverythingLater)),
};

pub(super) const OWN_TARGETS: Entry = Entry {
    name: "mirror-own-targets",
    start: || Box::new(Mirror(About::OwnTargets)),
};

struct Mirror(About);

/// What they turn round.
enum About {
    /// Everything, after a time of honest work.
    EverythingLater,
    /// What attackers own.
    OwnTargets,
}

impl Attack for Mirror {
    fn turns_at(&self) -> Option<f64> {
        match self.0 {
            About::EverythingLater => Some(BETRAYAL),
            About::OwnTargets => None,
        }
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        let is_turned = match self.0 {
            About::EverythingLater => moment.progress() >= BETRAYAL,
            About::OwnTargets => moment.target.is_owned,
        };
        if !is_turned {
            return;
        }
        for word in words.iter_mut().flatten() {
            *word = match word {
                Claim::Malicious => Claim::Benign,
                Claim::Benign => Claim::Malicious,
                Claim::Nothing => Claim::Nothing,
            };
        }
    }
}
