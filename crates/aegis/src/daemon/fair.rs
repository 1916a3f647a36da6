//! A queue in which nobody waits behind somebody else's flood.
//!
//! An author may say a thousand things at once. Whoever says one thing meanwhile is heard after one
//! of the thousand, not after all of them: the authors take turns.

use std::collections::{BTreeMap, VecDeque};

/// Waiting items of many authors, taken out in turns.
#[derive(Debug)]
pub(super) struct FairQueue<A, T> {
    queues: BTreeMap<A, VecDeque<T>>, // none is empty
    turns: VecDeque<A>,               // every author with a queue, once
    items: usize,
    items_max: usize,
}

impl<A: Copy + Ord, T> FairQueue<A, T> {
    /// Returns an empty queue for `items_max` items.
    pub(super) fn new(items_max: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            turns: VecDeque::new(),
            items: 0,
            items_max,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// Returns whether nothing more fits; whoever brings items waits.
    pub(super) fn is_full(&self) -> bool {
        self.items >= self.items_max
    }

    /// Adds an item of `author` behind its others. The caller has seen that there is room.
    pub(super) fn push(&mut self, author: A, item: T) {
        let queue = self.queues.entry(author).or_default();
        if queue.is_empty() {
            self.turns.push_back(author);
        }
        queue.push_back(item);
        self.items += 1;
    }

    /// Takes the next item of the author whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let author = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&author)?;
        let item = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&author);
        } else {
            self.turns.push_back(author);
        }
        self.items -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests;
