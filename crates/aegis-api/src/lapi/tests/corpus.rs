//! What the fuzzer starts from: bodies that must be read, and bodies that must not.

use std::{fs, path::Path};

use crate::read_alerts;

#[test]
fn every_body_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/read_alerts");
    let mut count = 0;
    for file in fs::read_dir(folder).expect("the corpus is there").flatten() {
        let name = file.file_name().into_string().expect("text");
        let body = fs::read(file.path()).expect("a file");
        let asked = read_alerts(&body, 1 << 20);
        let expected = match name.split_once('-') {
            Some(("bad", _)) => None,
            Some((number, _)) => Some(number.parse().expect("bad, or how many blocks")),
            None => panic!("{name} does not say what it is"),
        };
        assert_eq!(asked, expected, "{name}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}
