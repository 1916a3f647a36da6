//! Replays the fuzzer's corpus of lists: each is a feed or none, as its name says.

use std::{fs, path::Path};

use aegis_core::{Feed, InvalidFeed};

#[test]
fn every_list_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_feed");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let read = Feed::parse(&bytes);
        let outcome = match &read {
            Ok(feed) => {
                assert!(feed.entries().windows(2).all(|it| it[0] < it[1]), "{name}");
                "valid"
            }
            Err(InvalidFeed::Empty) => "empty",
            Err(InvalidFeed::NoIndicator { .. }) => "line",
            Err(InvalidFeed::LineTooLong { .. }) => "long",
            Err(other) => panic!("{name}: {other}"),
        };
        assert_eq!(Some(outcome), name.split('-').next(), "{name}");
        // No cut of it lists more than the whole does.
        for end in 0..bytes.len().min(512) {
            let (Ok(cut), Ok(whole)) = (Feed::parse(&bytes[..end]), &read) else {
                continue;
            };
            let lines = bytes[..end].iter().filter(|it| **it == b'\n').count() + 1;
            assert!(
                cut.entries().len() <= lines.min(whole.entries().len()),
                "{name}"
            );
        }
        count += 1;
    }
    assert!(count >= 24, "{count}");
}
