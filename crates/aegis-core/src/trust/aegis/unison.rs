//! How many voices are one: who speaks in unison, and who was divided like this before.
//!
//! All of it comes from who said what, verified or not. It can take weight away from a voice that
//! is not its own, and never gives any.

use std::f64::consts::LN_2;

use super::{
    AegisConfig,
    copy::find_leaders,
    dissent::find_turned,
    history::logistic,
    row::{Bits, COLUMNS, Column, Row, Tally},
    weigh::{Heard, side},
};
use crate::Truth;

/// What some voices said in each column: how many benign, how many malicious.
pub(super) type Counts = [[f64; 2]; COLUMNS];

/// Evidence for a repeated division below which a column is none of it, in nats.
const RATIO_MIN: f64 = -6.0;
/// Columns that weigh less than this are left out where it is asked who went along in them.
const COLUMN_WEIGHT_MIN: f64 = 1e-3;

/// How much each column counts: 0…1.
pub(super) struct Columns {
    weights: [f64; COLUMNS],
    /// Which of them count at all.
    counting: Bits,
    /// Whether those that count do so in full.
    is_whole: bool,
}

/// Which columns tell something of a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Remembered {
    /// All of them: it is not closed yet.
    All,
    /// All but the one that it left when it was closed: there its sides are of one mind and against
    /// each other, whoever they are.
    ButItsOwn,
}

/// What comes of sharing voices out.
pub(super) struct Shared {
    /// What malicious and benign come to, in nats.
    pub(super) sides: [f64; 2],
    /// How likely the same people were divided before: 0…1.
    pub(super) split: f64,
    /// How much speaks for it that some voices turned, in nats.
    pub(super) turned: f64,
}

/// Makes voices that speak in unison share one voice.
///
/// Independence has to be shown, by dissent. In a block of m copies the shares add up to one, and
/// in general to m / (1 + (m - 1) ρ), Kish's design effect, voice by voice.
pub(super) fn share_voices(
    config: &AegisConfig,
    (column, remembered): (Column, Remembered),
    heard: &mut [Heard<'_>],
) -> Shared {
    find_leaders(config, heard);
    let mut counts = [Truth::Malicious, Truth::Benign].map(|said| count(heard, said));
    let now = [Truth::Malicious, Truth::Benign].map(|it| speakers(heard, it).count() as f64);
    let skipped = match remembered {
        Remembered::All => None,
        Remembered::ButItsOwn => own_column(column, now, &counts),
    };
    for counts in &mut counts {
        skip(counts, skipped);
    }
    let mut sides = [0.0; 2];
    let mut split: f64 = 0.0;
    for said in [Truth::Malicious, Truth::Benign] {
        let own = side(said);
        let (repeated, columns) = division(config, &counts[own], &counts[1 - own]);
        split = split.max(repeated);
        let newest = newest_unison(config, (column, skipped), heard, (said, &counts[own]));
        let divided = divided_unison(
            config,
            skipped,
            (&mut *heard, said),
            (repeated, columns, &counts[own]),
        );
        let unison = if newest.probability >= divided.probability {
            newest
        } else {
            divided
        };
        sides[own] = share(heard, said, &counts[own], &unison);
    }
    let all = std::array::from_fn(|place| {
        let [malicious, benign] = &counts;
        [0, 1].map(|word| malicious[place][word] + benign[place][word])
    });
    Shared {
        sides,
        split,
        turned: find_turned(config, (column, skipped), heard, &all),
    }
}

/// Returns the newest column in which all voices said what they say now, which is the case's own.
fn own_column(column: Column, now: [f64; 2], counts: &[Counts; 2]) -> Option<usize> {
    let [malicious, benign] = counts;
    (0..COLUMNS as u64)
        .map(|age| column.place_of(age))
        .find(|place| malicious[*place] == [0.0, now[0]] && benign[*place] == [now[1], 0.0])
}

/// Empties a column.
fn skip(counts: &mut Counts, skipped: Option<usize>) {
    if let Some(counts) = skipped.and_then(|place| counts.get_mut(place)) {
        *counts = [0.0; 2];
    }
}

/// Returns the voices of one side that have any weight, but no copies.
fn speakers<'a, 'b>(
    heard: &'a mut [Heard<'b>],
    said: Truth,
) -> impl Iterator<Item = &'a mut Heard<'b>> {
    let voices = heard.iter_mut().enumerate();
    let leaders = voices.filter(|(place, it)| it.leader == *place);
    leaders
        .map(|(_, it)| it)
        .filter(move |it| it.said == said && it.weight > 0.0)
}

