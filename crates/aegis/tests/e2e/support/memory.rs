//! What a process knows: whatever lies in its memory.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

/// Bytes that are looked at in one piece.
const PIECE_BYTES: usize = 1 << 20;

/// Returns whether the memory of a process holds these bytes anywhere that it can write to.
pub(crate) fn holds(pid: u32, needle: &str) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    maps.lines()
        .filter(|it| it.split(' ').nth(1).is_some_and(|it| it.starts_with("rw")))
        .any(|it| {
            let (start, end) = it.split(' ').next().unwrap().split_once('-').unwrap();
            let address = |it| u64::from_str_radix(it, 16).unwrap();
            region_holds(&memory, address(start)..address(end), needle.as_bytes())
        })
}

fn region_holds(memory: &File, region: std::ops::Range<u64>, needle: &[u8]) -> bool {
    let mut piece = vec![0; PIECE_BYTES + needle.len()]; // so that none is cut in two
    let mut at = region.start;
    while at < region.end {
        let bytes = piece.len().min((region.end - at) as usize);
        // What is not there, such as a guard page, holds nothing.
        if let Ok(read) = memory.read_at(&mut piece[..bytes], at)
            && piece[..read].windows(needle.len()).any(|it| it == needle)
        {
            return true;
        }
        at += PIECE_BYTES as u64;
    }
    false
}
