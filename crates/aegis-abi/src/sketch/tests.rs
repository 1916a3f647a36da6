//! The sketches under simulated traffic: who is caught, when, and who never is.

extern crate std;

use std::{cell::Cell, collections::HashMap, vec, vec::Vec};

use super::*;
use crate::Window;

const KEY: u64 = 0x0123_4567_89ab_cdef;

/// A sketch of some CPUs, as the kernel's maps make it.
struct Sketch {
    local: Vec<Vec<Cell<u64>>>,
    tallies: Vec<Cell<u64>>,
    sums: Vec<Cell<u64>>,
    total: Cell<u64>,
    /// The CPU that runs.
    cpu: Cell<usize>,
    flushes: Cell<u64>,
    turn: Cell<Turn>,
}

impl Sketch {
    fn new(cpus: usize) -> Self {
        let cells = || vec![Cell::new(0); ROWS * CELLS];
        Self {
            local: (0..cpus).map(|_| cells()).collect(),
            tallies: vec![Cell::new(0); cpus],
            sums: cells(),
            total: Cell::new(0),
            cpu: Cell::new(0),
            flushes: Cell::new(0),
            turn: Cell::new(turn(1, 1)),
        }
    }

    fn count(&self, cpu: usize, source: u32, turn: &Turn) -> Heat {
        self.cpu.set(cpu);
        self.turn.set(*turn);
        count(self, hash_v4(KEY, source), LocalCell::fresh(turn))
    }
}

impl Local for Sketch {
    fn local(&self, row: usize, cell: usize) -> u64 {
        self.local[self.cpu.get()][row * CELLS + cell].get()
    }

    fn set_local(&self, row: usize, cell: usize, value: u64) {
        self.local[self.cpu.get()][row * CELLS + cell].set(value);
    }

    fn flush(&self, at: (usize, usize), local: LocalCell) -> LocalCell {
        self.flushes.set(self.flushes.get() + 1);
        flush(self, at, local, &self.turn.get())
    }
}

