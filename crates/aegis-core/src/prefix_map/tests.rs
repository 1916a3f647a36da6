//! Tests of `prefix_map`.

use proptest::{collection::vec, prelude::*};

use super::*;

#[test]
fn finds_what_covers_and_what_lies_within() {
    let mut map = PrefixMap::default();
    for key in [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.3",
        "192.0.2.0/24",
        "::/19",
        "a00::/8",
    ] {
        map.insert(key.parse().unwrap(), key);
    }
    let covering = |key: &str| -> Vec<&str> {
        map.covering(&key.parse().unwrap())
            .map(|(_, value)| *value)
            .collect()
    };
    assert_eq!(
        covering("10.1.2.3"),
        ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]
    );
    assert_eq!(covering("10.1.2.0/24"), ["10.0.0.0/8", "10.1.0.0/16"]);
    assert_eq!(covering("11.0.0.0"), [""; 0]);
    let within = |key: &str| -> Vec<&str> {
        map.within(&key.parse().unwrap())
            .map(|(_, value)| *value)
            .collect()
    };
    assert_eq!(
        within("10.0.0.0/8"),
        ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]
    );
    assert_eq!(within("10.1.0.0/16"), ["10.1.0.0/16", "10.1.2.3"]);
    assert_eq!(within("192.0.2.0/25"), [""; 0]);
}

proptest! {
    #[test]
    fn agrees_with_looking_at_every_entry(keys in vec(small_prefix(), 0..40), key in small_prefix()) {
        let mut map = PrefixMap::default();
        for it in &keys {
            map.insert(*it, ());
        }
        for it in keys.iter().skip(20) {
            map.remove(it);
        }
        let mut left: Vec<Indicator> =
            keys.iter().filter(|it| !keys.iter().skip(20).any(|gone| gone == *it)).copied().collect();
        left.sort();
        left.dedup();
        let within: Vec<Indicator> = map.within(&key).map(|(it, ())| it).collect();
        let expected: Vec<Indicator> = left.iter().filter(|it| key.contains(it)).copied().collect();
        prop_assert_eq!(within, expected);
        let mut covering: Vec<Indicator> = map.covering(&key).map(|(it, ())| it).collect();
        covering.sort();
        let expected: Vec<Indicator> = left.iter().filter(|it| it.contains(&key)).copied().collect();
        prop_assert_eq!(covering, expected);
        prop_assert_eq!(map.len(), left.len());
    }
}

/// Prefixes of a small corner of the address space, so that they often cover each other.
fn small_prefix() -> impl Strategy<Value = Indicator> {
    (0u32..16, 26u8..=32, any::<bool>()).prop_map(|(host, prefix_len, is_ipv4)| {
        let address = if is_ipv4 {
            std::net::IpAddr::from((0x0a00_0000 + host * 4).to_be_bytes())
        } else {
            std::net::IpAddr::from((u128::from(host) << 98 | 1 << 125).to_be_bytes())
        };
        Indicator::prefix(address, prefix_len).unwrap()
    })
}
