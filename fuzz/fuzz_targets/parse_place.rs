//! Databases of places, damaged in any way: they are read or refused, and looking up ends.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use aegis_core::{FEED_ENTRIES_MAX, Region};
use aegis_intel::place::Places;
use libfuzzer_sys::fuzz_target;

/// A file of this process's own, in memory where the system has such a place.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let dir = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    dir.join(format!("aegis-parse-place-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("there is room for a file");
    let places = Places::open(std::slice::from_ref(&*FILE));
    fs::remove_file(&*FILE).expect("it was written above");
    let Ok(places) = places else { return };
    for address in ["192.0.2.1", "0.0.0.0", "2001:db8::1", "::ffff:192.0.2.1"] {
        let address = address.parse().expect("an address");
        assert_eq!(places.location(address), places.location(address));
    }
    for region in ["DE", "AS64500"] {
        let region: Region = region.parse().expect("a region");
        if let Ok(prefixes) = places.prefixes(region) {
            assert!(prefixes.len() <= FEED_ENTRIES_MAX);
        }
    }
});
