//! Comparing a transcript with the file that is committed.

use std::{env, fs, path::Path};

/// Checks that `text` is what the file `name` says, or writes the file where that is asked for.
#[track_caller]
pub(crate) fn check(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcript");
    let file = folder.join(name).with_extension("txt");
    if env::var_os("AEGIS_BLESS").is_some() {
        fs::write(&file, text).expect("a file can be written");
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let first = golden.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        golden == text,
        "{name} is not what was said; the first difference: {first:#?}\nAll of it:\n{text}"
    );
}
