//! What stands in the host's logs becomes a drop in the kernel, and goes no further.

use std::{fs, path::Path};

use aegis_api::{ReportRequest, ReportWithdrawRequest, ReportsRequest};

use crate::support::{
    host::pings,
    indicator,
    logs::{
        JournalFile, JournalWriter, access_time, append, entries, failed_logins, holds, log_says,
        request, ssh_line, start, start_peer,
    },
    until, until_blocked,
    world::{World, cli, stop},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("attacker", 66)];
const ATTACKER: &str = "10.77.0.66";

/// What must not leave a host: a marked word in everything that a log may hold.
const SECRET: &str = "Kq7secretZx";

#[tokio::test]
async fn netns_failed_logins_in_a_log_become_a_drop_and_outlive_its_rotation() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let log = world.dir().join("auth.log");
    append(&log, &failed_logins(ATTACKER, 0..10)); // before: nobody is blamed for it
    let node = start(&world, "a", "").await;
    until("the log is read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    let address = world.host("a").address;
    assert_eq!(pings(world.host("attacker"), address, 1), 1);
    append(&log, &failed_logins(ATTACKER, 10..13));
    fs::rename(&log, log.with_extension("log.1")).unwrap();
    append(&log, &failed_logins(ATTACKER, 13..15));
    until_blocked(&node.client, ATTACKER, true).await;
    assert_eq!(pings(world.host("attacker"), address, 2), 0);
    let why = node.client.why(indicator(ATTACKER)).await.unwrap();
    let report = &why.reports[0];
    assert_eq!((report.source.as_str(), report.events), ("sshd", 5));
    assert_eq!(why.decisions[0].threat_type.as_str(), "brute_force");
}

#[tokio::test]
async fn netns_after_a_restart_old_lines_are_not_read_again_and_new_ones_are() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let log = world.dir().join("auth.log");
    append(&log, "");
    let node = start(&world, "a", "").await;
    until("the log is read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    append(&log, &failed_logins(ATTACKER, 0..5));
    until_blocked(&node.client, ATTACKER, true).await;
    assert!(cli(&node, &format!("unblock {ATTACKER}")).code == Some(0));
    stop(node).await;
    append(&log, &failed_logins("10.77.0.67", 0..5)); // while nobody read
    let node = start(&world, "a", "").await;
    until_blocked(&node.client, "10.77.0.67", true).await;
    until_blocked(&node.client, ATTACKER, false).await;
}

#[tokio::test]
async fn netns_scans_of_a_web_server_are_blocked_and_proxies_are_not() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let log = world.dir().join("access.log");
    append(&log, "");
    let node = start(&world, "a", "behind_proxy = [\"10.77.0.67\"]\n").await;
    until("the log is read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    for source in ["10.77.0.67", ATTACKER] {
        let requests: String = (0..4)
            .map(|it| request(source, &format!("/.env?{it}")))
            .collect();
        append(&log, &requests);
    }
    until_blocked(&node.client, ATTACKER, true).await;
    until_blocked(&node.client, "10.77.0.67", false).await;
    let why = node.client.why(indicator(ATTACKER)).await.unwrap();
    assert_eq!(why.decisions[0].threat_type.as_str(), "vulnerability_scan");
    assert_eq!(why.reports[0].source.as_str(), "web");
}

#[tokio::test]
async fn netns_whoever_is_logged_in_is_protected() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let log = world.dir().join("auth.log");
    append(&log, "");
    let node = start(&world, "a", "").await;
    until("the log is read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    append(
        &log,
        &ssh_line(&format!(
            "Accepted publickey for admin from {ATTACKER} port 7 ssh2: ED25519 SHA256:x"
        )),
    );
    until("the login is known", async || {
        let logins = node.client.logins().await.ok()?.logins;
        logins
            .iter()
            .any(|it| it.address.to_string() == ATTACKER)
            .then_some(())
    })
    .await;
    let refused = cli(&node, &format!("block {ATTACKER} 60"));
    assert!(
        refused.err.contains("authenticated admin session"),
        "{refused:?}"
    );
    append(&log, &failed_logins(ATTACKER, 0..5));
    append(&log, &failed_logins("10.77.0.67", 0..5));
    until_blocked(&node.client, "10.77.0.67", true).await;
    until_blocked(&node.client, ATTACKER, false).await;
}

