//! Tests that the twin says what the kernel would do.

use std::time::Duration;

use aegis_core::Exemption;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn parse(text: &str) -> Indicator {
    text.parse().unwrap()
}

fn twin(blocks: &[&str], exemptions: &[&str]) -> Twin {
    let mut twin = Twin::new("test".into());
    let block = |it: &&str| Change::Block {
        indicator: parse(it),
        expires_at: T0 + MINUTE,
    };
    let exempt = |it: &&str| Change::Exempt {
        indicator: parse(it),
        exemption: Exemption::Protected,
    };
    let changes: Vec<Change> = blocks
        .iter()
        .map(block)
        .chain(exemptions.iter().map(exempt))
        .collect();
    twin.apply(T0, &changes);
    twin
}

#[test]
fn any_prefix_that_covers_an_address_blocks_it() {
    let twin = twin(&["203.0.113.0/24", "2001:db8::/48"], &[]);
    for (text, expected) in [
        ("203.0.113.7", true),
        ("203.0.114.7", false),
        ("203.0.113.0/25", true),
        ("203.0.112.0/23", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
    ] {
        assert_eq!(twin.is_blocked(T0, parse(text)), expected, "{text}");
    }
}

#[test]
fn an_exemption_comes_first() {
    let twin = twin(&["203.0.113.0/24"], &["203.0.113.7"]);
    assert!(!twin.is_blocked(T0, parse("203.0.113.7")));
    assert!(twin.is_blocked(T0, parse("203.0.113.8")));
}

#[test]
fn a_block_ends_at_its_deadline() {
    let mut twin = twin(&["203.0.113.7"], &[]);
    let end = T0 + MINUTE;
    assert!(twin.is_blocked(end - Duration::from_millis(1), parse("203.0.113.7")));
    assert!(!twin.is_blocked(end, parse("203.0.113.7")));
    assert_eq!(twin.blocklist(end), []);
    assert_eq!(twin.sweep(end), 1);
    assert!(!twin.unblock(end, parse("203.0.113.7")));
}

#[test]
fn reconciling_leaves_exactly_the_ruleset() {
    let mut twin = twin(&["203.0.113.7", "203.0.113.8"], &["192.0.2.1"]);
    let mut ruleset = Ruleset::default();
    ruleset.apply(Change::Block {
        indicator: parse("203.0.113.9"),
        expires_at: T0 + MINUTE,
    });
    twin.reconcile(T0, &ruleset);
    let indicators: Vec<_> = twin.blocklist(T0).iter().map(|it| it.indicator).collect();
    assert_eq!(indicators, [parse("203.0.113.9")]);
}
