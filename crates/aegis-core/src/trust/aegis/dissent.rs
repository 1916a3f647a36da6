//! Who turned: whether voices dissent from each other more than they used to, and which of them.
//!
//! Where some turn at some moment, no record fits what is said from then on: whoever stays honest
//! seems to go against the majority about as often as along with it before, or the other way
//! round. One case in which far more dissent than ever tells as much as a few in which the same
//! few do.

use super::{
    AegisConfig,
    history::logistic,
    row::{COLUMNS, Column},
    unison::{Columns, Counts, dispersion, majorities},
    weigh::{Heard, side},
};

/// How many closed cases ago it may have begun.
const BEGUN: [u64; 11] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/// What share of the voices may have turned.
const SHARES: [f64; 3] = [0.03, 0.1, 0.3];
/// Words that stand for the usual dissent before any are remembered: along with the majority, and
/// against it.
const USUAL: (f64, f64) = (8.5, 1.5);
/// How often anybody dissents at least and at most, as far as this test believes.
const RATES: (f64, f64) = (0.03, 0.45);
/// No single voice speaks for more than this, in nats, so that no sum of them is infinite.
const RATIO_MAX: f64 = 50.0;

/// Finds out who turned, and writes for each voice how likely it did. Returns how much speaks for
/// it that anybody did, in nats: the most of all moments and shares, each a mixture of those who
/// turned and those who did not against nobody having turned.
///
/// It must show without its strongest voice, or whoever is trusted could bring it about alone.
/// A closed case can only be concerned by what had begun when it was closed.
pub(super) fn find_turned(
    config: &AegisConfig,
    (column, skipped): (Column, Option<usize>),
    heard: &mut [Heard<'_>],
    counts: &Counts,
) -> f64 {
    let majorities = majorities(counts);
    let spread = dispersion(config, counts);
    let mut free: Vec<_> = heard.iter_mut().filter(|it| it.is_free()).collect();
    if free.len() < 2 {
        return 0.0; // nobody else to dissent from, as in most cases
    }
    let company = |free: &[&mut Heard<'_>], ages: u64| -> Vec<(f64, f64)> {
        let columns = Columns::newest(column, ages, skipped);
        let rows = free.iter().map(|it| &it.history.row);
        rows.map(|row| columns.company(row, &majorities)).collect()
    };
    let whole = company(&free, COLUMNS as u64);
    let dissents = dissents(&free);
    let closed = skipped.map_or(0, |place| column.age_of(place) + 1);
    let (mut best, mut share, mut ratios) = (0.0, 0.0, Vec::new());
    for begun in BEGUN {
        let newest = company(&free, closed + begun);
        let rates = rates(config, &whole, &newest);
        let words = newest.iter().zip(&dissents);
        let found: Vec<f64> = words
            .zip(&rates)
            .map(|(((along, against), now), rate)| {
                let ratio = (against - along + now) * ((1.0 - rate) / rate).ln();
                (ratio / spread).min(RATIO_MAX)
            })
            .collect();
        for turned in SHARES {
            let evidence = evidence(config, &free, &found, turned);
            if evidence > best {
                (best, share, ratios) = (evidence, turned, found.clone());
            }
        }
    }
    for (voice, ratio) in free.iter_mut().zip(ratios) {
        voice.turned = logistic((share / (1.0 - share)).ln() + ratio);
    }
    best
}

/// Returns for each voice 1 if it dissents from the heavier side of the case itself, else -1.
fn dissents(free: &[&mut Heard<'_>]) -> Vec<f64> {
    let mut weights = [0.0; 2];
    for voice in free {
        weights[side(voice.said)] += voice.weight;
    }
    let lighter = usize::from(weights[1] < weights[0]);
    let dissents = |it: &&mut Heard<'_>| if side(it.said) == lighter { 1.0 } else { -1.0 };
    free.iter().map(dissents).collect()
}

/// Returns how often each voice dissented before, from how often it went along and against in all
/// columns and in the newest; drawn towards what all of them did.
fn rates(config: &AegisConfig, whole: &[(f64, f64)], newest: &[(f64, f64)]) -> Vec<f64> {
    let older = |(whole, newest): (&(f64, f64), &(f64, f64))| {
        let (along, against) = (whole.0 - newest.0, whole.1 - newest.1);
        (along + against, against)
    };
    let (mut words, mut against) = (USUAL.0 + USUAL.1, USUAL.1);
    for voice in whole.iter().zip(newest).map(older) {
        words += voice.0;
        against += voice.1;
    }
    let (mean, prior) = (against / words, config.dissent_prior);
    let voices = whole.iter().zip(newest).map(older);
    voices
        .map(|(words, against)| (prior * mean + against) / (prior + words))
        .map(|rate| rate.clamp(RATES.0, RATES.1))
        .collect()
}

/// Returns how much speaks for it that this share of the voices turned, without the strongest of
/// them. What speaks in unison or weighs little says little.
fn evidence(config: &AegisConfig, free: &[&mut Heard<'_>], ratios: &[f64], share: f64) -> f64 {
    let (mut sum, mut strongest) = (0.0, 0.0_f64);
    for (voice, ratio) in free.iter().zip(ratios) {
        let counts = (1.0 - voice.unison) * (voice.weight / config.dissent_weight).min(1.0);
        let nats = counts * (1.0 - share + share * ratio.exp()).ln();
        sum += nats;
        strongest = strongest.max(nats);
    }
    sum - strongest
}