fn count(heard: &mut [Heard<'_>], said: Truth) -> Counts {
    counts_of(speakers(heard, said).map(|it| &it.history.row))
}

fn counts_of<'a>(rows: impl Iterator<Item = &'a Row>) -> Counts {
    let (mut benign, mut malicious) = (Tally::default(), Tally::default());
    for row in rows {
        benign.add(row.benign());
        malicious.add(row.malicious);
    }
    std::array::from_fn(|place| [benign.at(place), malicious.at(place)])
}

/// The columns in which most voices, or half of them, said benign, and those in which malicious.
pub(super) fn majorities(counts: &Counts) -> [Bits; 2] {
    let mut majorities = [Bits::default(); 2];
    for (place, [benign, malicious]) in counts.iter().enumerate() {
        let bit = 1 << (place % 64);
        if benign >= malicious {
            majorities[0][place / 64] |= bit;
        }
        if malicious >= benign {
            majorities[1][place / 64] |= bit;
        }
    }
    majorities
}

/// How likely some voices speak as one, and in which columns they did.
struct Unison {
    probability: f64,
    columns: Columns,
}

/// Tests for unison by cumulative sums (Page, 1954), from the newest column back.
fn newest_unison(
    config: &AegisConfig,
    (column, skipped): (Column, Option<usize>),
    heard: &mut [Heard<'_>],
    (said, counts): (Truth, &Counts),
) -> Unison {
    let recent = Columns::newest(column, config.recent, None);
    let mut counts = trim(heard, said, counts, &recent);
    skip(&mut counts, skipped);
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
        columns: Columns::newest(column, ages, None),
    }
}

