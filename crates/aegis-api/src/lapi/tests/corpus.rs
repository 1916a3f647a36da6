//! What the fuzzer starts from: bodies that must be read, and bodies that must not.

use std::{fs, path::Path};

use aegis_core::Timestamp;

use crate::{Naming, Posted, read_alerts, read_query};

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn every_body_of_the_corpus_is_read_or_refused_as_its_name_says() {
    replay("read_alerts", |body| read_alerts(body, 1 << 20));
}

#[test]
fn every_query_of_the_corpus_lets_through_as_many_as_its_name_says() {
    let decision = |indicator: &str, origin, scenario: &str| Posted {
        id: 1,
        indicator: indicator.parse().expect("an indicator"),
        naming: Naming {
            origin,
            scenario: scenario.into(),
        },
        decided_at: NOW,
        expires_at: NOW,
    };
    let decisions = [
        decision("203.0.113.7", "crowdsec", "crowdsecurity/ssh-bf"),
        decision("2001:db8::/32", "p2p", "syn_flood"),
    ];
    replay("read_query", |query| {
        let query = std::str::from_utf8(query).expect("text");
        read_query(query, &decisions, NOW)
    });
}

/// Has every file of a corpus read, as its name says: `bad-…`, or how many there are and what.
fn replay(target: &str, read: impl Fn(&[u8]) -> Option<usize>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = fs::read_dir(folder.join(target)).expect("the corpus is there");
    let mut count = 0;
    for file in files.flatten() {
        let name = file.file_name().into_string().expect("text");
        let asked = read(&fs::read(file.path()).expect("a file"));
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
