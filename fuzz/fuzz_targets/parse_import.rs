//! What other programs blocked: lists, CrowdSec's decisions in JSON or CSV, and databases of fail2ban, in any
//! way damaged. They are read or refused, and what is read lasts no longer than an import may.
//!
//! The first byte says as what the rest is read.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use aegis::import::{Found, crowdsec, fail2ban, list};
use aegis_core::{IMPORT_TTL_MAX, Timestamp};
use libfuzzer_sys::fuzz_target;

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

/// A file of this process's own, in memory where the system has such a place.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let dir = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    dir.join(format!("aegis-parse-import-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let text = std::str::from_utf8(rest);
    let found = match (kind % 3, text) {
        (0, Ok(text)) => Some(list::read(text, 600)),
        (1, Ok(text)) => crowdsec::read(text).ok(),
        (2, _) => database(rest),
        _ => None,
    };
    let Some(found) = found else { return };
    let sorted = found.clone().sorted();
    assert!(sorted.entries.len() <= found.entries.len());
    assert!(
        sorted
            .entries
            .is_sorted_by(|a, b| a.indicator < b.indicator)
    );
    let secs = found
        .entries
        .iter()
        .map(|it| u64::from(it.duration_secs.get()));
    assert!(secs.max().unwrap_or(0) <= IMPORT_TTL_MAX.as_secs());
});

fn database(bytes: &[u8]) -> Option<Found> {
    fs::write(&*FILE, bytes).expect("there is room for a file");
    let found = fail2ban::read(&FILE, NOW);
    fs::remove_file(&*FILE).expect("it was written above");
    found.ok()
}
