//! Peers that forge, replay, respell, swell, babble and flood are throttled, then cut off, and
//! nobody else notices.

use std::time::Duration;

use aegis_core::{BlockDuration, Evidence, NodeId, Severity, Statement, ThreatType, Timestamp};
use aegis_net::{
    NetEvent, P2pConfig,
    gate::{Limits, Misbehaviour, Quota},
    wire,
};

use crate::{
    raw::RawPeer,
    support::{TestNode, Transport, alert, eventually, lonely, now},
};

/// An honest pair, and a bad peer of its first node.
struct Scene {
    a: TestNode,
    b: TestNode,
    bad: RawPeer,
}

impl Scene {
    async fn set(limits: Limits) -> Self {
        let config = || P2pConfig {
            limits,
            ..lonely(Transport::Tcp)
        };
        let mut a = TestNode::start(config()).await;
        let peers = vec![a.peer_address()];
        let mut b = TestNode::start(P2pConfig { peers, ..config() }).await;
        a.wait_for_peer(b.id()).await;
        b.wait_for_peer(a.id()).await;
        let bad = RawPeer::connect(&a.peer_address()).await;
        a.wait_for_peer(bad.id).await;
        Self { a, b, bad }
    }

    /// Waits until the bad peer is banned; returns what it did and for how long it is out.
    async fn verdict(&mut self) -> (Misbehaviour, Duration) {
        let id = self.bad.id;
        let until = self.a.wait_for("the ban", |it| match it {
            NetEvent::PeerBanned { peer, until } if *peer == id => Some(*until),
            _ => None,
        });
        let until = until.await;
        let misbehaviour = self.a.wait_for("the reason", |it| match it {
            NetEvent::Misbehaved { peer, misbehaviour } if *peer == id => Some(*misbehaviour),
            _ => None,
        });
        (misbehaviour.await, until.since(now()))
    }

    /// Checks that the honest pair exchanges alerts, both ways.
    async fn pair_is_well(&mut self, n: u32) {
        let said = alert(&self.b.identity, n);
        self.b.publish(&said).await;
        self.a.wait_for_alert(said.id()).await;
        let said = alert(&self.a.identity, n + 1);
        self.a.publish(&said).await;
        self.b.wait_for_alert(said.id()).await;
        assert_eq!(
            self.b.counters().rejected,
            0,
            "bad messages are not relayed"
        );
        let is_parting = |it: &NetEvent, from: NodeId| match it {
            NetEvent::PeerLeft { peer, .. } => *peer == from,
            _ => false,
        };
        let (a, b) = (self.a.id(), self.b.id());
        assert!(!self.a.events.iter().any(|it| is_parting(it, b)));
        assert!(!self.b.events.iter().any(|it| is_parting(it, a)));
    }
}

/// Sends bad messages until the peer is out, with the honest pair talking meanwhile.
async fn is_cut_off_for(message: impl Fn(&RawPeer, u32) -> Vec<u8>, misbehaviour: Misbehaviour) {
    let mut scene = Scene::set(Limits::default()).await;
    scene.pair_is_well(0).await;
    for n in 0..20 {
        scene.bad.send(message(&scene.bad, n)).await;
        if n % 5 == 0 {
            scene.pair_is_well(10 + 2 * n).await;
        }
    }
    let (reason, out_for) = scene.verdict().await;
    assert_eq!(reason, misbehaviour);
    assert!(out_for > Duration::from_secs(50), "{out_for:?}");
    // It dials again, and is refused.
    let closed = scene.bad.closed();
    eventually("it is refused", || scene.bad.closed() > closed + 1).await;
    scene.pair_is_well(100).await;
}

fn statement(n: u32, stated_at: Timestamp) -> Statement {
    Statement {
        indicator: std::net::IpAddr::from((0xCB00_7100 + n).to_be_bytes()).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at,
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    }
}

