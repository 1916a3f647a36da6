//! Tests of what may name an instance.

use super::*;

#[track_caller]
fn check(text: &str, is_valid: bool) {
    assert_eq!(text.parse::<InstanceName>().is_ok(), is_valid, "{text:?}");
}

#[test]
fn a_name_is_fit_for_a_file_on_bpffs() {
    check("default", true);
    check("node-1_a", true);
    check(&"a".repeat(32), true);
    check(&"a".repeat(33), false);
    check("", false);
    check(".", false);
    check("..", false);
    check("a.b", false);
    check("a/b", false);
    check("Node", false);
    check("a b", false);
}
