//! Peers that answer with forgeries, replays, foreign matter or garbage, and peers that ask too
//! much, are blamed for it, and nobody else notices.

use std::{sync::Arc, time::Duration};

use aegis_core::{NodeId, PeerClass, QUESTION_INDICATORS_MAX, Topic};
use aegis_net::{
    CounterValues, Identity, NetCommand, NetEvent, P2pConfig, QuestionId, Silence,
    ask::{self, ANSWER_BYTES_MAX, QUESTION_BYTES_MAX, TESTIMONY_DOMAIN},
    gate::{Limits, Misbehaviour, Quota},
};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::{
    ask::{about, address, opinion, outcome, put},
    raw::{RawPeer, Reply},
    support::{TestNode, Transport, eventually, lonely, now},
};

const LONG: Duration = Duration::from_secs(10);

/// Whom the bad peer names that is not itself.
const OTHER: [u8; 32] = [3; 32];

/// Returns a testimony about the first address of a test network, made so long ago.
fn testimony(secret: [u8; 32], age: Duration) -> Vec<u8> {
    let identity = Identity::from_secret(secret);
    let content = (Topic::Scan, Some(opinion(1.0)));
    ask::sign(now() - age, address(0), content, &identity)
        .signed
        .to_vec()
}

/// Returns a testimony that its author changed before it was signed.
fn signed_anew(secret: [u8; 32], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut said = testimony(secret, Duration::ZERO);
    said.truncate(said.len() - 64);
    change(&mut said);
    let key = SigningKey::from_bytes(&secret);
    let signature = key.sign(&[TESTIMONY_DOMAIN, &said].concat());
    [&said[..], &signature.to_bytes()].concat()
}

/// Returns the bytes of an answer.
fn answer(testimonies: &[Vec<u8>]) -> Option<Vec<u8>> {
    let count = u16::try_from(testimonies.len()).unwrap().to_be_bytes();
    Some([&count[..], &testimonies.concat()].concat())
}

/// A node that asks, an honest peer of it, and a bad one.
struct Scene {
    asker: TestNode,
    honest: TestNode,
    bad: RawPeer,
}

