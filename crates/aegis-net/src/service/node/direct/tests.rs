//! When alerts are said directly, what becomes of those that are not confirmed, and what bad
//! peers get.

use std::sync::atomic::Ordering::Relaxed;

use aegis_core::{BlockDuration, Evidence, PeerClass, Severity, Statement, ThreatType};

use super::*;
use crate::{Identity, NetEvent, service::node::support::Scene, wire};

impl Scene {
    fn later(&mut self, millis: u64) {
        self.millis.fetch_add(millis, Relaxed);
        self.node.tend_links();
    }

    /// Connects a peer that speaks the protocol and says whom it is connected with.
    fn join(&mut self, peer: &Identity, neighbours: &[NodeId]) {
        self.connect(peer.node_id());
        self.opens(peer);
        self.says(peer, Frame::Neighbours(Some(neighbours.to_vec())));
    }

    fn opens(&mut self, peer: &Identity) {
        let peer = peer_of(peer.node_id());
        self.node.handle_direct_event(Event::Opened(peer));
    }

    fn says(&mut self, peer: &Identity, frame: Frame) {
        let peer = peer_of(peer.node_id());
        self.node.handle_direct_event(Event::Said(peer, frame));
    }

    /// Publishes an alert; returns it, and whether it was said directly.
    fn publish(&mut self) -> (Arc<Alert>, bool) {
        let alert = self.alert_of(&self.identity.clone());
        let before = self.node.counters.values().direct;
        self.node.publish(Arc::clone(&alert));
        (alert, self.node.counters.values().direct > before)
    }

    fn alert_of(&mut self, author: &Identity) -> Arc<Alert> {
        self.said += 1;
        let statement = Statement {
            indicator: std::net::IpAddr::from((0xC612_0000 + self.said).to_be_bytes()).into(),
            threat_type: ThreatType::syn_flood(),
            severity: Severity::MAX,
            stated_at: self.node.now(),
            block_for: BlockDuration::MAX,
            evidence: Evidence::Verified,
            description: None,
            withdraws: None,
        };
        Arc::new(wire::sign(&statement, author))
    }

    fn unconfirmed(&self) -> u64 {
        self.node.counters.values().unconfirmed
    }

    fn link(&self, peer: &Identity) -> &Link {
        &self.node.peers.connected[&peer.node_id()].link
    }

    fn events(&mut self) -> Vec<NetEvent> {
        std::iter::from_fn(|| self.events_rx.try_recv().ok()).collect()
    }
}

fn identity(number: u8) -> Identity {
    Identity::from_secret([number; 32])
}

#[tokio::test]
async fn alerts_are_said_directly_where_all_peers_are_each_other_s_or_nobody_s() {
    let (b, c, stranger) = (identity(2), identity(3), identity(4));
    let mut scene = Scene::set();
    let own = scene.identity.node_id();
    assert!(!scene.publish().1, "nobody is there");
    scene.join(&b, &[own]);
    assert!(scene.publish().1);
    scene.connect(c.node_id());
    assert!(
        !scene.publish().1,
        "who does not speak the protocol hears gossip only"
    );
    scene.opens(&c);
    assert!(
        !scene.publish().1,
        "nobody knows who hears of it by gossip only"
    );
    scene.says(&c, Frame::Neighbours(Some(vec![own, b.node_id()])));
    assert!(scene.publish().1);
    let others = vec![own, b.node_id(), stranger.node_id()];
    scene.says(&c, Frame::Neighbours(Some(others)));
    assert!(!scene.publish().1, "the stranger hears gossip only");
    scene.says(&c, Frame::Neighbours(None));
    assert!(
        !scene.publish().1,
        "there may be strangers among those who are not told"
    );
    scene.says(&c, Frame::Neighbours(Some(Vec::new())));
    assert!(scene.publish().1);
    let known = scene.node.peers.connected.get_mut(&c.node_id()).unwrap();
    known.class = PeerClass::Dht;
    assert!(
        !scene.publish().1,
        "a stranger is not told whom it need not pass alerts on to"
    );
    let gone = scene.node.peers.connected.remove(&c.node_id());
    scene.node.pass_on_after(gone.unwrap().link);
    assert!(scene.publish().1);
}

#[tokio::test]
async fn what_a_peer_does_not_confirm_in_time_goes_by_gossip_too() {
    let (b, c) = (identity(2), identity(3));
    let mut scene = Scene::set();
    scene.join(&b, &[c.node_id()]);
    scene.join(&c, &[b.node_id()]);
    let (first, _) = scene.publish();
    let (second, _) = scene.publish();
    scene.says(&b, Frame::Heard(second.id())); // and so the first
    scene.says(&c, Frame::Heard(first.id()));
    scene.later(1_999);
    assert_eq!(scene.unconfirmed(), 0);
    scene.later(1);
    assert_eq!(scene.unconfirmed(), 1);
    assert!(!scene.publish().1, "one is late");
    scene.says(&c, Frame::Heard(second.id()));
    assert!(scene.publish().1, "it has caught up");
}

