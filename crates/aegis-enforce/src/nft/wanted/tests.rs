//! Tests that the sets drop exactly what the blocks say, beside a model that looks at each block.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use proptest::prelude::*;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn capacity(max: u32) -> Capacity {
    Capacity {
        hosts_v4: max,
        hosts_v6: max,
        prefixes: max,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Block(Indicator, u64),
    Unblock(Indicator),
    Exempt(Indicator, Exemption),
    Unexempt(Indicator),
}

/// Indicators of few bits, so that they cover each other often.
fn indicators() -> impl Strategy<Value = Indicator> {
    let v4 = (0_u32..16, 28_u8..=32).prop_map(|(low, len)| {
        let address: IpAddr = std::net::Ipv4Addr::from_bits(0xCB00_7100 | low).into();
        (address, len)
    });
    let v6 = (0_u128..16, 60_u8..=64).prop_map(|(low, len)| {
        let address = (0x2001_0db8_u128 << 96) | (low << 64);
        (IpAddr::from(std::net::Ipv6Addr::from_bits(address)), len)
    });
    prop_oneof![v4, v6].prop_filter_map("a prefix", |(it, len)| Indicator::prefix(it, len))
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (indicators(), 1_u64..100).prop_map(|(it, secs)| Step::Block(it, secs)),
        2 => indicators().prop_map(Step::Unblock),
        1 => (indicators(), any::<bool>()).prop_map(|(it, is_protected)| {
            let exemption = if is_protected {
                Exemption::Protected
            } else {
                Exemption::Allowlisted
            };
            Step::Exempt(it, exemption)
        }),
        1 => indicators().prop_map(Step::Unexempt),
    ]
}

/// Does with a packet what the rules do: asks each set in order, with the source masked.
fn rules_drop(wanted: &Wanted, now: Timestamp, source: IpAddr) -> bool {
    for key in wanted.keys() {
        let Some(masked) = Indicator::prefix(source, key.prefix_len) else {
            continue;
        };
        if key.is_ipv6 == masked.is_ipv4() {
            continue;
        }
        let exemption = wanted.exemptions().get(&masked);
        if exemption.is_some_and(|it| SetKey::exempt(*it, masked) == key) {
            return false;
        }
        let end = wanted.blocks().get(&masked);
        if key.purpose == Purpose::Blocked && end.is_some_and(|it| now < *it) {
            return true;
        }
    }
    false
}

proptest! {
    #[test]
    fn a_source_is_dropped_exactly_while_a_block_covers_it_and_no_exemption_does(
        steps in prop::collection::vec(steps(), 0..40),
        sources in prop::collection::vec(indicators(), 1..20),
        at in 0_u64..110,
    ) {
        let mut wanted = Wanted::default();
        let mut blocks: BTreeMap<Indicator, Timestamp> = BTreeMap::new();
        let mut exempt: Vec<Indicator> = Vec::new();
        for step in steps {
            match step {
                Step::Block(it, secs) => {
                    let end = T0 + Duration::from_secs(secs);
                    prop_assert!(wanted.block(it, end, capacity(1000)).is_ok());
                    blocks.insert(it, end);
                }
                Step::Unblock(it) => {
                    prop_assert_eq!(wanted.unblock(it), blocks.remove(&it));
                }
                Step::Exempt(it, exemption) => {
                    prop_assert!(wanted.exempt(it, exemption).is_ok());
                    exempt.retain(|other| *other != it);
                    exempt.push(it);
                }
                Step::Unexempt(it) => {
                    let was_there = exempt.contains(&it);
                    exempt.retain(|other| *other != it);
                    prop_assert_eq!(wanted.unexempt(it).is_some(), was_there);
                }
            }
        }
        let now = T0 + Duration::from_secs(at);
        for source in sources {
            let source = Indicator::host(source.address());
            let is_blocked = blocks.iter().any(|(it, end)| it.contains(&source) && now < *end);
            let is_exempt = exempt.iter().any(|it| it.contains(&source));
            let expected = is_blocked && !is_exempt;
            prop_assert_eq!(rules_drop(&wanted, now, source.address()), expected, "{}", source);
            let told = !wanted.is_exempt(source) && !wanted.blocks_over(now, source).is_empty();
            prop_assert_eq!(told, expected, "{}", source);
        }
        // A set for each length in use, and none besides.
        let mut used: Vec<SetKey> = blocks
            .keys()
            .map(|it| SetKey::of(Purpose::Blocked, *it))
            .chain(wanted.exemptions().iter().map(|(it, why)| SetKey::exempt(*why, *it)))
            .collect();
        used.sort();
        used.dedup();
        prop_assert_eq!(wanted.keys().collect::<Vec<_>>(), used);
        prop_assert_eq!(wanted.len(), blocks.len() + exempt.len());
    }
}

#[test]
fn a_full_table_refuses_what_is_new_and_renews_what_is_there() {
    let mut wanted = Wanted::default();
    let end = T0 + Duration::from_secs(60);
    let mut block = |text: &str| wanted.block(text.parse().unwrap(), end, capacity(2));
    for text in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
        assert_eq!(block(text), Ok(()), "{text}");
    }
    let mut refused = Refused::default();
    refused.note(block("192.0.2.3"));
    refused.note(block("192.0.2.4"));
    // Each other table has room of its own.
    for text in [
        "10.0.0.0/8",
        "2001:db8::1",
        "2001:db8::/64",
        "2001:db8::/48",
    ] {
        assert_eq!(block(text), Ok(()), "{text}");
    }
    // All lengths of prefixes share theirs.
    assert_eq!(block("10.0.0.0/9"), Ok(()));
    assert!(block("10.0.0.0/10").is_err());
    let error = refused.into_result().unwrap_err();
    assert!(
        matches!(
            error,
            EnforceError::TableFull {
                capacity: 2,
                refused: 2,
                ..
            }
        ),
        "{error:?}"
    );
}
