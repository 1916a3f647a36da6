//! A queue in which nobody waits behind somebody else's flood.
//!
//! An author may say a thousand things at once. Whoever says one thing meanwhile is heard after one
//! of the thousand, not after all of them: the authors take turns. Those of whom much waits take
//! theirs apart from the others, so that who takes things out can leave them for later.

use std::collections::{BTreeMap, VecDeque};

/// Waiting items of many authors, taken out in turns.
#[derive(Debug)]
pub(super) struct FairQueue<A, T> {
    queues: BTreeMap<A, VecDeque<T>>, // none is empty
    turns: VecDeque<A>,               // every author with a short queue, once
    long_turns: VecDeque<A>,          // every author with a long one, once
    short_max: usize,
    items: usize,
    items_max: usize,
}

impl<A: Copy + Ord, T> FairQueue<A, T> {
    /// Returns an empty queue for `items_max` items. More than `short_max` of one author are much.
    pub(super) fn new(items_max: usize, short_max: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            turns: VecDeque::new(),
            long_turns: VecDeque::new(),
            short_max,
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

    /// Returns whether something waits of an author of whom little does.
    pub(super) fn has_short(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Adds an item of `author` behind its others. The caller has seen that there is room.
    pub(super) fn push(&mut self, author: A, item: T) {
        let queue = self.queues.entry(author).or_default();
        queue.push_back(item);
        self.items += 1;
        let waiting = queue.len();
        if waiting == self.short_max + 1 {
            self.turns.retain(|it| *it != author);
            self.long_turns.push_back(author);
        } else if waiting == 1 {
            self.turns.push_back(author);
        }
    }

    /// Takes the next item of the author whose turn it is, of those of whom little waits.
    pub(super) fn pop_short(&mut self) -> Option<T> {
        let author = self.turns.pop_front()?;
        self.take(author)
    }

    /// Takes the next item of the author whose turn it is, of those of whom much waits.
    pub(super) fn pop_long(&mut self) -> Option<T> {
        let author = self.long_turns.pop_front()?;
        self.take(author)
    }

    /// Takes an item of an author that is in neither line, and puts it into the right one.
    fn take(&mut self, author: A) -> Option<T> {
        let queue = self.queues.get_mut(&author)?;
        let item = queue.pop_front()?;
        match queue.len() {
            0 => {
                self.queues.remove(&author);
            }
            waiting if waiting <= self.short_max => self.turns.push_back(author),
            _ => self.long_turns.push_back(author),
        }
        self.items -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests;
