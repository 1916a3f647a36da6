//! Differences between configurations.

use super::{Difference, differences};
use crate::config::RawConfig;

#[test]
fn equal_configurations_do_not_differ() {
    assert_eq!(
        differences(&RawConfig::default(), &RawConfig::default()),
        []
    );
}

#[test]
fn what_differs_is_named_with_its_section() {
    check("min_severity = 6", ("min_severity", Some("5"), Some("6")));
    check(
        "[detect.syn_flood]\nthreshold = 7",
        ("detect.syn_flood.threshold", Some("100"), Some("7")),
    );
    check("state_dir = \"/x\"", ("state_dir", None, Some("\"/x\"")));
    check(
        "[p2p]\npeers = [\"a\"]",
        ("p2p.peers", Some("[]"), Some("[\"a\"]")),
    );
}

#[track_caller]
fn check(text: &str, (key, from, to): (&str, Option<&str>, Option<&str>)) {
    let changed: RawConfig = toml::from_str(text).unwrap();
    let expected = Difference {
        key: key.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    assert_eq!(differences(&RawConfig::default(), &changed), [expected]);
}
