//! A single alert never waits, and a burst goes in as few pieces as it can.

use aegis_core::{BlockDuration, Evidence, Severity, Statement, ThreatType};

use super::*;
use crate::{Identity, wire};

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn alert() -> Arc<Alert> {
    let statement = Statement {
        indicator: "203.0.113.7".parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: NOW,
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, &Identity::from_secret([7; 32])))
}

#[test]
fn the_first_go_at_once_and_twenty_a_second_after_that() {
    let mut outbox = Outbox::new();
    let at_once =
        |outbox: &mut Outbox, now| (0..1000).take_while(|_| outbox.goes_at_once(now)).count();
    assert_eq!(at_once(&mut outbox, NOW), 32);
    assert_eq!(at_once(&mut outbox, NOW + Duration::from_secs(1)), 20);
    assert_eq!(at_once(&mut outbox, NOW + Duration::from_secs(60)), 32);
}

#[test]
fn nothing_overtakes_what_waits_and_nothing_waits_longer_than_five_milliseconds() {
    let mut outbox = Outbox::new();
    assert_eq!(outbox.pause(NOW), None);
    assert!(outbox.push(NOW, alert()).is_none());
    assert!(!outbox.goes_at_once(NOW));
    assert_eq!(outbox.pause(NOW), Some(Duration::from_millis(5)));
    let later = NOW + Duration::from_millis(3);
    assert!(outbox.push(later, alert()).is_none());
    assert_eq!(outbox.pause(later), Some(Duration::from_millis(2)));
    assert_eq!(
        outbox.pause(NOW + Duration::from_secs(1)),
        Some(Duration::ZERO)
    );
    let put_back = NOW - Duration::from_secs(3600);
    assert_eq!(outbox.pause(put_back), Some(Duration::from_millis(5)));
    assert_eq!(outbox.take().len(), 2);
    assert!(outbox.goes_at_once(NOW));
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut outbox = Outbox::new();
    let full = (1..=FULL).filter_map(|n| outbox.push(NOW, alert()).map(|it| (n, it.len())));
    assert_eq!(full.collect::<Vec<_>>(), [(FULL, FULL)]);
    assert_eq!(outbox.pause(NOW), None);
}
