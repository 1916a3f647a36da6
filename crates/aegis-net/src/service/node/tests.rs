//! A node without peers: the gossip layer's heart beats, and nothing waits for ever to be passed on.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt as _};

use super::{support::Scene, *};
use crate::service::relay::Relay;

/// Counts what the gossip layer says at every beat while its mesh is short of peers.
struct BeatCounter(Arc<AtomicU64>);

struct Finder(bool);

impl Visit for Finder {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let is_beat = || format!("{value:?}").contains("HEARTBEAT: Mesh low");
        self.0 |= field.name() == "message" && is_beat();
    }
}

impl<S: tracing::Subscriber> Layer<S> for BeatCounter {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut finder = Finder(false);
        event.record(&mut finder);
        self.0.fetch_add(u64::from(finder.0), Relaxed);
    }
}

/// libp2p-gossipsub 0.50.1 does not wake itself for its next beat. Without the node's own timers
/// it would beat half as often, or not at all.
#[test]
fn an_idle_node_s_gossip_beats_on_time() {
    let beats = Arc::new(AtomicU64::new(0));
    let counter = BeatCounter(Arc::clone(&beats));
    let (commands_tx, mut commands_rx) = mpsc::channel(1);
    let node = thread::spawn(move || {
        let subscriber = tracing_subscriber::registry().with(counter);
        tracing::subscriber::with_default(subscriber, || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async { Box::pin(idle_node().run(&mut commands_rx)).await });
        });
    });
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    // Six beats, and time for one and a half more on a busy machine.
    let watch = async {
        let mut look = time::interval(Duration::from_millis(10));
        while beats.load(Relaxed) < 6 {
            look.tick().await;
        }
    };
    let in_time = runtime.block_on(async { time::timeout(7 * HEARTBEAT, watch).await });
    drop(commands_tx);
    node.join().unwrap();
    assert!(in_time.is_ok(), "only {} beats", beats.load(Relaxed));
}

#[tokio::test]
async fn what_names_no_author_at_a_glance_is_not_passed_on_at_once() {
    let mut node = idle_node();
    node.pass_on_in_time(b"{}", Relay::Said(b"{}".to_vec()));
    assert!(!node.relays.is_empty());
}

#[tokio::test]
async fn a_node_that_is_late_passes_on_some_at_a_time() {
    let mut node = idle_node();
    let long_ago = node.now() - Duration::from_secs(2);
    for _ in 0..relay::OVERDUE_PER_TURN + 1 {
        assert!(
            node.relays
                .push(long_ago, Relay::Said(Vec::new()))
                .is_none()
        );
    }
    node.pass_on_overdue();
    assert_eq!(node.relays.take_all().len(), 1);
}

#[tokio::test]
async fn a_node_that_leaves_passes_on_what_waits() {
    let mut node = idle_node();
    let now = node.now();
    for _ in 0..relay::OVERDUE_PER_TURN + 1 {
        assert!(node.relays.push(now, Relay::Said(Vec::new())).is_none());
    }
    node.leave().await;
    assert!(node.relays.is_empty());
}

fn idle_node() -> Node {
    Scene::set().node
}