impl Shared for Sketch {
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

const fn turn(threshold: u32, batch: u32) -> Turn {
    Turn {
        window: 1,
        threshold,
        batch,
    }
}

/// Numbers without a pattern, the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[test]
fn a_source_on_one_cpu_crosses_with_exactly_the_packet_of_the_threshold() {
    for threshold in [1, 2, 3, 7, 16, 20, 99, 100, 101, 255, 4096, 100_000] {
        for batch in [1, 2, 3, 6, 64, BATCH_MAX] {
            let sketch = Sketch::new(2);
            let turn = turn(threshold, batch);
            for packet in 1..threshold {
                assert_eq!(
                    sketch.count(0, 7, &turn),
                    Heat::Cold,
                    "{packet} of {turn:?}"
                );
            }
            assert_eq!(sketch.count(0, 7, &turn), Heat::Hot, "{turn:?}");
            assert_eq!(counted(&sketch, hash_v4(KEY, 7), 1), threshold);
            assert_eq!(sketch.count(0, 7, &turn), Heat::Hot, "and stays so");
        }
    }
}

#[test]
fn a_source_spread_over_all_cpus_is_caught_within_a_batch_of_each_other_one() {
    for (cpus, threshold, batch) in [(2, 100, 6), (16, 100, 6), (64, 100, 2), (64, 10_000, 159)] {
        let sketch = Sketch::new(cpus);
        let mut packets = 0;
        while sketch.count(packets % cpus, 7, &turn(threshold, batch)) == Heat::Cold {
            packets += 1;
        }
        let late = packets + 1 - threshold as usize;
        assert!(
            late <= (cpus - 1) * (batch as usize - 1),
            "{late} late on {cpus} CPUs"
        );
    }
}

#[test]
fn a_source_below_the_threshold_never_crosses_however_many_windows_pass() {
    let sketch = Sketch::new(1);
    for window in 0..200_000 {
        let turn = Turn {
            window,
            ..turn(3, 1)
        };
        for _ in 0..2 {
            assert_eq!(sketch.count(0, 7, &turn), Heat::Cold, "window {window}");
        }
    }
}

#[test]
fn the_count_starts_anew_where_the_field_of_the_window_wraps() {
    let sketch = Sketch::new(1);
    for window in [0xffff, 0x1_0000, 0x1_0001, u32::MAX, 0] {
        let turn = Turn {
            window,
            ..turn(10, 1)
        };
        for packet in 1..=10 {
            let is_hot = sketch.count(0, 7, &turn) == Heat::Hot;
            assert_eq!(
                is_hot,
                packet == 10,
                "packet {packet} of window {window:#x}"
            );
        }
    }
}

#[test]
fn a_window_ends_with_its_length_also_where_the_clock_wraps() {
    let start = u64::MAX - 10;
    let window = Window { start, number: 4 };
    assert_eq!(window.at(start, 250), window);
    assert_eq!(window.at(start.wrapping_add(249), 250), window);
    let next = window.at(start.wrapping_add(250), 250);
    assert_eq!((next.start, next.number), (239, 5));
    let later = window.at(start.wrapping_add(1_000_000), 250);
    assert_eq!(later.number, 5, "idle windows are not counted");
}

#[test]
fn windows_of_another_epoch_are_others() {
    for number in 0..1_000_u64 {
        let window = Window { start: 0, number };
        for epoch in 0..3 {
            let other = Window {
                start: 0,
                number: number + 1_000,
            };
            assert_ne!(window.id(epoch), other.id(epoch + 1));
            assert_ne!(window.id(epoch) as u16, window.id(epoch + 1) as u16);
        }
    }
}

#[test]
fn a_blocked_source_starts_afresh_and_a_refused_one_is_told_once() {
    let sketch = Sketch::new(1);
    let turn = turn(20, 1);
    let hash = hash_v4(KEY, 7);
    let cross = || {
        (1..=20)
            .map(|_| sketch.count(0, 7, &turn))
            .collect::<Vec<_>>()
    };
    for _ in 0..3 {
        let heats = cross();
        assert!(heats[..19].iter().all(|it| *it == Heat::Cold));
        assert_eq!(heats[19], Heat::Hot);
        restart(&sketch, &sketch, hash, &turn);
    }
    cross();
    mark_told(&sketch, hash);
    assert!(cross().iter().all(|it| *it == Heat::Told));
    let next = Turn { window: 2, ..turn };
    assert_eq!(sketch.count(0, 7, &next), Heat::Cold);
}

/// Runs a flood of `packets` a window from `sources` forged addresses, with an offender that sends
/// evenly in between; returns the innocents that were caught, and the window that caught it.
fn flood(cpus: usize, packets: u64, sources: u64, offence: u64) -> (Vec<u32>, Option<u32>) {
    const WINDOWS: u32 = 2;
    let sketch = Sketch::new(cpus);
    let mut random = Random(1);
    let (mut innocents, mut caught_in) = (Vec::new(), None);
    for window in 1..=WINDOWS {
        let turn = Turn {
            window,
            ..turn(100, 6)
        };
        let every = packets / offence;
        for packet in 0..packets {
            let cpu = random.below(cpus as u64) as usize;
            let source = 1_000 + random.below(sources) as u32;
            if sketch.count(cpu, source, &turn) != Heat::Cold {
                innocents.push(source);
            }
            if packet % every == every - 1
                && sketch.count(cpu, 7, &turn) != Heat::Cold
                && caught_in.is_none()
            {
                caught_in = Some(window);
            }
        }
    }
    let share = sketch.flushes.get() as f64 / (2.0 * packets as f64 * f64::from(WINDOWS));
    assert!(
        share < 0.3,
        "{share} of all steps reach for what the CPUs share"
    );
    (innocents, caught_in)
}

#[test]
fn a_flood_from_five_million_forged_sources_accuses_nobody_and_hides_no_offender() {
    for cpus in [1, 4] {
        let (innocents, caught_in) = flood(cpus, 1_000_000, 5_000_000, 200);
        assert_eq!(innocents, [], "{cpus} CPUs");
        assert!(
            caught_in.is_some_and(|it| it <= 2),
            "{cpus} CPUs: {caught_in:?}"
        );
    }
}

#[test]
fn a_source_at_half_the_threshold_is_not_caught_for_the_flood_around_it() {
    let (innocents, caught_in) = flood(2, 1_000_000, 5_000_000, 50);
    assert_eq!(innocents, []);
    assert_eq!(caught_in, None);
}

#[test]
fn a_thousand_ordinary_sources_are_not_taken_for_one_another() {
    let sketch = Sketch::new(2);
    let mut random = Random(2);
    for packet in 0..30_000 {
        let source = random.below(1_000) as u32;
        let heat = sketch.count(packet % 2, source, &turn(100, 6));
        assert_eq!(heat, Heat::Cold, "source {source}");
    }
}

/// Returns two sources that share exactly these cells.
fn colliding(both: bool) -> (u32, u32) {
    let mut seen = HashMap::new();
    for source in 0..1_000_000_u32 {
        let hash = hash_v4(KEY, source);
        let cells = (cell_of(hash, 0), both.then(|| cell_of(hash, 1)));
        if let Some(other) = seen.insert(cells, source) {
            let is_second_shared = cell_of(hash_v4(KEY, other), 1) == cell_of(hash, 1);
            if both == is_second_shared {
                return (other, source);
            }
        }
    }
    panic!("there are only 16 million pairs of cells");
}

#[test]
fn who_shares_one_cell_with_an_offender_is_not_caught_with_it() {
    let (offender, innocent) = colliding(false);
    let sketch = Sketch::new(1);
    let turn = turn(100, 6);
    for _ in 0..10_000 {
        sketch.count(0, offender, &turn);
    }
    for _ in 0..99 {
        assert_eq!(sketch.count(0, innocent, &turn), Heat::Cold);
    }
    assert_eq!(sketch.count(0, offender, &turn), Heat::Hot);
}

#[test]
fn who_shares_both_cells_is_counted_as_one() {
    // What a sketch cannot tell apart: one pair of sources in 16 million.
    let (one, other) = colliding(true);
    let sketch = Sketch::new(1);
    let heats: Vec<Heat> = (0..100)
        .map(|it| sketch.count(0, if it % 2 == 0 { one } else { other }, &turn(100, 1)))
        .collect();
    assert!(heats[..99].iter().all(|it| *it == Heat::Cold));
    assert_eq!(heats[99], Heat::Hot);
}

#[test]
fn hashes_spread_over_the_cells_and_depend_on_the_key() {
    let sources = 40 * CELLS as u32;
    for row in 0..ROWS {
        let mut cells = vec![0_u32; CELLS];
        for source in 0..sources {
            cells[cell_of(hash_v4(KEY, source), row)] += 1;
        }
        let (min, max) = (cells.iter().min().unwrap(), cells.iter().max().unwrap());
        assert!(
            *min > 10 && *max < 80,
            "row {row}: {min} to {max} instead of 40"
        );
    }
    let moved = (0..1_000).filter(|it| {
        let cell = |key| cell_of(hash_v4(key, *it), 0);
        cell(KEY) != cell(KEY + 1)
    });
    assert!(moved.count() > 990);
    assert_ne!(hash_v4(KEY, 0x2001_0db8), hash_v6(KEY, 0x2001_0db8));
}

#[test]
fn no_count_overflows() {
    let sketch = Sketch::new(1);
    let turn = turn(u32::MAX, BATCH_MAX);
    let hash = hash_v4(KEY, 7);
    for row in 0..ROWS {
        sketch.set_sum(row, cell_of(hash, row), Sum::new(1, u32::MAX - 10).bits());
    }
    sketch.set_total(Sum::new(1, u32::MAX - 10).bits());
    sketch.set_tally(1 << 48 | u64::from(u32::MAX - 10));
    for _ in 0..200_000 {
        assert_eq!(sketch.count(0, 7, &turn), Heat::Cold);
    }
    assert_eq!(counted(&sketch, hash, 1), u32::MAX - 10);
}

#[test]
fn a_cell_of_classes_counts_each_once_and_writes_only_for_a_new_one() {
    let mut cell = ClassCell::default();
    for class in 0..64 {
        cell = cell.see(1, class).unwrap();
        assert_eq!(cell.count, class + 1);
        assert_eq!(cell.classes.count_ones(), cell.count);
        assert_eq!(cell.see(1, class), None);
    }
    let next = cell.see(2, 9).unwrap();
    assert_eq!((next.window, next.count, next.classes), (2, 1, 1 << 9));
}

#[test]
fn a_lone_scanner_is_confirmed_with_exactly_the_class_of_the_threshold() {
    for threshold in 1..=64 {
        let (mut tried, mut confirmed) = (0, 0);
        let caught = (1..=64).find(|_| {
            tried += 1;
            confirmed += u32::from(tried >= gate(threshold));
            tried >= threshold && confirmed >= confirmation(threshold)
        });
        assert_eq!(caught, Some(threshold));
        // Whatever those who share its cell do.
        assert!(confirmation(threshold) * 2 > threshold);
    }
}

#[test]
fn ports_spread_over_all_classes() {
    let mut classes = [0_u32; 64];
    for port in 1..=6_400 {
        classes[class_of_port(KEY, port) as usize] += 1;
    }
    assert!(
        classes.iter().all(|it| (50..150).contains(it)),
        "{classes:?}"
    );
}
