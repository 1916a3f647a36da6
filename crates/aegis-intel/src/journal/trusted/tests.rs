//! Only what root's server wrote counts.

use super::*;

#[test]
fn only_roots_server_in_its_unit_counts() {
    let unit = "ssh.service";
    check("sshd", "0", unit, true);
    check("sshd-session", "0", "sshd.service", true);
    check("sshd", "0", "ssh@3-10.0.0.1:22-10.0.0.2:999.service", true);
    check("sshd", "1000", unit, false); // a user's program of that name
    check("logger", "0", unit, false);
    check("logger", "1000", "session-4.scope", false);
    check("sshd", "0", "cron.service", false);
    check("sshd", "0", "sshguard.service", false);
    check("sshd", "0", "ssh.scope", false);
}

#[test]
fn without_the_journals_own_word_nothing_counts() {
    let mut entry = entry("sshd", "0", "ssh.service");
    entry.fields.remove("_UID");
    assert_eq!(sshd_message(&entry), None);
}

#[track_caller]
fn check(program: &str, user: &str, unit: &str, counts: bool) {
    let entry = entry(program, user, unit);
    assert_eq!(sshd_message(&entry).is_some(), counts);
}

fn entry(program: &str, user: &str, unit: &str) -> Entry {
    let fields = [
        ("MESSAGE", "Invalid user a from 203.0.113.7 port 1"),
        ("_COMM", program),
        ("_UID", user),
        ("_SYSTEMD_UNIT", unit),
    ];
    Entry {
        realtime_us: 0,
        fields: fields.map(|(name, value)| (name, value.into())).into(),
    }
}
