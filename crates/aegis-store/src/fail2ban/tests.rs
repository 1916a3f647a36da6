//! Bans are read from a database as fail2ban makes it, and nothing else is taken for one.

use rusqlite::Connection;

use super::{Fail2banBan, fail2ban_bans};

/// The tables as fail2ban 1.0 makes them.
const TABLES: &str = "
    CREATE TABLE fail2banDb(version INTEGER);
    CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL,
        bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON,
        FOREIGN KEY(jail) REFERENCES jails(name));
    CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);
    INSERT INTO jails (name) VALUES ('sshd'), ('nginx');
    INSERT INTO bans VALUES
        ('sshd', '203.0.113.7', 1790000000, 600, 1, '{\"matches\":[]}'),
        ('sshd', '2001:db8::7', 1790000001, -1, 3, NULL),
        ('nginx', NULL, 1790000002, 600, 1, NULL);
";

#[test]
fn bans_are_read_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fail2ban.sqlite3");
    Connection::open(&path)
        .unwrap()
        .execute_batch(TABLES)
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    let bans = fail2ban_bans(&path).unwrap();
    assert_eq!(
        bans,
        [ban("203.0.113.7", 0, 600), ban("2001:db8::7", 1, -1)]
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_such_database_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("text"), "203.0.113.7\n".repeat(100)).unwrap();
    Connection::open(path("other"))
        .unwrap()
        .execute_batch("CREATE TABLE a(b)")
        .unwrap();
    for name in ["none", "text", "other"] {
        assert!(fail2ban_bans(&path(name)).is_err(), "{name}");
    }
    assert!(!path("none").exists());
}

fn ban(address: &str, later: i64, ban_secs: i64) -> Fail2banBan {
    Fail2banBan {
        jail: "sshd".to_owned(),
        address: address.to_owned(),
        banned_at_secs: 1_790_000_000 + later,
        ban_secs,
    }
}
