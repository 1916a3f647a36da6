//! Verification: which targets the node checks itself, within a budget.
//!
//! One part falls on targets by lot, so that it also sees lies that nobody contests; the other part
//! is a token bucket that the model steers by what a check is worth to it.

use std::collections::VecDeque;

use crate::world::World;

/// How many targets later the truth arrives.
pub const DELAY: usize = 20;

/// What is spent by lot where the model steers the rest.
const UNIFORM_SHARE: f64 = 0.4;
/// Checks that can be saved up for later.
const TOKENS_MAX: f64 = 5.0;
/// Values that a new one is compared with.
const HISTORY: usize = 100;

/// The checks of one run.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Targets of which one is checked by lot; 0 where none is.
    block: usize,
    /// What every target adds to the steered part.
    rate: f64,
    tokens: f64,
    history: VecDeque<f64>,
}

impl Verification {
    /// Starts with an empty bucket. `share` is how many of all targets are checked: 0…1; where the
    /// model does not steer, all of them by lot.
    pub fn new(share: f64, is_steered: bool) -> Self {
        let uniform = if is_steered {
            share * UNIFORM_SHARE
        } else {
            share
        };
        let block = if uniform > 0.0 {
            (1.0 / uniform).round() as usize
        } else {
            0
        };
        Self {
            block,
            rate: share - uniform,
            tokens: 0.0,
            history: VecDeque::with_capacity(HISTORY),
        }
    }

    /// Returns whether the target at `index` is checked, a check of which is worth `value`.
    pub fn picks(&mut self, world: &World, index: usize, value: f64) -> bool {
        let by_lot = self.falls_on(world, index);
        let steered = self.is_worth(value);
        if steered && !by_lot {
            self.tokens -= 1.0;
        }
        by_lot || steered
    }

    /// One place of each block is drawn, so that the budget is kept to the last check.
    fn falls_on(&self, world: &World, index: usize) -> bool {
        if self.block == 0 {
            return false;
        }
        let place = index % self.block;
        let lot = world.targets[index - place].lot;
        place == (lot * self.block as f64) as usize
    }

    /// Returns whether `value` is among the highest of late: the fuller the bucket, the lower the
    /// bar, so that tokens are neither wasted on the first best nor left lying.
    fn is_worth(&mut self, value: f64) -> bool {
        self.tokens = (self.tokens + self.rate).min(TOKENS_MAX);
        let above = self.history.iter().filter(|it| **it > value).count();
        let rank = above as f64 / self.history.len().max(1) as f64;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(value);
        value > 0.0 && self.tokens >= 1.0 && rank < self.rate * self.tokens
    }
}

#[cfg(test)]
mod tests;
