//! What becomes of questions whose streams break, in a node that nobody is really connected with.

use std::sync::atomic::Ordering::Relaxed;

use aegis_core::Indicator;

use super::*;
use crate::{Identity, service::node::support::Scene};

const SECOND: Duration = Duration::from_secs(1);

fn node_id(n: u8) -> NodeId {
    Identity::from_secret([n; 32]).node_id()
}

impl Scene {
    /// Returns a node that has asked peer 2 under number 1, and will wait for a second.
    fn asking() -> Self {
        let mut scene = Self::set();
        scene.connect(node_id(2));
        scene.ask(1);
        scene
    }

    fn ask(&mut self, id: u64) {
        self.ask_peer(id, node_id(2));
    }

    fn ask_peer(&mut self, id: u64, peer: NodeId) {
        let question = Question {
            indicators: vec![Indicator::host([192, 0, 2, 1].into())],
            hops: 0,
            wait: SECOND,
        };
        let inquiry = Inquiry::Indicators(question);
        self.node.ask(QuestionId(id), vec![peer], inquiry);
    }

    /// Returns the stream of the only question there is.
    fn stream(&self) -> OutboundRequestId {
        let mut streams = self.node.questions.streams.keys();
        let (Some((_, stream)), None) = (streams.next(), streams.next()) else {
            panic!("not one stream");
        };
        *stream
    }

    fn breaks(&mut self, error: &OutboundFailure) {
        let stream = self.stream();
        self.node
            .handle_unanswered(About::Indicators, stream, error);
    }

    fn silences(&mut self) -> Vec<(u64, Silence)> {
        let mut silences = Vec::new();
        while let Ok(event) = self.events_rx.try_recv() {
            if let NetEvent::Unanswered { id, why, .. } = event {
                silences.push((id.0, why));
            }
        }
        silences
    }
}

#[tokio::test]
async fn of_two_connections_the_other_is_tried() {
    let mut scene = Scene::asking();
    let first = scene.stream();
    scene.breaks(&OutboundFailure::ConnectionClosed);
    assert_ne!(scene.stream(), first);
    assert_eq!(scene.silences(), []);
    // The peer has left altogether.
    scene.node.peers.connected.clear();
    scene.breaks(&OutboundFailure::ConnectionClosed);
    assert_eq!(scene.silences(), [(1, Silence::Gone)]);
    assert!(scene.node.questions.ours.is_empty());
}

#[tokio::test]
async fn each_way_to_fail_has_its_name() {
    let failures = [
        (OutboundFailure::DialFailure, Silence::Gone),
        (OutboundFailure::Timeout, Silence::TimedOut),
        (OutboundFailure::UnsupportedProtocols, Silence::Unsupported),
        (
            OutboundFailure::Io(std::io::ErrorKind::ConnectionReset.into()),
            Silence::Refused,
        ),
    ];
    for (error, why) in failures {
        let mut scene = Scene::asking();
        scene.breaks(&error);
        assert_eq!(scene.silences(), [(1, why)]);
    }
}

#[tokio::test]
async fn a_question_is_reported_once_whatever_else_happens() {
    let mut scene = Scene::asking();
    let stream = scene.stream();
    scene.ask(1); // the same again
    scene.millis.fetch_add(1000, Relaxed);
    scene.node.end_due_questions();
    assert_eq!(scene.silences(), [(1, Silence::TimedOut)]);
    scene.node.handle_answer(About::Indicators, stream, &[0, 0]);
    scene.node.end_questions_with(node_id(2));
    scene.node.end_due_questions();
    assert_eq!(scene.silences(), []);
}

#[tokio::test]
async fn a_throttled_peer_s_answer_is_not_looked_at() {
    let mut scene = Scene::asking();
    let now = scene.node.now();
    for _ in 0..2 {
        scene
            .node
            .gate
            .charge(now, node_id(2), Misbehaviour::Forged);
    }
    let stream = scene.stream();
    scene.node.handle_answer(About::Indicators, stream, &[0, 0]);
    assert_eq!(scene.silences(), [(1, Silence::Misbehaved)]);
}

#[tokio::test]
async fn no_more_answers_are_waited_for_than_there_is_room() {
    let mut scene = Scene::asking();
    let peers: Vec<NodeId> = (2..102).map(node_id).collect();
    for id in 2..2000 {
        let peer = peers[id as usize % peers.len()];
        scene.connect(peer);
        scene.ask_peer(id, peer);
    }
    let waiting = crate::service::questions::WAITING_MAX;
    let unasked = scene.silences();
    assert_eq!(unasked.len(), 1999 - waiting);
    assert!(unasked.iter().all(|(_, why)| *why == Silence::NotAsked));
    for peer in peers {
        scene.node.end_questions_with(peer);
    }
    assert_eq!(scene.silences().len(), waiting);
    assert!(scene.node.questions.streams.is_empty());
}

/// Whoever can have this node ask must not have it flood its peers.
#[tokio::test]
async fn a_peer_is_not_asked_more_than_it_allows() {
    let mut scene = Scene::asking();
    for id in 2..=31 {
        scene.ask(id);
    }
    assert_eq!(scene.silences(), [(31, Silence::NotAsked)]);
    scene.connect(node_id(3));
    scene.ask_peer(32, node_id(3));
    assert_eq!(scene.silences(), []);
}

#[tokio::test]
async fn a_clock_that_is_put_back_ends_questions_at_the_next_beat() {
    let mut scene = Scene::asking();
    scene.millis.fetch_sub(3_600_000, Relaxed);
    scene.node.handle_beat();
    assert_eq!(scene.silences(), [(1, Silence::TimedOut)]);
}
