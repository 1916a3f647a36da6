//! How many voices are one: who speaks in unison, and who was divided like this before.
//!
//! All of it comes from who said what, verified or not. It can take weight away from a voice that
//! is not its own, and never gives any.

use super::{
    AegisConfig,
    history::logistic,
    row::{COLUMNS, Column, Row},
    weigh::{Heard, side},
};
use crate::Truth;

/// What some voices said in each column: how many benign, how many malicious.
type Counts = [[f64; 2]; COLUMNS];

/// How much each column counts: 0…1.
type Columns = [f64; COLUMNS];

/// Makes voices that speak in unison share one voice. Returns what malicious and benign come to,
/// and how likely the same people were divided before.
///
/// Independence has to be shown, by dissent. In a block of m copies the shares add up to one, and
/// in general to m / (1 + (m - 1) ρ), Kish's design effect, voice by voice.
pub(super) fn share_voices(
    config: &AegisConfig,
    column: Column,
    heard: &mut [Heard<'_>],
) -> ([f64; 2], f64) {
    let counts = [Truth::Malicious, Truth::Benign].map(|said| count(heard, said));
    let mut sides = [0.0; 2];
    let mut split: f64 = 0.0;
    for said in [Truth::Malicious, Truth::Benign] {
        let own = side(said);
        let (repeated, columns) = division(config, &counts[own], &counts[1 - own]);
        split = split.max(repeated);
        let newest = newest_unison(config, column, heard, (said, &counts[own]));
        let divided = divided_unison(config, heard, (said, &counts[own]), (repeated, columns));
        let unison = if newest.probability >= divided.probability {
            newest
        } else {
            divided
        };
        sides[own] = share(heard, said, &counts[own], &unison);
    }
    (sides, split)
}

/// Returns the voices of one side that have any weight.
fn speakers<'a, 'b>(
    heard: &'a mut [Heard<'b>],
    said: Truth,
) -> impl Iterator<Item = &'a mut Heard<'b>> {
    heard
        .iter_mut()
        .filter(move |it| it.said == said && it.weight > 0.0)
}

