//! The parts of a table, one by one.

extern crate std;

use std::{collections::BTreeSet, vec::Vec};

use super::*;

fn expiry_is(units: u64, now: u64, is_after: bool) {
    let (expiry, now) = (Expiry::new(units), Expiry::new(now));
    assert_eq!(expiry.is_after(now), is_after, "{expiry:?} at {now:?}");
    assert_eq!(expiry.ahead_of(now) > 0, is_after, "{expiry:?} at {now:?}");
}

#[test]
fn an_expiry_is_over_at_its_moment_and_not_before() {
    for base in [0, 1, (1 << 22) - 1, 1 << 22, (1 << 23) - 1, 1 << 40] {
        expiry_is(base, base, false);
        expiry_is(base + 1, base, true);
        expiry_is(base + Expiry::AHEAD_MAX, base, true);
        expiry_is(base, base + 1, false);
        expiry_is(base, base + Expiry::AHEAD_MAX, false);
    }
    assert_eq!(Expiry::new(7).ahead_of(Expiry::new(3)), 4);
}

/// Returns a counter after one more packet.
fn next(count: Count, chance: u64) -> Count {
    let moves = count.moves(|| chance);
    Count::from_bits(count.bits() + u16::from(moves))
}

#[test]
fn two_ways_to_a_moment_lead_to_the_same() {
    for jiffies in [0, 1, 511, 512, 4_294_667_296, u64::MAX >> 9] {
        for shift in [0, 7, 9, 11, 20] {
            assert_eq!(
                Now::at(jiffies, shift),
                Now::new(jiffies >> shift),
                "{jiffies} {shift}"
            );
        }
    }
}

#[test]
fn a_count_is_exact_for_the_first_256_packets() {
    let mut count = Count::default();
    for packets in 0..256 {
        assert_eq!(count.value(), packets);
        count = next(count, packets);
    }
    assert_eq!(count.value(), 256);
}

