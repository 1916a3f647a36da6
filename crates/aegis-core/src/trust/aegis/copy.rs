//! Copies: voices that repeat another word for word, its errors included, are that voice.
//!
//! Those who err independently contradict each other as often as they err. Who never does repeats
//! the other, or both repeat a third; whichever it is, there is one mind behind them. It is asked
//! pair by pair, since the copies of one voice dissent from those of the next as honest peers do.

use super::{
    AegisConfig,
    row::Row,
    weigh::{Heard, side},
};

/// With so many independent voices, the heaviest, each voice is compared at most: what follows is
/// light, and the cost stays proportional to the number of voices.
const LEADERS_MAX: usize = 128;

/// Finds for each voice the heaviest on its side that it is a copy of, and writes down its place
/// in `heard`: its own where it is nobody's.
pub(super) fn find_leaders(config: &AegisConfig, heard: &mut [Heard<'_>]) {
    let mut order: Vec<_> = (0..heard.len())
        .filter(|it| heard[*it].weight > 0.0)
        .collect();
    // Of those that weigh the same, by what they said: names change nothing.
    order.sort_by(|one, other| {
        let [one, other] = [one, other].map(|it| (heard[*it].weight, &heard[*it].history.row));
        other.0.total_cmp(&one.0).then_with(|| other.1.cmp(one.1))
    });
    let mut leaders: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    for place in order {
        let voice = &heard[place];
        let leaders = &mut leaders[side(voice.said)];
        // Whose trust the operator fixed is nobody's copy, and nobody is a copy of them.
        let is_fixed = |it: &Heard<'_>| it.history.introduction.is_fixed;
        let is_copy = |it: &&usize| {
            let leader = &heard[**it];
            !is_fixed(leader) && copied(config, &leader.history.row, &voice.history.row) > 0.0
        };
        let compared = leaders.iter().take(LEADERS_MAX);
        let leader = compared
            .copied()
            .find(|it| !is_fixed(voice) && is_copy(&it));
        if leader.is_none() {
            leaders.push(place);
        }
        heard[place].leader = leader.unwrap_or(place);
    }
}

/// Returns how much speaks for it that one of two voices repeats the other, in nats beyond what it
/// takes to believe it: how seldom they dissent, against how often independent ones would.
fn copied(config: &AegisConfig, one: &Row, other: &Row) -> f64 {
    let (mut both, mut dissent) = (0, 0);
    for word in 0..one.spoke.len() {
        let spoke = one.spoke[word] & other.spoke[word];
        both += spoke.count_ones();
        dissent += (spoke & (one.malicious[word] ^ other.malicious[word])).count_ones();
    }
    let along = ((1.0 - config.unison_dissent) / (1.0 - config.free_dissent)).ln();
    let against = (config.unison_dissent / config.free_dissent).ln();
    along * f64::from(both - dissent) + against * f64::from(dissent) - config.copy_prior
}
