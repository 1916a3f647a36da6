//! Lists of addresses that `file get --apply` blocks: any bytes are read or refused, and what is read
//! lists what it says, in order, each once.

#![no_main]

use aegis_core::{FEED_ENTRIES_MAX, Feed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(feed) = Feed::parse(bytes) else {
        return;
    };
    let entries = feed.entries();
    assert!((1..=FEED_ENTRIES_MAX).contains(&entries.len()));
    assert!(entries.windows(2).all(|it| it[0] < it[1]));
    let lines = bytes.split(|it| *it == b'\n').count();
    assert!(entries.len() <= lines, "one of each line at most");
    // Written as a list again, in whatever way, it is the same.
    let words: Vec<String> = entries.iter().map(|it| it.to_string()).collect();
    let plain = words.join("\n");
    assert_eq!(Feed::parse(plain.as_bytes()).as_ref(), Ok(&feed));
    let quoted = words
        .iter()
        .rev()
        .map(|it| format!("\"{it}\",x # {it}\r\n"));
    let quoted = format!("\u{feff}; a list\nip,why\n{}", quoted.collect::<String>());
    assert_eq!(Feed::parse(quoted.as_bytes()).as_ref(), Ok(&feed));
});
