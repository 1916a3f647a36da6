//! Two commands make a fleet: a ticket on one node, joining by it on another.

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use aegis::lab::node::LabNode;
use aegis_api::{MemberRole, Peer, PeerClass};
use aegis_core::{Alert, BlockDuration, Evidence, Record, Severity, Statement, ThreatType};
use aegis_net::{Identity, wire};
use aegis_store::Store;

use crate::support::{
    AEGIS, block, now,
    shell::{Said, run},
    until, until_blocked,
    world::{How, World, cli, stop},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("c", 13)];

/// Nobody is found by itself, and nobody is believed from the start but who is named.
const APART: &str = "[p2p]\nmdns = false\nkad = false\n[trust]\npreset = \"open\"\n\
    [ask]\nautomatic = false\nchallenge_every = \"0s\"\n";

/// Blocks of the node that is joined; figures come from 100,000 in a release build.
const FEW: u32 = 300;
const MANY: &str = "AEGIS_E2E_JOINED";

/// How soon a node that joined holds them: a few, and as many as figures are about.
const WHOLE_IN: Duration = Duration::from_secs(2);
const MANY_WHOLE_IN: Duration = Duration::from_secs(10);

/// How often that is tried: a busy machine is late for other reasons.
const TRIES: u32 = 3;

fn apart() -> How<'static> {
    How {
        config: APART,
        ..How::default()
    }
}

/// Has a node print a ticket; returns the word.
fn ticket(node: &LabNode, options: &str) -> String {
    let said = cli(node, format!("ticket {options}").trim());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.starts_with("aegis1") && said.out.lines().count() == 1,
        "{said:?}"
    );
    said.out.trim().to_owned()
}

async fn peer(node: &LabNode, other: &LabNode) -> Option<Peer> {
    let id = other.client.status().await.ok()?.node_id;
    let peers = node.client.peers(Default::default()).await.ok()?;
    peers.items.into_iter().find(|it| it.peer == id)
}

#[tokio::test]
async fn netns_two_commands_make_a_fleet_that_a_restart_keeps() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let a = world.start("a", apart()).await;
    let b = world.start("b", apart()).await;
    let said = cli(&a, "org create ACME");
    assert_eq!(said.code, Some(0), "{said:?}");
    a.client.block(&block("203.0.113.1", 600)).await.unwrap();
    let word = ticket(&a, "--org ACME --role publisher");
    let joined = cli(&b, &format!("join {word}"));
    assert_eq!(joined.code, Some(0), "{joined:?}");
    assert!(joined.out.contains("both hold 1 alert"), "{joined:?}");
    until_blocked(&b.client, "203.0.113.1", true).await;
    // Each believes the other, by the ticket and by the organisation.
    b.client.block(&block("203.0.113.2", 600)).await.unwrap();
    until_blocked(&a.client, "203.0.113.2", true).await;
    let known = peer(&b, &a).await.unwrap();
    assert_eq!(known.class, PeerClass::Configured);
    let list = b.client.organisations().await.unwrap().organisations;
    assert_eq!(list[0].role, Some(MemberRole::Publisher));
    assert_eq!(list[0].weight_percent, Some(100));

    // It let in one, and no other.
    let c = world.start("c", apart()).await;
    let refused = cli(&c, &format!("join {word}"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("let in as many as it does"),
        "{refused:?}"
    );
    let list = c.client.organisations().await.unwrap().organisations;
    assert!(list.is_empty(), "{list:?}");
    let typo = word.replacen('q', "p", 1);
    let mistyped = cli(&c, &format!("join {typo}"));
    assert_eq!(mistyped.code, Some(2), "{mistyped:?}");
    assert!(
        mistyped.err.contains("ticket: the checksum is wrong"),
        "{mistyped:?}"
    );

    stop(a).await;
    stop(b).await;
    let a = world.start("a", apart()).await;
    let b = world.start("b", apart()).await;
    until("they meet again", async || {
        let both = (peer(&a, &b).await?, peer(&b, &a).await?);
        (both.0.connected && both.1.connected).then_some(())
    })
    .await;
    a.client.block(&block("203.0.113.3", 600)).await.unwrap();
    until_blocked(&b.client, "203.0.113.3", true).await;

    // Taken back, it lets in nobody, and whom it let in counts as any other.
    let listed = cli(&a, "ticket --list");
    let id = listed
        .out
        .lines()
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let taken = cli(&a, &format!("ticket --revoke {id}"));
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let refused = cli(&c, &format!("join {word}"));
    assert!(refused.err.contains("has taken it back"), "{refused:?}");
}