#[tokio::test]
async fn netns_the_journal_is_read_whole_and_whoever_forges_it_bans_nobody() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let Some(writer) = JournalWriter::new() else {
        return;
    };
    let dir = world.dir().join("journal");
    fs::create_dir(&dir).unwrap();
    let mut journal = JournalFile::create(&writer, &dir.join("system.journal"));
    journal.write(&entries("192.0.2.1", "sshd", "0", 0..1)); // so that the file is there
    let node = start(&world, "a", "").await;
    until("it is read", async || {
        log_says(&world, "a", "Reading a journal").then_some(())
    })
    .await;
    journal.write(&entries("10.77.0.67", "logger", "1000", 0..10)); // logger -t sshd
    journal.write(&entries("10.77.0.68", "sshd", "1000", 0..10)); // a user's own `sshd`
    journal.write(&entries(ATTACKER, "sshd", "0", 0..5));
    until_blocked(&node.client, ATTACKER, true).await;
    until_blocked(&node.client, "10.77.0.67", false).await;
    until_blocked(&node.client, "10.77.0.68", false).await;
    // It is archived, and the next begins.
    drop(journal);
    fs::rename(dir.join("system.journal"), dir.join("system@0-0-0.journal")).unwrap();
    let mut journal = JournalFile::create(&writer, &dir.join("system.journal"));
    journal.write(&entries("10.77.0.69", "sshd", "0", 0..5));
    until_blocked(&node.client, "10.77.0.69", true).await;
    // One that is damaged is told of, and everything else goes on.
    drop(journal);
    fs::write(dir.join("next"), [0; 4096]).unwrap();
    fs::rename(dir.join("next"), dir.join("system.journal")).unwrap();
    until("it is told", async || {
        let status = node.client.status().await.ok()?;
        status
            .problems
            .iter()
            .any(|it| it.contains("system.journal"))
            .then_some(())
    })
    .await;
    append(
        &world.dir().join("access.log"),
        &request("10.77.0.70", "/../../etc/passwd").repeat(2),
    );
    until_blocked(&node.client, "10.77.0.70", true).await;
}

/// Everything that a node says to another is on the other's disk, or was heard by it: its store, its
/// logs, and what its own peer told it, as bytes.
#[tokio::test]
async fn netns_no_word_of_a_log_leaves_the_host() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    for log in ["auth.log", "access.log"] {
        append(&world.dir().join(log), "");
    }
    let how = "";
    let mut nodes = [start(&world, "a", how).await, start_peer(&world, "b").await];
    crate::support::world::join(&mut nodes).await;
    let [a, b] = &nodes;
    until("the logs are read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    write_secrets(world.dir());
    let request = ReportsRequest {
        reports: vec![secret_report()],
    };
    let outcome = a.client.report(&request).await.unwrap();
    assert_eq!(outcome.reports[0].refused, None);
    for source in [ATTACKER, "10.77.0.67", "10.77.0.68"] {
        until_blocked(&a.client, source, true).await;
        until("the peer has heard of it", async || {
            let why = b.client.why(indicator(source)).await.ok()?;
            (!why.evidence.is_empty()).then_some(why)
        })
        .await;
        let why = b.client.why(indicator(source)).await.unwrap();
        assert!(
            why.evidence.iter().all(|it| it.description.is_none()),
            "{why:?}"
        );
        assert!(why.reports.is_empty(), "{why:?}");
    }
    // What the host itself keeps has the operator's words; what the peer got has none.
    let withdraw = ReportWithdrawRequest {
        indicator: indicator("10.77.0.68"),
        source: "fail2ban/sshd".parse().unwrap(),
    };
    assert_eq!(
        a.client.withdraw_report(&withdraw).await.unwrap().withdrawn,
        1
    );
    let [a, b] = nodes;
    let (own, peers) = (world.dir().join("a"), world.dir().join("b"));
    stop(b).await;
    stop(a).await;
    assert!(
        holds(&own, SECRET),
        "the reason is in the host's own history"
    );
    assert!(!holds(&peers, SECRET), "and nowhere at the peer");
}

/// Writes an attack into each log, with the secret wherever a stranger may put something.
fn write_secrets(dir: &Path) {
    let auth: String = (0..5)
        .map(|it| {
            ssh_line(&format!(
                "Failed password for {SECRET} from {ATTACKER} port {it} ssh2"
            ))
        })
        .collect();
    append(&dir.join("auth.log"), &auth);
    let access = format!(
        "10.77.0.67 - {SECRET} [{}] \"GET /../../etc/passwd?{SECRET} HTTP/1.1\" 404 1 \"{SECRET}\" \
         \"{SECRET}\"\n",
        access_time()
    );
    append(&dir.join("access.log"), &access.repeat(2));
}

fn secret_report() -> ReportRequest {
    ReportRequest {
        indicator: indicator("10.77.0.68"),
        threat_type: "brute_force".parse().unwrap(),
        severity: None,
        duration_secs: None,
        evidence: None,
        source: "fail2ban/sshd".parse().unwrap(),
        events: 5,
        reason: SECRET.parse().ok(),
        share: true,
        restored: false,
    }
}
