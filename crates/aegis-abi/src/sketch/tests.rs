//! The sketches under simulated traffic: who is caught, when, and who never is.

extern crate std;

pub(super) mod cpus;

use std::{collections::HashMap, vec, vec::Vec};

use self::cpus::Sketch;
use super::*;
use crate::{Window, table::HashKey};

const KEY: HashKey = HashKey::new(0x0123_4567_89ab_cdef, 0x2545_f491_4f6c_dd1d);

pub(super) fn hash(source: u32) -> u64 {
    KEY.hash32(source).bits64()
}

/// What holds where nobody counts.
const NOBODY: Turn = Turn {
    window: 0,
    threshold: 0,
    batch: 1,
    is_told_enough: false,
};

pub(super) const fn turn(threshold: u32, batch: u32) -> Turn {
    Turn {
        window: 1,
        threshold,
        batch,
        is_told_enough: false,
    }
}

/// Numbers without a pattern, the same every time.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 32)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
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
            assert_eq!(counted(&&sketch.slots[0], hash(7), 1), threshold);
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
    let sums = &sketch.slots[0];
    let cross = || {
        (1..=20)
            .map(|_| sketch.count(0, 7, &turn))
            .collect::<Vec<_>>()
    };
    for _ in 0..3 {
        let heats = cross();
        assert!(heats[..19].iter().all(|it| *it == Heat::Cold));
        assert_eq!(heats[19], Heat::Hot);
        restart(&sketch, &sums, hash(7), turn.window);
    }
    cross();
    mark_told(&sketch, hash(7), 0);
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
    let (mut seen, mut random) = (HashMap::new(), Random(3));
    for source in (0..1_000_000).map(|_| random.next() as u32) {
        let cells = (
            cell_of(hash(source), 0),
            both.then(|| cell_of(hash(source), 1)),
        );
        if let Some(other) = seen.insert(cells, source).filter(|it| *it != source) {
            let is_second_shared = cell_of(hash(other), 1) == cell_of(hash(source), 1);
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
            cells[cell_of(hash(source), row)] += 1;
        }
        let (min, max) = (cells.iter().min().unwrap(), cells.iter().max().unwrap());
        assert!(
            *min > 10 && *max < 80,
            "row {row}: {min} to {max} instead of 40"
        );
    }
    let moved = (0..1_000).filter(|it| {
        let cell = |key: HashKey| cell_of(key.hash32(*it).bits64(), 0);
        cell(KEY) != cell(HashKey::new(KEY.add, KEY.multiply + 2))
    });
    assert!(moved.count() > 990);
    assert_ne!(KEY.hash32(0x2001_0db8), KEY.hash64(0x2001_0db8));
}

#[test]
fn no_count_overflows() {
    let sketch = Sketch::new(1);
    let turn = turn(u32::MAX, BATCH_MAX);
    let sums = &sketch.slots[0];
    for row in 0..ROWS {
        let full = Sum::new(1, u32::MAX - 10).bits();
        (&sums).set_sum(row, cell_of(hash(7), row), full);
    }
    (&sums).set_total(Sum::new(1, u32::MAX - 10).bits());
    (&sums).set_tally(1 << 48 | u64::from(u32::MAX - 10));
    for _ in 0..200_000 {
        assert_eq!(sketch.count(0, 7, &turn), Heat::Cold);
    }
    assert_eq!(counted(&sums, hash(7), 1), u32::MAX - 10);
}

#[test]
fn two_detectors_of_one_sketch_are_each_exact() {
    // A short window within a long one, whose allowances and ends differ.
    for (short, long) in [
        ((10, 3), (64, 4)),
        ((100, 6), (64, 4)),
        ((7, 1), (1000, 62)),
    ] {
        let sketch = Sketch::new(1);
        let turn = |window, (threshold, batch)| Turn {
            window,
            threshold,
            batch,
            is_told_enough: false,
        };
        let mut packets = 0;
        for window in 1..=300 {
            for of_window in 1..short.0 + 2 {
                packets += 1;
                let heats = sketch.count_for(0, 7, [turn(window, short), turn(9, long)]);
                let wanted = [of_window >= short.0, packets >= long.0];
                let is_hot = [heats.of(0), heats.of(1)].map(|it| it == Heat::Hot);
                assert_eq!(
                    is_hot, wanted,
                    "{of_window}, {packets} of {short:?}, {long:?}"
                );
            }
        }
        let next = sketch.count_for(0, 7, [turn(400, short), turn(10, long)]);
        assert_eq!([next.of(0), next.of(1)], [Heat::Cold; 2]);
    }
}

#[test]
fn what_one_detector_did_about_a_source_is_not_taken_for_the_others() {
    let sketch = Sketch::new(1);
    let turns = |window| {
        let turn = |window, threshold| Turn {
            window,
            threshold,
            batch: 1,
            is_told_enough: false,
        };
        [turn(window, 3), turn(1, 5)]
    };
    let mut last = Heats(0);
    for _ in 0..5 {
        last = sketch.count_for(0, 7, turns(1));
    }
    assert_eq!([last.of(0), last.of(1)], [Heat::Hot; 2]);
    mark_told(&sketch, hash(7), 1);
    let heats = sketch.count_for(0, 7, turns(1));
    assert_eq!([heats.of(0), heats.of(1)], [Heat::Hot, Heat::Told]);
    let heats = sketch.count_for(0, 7, turns(2));
    assert_eq!([heats.of(0), heats.of(1)], [Heat::Cold, Heat::Told]);
    restart(&sketch, &&sketch.slots[0], hash(7), 2);
    let heats = sketch.count_for(0, 7, turns(2));
    assert_eq!(heats.of(0), Heat::Cold);
}
