//! What every finding owes its reader.

use super::*;

/// Checks that a finding comes with what its state promises.
#[track_caller]
pub(super) fn is_whole(check: &Check) {
    assert!(!check.detail.is_empty(), "{check:?}");
    assert_eq!(check.why.is_none(), check.state == State::Ok, "{check:?}");
    if check.state >= State::Warn {
        let fix = check.fix.as_deref();
        assert!(fix.is_some_and(|it| !it.is_empty()), "{check:?}");
    }
}

#[test]
fn a_command_never_runs_what_a_name_says() {
    assert_eq!(shell("eth0.100"), "eth0.100");
    assert_eq!(shell("eth0;reboot"), "'eth0;reboot'");
    assert_eq!(shell("$(reboot)"), "'$(reboot)'");
    assert_eq!(shell("it's"), r"'it'\''s'");
    assert_eq!(shell("eth\u{1b}[2J"), "'eth\u{1b}[2J'");
    assert_eq!(shell(""), "''");
}

#[test]
fn states_are_in_the_order_of_their_weight() {
    use State::{Fail, Note, Ok, Warn};
    assert!(Ok < Note && Note < Warn && Warn < Fail);
}
