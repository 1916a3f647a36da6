//! Tests that the layouts are what both sides take them for.

use core::mem::{align_of, offset_of, size_of};

use crate::*;

#[test]
fn values_have_no_padding() {
    assert_eq!(size_of::<Config>(), 128);
    assert_eq!(size_of::<table::StashKey>(), 3 * 8);
    assert_eq!(size_of::<table::StashEntry>(), 3 * 8);
    assert_eq!(size_of::<BlockEntry>(), 4 * 8 + 2 * 4);
    assert_eq!(size_of::<AllowEntry>(), 4);
    assert_eq!(size_of::<Clock>(), 16);
    assert_eq!(size_of::<KeptCounters>(), size_of::<Counters>() + 8);
    assert_eq!(size_of::<PrefixV4>(), 12);
    assert_eq!(size_of::<PrefixV6>(), 20);
    assert_eq!(size_of::<Event>(), 4 + 4 + 16 + 4 + 4 + 3 * 8 + 4 + 4);
    assert_eq!(align_of::<BlockEntry>(), 8);
    assert_eq!(size_of::<Limit>(), 2 * 4 + 2 * 8 + 2 * 4);
    assert_eq!(size_of::<DetectConfig>(), 8 + 2 * 4 + DETECTORS * 32);
    assert_eq!(
        size_of::<DetectState>(),
        6 * 16 + 4 * 8 + 8 * 8 + 4 * 8 + 4 * 8
    );
    assert_eq!(size_of::<UnderAttack>(), 16);
    assert_eq!(size_of::<Suspect>(), 32);
    assert_eq!(size_of::<sketch::ClassCell>(), 16);
    let cells = SKETCHES * sketch::ROWS * sketch::CELLS * 16;
    assert_eq!(size_of::<Near>(), 64);
    assert_eq!(size_of::<CpuDetect>(), 64 + 64 + 2 * 64 + 64 + cells);
    let lists = sketch::CELLS * (16 + 8) + SUSPECTS as usize * 32;
    assert_eq!(size_of::<SharedDetect>(), size_of::<DetectState>() + lists);
}

#[test]
fn what_every_packet_reads_shares_no_cache_line_with_what_is_written_often() {
    assert_eq!(offset_of!(DetectState, totals) % 64, 0);
    assert_eq!(offset_of!(DetectState, second_start) % 64, 0);
    assert!(offset_of!(DetectState, totals) >= size_of::<[Window; DETECTORS]>());
    const { assert!(COUNTING <= 8) };
    assert_eq!(offset_of!(CpuDetect, near) % 64, 0);
    assert_eq!(offset_of!(CpuDetect, tallies) % 64, 0);
}

#[test]
fn no_cache_line_holds_counters_of_two_cpus() {
    assert_eq!(size_of::<Counters>() % 64, 0);
    let last = Counter::COUNT * 8;
    // A value begins at any multiple of eight.
    for begin in (0..64).step_by(8) {
        let line_of = |offset: usize| (begin + offset) / 64;
        assert!(
            line_of(last - 1) < line_of(size_of::<Counters>()),
            "{begin}"
        );
    }
}

#[test]
fn values_are_no_larger_than_older_kernels_take() {
    // KMALLOC_MAX_SIZE, on the smallest of pages.
    assert!(size_of::<CpuDetect>() < 4 << 20);
    assert!(size_of::<SharedDetect>() < 4 << 20);
    assert!(size_of::<Counted>() < 4 << 20);
    for (slot, detector) in Detector::ALL.into_iter().enumerate() {
        assert_eq!(detector as usize, slot, "{detector:?}");
    }
}

#[test]
fn every_counting_detector_has_a_slot_of_a_sketch_for_itself() {
    for number in 0..COUNTING as u32 {
        let (sketch, slot) = Detector::place(number);
        let there = Sketch::slots(sketch as u32)[slot as usize];
        assert_eq!(there as u32, number, "{sketch:?}, {slot}");
    }
}

