//! How long it takes from the last line of a log to the last packet that passes.
//!
//! A handful of rounds by default, which prove that it works at all. For figures:
//! `AEGIS_LATENCY_ROUNDS=60 cargo test -p aegis --test e2e log_latency -- --nocapture`.

use std::fs;

use crate::support::{
    DEADLINE,
    fail2ban::Fail2ban,
    host::{ip, packets_out},
    logs::{JournalFile, JournalWriter, append, entries, failed_logins, log_says, start},
    pings::{INTERVAL_MS, Pings, WARM_UP, seconds},
    until,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

#[tokio::test]
async fn netns_a_line_of_a_file_is_a_drop_soon() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let log = world.dir().join("auth.log");
    append(&log, "");
    let _node = start(&world, "a", "").await;
    until("it is read", async || {
        log_says(&world, "a", "Reading a log").then_some(())
    })
    .await;
    let mut write =
        |source: &str, from: u16, to: u16| append(&log, &failed_logins(source, from..to));
    measure(&world, "a file, read by the node", rounds(), &mut write).await;
}

#[tokio::test]
async fn netns_an_entry_of_the_journal_is_a_drop_soon() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(writer) = JournalWriter::new() else {
        return;
    };
    let dir = world.dir().join("journal");
    fs::create_dir(&dir).unwrap();
    let mut journal = JournalFile::create(&writer, &dir.join("system.journal"));
    journal.write(&entries("192.0.2.1", "sshd", "0", 0..1));
    let _node = start(&world, "a", "").await;
    until("it is read", async || {
        log_says(&world, "a", "Reading a journal").then_some(())
    })
    .await;
    let mut write =
        |source: &str, from: u16, to: u16| journal.write(&entries(source, "sshd", "0", from..to));
    measure(&world, "a journal, read by the node", rounds(), &mut write).await;
}

#[tokio::test]
async fn netns_a_ban_of_fail2ban_is_a_drop_too() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        config: "[logs]\nenabled = false\n[p2p]\nenabled = false\n",
        ..How::default()
    };
    let node = world.start("a", how).await;
    let log = world.dir().join("auth.log");
    append(&log, "");
    let Some(mut fail2ban) = Fail2ban::new(&world.dir().join("fail2ban"), &log, &node) else {
        return;
    };
    fail2ban.start(world.host("a"), 1).await;
    let mut write =
        |source: &str, from: u16, to: u16| append(&log, &failed_logins(source, from..to));
    measure(
        &world,
        "a file, read by fail2ban",
        rounds().min(20),
        &mut write,
    )
    .await;
}

fn rounds() -> usize {
    let text = std::env::var("AEGIS_LATENCY_ROUNDS").ok();
    text.and_then(|it| it.parse().ok()).unwrap_or(2)
}

/// Writes five failed logins of a source that pings all the while, and takes when it was answered last.
async fn measure(world: &World, what: &str, rounds: usize, write: &mut dyn FnMut(&str, u16, u16)) {
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    let mut millis = Vec::new();
    for round in 0..rounds {
        let source = format!("10.77.0.{}", 100 + round % 150);
        ip(attacker, &format!("addr replace {source}/24 dev eth0"));
        write(&source, 0, 4);
        let before = packets_out(attacker);
        let pings = Pings::start(attacker, &source, &host.address.to_string());
        until("the packets are on their way", async || {
            (packets_out(attacker) >= before + WARM_UP).then_some(())
        })
        .await;
        let written = seconds(); // before the last line is written
        write(&source, 4, 5);
        millis.push(
            pings
                .last_answer()
                .map_or(f64::INFINITY, |it| (it - written) * 1e3)
                .max(0.0),
        );
    }
    millis.sort_by(f64::total_cmp);
    let at = |part: f64| millis[((millis.len() - 1) as f64 * part).round() as usize];
    println!(
        "last line to last packet, {what}: n = {rounds}, p50 {:.0} ms, p99 {:.0} ms, most {:.0} ms \
         (±{INTERVAL_MS} ms)",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(at(1.0) < DEADLINE.as_secs_f64() * 1e3, "{millis:?}");
}
