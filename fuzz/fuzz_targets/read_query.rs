//! Queries of the Local API of CrowdSec, durations among them: any text is read or refused, and asks for no
//! more than there is.

#![no_main]

use std::sync::LazyLock;

use aegis_api::{Naming, Posted, Timestamp, read_query};
use libfuzzer_sys::fuzz_target;

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

static DECISIONS: LazyLock<[Posted; 2]> = LazyLock::new(|| {
    [
        ("203.0.113.7", "crowdsec", "crowdsecurity/ssh-bf"),
        ("2001:db8::/32", "p2p", "syn_flood"),
    ]
    .map(|(indicator, origin, scenario)| Posted {
        id: 1,
        indicator: indicator.parse().expect("an indicator"),
        naming: Naming {
            origin,
            scenario: scenario.into(),
        },
        decided_at: NOW,
        expires_at: NOW,
    })
});

fuzz_target!(|query: &str| {
    let all = read_query(query, &*DECISIONS, NOW);
    assert!(all.is_none_or(|it| it <= DECISIONS.len()));
    let halves = DECISIONS
        .each_ref()
        .map(|it| read_query(query, std::slice::from_ref(it), NOW));
    let sum = halves.into_iter().sum::<Option<usize>>();
    assert_eq!(
        sum, all,
        "each is let through or not, whatever is beside it"
    );
});
