//! Files that journald's own writer made, whole and damaged.
//!
//! `testdata/plain.blocks` and `testdata/compact.blocks` are what `systemd-journal-remote` of systemd 252
//! wrote of `testdata/entries.export`, the first with `SYSTEMD_JOURNAL_COMPACT=0`: those blocks of 64
//! bytes that are not empty, each behind its offset. A file of a journal is mostly holes.

use proptest::prelude::*;

use super::*;
use crate::journal::sshd_message;

const PLAIN: &[u8] = include_bytes!("../../../testdata/plain.blocks");
const COMPACT: &[u8] = include_bytes!("../../../testdata/compact.blocks");

/// Bytes of a block, and of the offset before it.
const BLOCK_BYTES: usize = 64;
const OFFSET_BYTES: usize = 4;

#[test]
fn both_kinds_are_read_to_their_end() {
    for bytes in [PLAIN, COMPACT] {
        let mut journal = Journal::open(whole(bytes)).unwrap();
        let entries = all(&mut journal);
        assert_eq!(entries.len(), 60);
        assert_eq!(journal.entries().unwrap(), 60);
        let said = entries.iter().filter_map(sshd_message).count();
        assert_eq!(said, 40, "a third is not the server's");
        let message = sshd_message(&entries[0]).unwrap();
        assert_eq!(
            message,
            b"Failed password for root from 203.0.113.1 port 1001 ssh2"
        );
        assert!(journal.next_entry().unwrap().is_none(), "and stays there");
    }
    let flags = [PLAIN, COMPACT].map(|it| whole(it)[12] & 16);
    assert_eq!(flags, [0, 16], "two kinds");
}

#[test]
fn a_reader_goes_on_where_it_stopped() {
    for bytes in [PLAIN, COMPACT] {
        let mut journal = Journal::open(whole(bytes)).unwrap();
        let entries = all(&mut journal);
        for passed in [0_usize, 1, 17, 59, 60] {
            let at = passed
                .checked_sub(1)
                .map_or(0, |it| entries[it].realtime_us);
            journal.seek(at).unwrap();
            assert_eq!(all(&mut journal), entries[passed..]);
        }
        journal.seek(u64::MAX).unwrap();
        assert_eq!(all(&mut journal), []);
    }
}

#[test]
fn what_is_no_journal_is_told_so() {
    let is = |bytes: Vec<u8>| Journal::open(bytes).unwrap_err();
    assert!(matches!(is(Vec::new()), JournalError::NotAJournal));
    assert!(matches!(is(vec![0; 4096]), JournalError::NotAJournal));
    let mut newer = whole(PLAIN);
    newer[13] = 1;
    assert!(matches!(is(newer), JournalError::Unsupported { flags } if flags & 256 != 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a file is damaged, reading it ends, and what is read before was there.
    #[test]
    fn damage_costs_no_more_than_the_file(
        is_compact: bool, spots in prop::collection::vec((any::<u32>(), any::<u8>()), 1..50), cut: u32,
    ) {
        let blocks = if is_compact { COMPACT } else { PLAIN };
        let mut bytes = whole(blocks);
        let written = blocks.len() / (OFFSET_BYTES + BLOCK_BYTES);
        for (spot, value) in spots {
            // Where something is: a hole is never looked at.
            let block = spot as usize % written * (OFFSET_BYTES + BLOCK_BYTES);
            let at = offset(&blocks[block..]) + spot as usize / written % BLOCK_BYTES;
            bytes[at] = value;
        }
        bytes.truncate(cut as usize % (2 * bytes.len()) + 1);
        if let Ok(mut journal) = Journal::open(bytes) {
            let _ = journal.seek(1);
            let mut steps = 0;
            while let Ok(Some(_)) = journal.next_entry() {
                steps += 1;
                prop_assert!(steps < 100_000, "it ends");
            }
        }
    }
}

/// Returns the file that these blocks are of.
fn whole(blocks: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in blocks.chunks_exact(OFFSET_BYTES + BLOCK_BYTES) {
        bytes.resize(offset(block), 0);
        bytes.extend_from_slice(&block[OFFSET_BYTES..]);
    }
    bytes
}

fn offset(block: &[u8]) -> usize {
    u32_at(block, 0) as usize
}

fn all<S: Storage>(journal: &mut Journal<S>) -> Vec<Entry> {
    std::iter::from_fn(|| journal.next_entry().unwrap()).collect()
}
