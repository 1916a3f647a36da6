//! `import` through the real program: what lists, CrowdSec and fail2ban blocked is blocked here.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{needed, sandbox::Sandbox};

#[test]
fn a_list_is_imported_within_the_guards_and_marked() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let list = "203.0.113.7\n198.18.0.0/24 # a net\nnobody\n127.0.0.1\n10.0.0.1\n";
    fs::write(sandbox.path().join("list.txt"), list).expect("set up");
    let answer = sandbox.run("import list list.txt --for 2h");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for said in [
        "Imported 2 of 4 entries",
        "refused 2: 1 private_range, 1 protected",
        "skipped 1",
        "line 3: ",
    ] {
        assert!(answer.out.contains(said), "{said}: {answer:?}");
    }
    let blocks = sandbox.json("list");
    let blocks = blocks.as_array().expect("a list");
    assert_eq!(blocks.len(), 2);
    for it in blocks {
        assert_eq!(
            (&it["origin"], &it["alert_id"]),
            (&"import".into(), &serde_json::Value::Null)
        );
        assert!(
            it["ttl_secs"]
                .as_u64()
                .is_some_and(|it| (7000..=7200).contains(&it)),
            "{it}"
        );
    }
}

#[test]
fn of_a_feed_no_poison_is_blocked_and_a_broken_line_is_told() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let feed = concat!(
        "{\"cidr\":\"203.0.113.0/25\",\"sblid\":\"SBL1\"}\n{\"cidr\":\"0.0.0.0/0\"}\n",
        "{\"cidr\":\"192.168.0.0/16\"}\n{\"cidr\":\"127.0.0.1/32\"}\n{\"cidr\":\"8.8.8.0/24\"}\n",
        "no object\n{\"type\":\"metadata\",\"timestamp\":1795170000,",
        "\"copyright\":\"(c) The Spamhaus Project\"}\n",
    );
    fs::write(sandbox.path().join("drop.json"), feed).expect("set up");
    let answer = sandbox.run("import feed drop.json --format drop");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for said in [
        "Imported 1 of 3 entries",
        "line or entry 6: not an object of its kind",
        "2 are on a warninglist",
    ] {
        assert!(answer.out.contains(said), "{said}: {answer:?}");
    }
    let blocks = sandbox.json("list");
    assert_eq!(blocks.as_array().expect("a list").len(), 1);
    assert_eq!(blocks[0]["indicator"], "203.0.113.0/25");
}

#[test]
fn a_file_in_another_format_is_no_feed() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    fs::write(sandbox.path().join("page.html"), "<!doctype html>\n").expect("set up");
    let answer = sandbox.run("import feed page.html --format stix");
    assert_ne!(answer.code, Some(0), "{answer:?}");
    assert!(answer.talk.contains("line 1 cannot be read"), "{answer:?}");
    let answer = sandbox.run("import feed page.html --format nonsense");
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

#[test]
fn decisions_of_crowdsec_come_over_standard_input() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-p2p"]);
    let json = r#"[{"duration":"1h","scenario":"crowdsecurity/ssh-bf","scope":"Ip","type":"ban",
        "value":"203.0.113.9"}]"#;
    fs::write(sandbox.path().join("decisions"), json).expect("set up");
    let file = fs::File::open(sandbox.path().join("decisions")).expect("set up");
    let mut command = sandbox.aegis();
    command
        .args(["import", "crowdsec", "-", "--json"])
        .stdin(Stdio::from(file));
    let answer = crate::sandbox::finish(&mut command);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    sandbox.stop(daemon);
    let _daemon = sandbox.start(&["--no-p2p"]);
    let blocks = sandbox.json("list");
    assert_eq!(
        blocks[0]["threat_type"], "crowdsecurity.ssh-bf",
        "also after a restart: {blocks}"
    );
}

/// Makes a database as fail2ban 1.0 does (its `database.py`), with bans that hold, are over and are for ever.
const FAIL2BAN: &str = "
import sqlite3, sys, time
db, now = sqlite3.connect(sys.argv[1]), int(time.time())
db.executescript('''
CREATE TABLE fail2banDb(version INTEGER);
INSERT INTO fail2banDb VALUES(4);
CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
    bancount INTEGER NOT NULL default 1, data JSON, FOREIGN KEY(jail) REFERENCES jails(name));
INSERT INTO jails(name) VALUES('sshd'), ('nginx-botsearch');
''')
for ban in [
    ('sshd', '203.0.113.7', now - 60, 3600),
    ('sshd', '203.0.113.8', now - 7200, 3600),
    ('nginx-botsearch', '2001:db8::/48', now - 60, -1),
    ('sshd', '127.0.0.1', now, 600),
    ('sshd', 'nobody', now, 600),
]:
    db.execute('INSERT INTO bans(jail, ip, timeofban, bantime) VALUES(?, ?, ?, ?)', ban)
db.commit()
";

#[test]
fn bans_of_fail2ban_that_hold_are_imported_with_the_time_they_have_left() {
    if !needed::runs(&mut Command::new("python3"), "python3") {
        return;
    }
    let sandbox = Sandbox::new();
    let database = sandbox.path().join("fail2ban.sqlite3");
    let made = Command::new("python3")
        .args(["-c", FAIL2BAN])
        .arg(&database)
        .status();
    let Ok(made) = made else {
        return eprintln!("skipped: no python3 makes a database of fail2ban's");
    };
    assert!(made.success(), "{made}");
    let _daemon = sandbox.start(&["--no-p2p"]);
    let answer = sandbox.run("import fail2ban fail2ban.sqlite3");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for said in [
        "Imported 2 of 3 entries",
        "1 protected",
        "skipped 1",
        "nobody",
    ] {
        assert!(answer.out.contains(said), "{said}: {answer:?}");
    }
    let blocks = sandbox.json("list");
    let of = |indicator: &str| {
        let mut found = blocks.as_array().expect("a list").iter();
        let found = found.find(|it| it["indicator"] == indicator);
        let block = found.unwrap_or_else(|| panic!("{indicator} is not blocked: {blocks}"));
        let ttl = block["ttl_secs"].as_u64().expect("a number");
        (block["threat_type"].clone(), ttl)
    };
    let (threat, ttl) = of("203.0.113.7");
    assert_eq!(threat, "fail2ban.sshd");
    assert!((3_400..=3_540).contains(&ttl), "{ttl}");
    let (threat, ttl) = of("2001:db8::/48");
    assert_eq!(threat, "fail2ban.nginx-botsearch");
    assert!(ttl > 29 * 86_400, "as long as an import may: {ttl}");
}

#[test]
fn what_is_no_such_file_is_said_before_anybody_is_asked() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path().join("text"), "203.0.113.9\n").expect("set up");
    for (line, says) in [
        ("import fail2ban text", "read text"),
        ("import crowdsec text", "names no column"),
        ("import list none", "read none"),
    ] {
        let answer = sandbox.run(line);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.talk.contains(says), "{answer:?}");
    }
    let answer = sandbox.run("import list text");
    assert_eq!(answer.code, Some(3), "no daemon runs: {answer:?}");
}
