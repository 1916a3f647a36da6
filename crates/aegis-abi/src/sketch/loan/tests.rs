//! Loans under simulated traffic: the same packet crosses as without them.

use crate::sketch::{
    BATCH_MAX, Heat, Turn, base, counted, give_back, lend,
    tests::{Random, cpus::Sketch, hash, turn},
};

#[test]
fn a_source_with_a_loan_crosses_with_exactly_the_packet_of_the_threshold() {
    for threshold in [1, 2, 3, 7, 16, 20, 99, 100, 101, 255, 4096, 100_000] {
        for batch in [1, 2, 3, 6, 64, BATCH_MAX] {
            let sketch = Sketch::new(2);
            let turn = turn(threshold, batch);
            for packet in 1..threshold {
                let heat = sketch.count_near(0, 7, &turn);
                assert_eq!(heat, Heat::Cold, "{packet} of {turn:?}");
            }
            assert_eq!(sketch.count_near(0, 7, &turn), Heat::Hot, "{turn:?}");
            assert_eq!(counted(&&sketch.slots[0], hash(7), 1), threshold);
        }
    }
}

#[test]
fn whoever_takes_loans_is_counted_as_without_in_a_crowd_and_over_windows() {
    let (lending, plain) = (Sketch::new(2), Sketch::new(2));
    let mut random = Random(5);
    for packet in 0..400_000_u32 {
        // Many that share cells with the few that are met again and again.
        let source = if random.below(4) == 0 {
            random.below(20_000) as u32
        } else {
            random.below(3) as u32
        };
        let turn = Turn {
            window: packet / 50_000,
            ..turn(9_000, 40)
        };
        let cpu = random.below(2) as usize;
        let heats = [
            lending.count_near(cpu, source, &turn),
            plain.count(cpu, source, &turn),
        ];
        assert_eq!(heats[0], heats[1], "packet {packet} of {source}");
    }
}

#[test]
fn a_loan_pays_for_nearly_all_and_leaves_something_for_others() {
    let sketch = Sketch::new(1);
    for packet in 1..=2 {
        sketch.count(0, 7, &turn(1_000_000, 4096));
        assert_eq!(sketch.flushes.get(), 2, "packet {packet}");
    }
    let base = base(sketch.stamp.get());
    let lent = lend(&sketch, hash(7), base);
    assert_eq!(lent, 4095 - 4095 / 8 - 1);
    // Others that share a cell go on as they are, and may take the rest.
    let rest = lend(&sketch, hash(7), base);
    assert_eq!(rest, 512 - 512 / 8 - 1);
    give_back(&sketch, hash(7), rest);
    give_back(&sketch, hash(7), lent);
    assert_eq!(lend(&sketch, hash(7), base), lent);
}