#[test]
fn offsets_do_not_move_between_versions() {
    assert_eq!(ABI_VERSION, 8, "a new version needs new offsets below");
    assert_eq!(offset_of!(Config, abi_version), 0);
    assert_eq!(offset_of!(Config, flags), 4);
    assert_eq!(offset_of!(Config, table_until), 8);
    assert_eq!(offset_of!(Config, hash_add), 16);
    assert_eq!(offset_of!(Config, hosts_v4), 32);
    assert_eq!(offset_of!(Config, expiry_shift), 56);
    assert_eq!(offset_of!(Config, unused), 60);
    assert_eq!(offset_of!(Config, long_lengths), 64);
    assert_eq!(offset_of!(Config, allow_v4), 80);
    assert_eq!(offset_of!(Config, allow_v6), 88);
    assert_eq!(offset_of!(table::Bucket32, entries), 0);
    assert_eq!(offset_of!(table::Bucket32, sizes), 48);
    assert_eq!(offset_of!(table::Bucket32, tags), 56);
    assert_eq!(offset_of!(table::Bucket32, overflow), 62);
    assert_eq!(offset_of!(table::Entry32, low), 2);
    assert_eq!(offset_of!(table::Entry32, end), 4);
    assert_eq!(offset_of!(table::Bucket64, ends), 32);
    assert_eq!(offset_of!(table::Bucket64, counts), 48);
    assert_eq!(offset_of!(table::Bucket64, tags), 56);
    assert_eq!(offset_of!(table::Bucket64, overflow), 62);
    assert_eq!(offset_of!(BlockEntry, deadline), 0);
    assert_eq!(offset_of!(BlockEntry, packets), 8);
    assert_eq!(offset_of!(BlockEntry, bytes), 16);
    assert_eq!(offset_of!(BlockEntry, last_seen), 24);
    assert_eq!(offset_of!(BlockEntry, violations), 32);
    assert_eq!(offset_of!(Event, address), 8);
    assert_eq!(offset_of!(Event, prefix_len), 24);
    assert_eq!(offset_of!(Event, count), 28);
    assert_eq!(offset_of!(Event, elapsed), 32);
    assert_eq!(offset_of!(Event, at), 40);
    assert_eq!(offset_of!(Event, deadline), 48);
    assert_eq!(offset_of!(Event, violations), 56);
    assert_eq!(offset_of!(Event, is_observed), 60);
}

#[test]
fn flags_bear_the_epoch_of_the_detectors_while_one_is_on() {
    use config_flag::{ANY_LEAST, DETECT, HOSTS_V4, OBSERVE, with_epoch};
    assert_eq!(with_epoch(OBSERVE, 7), OBSERVE);
    assert!(with_epoch(OBSERVE, 7) < ANY_LEAST);
    let first = with_epoch(DETECT | HOSTS_V4, 7);
    assert_eq!(first & 0xffff, DETECT | HOSTS_V4);
    assert_ne!(first, with_epoch(first, 8));
    assert_eq!(first, with_epoch(with_epoch(first, 8), 7));
    assert_eq!(with_epoch(first & !DETECT, 8), HOSTS_V4);
}

#[test]
fn a_counter_is_its_slot_and_has_a_name_of_its_own() {
    for (slot, counter) in Counter::ALL.iter().enumerate() {
        assert_eq!(*counter as usize, slot, "{counter:?}");
        let same_name = |it: &&Counter| it.as_str() == counter.as_str();
        assert_eq!(Counter::ALL.iter().filter(same_name).count(), 1);
    }
}

#[test]
fn a_value_behind_a_trie_key_is_aligned() {
    // The kernel lays it behind the address, which begins at a multiple of eight.
    for address_bytes in [size_of::<PrefixV4>() - 4, size_of::<PrefixV6>() - 4] {
        assert_eq!(address_bytes % align_of::<BlockEntry>(), 0);
    }
    let key = PrefixV4::new_v4(24, [203, 0, 113, 0]);
    assert_eq!(key.octets(), [203, 0, 113, 0]);
    assert_eq!(key.address[4..], [0; 4]);
}

#[test]
fn map_names_fit_the_kernel() {
    let others = [
        maps::CLOCK,
        maps::DETECT,
        maps::DETECT_CPU,
        maps::DETECT_SHARED,
    ];
    for name in maps::GENERATION
        .into_iter()
        .chain(maps::SHARED)
        .chain(others)
    {
        assert!(name.len() <= 15, "{name}");
    }
}

#[test]
fn table_sizes_are_what_the_kernel_takes() {
    assert!(maps::EVENTS_BYTES.is_power_of_two());
    assert_eq!(maps::EVENTS_BYTES % 4096, 0);
}