#[test]
fn a_count_stays_close_to_the_truth() {
    for packets in [1_000_u64, 50_000, 3_000_000] {
        let mut errors = Vec::new();
        for seed in 0..20_u64 {
            let mut count = Count::default();
            for packet in 0..packets {
                let chance = (packet * 20 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                count = next(count, chance);
            }
            errors.push((count.value() as f64 / packets as f64 - 1.0).abs());
        }
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        assert!(mean < 0.05, "{packets} packets: mean error {mean}");
    }
}

#[test]
fn a_count_never_wraps() {
    let mut count = Count::from_bits(Count::MASK - 300);
    for _ in 0..1000 {
        count = next(count, 0);
    }
    assert!(count.value() > 1 << 39);
    assert!(!Count::from_bits(Count::MASK).moves(|| 0));
}

#[test]
fn every_prefix_has_a_code_of_its_own() {
    let mut codes = BTreeSet::new();
    for length in 0..=31 {
        for address in [0, 0xffff_ffff, 0x0a00_0000, 0xcb00_7107_u32] {
            let masked = address & !(u32::MAX.checked_shr(length).unwrap_or(0));
            codes.insert((length, masked, prefix_code_v4(address, 1 << (31 - length))));
        }
    }
    let distinct: BTreeSet<u32> = codes.iter().map(|it| it.2).collect();
    assert_eq!(distinct.len(), codes.len());
    assert!(!distinct.contains(&0));
    assert_eq!(prefix_code_v4(0xcb00_7107, 1 << 7), 0xcb00_7180);
    assert_eq!(
        prefix_code_v6(0x2001_0db8_1234_5678, 1 << 15),
        0x2001_0db8_1234_8000
    );
    assert_eq!(prefix_code_v6(u64::MAX, 1 << 63), 1 << 63);
}

#[test]
fn lengths_come_longest_first_and_end() {
    let mut lengths = Lengths(1 << 7 | 1 << 15 | 1 << 23);
    let taken: Vec<u64> = core::iter::repeat_with(|| lengths.take()).take(5).collect();
    assert_eq!(taken, [1 << 7, 1 << 15, 1 << 23, 0, 0]);
}

#[test]
fn a_longer_prefix_forgets_its_host_bits() {
    let key = StashKey::longer(7, 0xdead_beef, 1 << 16);
    assert_eq!((key.key, key.host, key.kind), (7, 0xdead_0000, 1 << 16));
    assert_eq!(StashKey::longer(7, 0xdead_beef, 1).host, 0xdead_beef);
}

#[test]
fn a_hash_spreads_neighbours_and_ends_alike() {
    let key = HashKey::new(0x1234_5678_9abc_def0, 0x9e37_79b9_7f4a_7c15);
    let buckets = 1000;
    let check = |name: &str, hashes: Vec<Hash>| {
        let mut counts = std::vec![0_u32; buckets as usize];
        for hash in &hashes {
            counts[hash.bucket(buckets) as usize] += 1;
            assert!(hash.is_in(hash.bits()) && !hash.is_in(0));
        }
        let most = counts.iter().max().unwrap();
        assert!(
            *most <= 16,
            "{name}: {most} of {} in one bucket",
            hashes.len()
        );
    };
    check(
        "hosts of a net",
        (0..4000).map(|it| key.hash32(0xcb00_7100 + it)).collect(),
    );
    check(
        "nets by first bytes",
        (0..4000).map(|it| key.hash32(it << 20 | 7)).collect(),
    );
    check(
        "IPv6 subnets",
        (0..4000)
            .map(|it| key.hash64(0x2001_0db8 << 32 | it))
            .collect(),
    );
    check(
        "IPv6 sites",
        (0..4000).map(|it| key.hash64(it << 52 | 7)).collect(),
    );
}

/// Puts keys into the slots of a bucket, in their order.
fn bucket_of<B: Bucket + Default>(keys: &[B::Key]) -> B {
    let mut bucket = B::default();
    for (slot, key) in keys.iter().enumerate() {
        let entry = Slot {
            key: *key,
            end: End::new(Expiry::new(slot as u64)),
            packets: 0,
            size: 0,
        };
        // SAFETY: the bucket is live, there are as many slots, nobody else writes.
        unsafe { B::put(&raw mut bucket, slot, entry) };
    }
    bucket
}

/// Looks for a key in both ways, which must agree.
fn find<B: Bucket>(bucket: &B, key: B::Key) -> Option<(usize, End)> {
    let at = core::ptr::from_ref(bucket);
    // SAFETY: the bucket is live.
    let (glance, probe) = unsafe { (B::glance(at, key), B::probe(at, key)) };
    let found = match probe {
        Probe::Here(slot, end) => Some((slot, end.with_size(0))),
        Probe::Elsewhere(_) => None,
    };
    match glance {
        Glance::Here(slot, end) => assert_eq!(found, Some((slot, end.with_size(0)))),
        Glance::Nowhere => assert_eq!(probe, Probe::Elsewhere(Overflow::default())),
        Glance::Unsure => {}
    }
    found
}

#[test]
fn a_probe_finds_what_was_put_and_says_where_else_to_look() {
    let mut bucket = bucket_of::<Bucket32>(&[5, 6, 7, 77]);
    assert_eq!(find(&bucket, 77), Some((3, End::new(Expiry::new(3)))));
    assert_eq!(find(&bucket, 78), None);
    bucket.overflow = 2 | 15 << 5;
    let overflow = Overflow {
        reach: 2,
        stash: Overflow::MANY,
    };
    // SAFETY: the bucket is live.
    let (glance, probe) = unsafe { (Bucket32::glance(&bucket, 78), Bucket32::probe(&bucket, 78)) };
    assert_eq!(probe, Probe::Elsewhere(overflow));
    assert_eq!(glance, Glance::Unsure);
    assert_eq!(find(&bucket, 77), Some((3, End::new(Expiry::new(3)))));
}

#[test]
fn addresses_with_one_tag_are_told_apart() {
    // A tag is the upper byte of a product: multiplied back, these have one, and others in between.
    let keys: Vec<u32> = (1..=6)
        .map(|it| (0xab00_0000_u32 | it).wrapping_mul(inverse()))
        .collect();
    let other = (0xab00_0000_u32 | 7).wrapping_mul(inverse());
    let bucket = bucket_of::<Bucket32>(&keys);
    assert_eq!(bucket.tags, [0xab; 6]);
    for (slot, key) in keys.iter().enumerate() {
        assert_eq!(find(&bucket, *key).map(|it| it.0), Some(slot));
    }
    assert_eq!(find(&bucket, other), None);
    // SAFETY: the bucket is live.
    let glance = |key| unsafe { Bucket32::glance(&raw const bucket, key) };
    assert_eq!(glance(keys[0]), Glance::Here(0, End::from_bits(0)));
    assert_eq!(glance(keys[5]), Glance::Unsure);
}

/// Returns what undoes the multiplication of an address.
fn inverse() -> u32 {
    let number = 0x9e37_79b1_u32;
    let inverse = (0..5).fold(number, |it, _| {
        it.wrapping_mul(2_u32.wrapping_sub(number.wrapping_mul(it)))
    });
    assert_eq!(number.wrapping_mul(inverse), 1);
    inverse
}

#[test]
fn a_key_that_looks_like_an_empty_slot_is_in_no_bucket() {
    let empty = Bucket32::default();
    let full = bucket_of::<Bucket32>(&[1, 2, 3, 4, 5, 6]);
    for first in 0..=255_u32 {
        let key = first << 24;
        assert!(!Bucket32::is_storable(key), "{key:#x}");
        assert!(Bucket32::is_storable(key | 1) && Bucket32::is_storable(key | 0x80_0000));
        for bucket in [&empty, &full] {
            // SAFETY: the bucket is live.
            assert_eq!(unsafe { Bucket32::glance(bucket, key) }, Glance::Unsure);
        }
        assert_eq!(find(&empty, key | 1), None);
    }
    assert!(!Bucket64::is_storable(0) && Bucket64::is_storable(1 << 63));
    // SAFETY: the bucket is live.
    let glance = unsafe { Bucket64::glance(&Bucket64::default(), 0) };
    assert_eq!(glance, Glance::Unsure);
}

#[test]
fn a_count_keeps_the_mean_size() {
    let mut bucket = Bucket64::default();
    for packet in 0..200 {
        let bytes = if packet % 2 == 0 { 100 } else { 60 };
        // SAFETY: the bucket is live and the slot is one.
        unsafe { Bucket64::count(&raw mut bucket, 3, bytes, || packet) };
    }
    bucket.keys[3] = 1;
    // SAFETY: as above.
    let slot = unsafe { Bucket64::get(&raw const bucket, 3) }.unwrap();
    assert_eq!(slot.packets, 200);
    assert!((70..=90).contains(&slot.size), "{}", slot.size);
}

#[test]
fn a_slot_gives_back_what_was_put() {
    let mut bucket = Bucket32::default();
    let entry = Slot {
        key: 9,
        end: End::new(Expiry::new(0xa_bcde)),
        packets: 200,
        size: 1514,
    };
    let at = &raw mut bucket;
    // SAFETY: the bucket is live, the slots are below six, nobody else writes.
    unsafe {
        Bucket32::set_overflow(at, Overflow { reach: 3, stash: 1 });
        Bucket32::put(at, 5, entry);
        Bucket32::put(
            at,
            4,
            Slot {
                end: End::new(Expiry::new(0x7f_ffff)),
                ..entry
            },
        );
        assert_eq!(Bucket32::get(at, 5), Some(entry));
        Bucket32::renew(at, 4, End::new(Expiry::new(1)));
        assert_eq!(Bucket32::get(at, 5), Some(entry));
        assert_eq!(Bucket32::overflow(at), Overflow { reach: 3, stash: 1 });
        Bucket32::clear(at, 5);
        assert_eq!(Bucket32::get(at, 5), None);
        let renewed = Bucket32::get(at, 4).unwrap();
        assert_eq!(renewed.end, End::new(Expiry::new(1)));
        assert_eq!((renewed.packets, renewed.size), (200, 1514));
    }
}

#[test]
fn a_bucket_finds_each_of_its_keys_and_no_other() {
    let six: [u32; 6] = core::array::from_fn(|slot| 1 << (3 * slot));
    // Alike in one half each, or in both but one bit.
    let four = [7_u64 << 32, 7 << 32 | 1, 6 << 32 | 1, 1];
    let (narrow, wide) = (bucket_of::<Bucket32>(&six), bucket_of::<Bucket64>(&four));
    for (slot, key) in six.into_iter().enumerate() {
        let end = End::new(Expiry::new(slot as u64));
        assert_eq!(find(&narrow, key), Some((slot, end)));
        assert_eq!(find(&narrow, key | 1 << 31), None);
    }
    for (slot, key) in four.into_iter().enumerate() {
        let end = End::new(Expiry::new(slot as u64));
        assert_eq!(find(&wide, key), Some((slot, end)));
        assert_eq!(find(&wide, key ^ 1 << 63), None);
    }
}

#[test]
fn a_bucket_of_any_keys_finds_these_and_gives_them_back() {
    let mut state = 1_u64;
    let mut number = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 24) as u32
    };
    for _ in 0..20_000 {
        let keys: Vec<u32> = core::iter::repeat_with(&mut number)
            .filter(|it| Bucket32::is_storable(*it))
            .take(6)
            .collect();
        let bucket = bucket_of::<Bucket32>(&keys);
        for (slot, key) in keys.iter().enumerate() {
            assert_eq!(find(&bucket, *key).map(|it| it.0), Some(slot));
            // SAFETY: the bucket is live and the slot is one.
            let held = unsafe { Bucket32::get(&bucket, slot) };
            assert_eq!(held.map(|it| it.key), Some(*key));
        }
        let other = number() | 1;
        let is_held = keys.contains(&other);
        assert_eq!(find(&bucket, other).is_some(), is_held);
    }
}