#[tokio::test]
async fn netns_a_ticket_of_a_closed_network_lets_a_running_node_into_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let secret = world.dir().join("secret");
    fs::write(&secret, "0123456789abcdef".repeat(4)).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&secret, mode).unwrap();
    let config = APART.replacen("[p2p]", &format!("[p2p]\nsecret_file = {secret:?}"), 1);
    let how = How {
        config: &config,
        ..How::default()
    };
    let a = world.start("a", how).await;
    a.client.block(&block("203.0.113.1", 600)).await.unwrap();
    let word = ticket(&a, "--valid 1h");
    // One runs, one does not: it finds the ticket when it starts.
    let b = world.start("b", apart()).await;
    let joined = cli(&b, &format!("join {word}"));
    assert_eq!(joined.code, Some(0), "{joined:?}");
    until_blocked(&b.client, "203.0.113.1", true).await;
    let word = ticket(&a, "--valid 1h");
    let kept = keep_ticket(&world, "c", &word);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert!(kept.out.starts_with("No daemon runs"), "{kept:?}");
    let c = world.start("c", apart()).await;
    until_blocked(&c.client, "203.0.113.1", true).await;
    for node in [&a, &b, &c] {
        let log = fs::read_to_string(
            world
                .dir()
                .join(&node.name)
                .join(format!("{}.log", node.name)),
        );
        let log = log.unwrap();
        assert!(
            !log.contains("0123456789abcdef0123") && !log.contains("aegis1"),
            "{log}"
        );
    }
}

/// Runs `aegis join` for a node that does not run.
fn keep_ticket(world: &World, host: &str, word: &str) -> Said {
    let dir = world.dir().join(host);
    fs::create_dir_all(&dir).unwrap();
    let mut command = Command::new(AEGIS);
    command
        .args(["--instance", world.instance(host).as_str(), "join", word])
        .env("AEGIS_STATE_DIR", dir.join("state"))
        .env("AEGIS_RUNTIME_DIR", dir.join("run"));
    run(&mut command)
}

/// Gives the node on `host` a past: so many alerts of its own, live for hours.
fn fill(world: &World, host: &str, count: u32) {
    let state = world.dir().join(host).join("state");
    fs::create_dir_all(&state).unwrap();
    let identity = Identity::load_or_create(&state.join("node.key")).unwrap();
    let mut store = Store::open(&state.join("aegis.db")).unwrap();
    for first in (0..count).step_by(10_000) {
        let numbers = first..count.min(first + 10_000);
        let records = numbers.map(|number| Record::AlertAdded {
            alert: own_alert(&identity, number),
            received_at: now(),
        });
        store.apply(&records.collect::<Vec<_>>()).unwrap();
    }
}

fn own_alert(identity: &Identity, number: u32) -> Arc<Alert> {
    let address = std::net::Ipv4Addr::from_bits(0xcb00_7100 + number);
    let statement = Statement {
        indicator: std::net::IpAddr::from(address).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: now().floor_to_secs(),
        block_for: BlockDuration::from_secs(7200).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, identity))
}

#[tokio::test]
async fn netns_who_joins_holds_the_whole_blocklist_in_its_kernel_within_two_seconds() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let many = std::env::var(MANY).ok();
    let count = many.as_ref().map_or(FEW, |it| it.parse().unwrap());
    let whole_in = if many.is_some() {
        MANY_WHOLE_IN
    } else {
        WHOLE_IN
    };
    fill(&world, "a", count);
    let a = world.start("a", apart()).await;
    assert_eq!(
        a.client.status().await.unwrap().alerts_live,
        u64::from(count)
    );
    let said = cli(&a, "org create ACME");
    assert_eq!(said.code, Some(0), "{said:?}");
    let word = ticket(&a, "--org ACME --uses 3");
    let mut took = Vec::new();
    for attempt in 0..TRIES {
        let b = world.start("b", apart()).await;
        let joined_at = now();
        let joined = cli(&b, &format!("join {word}"));
        assert_eq!(joined.code, Some(0), "{joined:?}");
        until("the kernel holds everything", async || {
            let ruleset = b.client.status().await.ok()?.ruleset;
            (ruleset.actual == u64::from(count) && ruleset.in_agreement).then_some(())
        })
        .await;
        took.push(now().since(joined_at));
        until_blocked(&b.client, "203.0.113.7", true).await;
        if took[attempt as usize] <= whole_in {
            eprintln!(
                "{count} blocks in the kernel {took:?} after `aegis join`; {}",
                joined.out
            );
            return;
        }
        stop(b).await;
        forget(&world, "b");
    }
    panic!("{count} blocks in the kernel after {took:?}");
}

/// Makes the node on `host` one that never was.
fn forget(world: &World, host: &str) {
    aegis_enforce::detach(
        &world.instance(host),
        Path::new(aegis_enforce::DEFAULT_BPFFS),
    )
    .unwrap();
    fs::remove_dir_all(world.dir().join(host)).unwrap();
}
