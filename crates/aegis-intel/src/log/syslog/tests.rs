//! Both fashions of syslog, and lines that only look like them.

use proptest::prelude::*;

use super::*;

#[test]
fn both_fashions_are_read() {
    for line in [
        "Nov 20 12:00:00 host sshd[4711]: Invalid user a from 203.0.113.7 port 1",
        "2026-11-20T12:00:00.123456+00:00 host sshd[4711]: Invalid user a from 203.0.113.7 port 1",
    ] {
        let it = SyslogLine::parse(line.as_bytes()).unwrap();
        assert_eq!(it.program, "sshd");
        assert_eq!(it.message, b"Invalid user a from 203.0.113.7 port 1");
    }
}

#[test]
fn a_message_cannot_change_who_speaks() {
    let line = b"Nov 20 12:00:00 host cron[1]: x sshd[2]: Failed password";
    assert_eq!(SyslogLine::parse(line).unwrap().program, "cron");
}

#[test]
fn what_is_of_another_fashion_is_none() {
    for line in [
        "",
        "Nov 20 12:00:00",
        "Nov 20 12:00:00 host sshd: no process",
        "Nov 20 12:00:00 host sshd[x]: no number",
        "Nov 20 12:00:00 host a b[1]: two words",
        "last message repeated 3 times",
    ] {
        assert_eq!(SyslogLine::parse(line.as_bytes()), None, "{line}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        let _ = SyslogLine::parse(&bytes);
    }
}
