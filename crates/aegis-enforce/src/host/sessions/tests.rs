//! utmp records and logind files, genuine and forged.

use std::fs;
use std::process::Command;

use super::*;

const USER: i16 = libc::USER_PROCESS;
const REMOTE: &str = "STATE=active\nACTIVE=1\nREMOTE=1\nREMOTE_HOST=192.0.2.5\n";

#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn the_record_is_the_one_that_glibc_writes() {
    assert_eq!(
        [RECORD_BYTES, KIND_AT, PID_AT, ADDRESS_AT],
        [384, 0, 4, 348]
    );
}

#[test]
fn reads_where_people_logged_in_from() {
    let v6 = "2001:db8::5".parse::<Ipv6Addr>().unwrap().octets();
    let mapped = "::ffff:192.0.2.6".parse::<Ipv6Addr>().unwrap().octets();
    let utmp = [record(USER, 41, &v4([192, 0, 2, 5])), record(USER, 42, &v6)].concat();
    let expected = [login_of(41, "192.0.2.5"), login_of(42, "2001:db8::5")];
    assert_eq!(logins(&utmp), expected);
    assert_eq!(
        logins(&record(USER, 43, &mapped)),
        [login_of(43, "192.0.2.6")]
    );
}

#[test]
fn ignores_what_is_no_remote_login() {
    for kind in [
        libc::EMPTY,
        libc::LOGIN_PROCESS,
        libc::DEAD_PROCESS,
        libc::BOOT_TIME,
        -1,
    ] {
        assert_eq!(
            logins(&record(kind, 41, &v4([192, 0, 2, 5]))),
            [],
            "type {kind}"
        );
    }
    assert_eq!(logins(&record(USER, 41, &[0; 16])), []);
    assert_eq!(logins(&record(USER, -1, &v4([192, 0, 2, 5]))), []);
}

#[test]
fn a_host_name_proves_nothing() {
    let mut forged = record(USER, 41, &[0; 16]);
    let at = offset_of!(libc::utmpx, ut_host);
    forged[at..at + 12].copy_from_slice(b"198.51.100.7");
    assert_eq!(logins(&forged), []);
}

#[test]
fn a_record_cut_short_is_ignored() {
    let utmp = [
        record(USER, 41, &v4([192, 0, 2, 5])),
        record(USER, 42, &[9; 16]),
    ]
    .concat();
    for length in 0..RECORD_BYTES {
        assert_eq!(logins(&utmp[..length]), []);
        assert_eq!(
            logins(&utmp[..RECORD_BYTES + length]),
            [login_of(41, "192.0.2.5")]
        );
    }
}

#[test]
fn reads_a_remote_session() {
    check(REMOTE, Some("192.0.2.5"));
    check(
        "ACTIVE=1\nREMOTE=1\nREMOTE_HOST=\"2001:db8::5\"\n",
        Some("2001:db8::5"),
    );
    check(
        "ACTIVE=1\nREMOTE=1\nREMOTE_HOST=fe80::1%eth0\n",
        Some("fe80::1"),
    );
    check(
        "ACTIVE=1\nREMOTE=1\nREMOTE_HOST=::ffff:192.0.2.5\n",
        Some("192.0.2.5"),
    );
}

#[test]
fn ignores_sessions_that_are_local_ended_or_without_address() {
    check("", None);
    check(&REMOTE.replace("REMOTE=1", "REMOTE=0"), None);
    check(&REMOTE.replace("ACTIVE=1", "ACTIVE=0"), None);
    check(&REMOTE.replace("active", "closing"), None);
    check(&REMOTE.replace("192.0.2.5", "host.example.org"), None);
    check(&REMOTE.replace("192.0.2.5", "0.0.0.0"), None);
    check(&REMOTE.replace("REMOTE_HOST=192.0.2.5", ""), None);
    check(&REMOTE.replace("REMOTE=1\n", "XREMOTE=1\n"), None);
    check("ACTIVE\nREMOTE\n\0\u{fffd}=1\nREMOTE_HOST\n", None);
    // What a user may choose (here: the service's name) cannot smuggle a line in later ones.
    check(
        "ACTIVE=1\nREMOTE=0\nSERVICE=x REMOTE=1\nREMOTE_HOST=192.0.2.5\n",
        None,
    );
}

#[test]
fn gathers_from_both_and_drops_logins_of_ended_processes() {
    let root = tempfile::tempdir().unwrap();
    let sources = Sources::under(root.path());
    assert_eq!(sessions(&sources), BTreeSet::new());
    fs::create_dir_all(&sources.logind_sessions).unwrap();
    fs::write(sources.logind_sessions.join("7"), REMOTE).unwrap();
    let utmp = [
        record(USER, 41, &v4([192, 0, 2, 41])),
        record(USER, 42, &v4([192, 0, 2, 42])),
    ];
    fs::write(&sources.utmp, utmp.concat()).unwrap();
    // Without /proc nobody can tell which process still runs.
    assert_eq!(
        sessions(&sources),
        parse(&["192.0.2.5", "192.0.2.41", "192.0.2.42"])
    );
    fs::create_dir_all(sources.proc.join("1")).unwrap();
    fs::create_dir_all(sources.proc.join("41")).unwrap();
    assert_eq!(sessions(&sources), parse(&["192.0.2.5", "192.0.2.41"]));
}

#[test]
fn a_pipe_among_the_session_files_does_not_stop_it() {
    let root = tempfile::tempdir().unwrap();
    let sources = Sources::under(root.path());
    fs::create_dir_all(&sources.logind_sessions).unwrap();
    for pipe in [sources.logind_sessions.join("7.ref"), sources.utmp.clone()] {
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    fs::write(sources.logind_sessions.join("7"), REMOTE).unwrap();
    assert_eq!(sessions(&sources), parse(&["192.0.2.5"]));
}

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let expected = expected.map(|it| it.parse().unwrap());
    assert_eq!(logind_session(text), expected, "{text:?}");
}

fn record(kind: i16, pid: i32, address: &[u8; 16]) -> Vec<u8> {
    let mut bytes = vec![0; RECORD_BYTES];
    bytes[KIND_AT..][..2].copy_from_slice(&kind.to_ne_bytes());
    bytes[PID_AT..][..4].copy_from_slice(&pid.to_ne_bytes());
    bytes[ADDRESS_AT..][..16].copy_from_slice(address);
    bytes
}

fn v4(octets: [u8; 4]) -> [u8; 16] {
    let mut address = [0; 16];
    address[..4].copy_from_slice(&octets);
    address
}

fn login_of(pid: u32, address: &str) -> Login {
    Login {
        pid,
        address: address.parse().unwrap(),
    }
}

fn parse(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|it| it.parse().unwrap()).collect()
}
