//! What is not taken from feeds.

use aegis_core::Indicator;

use super::{InvalidWarninglist, Warninglists};

const LIST: &str = r#"{"name":"A CDN","description":"d","version":20260820,"type":"cidr",
    "matching_attributes":["ip-src"],"list":["203.0.113.0/24","203.0.113.128/25","2001:db8::/40"]}"#;

#[test]
fn whatever_has_anything_in_common_with_a_list_is_left_out() {
    let lists = Warninglists::read(&[LIST.as_bytes().to_vec()]).unwrap();
    for (text, overlaps) in [
        ("203.0.113.7", true),
        ("203.0.112.0/22", true),
        ("203.0.114.1", false),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
        ("::/1", true),
        ("8.8.8.8", true),
        ("8.8.0.0/16", true),
        ("8.8.8.9", false),
        ("104.16.1.1", true),
        ("0.0.0.0/0", true),
    ] {
        let indicator: Indicator = text.parse().unwrap();
        assert_eq!(lists.overlaps(&indicator), overlaps, "{text}");
    }
}

#[test]
fn what_is_no_list_of_addresses_is_refused() {
    let hostnames = LIST.replace("cidr", "hostname").into_bytes();
    let refused = Warninglists::read(&[hostnames]);
    assert!(
        matches!(refused, Err(InvalidWarninglist::NoAddresses { .. })),
        "{refused:?}"
    );
    let refused = Warninglists::read(&[b"{\n\"name\":1}".to_vec()]);
    assert!(
        matches!(refused, Err(InvalidWarninglist::NotOne { .. })),
        "{refused:?}"
    );
    assert!(!Warninglists::default().is_empty());
}