/// Returns a valid alert of the bad peer's.
fn valid(bad: &RawPeer, n: u32) -> String {
    let alert = wire::sign(&statement(n, now()), &bad.identity);
    String::from_utf8(alert.wire().to_vec()).unwrap()
}

#[tokio::test]
async fn a_forger_is_cut_off() {
    let forged = |bad: &RawPeer, n| valid(bad, n).replace("verified", "spoofable").into_bytes();
    is_cut_off_for(forged, Misbehaviour::Forged).await;
}

#[tokio::test]
async fn a_babbler_is_cut_off() {
    let garbage = |_: &RawPeer, n| format!("garbage {n}").into_bytes();
    is_cut_off_for(garbage, Misbehaviour::Malformed).await;
}

#[tokio::test]
async fn a_respeller_is_cut_off() {
    let respelled = |bad: &RawPeer, n| valid(bad, n).replacen(':', ": ", 1).into_bytes();
    is_cut_off_for(respelled, Misbehaviour::Respelled).await;
}

#[tokio::test]
async fn a_sender_of_oversized_messages_is_cut_off() {
    let oversized = |_: &RawPeer, n| format!("{n:>5000}").into_bytes();
    is_cut_off_for(oversized, Misbehaviour::Oversized).await;
}

/// Too long even for the gossip layer, which counts that by itself.
#[tokio::test]
async fn a_sender_of_huge_messages_is_cut_off() {
    let huge = |_: &RawPeer, n| format!("{n:>30000}").into_bytes();
    is_cut_off_for(huge, Misbehaviour::BadGossip).await;
}

#[tokio::test]
async fn a_replayer_is_cut_off() {
    let two_hours = Duration::from_secs(7200);
    let stale = move |bad: &RawPeer, n| {
        let said = statement(n, now() - two_hours);
        wire::sign(&said, &bad.identity).wire().to_vec()
    };
    is_cut_off_for(stale, Misbehaviour::ImpossibleTime).await;
}

#[tokio::test]
async fn a_flooder_is_cut_off() {
    // A tenth of the usual, so that signing does not take most of the test's time.
    let forwarder = Quota {
        burst: 600,
        per_second: 60,
    };
    let mut scene = Scene::set(Limits {
        forwarder,
        ..Limits::default()
    })
    .await;
    scene.pair_is_well(0).await;
    for n in 0..3000 {
        scene.bad.send(valid(&scene.bad, n).into_bytes()).await;
        if n % 500 == 0 {
            scene.pair_is_well(10 + n).await;
        }
    }
    let (reason, _) = scene.verdict().await;
    assert_eq!(reason, Misbehaviour::Flooding);
    scene.pair_is_well(5000).await;
    // A stranger's burst, whatever it sends; the same is all that the other node ever saw.
    let of_bad = |node: &mut TestNode, id| {
        node.alerts();
        let alerts = node.events.iter().filter(|it| match it {
            NetEvent::AlertReceived { alert, .. } => alert.author() == id,
            _ => false,
        });
        alerts.count()
    };
    let id = scene.bad.id;
    let heard = of_bad(&mut scene.a, id);
    assert!((50..=80).contains(&heard), "{heard}");
    assert!(of_bad(&mut scene.b, id) <= heard);
}

#[tokio::test]
async fn a_throttled_peer_is_not_listened_to_and_then_disconnected() {
    let mut scene = Scene::set(Limits::default()).await;
    for n in 0..2 {
        scene.bad.send(format!("garbage {n}").into_bytes()).await;
    }
    eventually("both are rejected", || scene.a.counters().rejected == 2).await;
    let unheard = alert(&scene.bad.identity, 7);
    scene.bad.send(unheard.wire().to_vec()).await;
    let (_, out_for) = scene.verdict().await;
    assert!(out_for <= Duration::from_secs(60), "{out_for:?}");
    assert!(!scene.a.alerts().contains(&unheard.id()));
    scene.pair_is_well(0).await;
}
