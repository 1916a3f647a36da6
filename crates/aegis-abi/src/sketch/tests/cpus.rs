//! A sketch as the kernel's maps make it, of some CPUs of which one runs at a time.

use super::{
    NOBODY, hash,
    std::{cell::Cell, rc::Rc, vec, vec::Vec},
};
use crate::sketch::*;

/// The sums of one detector.
pub(in crate::sketch) struct Sums {
    tallies: Vec<Cell<u64>>,
    sums: Vec<Cell<u64>>,
    total: Cell<u64>,
    /// The CPU that runs.
    cpu: Rc<Cell<usize>>,
}

/// A sketch of some CPUs, as the kernel's maps make it.
pub(in crate::sketch) struct Sketch {
    /// Each with the windows in which it counts.
    local: Vec<Vec<Cell<(u64, u64)>>>,
    pub(in crate::sketch) slots: [Sums; SLOTS],
    cpu: Rc<Cell<usize>>,
    pub(in crate::sketch) flushes: Cell<u64>,
    turns: Cell<[Turn; SLOTS]>,
    pub(in crate::sketch) stamp: Cell<u64>,
    /// Of each CPU the source that took a loan, and what is left of it.
    loans: Vec<Cell<(u32, u64)>>,
}

impl Sums {
    fn new(cpus: usize, cpu: &Rc<Cell<usize>>) -> Self {
        Self {
            tallies: vec![Cell::new(0); cpus],
            sums: vec![Cell::new(0); ROWS * CELLS],
            total: Cell::new(0),
            cpu: Rc::clone(cpu),
        }
    }
}

impl Sketch {
    pub(in crate::sketch) fn new(cpus: usize) -> Self {
        let cpu = Rc::default();
        Self {
            local: vec![vec![Cell::default(); ROWS * CELLS]; cpus],
            slots: [(); SLOTS].map(|()| Sums::new(cpus, &cpu)),
            cpu,
            flushes: Cell::new(0),
            turns: Cell::new([NOBODY; SLOTS]),
            stamp: Cell::new(0),
            loans: vec![Cell::default(); cpus],
        }
    }

    /// Counts a packet for one detector.
    pub(in crate::sketch) fn count(&self, cpu: usize, source: u32, turn: &Turn) -> Heat {
        self.count_for(cpu, source, [*turn, NOBODY]).of(0)
    }

    /// Counts a packet as the kernel does.
    pub(in crate::sketch) fn count_for(
        &self,
        cpu: usize,
        source: u32,
        turns: [Turn; SLOTS],
    ) -> Heats {
        self.turn_over(turns);
        self.cpu.set(cpu);
        let base = base(self.stamp.get());
        let pair = Pair::of(self, hash(source));
        if pair.spent(self, base) == 0 {
            pair.count_down(self);
            return Heats(0);
        }
        self.repay();
        count(self, hash(source), base)
    }

    /// Counts a packet for one detector, of a source that takes a loan whenever it may: as the
    /// kernel counts for a destination.
    pub(in crate::sketch) fn count_near(&self, cpu: usize, source: u32, turn: &Turn) -> Heat {
        let turns = [*turn, NOBODY];
        self.turn_over(turns);
        self.cpu.set(cpu);
        match self.loans[cpu].get() {
            (of, left @ 1..) if of == source => {
                self.loans[cpu].set((of, left - 1));
                Heat::Cold
            }
            _ => {
                let heats = self.count_for(cpu, source, turns);
                self.repay();
                let lent = lend(self, hash(source), base(self.stamp.get()));
                self.loans[cpu].set((source, lent));
                heats.of(0)
            }
        }
    }

    /// Gives back what this CPU has left of its loan.
    fn repay(&self) {
        let (source, left) = self.loans[self.cpu.get()].take();
        give_back(self, hash(source), left);
    }

    /// Begins another window where one of them does.
    fn turn_over(&self, turns: [Turn; SLOTS]) {
        let begins = |(before, now): (Turn, Turn)| before.window != now.window;
        if self.turns.get().into_iter().zip(turns).any(begins) {
            for cpu in 0..self.loans.len() {
                self.cpu.set(cpu);
                self.repay();
            }
            self.stamp.set(self.stamp.get() + 1);
        }
        self.turns.set(turns);
    }

    fn cell(&self, (row, cell): At) -> &Cell<(u64, u64)> {
        &self.local[self.cpu.get()][row * CELLS + cell]
    }
}

impl Local for Sketch {
    type Place = At;

    fn place(&self, at: At) -> At {
        at
    }

    fn local(&self, at: At) -> u64 {
        self.cell(at).get().0
    }

    fn set_local(&self, at: At, value: u64) {
        let cell = self.cell(at);
        cell.set((value, cell.get().1));
    }

    fn count_down(&self, at: At, amount: u64) {
        self.set_local(at, self.local(at) - amount);
    }

    fn since(&self, at: At) -> u64 {
        self.cell(at).get().1
    }

    fn set_since(&self, at: At, value: u64) {
        let cell = self.cell(at);
        cell.set((cell.get().0, value));
    }

    fn flush(&self, at: At) -> u64 {
        self.flushes.set(self.flushes.get() + 1);
        let [first, second] = self.turns.get();
        let [first_sums, second_sums] = &self.slots;
        let slots = [(first_sums, first), (second_sums, second)];
        flush(self, at, self.stamp.get(), &slots)
    }
}

impl Shared for &Sums {
    fn sum(&self, row: usize, cell: usize) -> u64 {
        self.sums[row * CELLS + cell].get()
    }

    fn set_sum(&self, row: usize, cell: usize, value: u64) {
        self.sums[row * CELLS + cell].set(value);
    }

    fn add_sum(&self, row: usize, cell: usize, amount: u64) {
        self.set_sum(row, cell, self.sum(row, cell) + amount);
    }

    fn tally(&self) -> u64 {
        self.tallies[self.cpu.get()].get()
    }

    fn set_tally(&self, value: u64) {
        self.tallies[self.cpu.get()].set(value);
    }

    fn total(&self) -> u64 {
        self.total.get()
    }

    fn set_total(&self, value: u64) {
        self.total.set(value);
    }

    fn add_total(&self, amount: u64) {
        self.total.set(self.total.get() + amount);
    }
}
