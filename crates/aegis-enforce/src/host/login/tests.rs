//! Tests that only a login that came in anew proves that one gets in.

use super::*;

/// When the order was given.
const ORDERED: u64 = 1_000;

fn process_of(pid: u32, name: &str, began: u64) -> Process {
    Process {
        pid,
        parent: pid - 1,
        leader: 40,
        name: name.to_owned(),
        began,
    }
}

/// Returns a login as names and beginnings from the caller upward.
fn login(names: &[(&str, u64)]) -> Login {
    let pids = (30..).map(|it| it + 20 - 10); // the caller is 40, and leads its session
    let ancestors = names.iter().zip(pids);
    Login {
        ancestors: ancestors
            .map(|((name, began), pid)| process_of(pid, name, *began))
            .collect(),
        ..Login::default()
    }
}

fn mark(is_remote: bool) -> LoginMark {
    LoginMark {
        at: ORDERED,
        is_remote,
        ..LoginMark::default()
    }
}

#[track_caller]
fn check(names: &[(&str, u64)], is_remote: bool, expected: Result<(), NotNew>) {
    let proven = login(names).proves(&mark(is_remote), &BTreeSet::new());
    assert_eq!(proven, expected, "{names:?}");
}

const OLD: u64 = 500;
const NEW: u64 = 2_000;

#[test]
fn a_new_connection_over_ssh_proves_it() {
    let through = [
        ("aegis", NEW + 9),
        ("bash", NEW + 1),
        ("sshd", NEW + 1),
        ("sshd", NEW),
        ("sshd", OLD),
        ("systemd", 1),
    ];
    check(&through, true, Ok(()));
    // With sudo between, and as newer versions call their parts.
    let through = [
        ("aegis", NEW + 9),
        ("sudo", NEW + 8),
        ("bash", NEW + 1),
        ("sshd-session", NEW + 1),
        ("sshd-session", NEW),
        ("sshd", OLD),
        ("systemd", 1),
    ];
    check(&through, true, Ok(()));
    // In a container the door is the first process.
    let through = [
        ("aegis", NEW + 9),
        ("bash", NEW),
        ("sshd", NEW),
        ("sshd", OLD),
    ];
    check(&through, true, Ok(()));
    // A door that is started for each connection.
    check(
        &[
            ("aegis", NEW + 9),
            ("sh", NEW),
            ("dropbear", NEW),
            ("init", 1),
        ],
        true,
        Ok(()),
    );
}

#[test]
fn the_login_that_gave_the_order_proves_nothing() {
    let through = [
        ("aegis", NEW),
        ("bash", OLD + 1),
        ("sshd", OLD + 1),
        ("sshd", OLD),
        ("sshd", 100),
        ("systemd", 1),
    ];
    check(&through, true, Err(NotNew::Same));
    // Nor a new shell within it.
    let mut within = through.to_vec();
    within.insert(1, ("bash", NEW));
    check(&within, true, Err(NotNew::Same));
    // The very tick is not after it.
    check(
        &[("aegis", NEW), ("sshd", ORDERED), ("init", 1)],
        true,
        Err(NotNew::Same),
    );
}

#[test]
fn who_leaves_the_tree_of_its_login_proves_nothing() {
    check(
        &[("aegis", NEW), ("systemd", 1)],
        true,
        Err(NotNew::NoConnection),
    );
    let multiplexer = [
        ("aegis", NEW),
        ("bash", NEW),
        ("tmux: server", OLD),
        ("systemd", 1),
    ];
    check(&multiplexer, true, Err(NotNew::NoConnection));
    let newer = [
        ("aegis", NEW),
        ("bash", NEW),
        ("tmux: server", NEW),
        ("systemd", 1),
    ];
    check(&newer, true, Err(NotNew::NoConnection));
    assert_eq!(
        Login::default().proves(&mark(false), &BTreeSet::new()),
        Err(NotNew::Unknown)
    );
}

#[test]
fn the_sessions_of_the_system_tell_too() {
    let new = login(&[("aegis", NEW), ("sshd", NEW), ("sshd", OLD)]);
    let by_session = LoginMark {
        session: Some(7),
        ..mark(true)
    };
    let same = Login {
        session: Some(7),
        ..new.clone()
    };
    assert_eq!(
        same.proves(&by_session, &BTreeSet::new()),
        Err(NotNew::Same)
    );
    assert_eq!(new.proves(&by_session, &BTreeSet::new()), Ok(()));
    let by_scope = LoginMark {
        scope: Some("session-3.scope".to_owned()),
        ..mark(true)
    };
    let same = Login {
        scope: by_scope.scope.clone(),
        ..new
    };
    assert_eq!(same.proves(&by_scope, &BTreeSet::new()), Err(NotNew::Same));
}

#[test]
fn a_connection_from_this_host_itself_proves_nothing() {
    let own = BTreeSet::from(["192.0.2.1".parse().unwrap()]);
    for (remote, expected) in [
        ("127.0.0.1", Err(NotNew::Local)),
        ("192.0.2.1", Err(NotNew::Local)),
        ("198.51.100.7", Ok(())),
    ] {
        let login = Login {
            remote: Some(remote.parse().unwrap()),
            ..login(&[("aegis", NEW), ("sshd", NEW), ("sshd", OLD)])
        };
        assert_eq!(login.proves(&mark(true), &own), expected, "{remote}");
    }
}

#[test]
fn where_nobody_is_connected_a_new_session_will_do() {
    check(&[("aegis", NEW), ("init", 1)], false, Ok(()));
    check(&[("bash", OLD), ("init", 1)], false, Err(NotNew::Same));
}

#[test]
fn a_line_of_proc_is_read_whatever_the_name() {
    let line = "77 (a) b (c) S 70 77 71 34816 77 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9\n";
    let expected = Process {
        pid: 77,
        parent: 70,
        leader: 71,
        name: "a) b (c".to_owned(),
        began: 4242,
    };
    assert_eq!(process(line), Some(expected));
    for text in ["", "77", "77 (x", "77 (x) S 1 2", "x (y) S 1 2 3"] {
        assert_eq!(process(text), None, "{text:?}");
    }
    assert_eq!(
        scope("0::/user.slice/user-0.slice/session-12.scope\n").as_deref(),
        Some("session-12.scope")
    );
    assert_eq!(scope("0::/system.slice/ssh.service\n"), None);
}

#[test]
fn this_very_process_is_found() {
    let login = Login::of(std::process::id());
    let own = login.ancestors.first().expect("there is /proc");
    assert_eq!(own.pid, std::process::id());
    assert!(own.began <= ticks_now() && ticks_now() > 0);
    assert!(login.ancestors.len() > 1, "it has a parent: {login:?}");
}
