//! Liars who know where checks are likely: honest where honest peers would contradict them, so that
//! a lie would be contested and checked, and lying where hardly any does. Checks by lot they cannot
//! see.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;
use crate::world::{Claim, World};

/// The share of targets, those with the least contradiction, about which they lie.
const LIES: f64 = 0.2;

pub(super) const ENTRY: Entry = Entry {
    name: "verification-aware",
    start: || Box::new(QuietLiar::default()),
};

#[derive(Default)]
struct QuietLiar {
    /// As many may contradict a lie; found out at the first target.
    bearable: Option<usize>,
}

impl Attack for QuietLiar {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        let world = moment.world;
        let bearable = *self.bearable.get_or_insert_with(|| bearable(world));
        if contradicting(world, moment.index) <= bearable {
            lie(moment.target, words);
        }
    }
}

/// Returns how many honest peers would contradict a lie about the target at `index`.
fn contradicting(world: &World, index: usize) -> usize {
    let truth = Claim::of(world.targets[index].truth);
    let words = world.honest_words(index).iter().flatten();
    words.filter(|it| **it == truth).count()
}

fn bearable(world: &World) -> usize {
    let mut counts: Vec<_> = (0..world.targets.len())
        .map(|index| contradicting(world, index))
        .collect();
    counts.sort_unstable();
    let place = (counts.len() as f64 * LIES) as usize;
    counts.get(place).copied().unwrap_or_default()
}
