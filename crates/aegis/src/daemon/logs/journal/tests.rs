//! A journal is followed from file to file, and nothing of it is left out.

use super::*;

/// A journal of 60 entries, as the tests of its reader describe it.
const BLOCKS: &[u8] = include_bytes!("../../../../../aegis-intel/testdata/plain.blocks");
const ENTRIES: usize = 60;

/// Bytes of a block, and of the offset before it.
const BLOCK_BYTES: usize = 64;
const OFFSET_BYTES: usize = 4;

const LATER_US: u64 = u64::MAX;

#[test]
fn a_file_that_is_empty_yet_is_read_once_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.journal");
    File::create(&path).unwrap();
    let mut follower = Follower::new(path.clone(), 0);
    assert_eq!(read(&mut follower), 0);
    assert_eq!(read(&mut follower), 0);
    fs::write(&path, whole()).unwrap(); // the same file
    assert_eq!(read(&mut follower), ENTRIES);
    assert_eq!(read(&mut follower), 0);
}

#[test]
fn the_next_file_is_read_whole_though_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.journal");
    fs::write(&path, whole()).unwrap();
    let mut follower = Follower::new(path.clone(), LATER_US);
    assert_eq!(read(&mut follower), 0, "all of it was read before");
    assert_eq!(follower.passed_us(), LATER_US);
    fs::rename(&path, dir.path().join("system@0-0-0.journal")).unwrap();
    assert_eq!(read(&mut follower), 0);
    fs::write(&path, whole()).unwrap();
    assert_eq!(read(&mut follower), ENTRIES);
    assert!(
        follower.passed_us() < LATER_US,
        "and a restart goes on there"
    );
}

#[test]
fn a_damaged_file_is_told_of_once_and_the_next_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.journal");
    fs::write(&path, [0; 4096]).unwrap();
    let mut follower = Follower::new(path.clone(), 0);
    let damage = follower.poll(|_| {}).unwrap_err();
    assert!(matches!(damage, JournalError::NotAJournal), "{damage}");
    assert_eq!(read(&mut follower), 0);
    fs::write(dir.path().join("next"), whole()).unwrap();
    fs::rename(dir.path().join("next"), &path).unwrap();
    assert_eq!(read(&mut follower), ENTRIES);
}

/// Returns how many entries are read until there is no more.
fn read(follower: &mut Follower) -> usize {
    let mut count = 0;
    while follower.poll(|_| count += 1).unwrap() {}
    count
}

/// Returns the file that the blocks are of.
fn whole() -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in BLOCKS.chunks_exact(OFFSET_BYTES + BLOCK_BYTES) {
        let offset = u32::from_le_bytes(block[..OFFSET_BYTES].try_into().unwrap());
        bytes.resize(offset as usize, 0);
        bytes.extend_from_slice(&block[OFFSET_BYTES..]);
    }
    bytes
}
