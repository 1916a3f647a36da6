//! Files of the journal, damaged in any way: reading them ends. The input is blocks of 64 bytes, each
//! behind its offset in four bytes, since a file of a journal is mostly holes.

#![no_main]

use aegis_intel::journal::{Journal, sshd_message};
use libfuzzer_sys::fuzz_target;

/// Bytes of a block and of its offset; the longest file.
const BLOCK: usize = 64;
const OFFSET: usize = 4;
const BYTES_MAX: usize = 4 * 1024 * 1024;

fuzz_target!(|blocks: &[u8]| {
    let mut bytes = Vec::new();
    for block in blocks.chunks_exact(OFFSET + BLOCK) {
        let mut offset = [0; OFFSET];
        offset.copy_from_slice(&block[..OFFSET]);
        let offset = u32::from_le_bytes(offset) as usize;
        if (bytes.len()..BYTES_MAX).contains(&offset) {
            bytes.resize(offset, 0);
            bytes.extend_from_slice(&block[OFFSET..]);
        }
    }
    let Ok(mut journal) = Journal::open(bytes) else {
        return;
    };
    let _ = journal.seek(1_795_176_010_000_000);
    let mut steps = 0;
    while let Ok(Some(entry)) = journal.next_entry() {
        let _ = sshd_message(&entry);
        steps += 1;
        assert!(steps < BYTES_MAX, "it ends");
    }
});