/// Tests for unison in the columns in which the same people were divided.
fn divided_unison(
    config: &AegisConfig,
    skipped: Option<usize>,
    (heard, said): (&mut [Heard<'_>], Truth),
    (repeated, columns, counts): (f64, Columns, &Counts),
) -> Unison {
    let mut counts = trim(heard, said, counts, &columns);
    skip(&mut counts, skipped);
    let sum: f64 = columns
        .weights
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
pub(super) fn dispersion(config: &AegisConfig, counts: &Counts) -> f64 {
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
    if benign + malicious <= 1.0 {
        return 0.0; // a single voice tells nothing; most columns are such where few speak
    }
    let along = ((1.0 - config.unison_dissent) / (1.0 - config.free_dissent)).ln();
    let against = (config.unison_dissent / config.free_dissent).ln();
    along * (benign.max(malicious) - 1.0).max(0.0) + against * benign.min(malicious)
}

/// Takes those out of `counts` who strayed in among a block by an error of their own: in the given
/// columns they went against it more often than along. They would hide its unison.
fn trim(heard: &mut [Heard<'_>], said: Truth, counts: &Counts, columns: &Columns) -> Counts {
    if speakers(heard, said).nth(1).is_none() {
        return *counts; // a single voice never goes against itself, and most cases have one
    }
    let majorities = majorities(counts);
    let kept = speakers(heard, said)
        .map(|it| &it.history.row)
        .filter(|row| {
            let (along, against) = columns.company(row, &majorities);
            against <= along
        });
    counts_of(kept)
}

impl Columns {
    fn new(weights: [f64; COLUMNS]) -> Self {
        let mut counting = Bits::default();
        let mut is_whole = true;
        for (place, weight) in weights.iter().enumerate() {
            if *weight >= COLUMN_WEIGHT_MIN {
                counting[place / 64] |= 1 << (place % 64);
                is_whole &= *weight == 1.0;
            }
        }
        Self {
            weights,
            counting,
            is_whole,
        }
    }

    /// Returns so many of the newest columns, all but the one that is `skipped`.
    pub(super) fn newest(column: Column, ages: u64, skipped: Option<usize>) -> Self {
        let mut weights = [0.0; COLUMNS];
        for age in 0..ages.min(COLUMNS as u64) {
            let place = column.place_of(age);
            if skipped != Some(place) {
                weights[place] = 1.0;
            }
        }
        Self::new(weights)
    }

    /// Returns in how many of the columns `row` went along with the majority, and in how many
    /// against.
    pub(super) fn company(&self, row: &Row, [benign, malicious]: &[Bits; 2]) -> (f64, f64) {
        let (mut along, mut against) = (0.0, 0.0);
        for word in 0..self.counting.len() {
            let spoke = row.spoke[word] & self.counting[word];
            let said = row.malicious[word];
            let with = spoke & (said & malicious[word] | !said & benign[word]);
            along += self.weight(word, with);
            against += self.weight(word, spoke & !with);
        }
        (along, against)
    }

    /// Returns what the columns of `bits` in one word weigh together.
    fn weight(&self, word: usize, bits: u64) -> f64 {
        if self.is_whole {
            return f64::from(bits.count_ones());
        }
        let (mut sum, mut left) = (0.0, bits);
        while left != 0 {
            sum += self.weights[word * 64 + left.trailing_zeros() as usize];
            left &= left - 1;
        }
        sum
    }
}

/// Tests whether two sides were divided like this before: one of a single mind, the other
/// against it. Returns how likely, and for each column how likely it is one of those.
///
/// It is measured against both sides erring as often as they do anyway, whichever word is the true
/// one: those who merely err often are no party of their own, and where some of them err at once it
/// is not the rest that opposes them.
fn division(config: &AegisConfig, united: &Counts, others: &Counts) -> (f64, Columns) {
    let mut columns = [0.0; COLUMNS];
    let mut sum = 0.0;
    if others.iter().all(|it| *it == [0.0; 2]) {
        return (logistic(-config.division_prior), Columns::new(columns));
    }
    let [inner, outer] = [united, others].map(|it| usual_dissent(config, it, [united, others]));
    let [inner, outer] = [inner, outer].map(Rate::new);
    let single = Rate::new(config.united_dissent);
    let against_it = Rate::new(config.division_dissent);
    let share = config.division_share;
    // Copies are no further evidence: each side counts for so many words as independent ones say.
    let spreads = [united, others].map(|it| dispersion(config, it));
    for (place, weight) in columns.iter_mut().enumerate() {
        let united = united[place].map(|it| it / spreads[0]);
        let others = others[place].map(|it| it / spreads[1]);
        let word = usize::from(united[1] > united[0]);
        let (along, against) = (united[word], united[1 - word]);
        let (joined, opposed) = (others[word], others[1 - word]);
        let divided = single.of(against, along) + against_it.of(joined, opposed);
        // Whatever is true: this side's word, or the other.
        let usual = [
            inner.of(against, along) + outer.of(opposed, joined),
            inner.of(along, against) + outer.of(joined, opposed),
        ];
        let most = usual[0].max(usual[1]);
        if divided - most < RATIO_MIN {
            continue;
        }
        let both = (usual[0].min(usual[1]) - most).exp().ln_1p() - LN_2;
        // Bounded, so that no sum of voices makes it infinite.
        let odds = share * (divided - most - both).min(100.0).exp();
        *weight = odds / (1.0 - share + odds);
        // Many columns that fit a little come to nothing: they only show that rates are not exact.
        if *weight > 0.5 {
            sum += (1.0 - share + odds).ln();
        }
    }
    (logistic(sum - config.division_prior), Columns::new(columns))
}

/// How often words are wrong, as logarithms: of that and of the contrary.
struct Rate {
    wrong: f64,
    right: f64,
}

impl Rate {
    fn new(wrong: f64) -> Self {
        Self {
            wrong: wrong.ln(),
            right: (-wrong).ln_1p(),
        }
    }

    /// Returns the logarithm of how likely it is that so many words are wrong and so many right.
    fn of(&self, wrong: f64, right: f64) -> f64 {
        wrong * self.wrong + right * self.right
    }
}

/// Returns how often the voices of `side` dissent from the majority of all anyway.
fn usual_dissent(config: &AegisConfig, side: &Counts, all: [&Counts; 2]) -> f64 {
    let prior = config.dispersion_prior;
    let (mut against, mut words) = (config.free_dissent * prior, prior);
    for (place, [benign, malicious]) in side.iter().enumerate() {
        let sum = |word: usize| all[0][place][word] + all[1][place][word];
        against += if sum(0) >= sum(1) { malicious } else { benign };
        words += benign + malicious;
    }
    (against / words).clamp(0.03, 0.25)
}

/// Shares voices out; returns what they come to.
fn share(heard: &mut [Heard<'_>], said: Truth, counts: &Counts, unison: &Unison) -> f64 {
    let majorities = majorities(counts);
    let mut sum = 0.0;
    for voice in speakers(heard, said) {
        let (along, against) = unison.columns.company(&voice.history.row, &majorities);
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
    share_among_copies(heard, said);
    total
}

/// Divides what each voice comes to among it and its copies, by squared weight.
fn share_among_copies(heard: &mut [Heard<'_>], said: Truth) {
    let is_meant = |it: &Heard<'_>| it.said == said && it.weight > 0.0;
    let mut squares = vec![0.0; heard.len()];
    for voice in heard.iter().filter(|it| is_meant(it)) {
        squares[voice.leader] += voice.weight * voice.weight;
    }
    let whole: Vec<_> = heard.iter().map(|it| (it.counted, it.unison)).collect();
    for voice in heard.iter_mut().filter(|it| is_meant(it)) {
        let (counted, unison) = whole[voice.leader];
        voice.counted = counted * voice.weight * voice.weight / squares[voice.leader];
        voice.share = voice.counted / voice.weight;
        voice.unison = unison;
    }
}