impl Scene {
    async fn set(
        reply: impl Fn([u8; 32], &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let (mut asker, [honest]) = crate::ask::star::<1>(Transport::Tcp).await;
        let reply: Reply = Arc::new(reply);
        let bad = RawPeer::connect_answering(&asker.peer_address(), reply).await;
        asker.wait_for_peer(bad.id).await;
        Self { asker, honest, bad }
    }

    /// Asks both peers; returns what comes of the bad one's answer.
    async fn ask(&mut self, id: u64, hops: u8) -> Result<usize, Silence> {
        let peers = [self.honest.id(), self.bad.id];
        put(&self.asker, id, &peers, &about(1, hops, LONG)).await;
        let request = self.honest.wait_for("question", |it| match it {
            NetEvent::Asked { request, .. } => Some(*request),
            _ => None,
        });
        let request = request.await;
        self.honest.events.clear();
        let own = vec![(address(0), Topic::Scan, None)];
        let passed_on = Vec::new();
        self.honest
            .command(NetCommand::Answer {
                request,
                own,
                passed_on,
            })
            .await;
        let honest = outcome(&mut self.asker, id, peers[0]).await.unwrap();
        assert_eq!(honest.len(), 1);
        outcome(&mut self.asker, id, peers[1])
            .await
            .map(|it| it.len())
    }

    async fn blamed(&mut self) -> (NodeId, Misbehaviour) {
        let blamed = self.asker.wait_for("blame", |it| match it {
            NetEvent::Misbehaved { peer, misbehaviour } => Some((*peer, *misbehaviour)),
            _ => None,
        });
        blamed.await
    }
}

/// Checks that a peer that answers so is blamed for it, and is out after some such answers.
async fn is_blamed(
    hops: u8,
    misbehaviour: Misbehaviour,
    reply: impl Fn([u8; 32], &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
) {
    let mut scene = Scene::set(reply).await;
    let bad = scene.bad.id;
    for id in 0..10 {
        let silence = scene.ask(id, hops).await.unwrap_err();
        if silence == Silence::Gone {
            break;
        }
        assert_eq!(silence, Silence::Misbehaved);
        assert_eq!(scene.blamed().await, (bad, misbehaviour));
    }
    scene
        .asker
        .wait_for("ban", |it| match it {
            NetEvent::PeerBanned { peer, .. } if *peer == bad => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn garbage_is_blamed_on_who_sent_it() {
    let garbage = |_, _: &[u8]| Some(vec![0, 1, 0xFF, 0xFF]);
    is_blamed(0, Misbehaviour::Malformed, garbage).await;
}

#[tokio::test]
async fn an_answer_longer_than_any_is_blamed_on_who_sent_it() {
    let long = |_, _: &[u8]| Some(vec![0; ANSWER_BYTES_MAX + 1]);
    is_blamed(0, Misbehaviour::Oversized, long).await;
}

#[tokio::test]
async fn a_forgery_is_blamed_on_who_passed_it_on() {
    let forged = |_, _: &[u8]| {
        let mut forged = testimony(OTHER, Duration::ZERO);
        forged[47] ^= 1;
        answer(&[forged])
    };
    is_blamed(2, Misbehaviour::Forged, forged).await;
}

#[tokio::test]
async fn what_was_not_to_be_passed_on_is_blamed_on_who_did() {
    let passed_on = |_, _: &[u8]| answer(&[testimony(OTHER, Duration::ZERO)]);
    is_blamed(0, Misbehaviour::Unasked, passed_on).await;
}

#[tokio::test]
async fn an_answer_about_something_else_is_blamed_on_who_sent_it() {
    let foreign = |secret, _: &[u8]| {
        let identity = Identity::from_secret(secret);
        let foreign = ask::sign(now(), address(1), (Topic::Scan, None), &identity);
        answer(&[foreign.signed.to_vec()])
    };
    is_blamed(2, Misbehaviour::Unasked, foreign).await;
}

#[tokio::test]
async fn the_same_twice_is_blamed_on_who_sent_it() {
    let twice = |secret, _: &[u8]| answer(&vec![testimony(secret, Duration::ZERO); 2]);
    is_blamed(0, Misbehaviour::Malformed, twice).await;
}

#[tokio::test]
async fn a_number_out_of_range_is_blamed_on_who_brings_it() {
    let huge = |said: &mut Vec<u8>| said[46..48].copy_from_slice(&10_001_i16.to_be_bytes());
    let own = move |secret, _: &[u8]| answer(&[signed_anew(secret, huge)]);
    is_blamed(0, Misbehaviour::OutOfRange, own).await;
    // Who passes it on has seen it as well.
    let passed_on = move |_, _: &[u8]| answer(&[signed_anew(OTHER, huge)]);
    is_blamed(1, Misbehaviour::OutOfRange, passed_on).await;
}

#[tokio::test]
async fn a_replay_is_blamed_on_who_passed_it_on_and_a_late_word_on_nobody() {
    const AGE: [u64; 2] = [3700, 400];
    let replayed = |_, _: &[u8]| answer(&[testimony(OTHER, Duration::from_secs(AGE[0]))]);
    let mut scene = Scene::set(replayed).await;
    assert_eq!(scene.ask(1, 1).await, Err(Silence::Misbehaved));
    assert_eq!(
        scene.blamed().await,
        (scene.bad.id, Misbehaviour::ImpossibleTime)
    );
    let late = |_, _: &[u8]| answer(&[testimony(OTHER, Duration::from_secs(AGE[1]))]);
    let mut scene = Scene::set(late).await;
    assert_eq!(scene.ask(1, 1).await, Ok(0));
    let is_blame = |it: &NetEvent| matches!(it, NetEvent::Misbehaved { .. });
    assert!(!scene.asker.events.iter().any(is_blame));
}

#[tokio::test]
async fn a_refusal_and_half_an_answer_are_blamed_on_nobody() {
    let half = [&[0, 1], &testimony(OTHER, Duration::ZERO)[..40]].concat();
    for bytes in [vec![], half] {
        let reply = move |_, _: &[u8]| Some(bytes.clone());
        let mut scene = Scene::set(reply).await;
        assert_eq!(scene.ask(1, 1).await, Err(Silence::Refused));
        let is_blame = |it: &NetEvent| matches!(it, NetEvent::Misbehaved { .. });
        assert!(!scene.asker.events.iter().any(is_blame));
    }
}

#[tokio::test]
async fn a_recommendation_that_is_none_is_blamed_on_who_sent_it() {
    let mut scene = Scene::set(|_, _: &[u8]| Some(vec![2])).await;
    let bad = scene.bad.id;
    let question = NetCommand::AskAbout {
        id: QuestionId(1),
        peers: vec![bad],
        subject: scene.honest.id(),
        wait: LONG,
    };
    scene.asker.command(question).await;
    let silence = outcome(&mut scene.asker, 1, bad).await.unwrap_err();
    assert_eq!(silence, Silence::Misbehaved);
    assert_eq!(scene.blamed().await, (bad, Misbehaviour::Malformed));
}

#[tokio::test]
async fn a_peer_that_asks_what_cannot_be_asked_is_cut_off() {
    let questions = [vec![3, 0, 1], vec![0; QUESTION_BYTES_MAX + 1]];
    for (question, misbehaviour) in questions
        .into_iter()
        .zip([Misbehaviour::OutOfRange, Misbehaviour::Oversized])
    {
        let mut scene = Scene::set(|_, _: &[u8]| None).await;
        let bad = scene.bad.id;
        for _ in 0..4 {
            scene.bad.ask(question.clone()).await;
        }
        assert_eq!(scene.blamed().await, (bad, misbehaviour));
        eventually("it is out", || scene.bad.closed() > 0).await;
    }
}

#[tokio::test]
async fn a_peer_that_floods_with_questions_is_refused_and_then_cut_off() {
    let question = ask::encode_question(&about(QUESTION_INDICATORS_MAX as u32, 0, LONG)).unwrap();
    let counters = cut_off_for(question).await;
    assert!((10..40).contains(&counters.questions), "{counters:?}");
    assert!(counters.refusals > 700, "{counters:?}");
}

#[tokio::test]
async fn a_peer_that_floods_with_nothing_is_cut_off_as_well() {
    let counters = cut_off_for(Vec::new()).await;
    assert_eq!(counters.questions, 0);
    assert!(counters.refusals > 700, "{counters:?}");
}

/// Asks the same until the node has had enough of it; returns what the node counted.
async fn cut_off_for(question: Vec<u8>) -> CounterValues {
    let quota = Quota {
        burst: 10,
        per_second: 1,
    };
    let config = P2pConfig {
        limits: Limits {
            trusted_questions: quota,
            dht_questions: quota,
            ..Limits::default()
        },
        ..lonely(Transport::Tcp)
    };
    let mut asked = TestNode::start(config).await;
    let flooder =
        RawPeer::connect_answering(&asked.peer_address(), Arc::new(|_, _: &[u8]| None)).await;
    asked.wait_for_peer(flooder.id).await;
    let class = NetCommand::SetClass {
        peer: flooder.id,
        class: PeerClass::Dht,
    };
    asked.command(class).await;
    while flooder.closed() == 0 {
        flooder.ask(question.clone()).await;
    }
    let id = flooder.id;
    let misbehaviour = asked.wait_for("the reason", |it| match it {
        NetEvent::Misbehaved { peer, misbehaviour } if *peer == id => Some(*misbehaviour),
        _ => None,
    });
    assert_eq!(misbehaviour.await, Misbehaviour::Flooding);
    assert_eq!(flooder.answered(), 0);
    asked.counters()
}