#[tokio::test]
async fn what_was_said_as_a_peer_left_goes_by_gossip_too() {
    let (b, c) = (identity(2), identity(3));
    let mut scene = Scene::set();
    scene.join(&b, &[]);
    scene.join(&c, &[]);
    scene.publish();
    let closed = Event::Closed(peer_of(b.node_id()));
    scene.node.handle_direct_event(closed);
    assert_eq!(scene.unconfirmed(), 1);
    assert!(!scene.publish().1);
    let connection = libp2p::swarm::ConnectionId::new_unchecked(1);
    scene.node.handle_disconnected(c.node_id(), connection);
    assert_eq!(scene.unconfirmed(), 2);
}

#[tokio::test]
async fn more_than_a_peer_confirms_goes_by_gossip() {
    let b = identity(2);
    let mut scene = Scene::set();
    scene.join(&b, &[]);
    for _ in 0..UNCONFIRMED_MAX {
        assert!(scene.publish().1);
    }
    assert!(!scene.publish().1);
    assert_eq!(scene.link(&b).unconfirmed.len(), UNCONFIRMED_MAX);
}

#[tokio::test]
async fn an_alert_said_directly_is_heard_like_any_other_and_confirmed() {
    let b = identity(2);
    let mut scene = Scene::set();
    scene.join(&b, &[]);
    let alert = scene.alert_of(&b);
    let packed = compact::pack(&alert).unwrap();
    for _ in 0..2 {
        scene.says(&b, Frame::Alert(packed.clone()));
        assert_eq!(scene.link(&b).to_confirm, Some(alert.id()));
        scene.later(700);
        assert_eq!(scene.link(&b).to_confirm, None);
    }
    let events = scene.events();
    let [
        NetEvent::AlertReceived {
            alert: heard,
            forwarder,
            channel: Channel::Gossip,
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((heard, *forwarder), (&alert, b.node_id()));
}

#[tokio::test]
async fn an_alert_is_passed_on_where_its_author_does_not_know_all_that_we_know() {
    let (b, c) = (identity(2), identity(3));
    let mut scene = Scene::set();
    scene.join(&b, &[scene.identity.node_id()]);
    assert!(scene.node.is_said_to_all_by(b.node_id()));
    scene.join(&c, &[]);
    assert!(
        !scene.node.is_said_to_all_by(b.node_id()),
        "c is no peer of b"
    );
    scene.says(&b, Frame::Neighbours(Some(vec![c.node_id()])));
    assert!(scene.node.is_said_to_all_by(b.node_id()));
    scene.says(&b, Frame::Neighbours(None));
    assert!(!scene.node.is_said_to_all_by(b.node_id()), "b does not say");
}

#[tokio::test]
async fn strangers_are_not_told_who_belongs_together() {
    let mut scene = Scene::set();
    scene.connect(identity(2).node_id());
    let told = Frame::Neighbours(Some(vec![identity(2).node_id()]));
    for (class, expected) in [
        (PeerClass::Lan, &told),
        (PeerClass::Configured, &told),
        (PeerClass::Dht, &Frame::Neighbours(None)),
    ] {
        assert_eq!(&scene.node.neighbours_for(class), expected, "{class:?}");
    }
}

#[tokio::test]
async fn a_peer_that_says_forged_alerts_is_cut_off_as_by_gossip() {
    check_cut_off(Misbehaviour::Forged, |mut packed| {
        packed[1] = 3; // the severity
        Frame::Alert(packed)
    });
}

#[tokio::test]
async fn a_peer_that_says_what_is_no_alert_is_cut_off() {
    check_cut_off(Misbehaviour::Malformed, |_| Frame::Alert(vec![0; 9]));
}

#[track_caller]
fn check_cut_off(expected: Misbehaviour, spoil: impl Fn(Vec<u8>) -> Frame) {
    let b = identity(2);
    let mut scene = Scene::set();
    scene.join(&b, &[]);
    for _ in 0..4 {
        let alert = scene.alert_of(&b);
        let packed = compact::pack(&alert).unwrap();
        scene.says(&b, spoil(packed));
    }
    let events = scene.events();
    let is_blamed = |it: &NetEvent| matches!(it, NetEvent::Misbehaved { misbehaviour, .. } if *misbehaviour == expected);
    // The second throttles it: what it says after that is not looked at.
    assert!(
        events.iter().filter(|it| is_blamed(it)).count() >= 2,
        "{events:?}"
    );
    let known = scene.node.peers.connected.get(&b.node_id());
    assert!(known.is_none_or(|it| it.throttled_at.is_some()));
}

#[tokio::test]
async fn a_flood_of_words_is_charged_like_a_flood_of_alerts() {
    let b = identity(2);
    let mut scene = Scene::set();
    scene.join(&b, &[]);
    for _ in 0..8_000 {
        scene.says(&b, Frame::Neighbours(Some(Vec::new())));
    }
    assert!(
        scene.node.peers.connected[&b.node_id()]
            .throttled_at
            .is_some()
    );
}