fn count(heard: &mut [Heard<'_>], said: Truth) -> Counts {
    let mut counts = [[0.0; 2]; COLUMNS];
    for voice in speakers(heard, said) {
        let row = &voice.history.row;
        row.visit(|place, malicious| counts[place][usize::from(malicious)] += 1.0);
    }
    counts
}

/// How likely some voices speak as one, and in which columns they did.
struct Unison {
    probability: f64,
    columns: Columns,
}

/// Tests for unison by cumulative sums (Page, 1954), from the newest column back.
fn newest_unison(
    config: &AegisConfig,
    column: Column,
    heard: &mut [Heard<'_>],
    (said, counts): (Truth, &Counts),
) -> Unison {
    let newest = |ages: u64| {
        let mut columns = [0.0; COLUMNS];
        for age in 0..ages.min(COLUMNS as u64) {
            columns[column.place_of(age)] = 1.0;
        }
        columns
    };
    let counts = trim(heard, said, counts, &newest(config.recent));
    let dispersion = dispersion(config, &counts);
    let (mut sum, mut best, mut ages) = (0.0, 0.0, 0);
    for age in 0..COLUMNS as u64 {
        sum += evidence(config, counts[column.place_of(age)]);
        if sum > best {
            (best, ages) = (sum, age + 1);
        }
    }
    Unison {
        probability: logistic(best / dispersion - config.unison_prior),
        columns: newest(ages),
    }
}

/// Tests for unison in the columns in which the same people were divided.
fn divided_unison(
    config: &AegisConfig,
    heard: &mut [Heard<'_>],
    (said, counts): (Truth, &Counts),
    (repeated, columns): (f64, Columns),
) -> Unison {
    let counts = trim(heard, said, counts, &columns);
    let sum: f64 = columns
        .iter()
        .zip(&counts)
        .map(|(weight, counts)| weight * evidence(config, *counts))
        .sum();
    Unison {
        probability: repeated * logistic(sum / dispersion(config, &counts) - config.unison_prior),
        columns,
    }
}

/// Returns by how much the dissent among some voices varies more than that of independent ones
/// would: at least 1, and m where each voice has m copies (Pearson's dispersion).
///
/// Evidence is divided by it, as in quasi-likelihood: copies of copies are no further evidence.
fn dispersion(config: &AegisConfig, counts: &Counts) -> f64 {
    let spoken = || counts.iter().filter(|it| it[0] + it[1] >= 2.0);
    let (mut dissent, mut words) = (0.0, 0.0);
    for [benign, malicious] in spoken() {
        dissent += benign.min(*malicious);
        words += benign + malicious;
    }
    if dissent <= 0.0 {
        return 1.0;
    }
    let share = dissent / words;
    let (mut sum, mut columns) = (config.dispersion_prior, config.dispersion_prior);
    for [benign, malicious] in spoken() {
        let words = benign + malicious;
        let excess = benign.min(*malicious) - words * share;
        sum += excess * excess / (words * share * (1.0 - share));
        columns += 1.0;
    }
    (sum / columns).max(1.0)
}

/// Returns how much one column speaks for unison, in nats: how often those who spoke dissent from
/// their majority, against how often independent ones would.
fn evidence(config: &AegisConfig, [benign, malicious]: [f64; 2]) -> f64 {
    let along = ((1.0 - config.unison_dissent) / (1.0 - config.free_dissent)).ln();
    let against = (config.unison_dissent / config.free_dissent).ln();
    along * (benign.max(malicious) - 1.0).max(0.0) + against * benign.min(malicious)
}

/// Takes those out of `counts` who strayed in among a block by an error of their own: in the given
/// columns they went against it more often than along. They would hide its unison.
fn trim(heard: &mut [Heard<'_>], said: Truth, counts: &Counts, columns: &Columns) -> Counts {
    let mut trimmed = *counts;
    for voice in speakers(heard, said) {
        let (along, against) = company(&voice.history.row, counts, columns);
        if against > along {
            let row = &voice.history.row;
            row.visit(|place, malicious| trimmed[place][usize::from(malicious)] -= 1.0);
        }
    }
    trimmed
}

/// Returns in how many of the columns `row` went along with the majority, and in how many against.
fn company(row: &Row, counts: &Counts, columns: &Columns) -> (f64, f64) {
    let (mut along, mut against) = (0.0, 0.0);
    row.visit(|place, malicious| {
        let mine = counts[place][usize::from(malicious)];
        let others = counts[place][usize::from(!malicious)];
        if mine >= others {
            along += columns[place];
        } else {
            against += columns[place];
        }
    });
    (along, against)
}

/// Tests whether two sides were divided like this before: one of a single mind, the other
/// against it. Returns how likely, and for each column how likely it is one of those.
///
/// It is measured against how often they dissent anyway, so that those who merely err often are no
/// party of their own.
fn division(config: &AegisConfig, united: &Counts, others: &Counts) -> (f64, Columns) {
    let (free, outer) = (
        config.division_dissent,
        usual_opposition(config, united, others),
    );
    let along = ((1.0 - config.united_dissent) / (1.0 - free)).ln();
    let against = (config.united_dissent / free).ln();
    let opposed = ((1.0 - config.division_dissent) / outer).ln();
    let joined = (config.division_dissent / (1.0 - outer)).ln();
    let share = config.division_share;
    let (inner_dispersion, outer_dispersion) =
        (dispersion(config, united), dispersion(config, others));
    let mut columns = [0.0; COLUMNS];
    let mut sum = 0.0;
    for (place, weight) in columns.iter_mut().enumerate() {
        let [benign, malicious] = united[place];
        let word = usize::from(malicious > benign);
        let inner = along * benign.max(malicious) + against * benign.min(malicious);
        let outer = opposed * others[place][1 - word] + joined * others[place][word];
        let ratio = inner / inner_dispersion + outer / outer_dispersion;
        // Bounded, so that no sum of voices makes it infinite.
        let odds = share * ratio.min(100.0).exp();
        *weight = odds / (1.0 - share + odds);
        // Many columns that fit a little come to nothing: they only show that rates are not exact.
        if *weight > 0.5 {
            sum += (1.0 - share + odds).ln();
        }
    }
    (logistic(sum - config.division_prior), columns)
}

/// Returns how often one side says the opposite of the other's majority anyway.
fn usual_opposition(config: &AegisConfig, united: &Counts, others: &Counts) -> f64 {
    let prior = config.dispersion_prior;
    let (mut opposed, mut words) = (config.division_dissent * prior, prior);
    for (united, others) in united.iter().zip(others) {
        if united[0] != united[1] {
            opposed += others[usize::from(united[1] < united[0])];
            words += others[0] + others[1];
        }
    }
    (opposed / words).clamp(0.1, 0.25)
}

/// Shares voices out; returns what they come to.
fn share(heard: &mut [Heard<'_>], said: Truth, counts: &Counts, unison: &Unison) -> f64 {
    let mut sum = 0.0;
    for voice in speakers(heard, said) {
        let (along, against) = company(&voice.history.row, counts, &unison.columns);
        let dissent = against / (along + against + 1.0);
        voice.unison = unison.probability * (1.0 - 2.0 * dissent).max(0.0);
        sum += voice.unison * voice.weight * voice.weight;
    }
    let mut total = 0.0;
    for voice in speakers(heard, said) {
        // By squared weight: a crowd of light voices cannot drown a heavy one by repeating it.
        let square = voice.weight * voice.weight;
        let others = ((sum - voice.unison * square) / square).max(0.0);
        voice.share = 1.0 / (1.0 + voice.unison * others);
        voice.counted = voice.weight * voice.share;
        total += voice.counted;
    }
    total
}
