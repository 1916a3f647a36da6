//! Tests that the switch stands where it was put, and no trial outlives its end.

use std::time::Duration;

use super::*;

const T0: Timestamp = Timestamp::from_millis(1_795_176_000_250);

fn trial(secs: u64) -> Stand {
    Stand::Trial(Trial {
        until: T0 + Duration::from_secs(secs),
        mark: LoginMark {
            at: 77,
            is_remote: true,
            session: Some(3),
            scope: None,
        },
        is_by_kernel: false,
    })
}

/// Puts the switch somewhere and returns where it stands after a restart.
#[track_caller]
fn restarted(stand: Stand, configured: (bool, bool), later: u64) -> Stand {
    let dir = tempfile::tempdir().expect("a directory");
    let mut switch = Switch::open(dir.path(), configured.0, T0);
    switch.set(T0, stand).expect("can be kept");
    let now = T0 + Duration::from_secs(later);
    Switch::open(dir.path(), configured.1, now).stand
}

#[test]
fn it_stands_as_configured_until_somebody_moves_it() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(Switch::open(dir.path(), true, T0).stand, Stand::Observe);
    assert_eq!(Switch::open(dir.path(), false, T0).stand, Stand::Enforce);
}

#[test]
fn it_stands_where_it_was_put_until_the_configuration_changes() {
    for configured in [true, false] {
        let same = (configured, configured);
        assert_eq!(restarted(Stand::Enforce, same, 9), Stand::Enforce);
        assert_eq!(restarted(Stand::Observe, same, 9), Stand::Observe);
    }
    assert_eq!(restarted(Stand::Enforce, (false, true), 9), Stand::Observe);
    assert_eq!(restarted(Stand::Observe, (true, false), 9), Stand::Enforce);
}

#[test]
fn a_trial_goes_on_over_a_restart_and_ends_when_it_ends() {
    assert_eq!(restarted(trial(60), (true, true), 59), trial(60));
    assert_eq!(restarted(trial(60), (true, true), 60), Stand::Observe);
    // Also where the configuration enforces: nobody confirmed.
    assert_eq!(restarted(trial(60), (false, false), 61), Stand::Observe);
}

#[test]
fn what_cannot_be_read_is_told_and_the_configuration_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    for text in ["", "{", "{\"observe\":false}", "[1]"] {
        fs::write(file(dir.path()), text).expect("can be written");
        let switch = Switch::open(dir.path(), true, T0);
        assert_eq!(switch.stand, Stand::Observe, "{text:?}");
        assert!(switch.problem.is_some(), "{text:?}");
    }
}
