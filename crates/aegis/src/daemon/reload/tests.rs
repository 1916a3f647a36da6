//! Which keys change while a node runs.

use super::{is_at_run_time, with_what_holds};
use crate::config::{RawConfig, differences};

#[test]
fn thresholds_and_policy_change_at_run_time_and_places_do_not() {
    check("min_severity", true);
    check("detect.syn_flood.threshold", true);
    check("detect.severity", true);
    check("policy.quorum.publishers", true);
    check("log.filter", true);
    check("p2p.peers", true);
    check("p2p.port", false);
    check("detect.syn_cookies.mode", false);
    check("limits.blocks_max", false);
    check("state_dir", false);
    check("observe", false);
}

#[track_caller]
fn check(key: &str, is: bool) {
    assert_eq!(is_at_run_time(key), is, "{key}");
}

#[test]
fn after_a_reload_only_what_waits_for_a_start_differs() {
    let text = "min_severity = 7\nstate_dir = \"/x\"\n[p2p]\nport = 1\npeers = [\"a\"]\n[trust]\n\
                min_confidence = 0.7\n[ask]\nhops = 1\n[detect.syn_flood]\nthreshold = 7\n\
                [detect.syn_cookies]\nmode = \"always\"\n[log]\nfilter = \"debug\"\njson = true\n";
    let new: RawConfig = toml::from_str(text).unwrap();
    let holds = with_what_holds(&RawConfig::default(), new.clone());
    let left: Vec<_> = differences(&holds, &new)
        .into_iter()
        .map(|it| it.key)
        .collect();
    let waits = [
        "detect.syn_cookies.mode",
        "log.json",
        "p2p.port",
        "state_dir",
    ];
    assert_eq!(left, waits);
    assert!(left.iter().all(|it| !is_at_run_time(it)));
}
