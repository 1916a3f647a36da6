//! Sets of chunks, against plain sets.

use proptest::prelude::*;

use super::*;

#[test]
fn a_set_is_written_highest_bit_first() {
    let mut set = ChunkSet::none(10);
    assert!(set.insert(0) && set.insert(9) && !set.insert(9));
    assert_eq!(set.as_bytes(), [0b1000_0000, 0b0100_0000]);
    assert_eq!(set.iter().collect::<Vec<_>>(), [0, 9]);
    assert!(set.remove(0) && !set.remove(0) && !set.remove(3));
    assert_eq!(set.len(), 1);
}

#[test]
fn there_is_one_spelling() {
    check(10, &[0xff, 0xc0], true);
    check(10, &[0xff, 0xe0], false); // a chunk that there is not
    check(10, &[0xff], false);
    check(10, &[0xff, 0xc0, 0], false);
    check(8, &[0xff], true);
    check(8, &[], false);
    check(0, &[], true);
}

#[track_caller]
fn check(chunks: u32, bytes: &[u8], is_set: bool) {
    assert_eq!(ChunkSet::from_bytes(chunks, bytes).is_some(), is_set);
}

#[test]
fn what_is_beyond_the_file_is_never_in_it() {
    let mut set = ChunkSet::all(9);
    assert!(set.is_full() && !set.insert(9) && !set.insert(u32::MAX));
    assert!(!set.contains(9) && !set.contains(u32::MAX));
    assert_eq!(set.len(), 9);
}

proptest! {
    #[test]
    fn a_set_is_read_back_as_it_was(chunks in 0u32..100, members in prop::collection::vec(0u32..100, 0..50)) {
        let mut set = ChunkSet::none(chunks);
        for member in &members {
            set.insert(*member);
        }
        prop_assert!(set.iter().all(|it| members.contains(&it)));
        prop_assert_eq!(ChunkSet::from_bytes(chunks, set.as_bytes()), Some(set));
    }
}
