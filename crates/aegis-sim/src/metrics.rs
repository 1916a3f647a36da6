//! What a run is worth: how often the node was right, and what it did wrong.

use aegis_core::Truth;
use aegis_core::trust::model::Stance;

use crate::run::{Outcome, Transcript};
use crate::world::{Target, World};

/// The share of the stream that does not count, because everybody is new.
pub const WARM_UP: f64 = 0.2;

/// Targets over which accuracy is taken when recovery is looked for.
const RECOVERY_WINDOW: usize = 50;
/// Pieces into which a stream is cut to show accuracy over time.
pub const PIECES: usize = 30;
/// The part of the accuracy before betrayal that counts as recovered.
const RECOVERED: f64 = 0.95;

/// The figures of one run, warm-up excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Balanced accuracy: the mean of both classes' shares of right answers, where an unknown is
    /// half right.
    pub accuracy: f64,
    /// The same when the model must take the side its score is on.
    pub sign_accuracy: f64,
    /// Share of the attackers' own targets that were called malicious.
    pub own: f64,
    /// Share of wrong ones among the targets acted on.
    pub harm: f64,
    /// Share of targets acted on.
    pub coverage: f64,
    /// Verified lies after betrayal until accuracy is back at 95 % of what it was; `None` where
    /// nobody betrays, infinite where it never is.
    pub recovery: Option<f64>,
    /// Hostile voices among all voices.
    pub hostile_voices: f64,
    /// Targets verified, of all.
    pub verified: f64,
}

/// Right answers of one class.
#[derive(Clone, Copy, Default)]
struct Class {
    right: f64,
    all: f64,
}

impl Figures {
    /// Reads the figures off `transcript`; `turn` is the share of the stream at which attackers
    /// turn, if they do once.
    pub fn new(world: &World, transcript: &Transcript, turn: Option<f64>) -> Self {
        let all: Vec<_> = world.targets.iter().zip(&transcript.outcomes).collect();
        let start = (all.len() as f64 * WARM_UP) as usize;
        let counted = all.get(start..).unwrap_or_default();
        let acted = counted.iter().filter(|it| it.1.stance != Stance::Unknown);
        let wrong = acted
            .clone()
            .filter(|it| credit(it.0.truth, it.1.stance) == 0.0);
        let owned = counted.iter().filter(|it| it.0.is_owned);
        let found = owned.clone().filter(|it| it.1.stance == Stance::Malicious);
        let voices = |count: fn(&Outcome) -> usize| counted.iter().map(|it| count(it.1)).sum();
        let verified = transcript.outcomes.iter().filter(|it| it.is_verified);
        Self {
            accuracy: balanced(counted, |it| it.stance),
            sign_accuracy: balanced(counted, |it| side(it.score)),
            own: ratio(found.count(), owned.count()),
            harm: ratio(wrong.count(), acted.clone().count()),
            coverage: ratio(acted.count(), counted.len()),
            recovery: turn.map(|turn| recovery(&all, turn)),
            hostile_voices: ratio(voices(|it| it.hostile_voices), voices(|it| it.voices)),
            verified: ratio(verified.count(), all.len()),
        }
    }
}

/// Returns the balanced accuracy of each piece of the stream, in order.
pub fn timeline(world: &World, transcript: &Transcript) -> Vec<f64> {
    let all: Vec<_> = world.targets.iter().zip(&transcript.outcomes).collect();
    let pieces = all.chunks(all.len().div_ceil(PIECES).max(1));
    pieces.map(|it| balanced(it, |it| it.stance)).collect()
}

/// Returns balanced accuracy over `outcomes`, judged by `stance`.
fn balanced(outcomes: &[(&Target, &Outcome)], stance: fn(&Outcome) -> Stance) -> f64 {
    let mut classes = [Class::default(); 2];
    for (target, outcome) in outcomes {
        let class = &mut classes[target.truth as usize];
        class.right += credit(target.truth, stance(outcome));
        class.all += 1.0;
    }
    let shares = classes.iter().filter(|it| it.all > 0.0);
    let count = shares.clone().count().max(1) as f64;
    shares.map(|it| it.right / it.all).sum::<f64>() / count
}

/// Returns what an answer is worth: 1 right, 0 wrong, a half for no answer.
fn credit(truth: Truth, stance: Stance) -> f64 {
    match (truth, stance) {
        (Truth::Malicious, Stance::Malicious) | (Truth::Benign, Stance::Benign) => 1.0,
        (Truth::Malicious, Stance::Benign) | (Truth::Benign, Stance::Malicious) => 0.0,
        (Truth::Malicious | Truth::Benign, Stance::Unknown) => 0.5,
    }
}

fn side(score: f64) -> Stance {
    if score > 0.0 {
        Stance::Malicious
    } else if score < 0.0 {
        Stance::Benign
    } else {
        Stance::Unknown
    }
}

/// Returns how many lies were verified after the turn until accuracy was back.
fn recovery(all: &[(&Target, &Outcome)], turn: f64) -> f64 {
    let turn = (all.len() as f64 * turn).ceil() as usize;
    let before = turn.saturating_sub(4 * RECOVERY_WINDOW)..turn;
    let level = all
        .get(before)
        .map_or(0.0, |it| balanced(it, |it| it.stance));
    let windows = all.get(turn..).unwrap_or_default();
    let mut lies = 0;
    for (place, window) in windows.windows(RECOVERY_WINDOW).enumerate() {
        if balanced(window, |it| it.stance) >= RECOVERED * level {
            return f64::from(lies);
        }
        // What is verified at a target is known some targets later.
        let known = place.checked_sub(crate::verification::DELAY);
        let known = known.and_then(|place| windows.get(place));
        lies += i32::from(known.is_some_and(|it| it.1.is_verified && it.1.is_lie));
    }
    f64::INFINITY
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests;
