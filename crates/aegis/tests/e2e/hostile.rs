//! Peers that flood, forge, swell and babble: bounded memory, a cut, and nobody else notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use aegis::lab::node::LabNode;
use aegis_api::{Client, EventKind, EventStream, Indicator};
use tokio::time::timeout;

use crate::support::{
    DEADLINE, indicator, publish,
    role::{Kind, Play, Role, flooded},
    world::World,
};

/// What the victim may grow by, whatever it is sent.
const GROWTH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Honest alerts whose way is measured, without a flood and under one.
const ALERTS: u32 = 60;

/// What the bad peers send: of each kind so many messages, all at the same time.
const FLOODS: [(&str, u8, Kind, u32); 4] = [
    ("bad1", 61, Kind::Valid, 1_500),
    ("bad2", 62, Kind::Forged, 6_000),
    ("bad3", 63, Kind::Oversized, 6_000),
    ("bad4", 64, Kind::Garbage, 6_500),
];

/// What makes a flood of it, however busy the machine is.
const FLOOD_MIN: u32 = 200;

/// A listener to what the victim says happens.
struct Watch(EventStream);

impl Watch {
    async fn on(client: &Client) -> Self {
        Self(client.events(false).await.unwrap())
    }

    /// Waits until an alert about `wanted` has come in.
    async fn heard(&mut self, wanted: Indicator) {
        let hearing = async {
            loop {
                let event = self.0.next().await.unwrap().unwrap();
                if matches!(event.kind, EventKind::AlertReceived { indicator, .. } if indicator == wanted)
                {
                    return;
                }
            }
        };
        let late = || panic!("{wanted} did not arrive");
        timeout(DEADLINE, hearing).await.unwrap_or_else(|_| late());
    }
}

/// Lets the honest nodes publish in turn; returns how long each alert took to the victim, sorted.
async fn measure(honest: [&LabNode; 2], victim: &LabNode, network: &str) -> Vec<Duration> {
    let mut watch = Watch::on(&victim.client).await;
    let mut took = Vec::new();
    for number in 0..ALERTS {
        let about = format!("{network}.{number}");
        let started_at = stopwatch();
        let author = &honest[number as usize % 2].client;
        author.publish(&publish(&about, 600)).await.unwrap();
        watch.heard(indicator(&about)).await;
        took.push(started_at.elapsed());
    }
    took.sort_unstable();
    took
}

#[expect(clippy::disallowed_methods, reason = "the test measures in real time")]
fn stopwatch() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

fn percentile(took: &[Duration], percent: usize) -> Duration {
    took[(took.len() - 1) * percent / 100]
}

/// Looks at a node's memory until told to stop.
struct MemoryWatch {
    most: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl MemoryWatch {
    fn start(client: Client) -> Self {
        let (most, is_over) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (most_of, is_over_of) = (Arc::clone(&most), Arc::clone(&is_over));
        let task = async move {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            while !is_over_of.load(Relaxed) {
                looks.tick().await;
                let status = client.status().await.unwrap();
                most_of.fetch_max(status.memory_bytes, Relaxed);
            }
        };
        let task = tokio::task::spawn_local(task);
        Self {
            most,
            is_over,
            task,
        }
    }

    async fn end(self) -> u64 {
        self.is_over.store(true, Relaxed);
        self.task.await.unwrap();
        self.most.load(Relaxed)
    }
}

#[tokio::test]
async fn netns_bad_peers_are_cut_off_and_honest_alerts_arrive_meanwhile() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let mut hosts = vec![("a", 11), ("b", 12), ("c", 13)];
    hosts.extend(FLOODS.map(|(name, last_byte, ..)| (name, last_byte)));
    let Some(world) = World::new(&hosts) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    let calm = measure([&b, &c], &a, "203.0.113").await;
    let victim = a.client.status().await.unwrap();

    let tasks = tokio::task::LocalSet::new();
    let (under_flood, bad, most) = tasks
        .run_until(async {
            let memory = MemoryWatch::start(a.client.clone());
            let test = "hostile::netns_bad_peers_are_cut_off_and_honest_alerts_arrive_meanwhile";
            let running = FLOODS.map(|(name, key, kind, count)| {
                let role = Role {
                    key,
                    to: victim.node_id.to_string(),
                    play: Play::Flood(kind, count),
                };
                role.start(world.host(name), test)
            });
            let took = measure([&b, &c], &a, "198.51.100").await;
            let bad = futures::future::join_all(running.map(flooded)).await;
            (took, bad, memory.end().await)
        })
        .await;

    for (took, name) in [(&calm, "calm"), (&under_flood, "under flood")] {
        eprintln!(
            "{name}: honest alerts p50 {:?}, p99 {:?}",
            percentile(took, 50),
            percentile(took, 99)
        );
    }
    for ((_, _, kind, _), seen) in FLOODS.iter().zip(&bad) {
        eprintln!("{kind:?}: {seen:?}");
        assert!(seen.sent >= FLOOD_MIN, "{kind:?}");
        assert!(
            *kind == Kind::Valid || seen.is_cut_off,
            "{kind:?} is cut off"
        );
    }
    let growth = most.saturating_sub(victim.memory_bytes);
    eprintln!(
        "memory: {} KiB before, {} KiB more",
        victim.memory_bytes / 1024,
        growth / 1024
    );
    assert!(growth < GROWTH_BYTES_MAX, "{growth} bytes more");
    // Whoever sent valid alerts got in what a peer of the local network may, and no more.
    let blocks = a.client.status().await.unwrap().blocks_active;
    let honest = u64::from(2 * ALERTS);
    assert!(
        (honest..honest + 1_400).contains(&blocks),
        "{blocks} blocks"
    );
    let peers = a.client.status().await.unwrap().peers;
    assert!(peers.connected >= 2, "{peers:?}");
}
