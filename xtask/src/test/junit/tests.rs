//! Tests of reading a report, on a shortened real one.

use super::{Tier, count, test_binary};

const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4" failures="1" errors="0" time="0.1">
    <testsuite name="aegis-core" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="time::tests::adds" classname="aegis-core" time="0.003">
        </testcase>
        <testcase name="alert::tests::breaks" classname="aegis-core" time="0.003">
            <failure type="test failure with exit code 101">it broke</failure>
            <system-err>SKIPPED: is no excuse</system-err>
        </testcase>
    </testsuite>
    <testsuite name="aegis-enforce::kernel" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="packets::vlan" classname="aegis-enforce::kernel" time="0.003">
            <system-out>running 1 test &lt;failure</system-out>
            <system-err>SKIPPED: not root
</system-err>
        </testcase>
    </testsuite>
    <testsuite name="aegis-net::it" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="joins" classname="aegis-net::it" time="0.003"/>
    </testsuite>
</testsuites>"#;

#[test]
fn counts_every_case_once() {
    let tally = count(REPORT);
    assert_eq!(tally.last_line(), "2 passed, 1 failed, 1 skipped");
    let lines = tally.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("unit") && line.contains("1 failed"))
    );
    assert!(
        lines.contains(&"skipped (1): not root".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with(Tier::Component.name()))
    );
}

#[test]
fn knows_libraries_from_test_binaries() {
    assert_eq!(test_binary("aegis-core"), None);
    assert_eq!(test_binary("aegis-net::it"), Some("it"));
    assert_eq!(test_binary("aegis::bin/aegis"), None);
}
