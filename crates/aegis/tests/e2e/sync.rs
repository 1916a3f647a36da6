//! Nodes that were away: what the others heard meanwhile they know within seconds, and every node
//! holds the same in the end.

use std::{fs, net::Ipv4Addr, sync::Arc, time::Duration};

use aegis::lab::node::LabNode;
use aegis_api::Status;
use aegis_core::{Alert, KnownPeer, PeerClass, Record};
use aegis_net::Identity;
use aegis_store::Store;

use crate::support::{
    bad_peer, block, now,
    shell::must,
    until, until_blocked,
    world::{World, cli, join, stop},
};

const HOSTS: [(&str, u8); 4] = [("a", 11), ("b", 12), ("c", 13), ("d", 14)];

/// Alerts that others say while a node is cut off: more than go one by one.
const MISSED: u32 = 120;

/// Says how many they are instead, for figures; then they are said as fast as one hears a peer for
/// ever, so that 10,000 take four minutes.
const MISSED_SET: &str = "AEGIS_E2E_MISSED";
const PACE: Duration = Duration::from_millis(50);

/// How soon a node that comes back knows all of them.
const WHOLE_IN: Duration = Duration::from_secs(3);

/// How often that is measured: a busy machine is late for other reasons.
const TRIES: u32 = 3;

fn address(number: u32) -> String {
    let first = Ipv4Addr::new(203, 0, 113, 0).to_bits();
    Ipv4Addr::from_bits(first + number).to_string()
}

async fn say(node: &LabNode, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let order = block(&address(number), 3600);
        node.client.block(&order).await.unwrap();
    }
}

/// Has two nodes say so many alerts in turns; returns how many.
async fn say_in_turns(nodes: [&LabNode; 2], first: u32) -> u32 {
    let set = std::env::var(MISSED_SET).ok();
    let missed = set.as_ref().map_or(MISSED, |it| it.parse().unwrap());
    let mut pace = tokio::time::interval(PACE);
    for number in (first..first + missed).step_by(2) {
        if set.is_some() {
            pace.tick().await;
        }
        say(nodes[0], number..number + 1).await;
        say(nodes[1], number + 1..number + 2).await;
    }
    missed
}

async fn status(node: &LabNode) -> Status {
    node.client.status().await.unwrap()
}

/// Waits until every node holds so many alerts, and the same; returns their hash.
async fn until_same(nodes: &[&LabNode], alerts: u64) -> String {
    until(
        &format!("{alerts} alerts, the same everywhere"),
        async || {
            let mut hashes = Vec::new();
            for node in nodes {
                let status = node.client.status().await.ok()?;
                if status.alerts_live != alerts {
                    return None;
                }
                hashes.push(status.sync.set_hash);
            }
            hashes
                .windows(2)
                .all(|it| it[0] == it[1])
                .then(|| hashes.remove(0))
        },
    )
    .await
}

fn set_link(world: &World, host: &str, state: &str) {
    let mut command = world.host(host).command("ip");
    must(command.args(["link", "set", "eth0", state]));
}

#[tokio::test]
async fn netns_a_node_that_was_cut_off_is_whole_within_three_seconds() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    say(&a, 0..10).await;
    until_same(&[&a, &b, &c], 10).await;
    until_blocked(&c.client, &address(3), true).await;
    let (mut alerts, mut said) = (10, 10);
    let mut took = Vec::new();
    for attempt in 0..TRIES {
        let cut_at = now();
        set_link(&world, "c", "down");
        let missed = say_in_turns([&a, &b], said).await;
        said += missed;
        alerts += u64::from(missed);
        // One that c knows is taken back: the withdrawal is there in its place.
        let withdrawn = address(attempt);
        let answer = cli(&a, &format!("unblock {withdrawn} --withdraw"));
        assert_eq!(answer.code, Some(0), "{answer:?}");
        // And c has something to say that nobody hears.
        say(&c, said..said + 5).await;
        said += 5;
        alerts += 5;
        assert_ne!(
            status(&c).await.sync.set_hash,
            status(&a).await.sync.set_hash
        );
        let cut_for = now().since(cut_at);
        set_link(&world, "c", "up");
        let back_at = now();
        until_same(&[&a, &b, &c], alerts).await;
        took.push(now().since(back_at));
        for node in [&a, &b, &c] {
            until_blocked(&node.client, &withdrawn, false).await;
            until_blocked(&node.client, &address(said - 1), true).await;
        }
        if took.iter().any(|it| *it <= WHOLE_IN) {
            eprintln!("{missed} missed in {cut_for:?}, whole after {took:?}");
            return;
        }
    }
    panic!("whole after {took:?}");
}

