//! What other programs ask for: a path of the TAXII server with a query, and that query of a list. Any text is read
//! or refused, and every answer is JSON.

#![no_main]

use std::{collections::HashSet, sync::LazyLock};

use aegis_api::read_export_query;
use aegis_core::Timestamp;
use aegis_intel::export::{Entry, Publication, taxii::Question};
use libfuzzer_sys::fuzz_target;

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

static PUBLICATION: LazyLock<Publication> = LazyLock::new(|| {
    let entries = ["203.0.113.7", "2001:db8::/32"].map(|it| Entry {
        indicator: it.parse().expect("an indicator"),
        threat_type: "bot".parse().expect("a threat type"),
        severity: aegis_core::Severity::MAX,
        origin: "peers",
        decided_at: NOW,
        expires_at: NOW + std::time::Duration::from_secs(60),
    });
    let before = Publication::new(NOW, b"secret");
    before
        .renewed(NOW, entries.into(), &HashSet::new())
        .expect("two entries are news")
});

fuzz_target!(|asked: &str| {
    let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
    let _ = read_export_query(query);
    let pairs = query.split('&').filter_map(|it| it.split_once('='));
    let pairs: Vec<_> = pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if let Ok(question) = Question::parse(path, &pairs)
        && let Ok(answer) = question.answer(&PUBLICATION)
    {
        let answer: serde_json::Value = serde_json::from_str(&answer.text).expect("JSON");
        assert!(answer.is_object(), "{answer}");
    }
});
