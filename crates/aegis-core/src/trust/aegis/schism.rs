//! Schisms: when some peers begin to oppose the rest, and nobody knows yet who of them turned.
//!
//! A betrayer that errs as independently as honest peers do shows no unison, but from its betrayal
//! on no record fits what is said. It shows that somebody turned and not who: until a check
//! decides, the sides cancel out, and only what both say counts.

use super::{AegisConfig, weigh::Heard};
use crate::Truth;

/// What the sides of a schism say, in nats: above 0 malicious, below benign.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schism {
    /// Those who went on as before.
    pub(super) rest: f64,
    /// Those who oppose them of late.
    pub(super) turned: f64,
}

impl Schism {
    /// Returns the schism that shows in a case, if one does; `evidence` is how much speaks for it
    /// that anybody turned, in nats.
    pub(super) fn of(config: &AegisConfig, heard: &[Heard<'_>], evidence: f64) -> Option<Self> {
        if evidence <= config.schism_prior {
            return None;
        }
        let mut sides = Self::default();
        // Whose trust the operator fixed belongs to neither side: it counts, whoever turned.
        for voice in heard.iter().filter(|it| it.is_free()) {
            let said = signed(voice.said, voice.counted);
            sides.rest += (1.0 - voice.turned) * said;
            sides.turned += voice.turned * said;
        }
        // Where those who turned outweigh the rest, as the honest do a block in unison, the case
        // goes by weight as any other.
        let is_outweighed = sides.turned.abs() < sides.rest.abs();
        let is_weighty = is_outweighed && sides.turned.abs() >= config.schism_min;
        (is_weighty || !sides.is_opposed()).then_some(sides)
    }

    /// Returns whether its sides contradict each other.
    pub(super) fn is_opposed(&self) -> bool {
        self.rest * self.turned < 0.0
    }

    /// Returns what is sure whoever turned, in nats: what the side says that says less, or nothing
    /// where they contradict each other.
    pub(super) fn common(&self) -> f64 {
        if self.is_opposed() {
            0.0
        } else if self.rest.abs() < self.turned.abs() {
            self.rest
        } else {
            self.turned
        }
    }

    /// Returns how surely a voice that turned as likely as that is on the side that was wrong, now
    /// that `truth` is known: 0…1.
    pub(super) fn guilt(&self, turned: f64, truth: Truth) -> f64 {
        if !self.is_opposed() {
            return 0.0;
        }
        let (loser, belongs) = if signed(truth, self.rest) > 0.0 {
            (self.turned, turned)
        } else {
            (self.rest, 1.0 - turned)
        };
        belongs * (1.0 - (-loser.abs()).exp())
    }
}

/// Returns `nats` with the sign of what is said.
pub(super) fn signed(said: Truth, nats: f64) -> f64 {
    match said {
        Truth::Malicious => nats,
        Truth::Benign => -nats,
    }
}