#[test]
fn a_staged_entry_counts_only_where_staged_ones_are_shown() {
    for base in [0, 5, (1 << 22) - 1, 1 << 22, (1 << 23) - 1] {
        for ahead in [1, 2, 1 << 20, Expiry::AHEAD_MAX] {
            let now = Now::new(base);
            let end = End::new(Expiry::new(base + ahead)).with_size(0xab);
            let staged = end.staged();
            assert!(
                end.is_after(now) && end.is_shown_after(now),
                "{base} {ahead}"
            );
            assert!(!staged.is_after(now), "{base} {ahead}");
            assert!(staged.is_shown_after(now), "{base} {ahead}");
            assert_eq!((staged.staged(), staged.shown()), (staged, end));
            assert_eq!(staged.expiry(), end.expiry());
            // Over is over, staged or not.
            let then = Now::new(base + ahead);
            assert!(!end.is_after(then) && !staged.is_shown_after(then));
        }
    }
}

#[test]
fn a_size_is_exact_for_ordinary_frames_and_close_for_others() {
    for bytes in 0..=u64::from(u16::MAX) {
        let size = u64::from(Size::of(bytes).bytes());
        assert!(size <= bytes && bytes - size < 512, "{size} for {bytes}");
        assert!(bytes >= Size::EXACT || size == bytes);
    }
    assert!(Size::of(u64::MAX).bytes() > 65_000);
    assert_eq!(Size::from_bits(u16::MAX), Size::from_bits(2047));
}

#[test]
fn the_closest_count_says_no_more_than_there_was() {
    for packets in (0..5000).chain([1 << 20, 1 << 39, u64::MAX]) {
        let value = Count::closest(packets).value();
        assert!(value <= packets, "{value} for {packets}");
        let most = packets.min(1 << 40);
        assert!(value >= most - most / 200, "{value} for {packets}");
    }
}
