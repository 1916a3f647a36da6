//! Tests of `blocklist`.

use std::time::Duration;

use super::*;
use crate::{Evidence, Severity, ThreatType};

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

#[test]
fn an_indicator_is_held_until_its_last_decision_ends() {
    let mut list = Blocklist::default();
    list.insert(decision(1, 60));
    list.insert(decision(2, 120));
    let indicator = decision(1, 0).indicator;
    assert_eq!(
        list.standing(&indicator),
        Standing::Blocked(NOW + Duration::from_secs(120))
    );
    assert_eq!(list.remove_due(NOW + Duration::from_secs(119), 9).len(), 1);
    assert_eq!(list.remove_due(NOW + Duration::from_secs(120), 9).len(), 1);
    assert_eq!(
        (list.standing(&indicator), list.len(), list.next_due()),
        (Standing::Free, 0, None)
    );
}

#[test]
fn the_same_author_replaces_its_own_word_unless_that_lasts_longer() {
    let mut list = Blocklist::default();
    assert_eq!(list.insert(decision(1, 60)), None);
    assert_eq!(list.insert(decision(1, 120)), Some(decision(1, 60)));
    assert_eq!(list.insert(decision(1, 90)), None);
    assert_eq!(
        list.decisions(&decision(1, 0).indicator),
        [decision(1, 120)]
    );
}

#[test]
fn one_indicator_holds_a_bounded_number_of_decisions() {
    let mut list = Blocklist::default();
    let count = DECISIONS_PER_INDICATOR_MAX as u8;
    for author in 0..count {
        assert_eq!(list.insert(decision(author, 60 + u64::from(author))), None);
    }
    assert_eq!(
        list.insert(decision(count, 600)),
        Some(decision(0, 60)),
        "the first to end goes"
    );
    assert_eq!(
        list.decisions(&decision(1, 0).indicator).len(),
        DECISIONS_PER_INDICATOR_MAX
    );
}

fn decision(author: u8, secs: u64) -> Decision {
    Decision {
        indicator: "203.0.113.7".parse().unwrap(),
        origin: Origin::Peers,
        author: NodeId::from_public_key([author; 32]),
        alert: None,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: Evidence::Verified,
        decided_at: NOW,
        expires_at: NOW + Duration::from_secs(secs),
    }
}