#[tokio::test]
async fn netns_a_node_that_was_never_there_holds_what_the_others_hold_and_keeps_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    say(&a, 0..20).await;
    say(&b, 20..40).await;
    let withdrawn = address(5);
    let answer = cli(&a, &format!("unblock {withdrawn} --withdraw"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let hash = until_same(&[&a, &b, &c], 40).await;
    // The authors leave: what a newcomer learns of them it learns of c.
    stop(a).await;
    stop(b).await;
    let d = world.start("d", Default::default()).await;
    let mut pair = [c, d];
    join(&mut pair).await;
    let [c, d] = pair;
    assert_eq!(until_same(&[&c, &d], 40).await, hash);
    let heard = status(&d).await.sync;
    assert!(heard.heard == 40 && heard.last_at.is_some(), "{heard:?}");
    until_blocked(&d.client, &withdrawn, false).await;
    stop(c).await;
    stop(d).await;
    let d = world.start("d", Default::default()).await;
    assert_eq!(
        status(&d).await.sync.set_hash,
        hash,
        "a restart keeps the set"
    );
}

/// Alerts in the large sets; figures for the documentation come from 100,000 in a release build.
const LARGE: &str = "AEGIS_E2E_ALERTS";

/// How many alerts each of two large sets has that the other lacks.
const DIFFERENCES: u32 = 50;

/// Addresses that are looked for one by one in the kernel of a node that joins.
const SAMPLES: u32 = 64;

/// Returns the store that the node on `host` will start with.
fn store_of(world: &World, host: &str) -> Store {
    let state = world.dir().join(host).join("state");
    fs::create_dir_all(&state).unwrap();
    Store::open(&state.join("aegis.db")).unwrap()
}

/// Puts alerts into the store that the node on `host` will start with.
fn fill(world: &World, host: &str, alerts: &[Arc<Alert>]) {
    let mut store = store_of(world, host);
    let received_at = now();
    for together in alerts.chunks(10_000) {
        let added = together.iter().map(|alert| Record::AlertAdded {
            alert: Arc::clone(alert),
            received_at,
        });
        store.apply(&added.collect::<Vec<_>>()).unwrap();
    }
}

/// Returns how many sync requests a node made, and bytes that it sent and got.
async fn spent(node: &LabNode) -> (u64, u64) {
    let net = node.client.stats().await.unwrap().net;
    (
        net["sync_asked"],
        net["sync_sent_bytes"] + net["sync_received_bytes"],
    )
}

#[tokio::test]
async fn netns_large_sets_that_differ_little_cost_little_and_a_newcomer_gets_all() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let size = std::env::var(LARGE).map_or(3000, |it| it.parse().unwrap());
    let authors: Vec<Identity> = (1..=40).map(|it| Identity::from_secret([it; 32])).collect();
    let mut alerts: Vec<Arc<Alert>> = Vec::new();
    for number in 0..size + DIFFERENCES {
        let author = &authors[number as usize % authors.len()];
        let indicator = address(number).parse().unwrap();
        alerts.push(bad_peer::signed(author, indicator));
    }
    let only_b = alerts.len() - DIFFERENCES as usize;
    fill(&world, "a", &alerts[..only_b]);
    fill(&world, "b", &alerts[DIFFERENCES as usize..]);
    let differing = alerts[..DIFFERENCES as usize]
        .iter()
        .chain(&alerts[only_b..]);
    let missing: usize = differing.map(|it| it.wire().len()).sum();
    let [a, b] = world.start_joined(["a", "b"]).await;
    until_same(&[&a, &b], alerts.len() as u64).await;
    let ((asked_a, bytes), (asked_b, _)) = (spent(&a).await, spent(&b).await);
    let beyond = bytes.saturating_sub(missing as u64);
    eprintln!(
        "{size} alerts each, {DIFFERENCES} differing on each side: {} requests, {bytes} bytes, \
         {beyond} beyond the {missing} of the missing alerts",
        asked_a + asked_b
    );
    assert!(beyond < 24 * 1024, "{beyond} bytes");
    a_newcomer_gets_all(&world, [&a, &b], &authors, alerts.len() as u32).await;
}

/// Starts a node that knows the `authors` as peers that its operator named, so that it believes
/// them; it is to hold what the others hold, and its kernel too.
async fn a_newcomer_gets_all(
    world: &World,
    others: [&LabNode; 2],
    authors: &[Identity],
    alerts: u32,
) {
    let met_at = now();
    let met = authors.iter().map(|it| {
        Record::PeerSeen(KnownPeer {
            peer: it.node_id(),
            class: PeerClass::Configured,
            address: String::new(),
            first_seen_at: met_at,
            last_seen_at: met_at,
        })
    });
    store_of(world, "d")
        .apply(&met.collect::<Vec<_>>())
        .unwrap();
    let started_at = now();
    let d = world.start("d", Default::default()).await;
    let answers = now().since(started_at);
    until("all alerts", async || {
        let live = d.client.status().await.ok()?.alerts_live;
        (live == u64::from(alerts)).then_some(())
    })
    .await;
    let heard = now().since(started_at);
    for sample in 0..=SAMPLES {
        let number = sample * (alerts - 1) / SAMPLES;
        until_blocked(&d.client, &address(number), true).await;
    }
    let blocked = now().since(started_at);
    until_same(&[others[0], others[1], &d], u64::from(alerts)).await;
    let (asked, bytes) = spent(&d).await;
    eprintln!(
        "a newcomer answers {answers:?} after its start, has all alerts after {heard:?}, and its \
         kernel all blocks after {blocked:?}: {asked} requests, {bytes} bytes"
    );
    // Read back as a whole, which takes long for many and is not done often.
    until("all blocks in the kernel", async || {
        let ruleset = d.client.status().await.ok()?.ruleset;
        (ruleset.actual == u64::from(alerts)).then_some(())
    })
    .await;
}
