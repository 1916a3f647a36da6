//! Configuration files: any text is read or refused, what is read can be shown and read again as the same,
//! and means something or is refused.

#![no_main]

use std::path::PathBuf;

use aegis::config::{RawConfig, Surroundings, resolve};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(read) = toml::from_str::<RawConfig>(text) else {
        return;
    };
    let shown = toml::to_string(&read).expect("what was read can be shown");
    let again: RawConfig = toml::from_str(&shown).expect("what was shown can be read");
    // By what they tell of themselves: a secret is not shown, and no number is itself where it is none.
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
    if text.contains("secret_file") {
        return; // a file of this host would be read
    }
    for is_root in [true, false] {
        let host = Surroundings {
            is_root,
            uid: if is_root { 0 } else { 1_000 },
            state_home: Some(PathBuf::from("/nowhere/state")),
            runtime_home: None,
        };
        let _means_or_is_refused = resolve(read.clone(), &host);
    }
});
