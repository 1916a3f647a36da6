//! Questions, answers and recommendations between real nodes.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc, time::Duration};

use aegis_core::{
    Confidence, Indicator, NodeId, Opinion, Question, Score, Testimony, Topic,
    trust::model::{Recommendation, SortRecord},
};
use aegis_net::{
    NetCommand, NetEvent, P2pConfig, QuestionId, RequestId, Silence,
    ask::{self, TESTIMONY_BYTES_MAX},
};

use crate::{
    raw::RawPeer,
    support::{TestNode, Transport, lonely, now},
};

/// How long questions wait that are answered: as long as any, for busy machines.
const LONG: Duration = Duration::from_secs(10);

/// How long questions wait that are not answered.
const SHORT: Duration = Duration::from_millis(500);

/// Returns the `n`-th address of a test network.
pub(crate) fn address(n: u32) -> Indicator {
    Indicator::host(Ipv4Addr::from_bits(0xC612_0000 + n).into())
}

/// Returns a question about the first addresses of a test network.
pub(crate) fn about(count: u32, hops: u8, wait: Duration) -> Question {
    Question {
        indicators: (0..count).map(address).collect(),
        hops,
        wait,
    }
}

pub(crate) fn opinion(score: f64) -> Opinion {
    Opinion {
        score: Score::new(score).unwrap(),
        confidence: Confidence::HALF,
        sightings: 3,
        age: Duration::from_secs(60),
    }
}

/// Starts a node and others that are connected with it.
pub(crate) async fn star<const N: usize>(transport: Transport) -> (TestNode, [TestNode; N]) {
    let mut centre = TestNode::start(lonely(transport)).await;
    let mut others = Vec::new();
    for _ in 0..N {
        let peers = vec![centre.peer_address()];
        let config = P2pConfig {
            peers,
            ..lonely(transport)
        };
        let mut node = TestNode::start(config).await;
        node.wait_for_peer(centre.id()).await;
        centre.wait_for_peer(node.id()).await;
        others.push(node);
    }
    (centre, others.try_into().ok().unwrap())
}

/// Asks under a number.
pub(crate) async fn put(asker: &TestNode, id: u64, peers: &[NodeId], question: &Question) {
    let question = NetCommand::Ask {
        id: QuestionId(id),
        peers: peers.to_vec(),
        question: question.clone(),
    };
    asker.command(question).await;
}

/// Waits for a question; takes it out of what the node was told.
async fn question_to(node: &mut TestNode) -> (RequestId, NodeId, Question) {
    let asked = node.wait_for("question", |it| match it {
        NetEvent::Asked {
            request,
            from,
            question,
        } => Some((*request, *from, question.clone())),
        _ => None,
    });
    let asked = asked.await;
    let is_other =
        |it: &NetEvent| !matches!(it, NetEvent::Asked { request, .. } if *request == asked.0);
    node.events.retain(is_other);
    asked
}

/// Waits for a question and answers it, the same to every indicator.
async fn answer(node: &mut TestNode, said: Option<Opinion>) {
    let (request, _, question) = question_to(node).await;
    let own = question.indicators.iter();
    let own = own.map(|it| (*it, Topic::Scan, said)).collect();
    let passed_on = Vec::new();
    node.command(NetCommand::Answer {
        request,
        own,
        passed_on,
    })
    .await;
}

/// Waits until `peer` has answered, or is said not to.
pub(crate) async fn outcome(
    asker: &mut TestNode,
    id: u64,
    peer: NodeId,
) -> Result<Vec<Arc<Testimony>>, Silence> {
    let ended = asker.wait_for("answer", |it| match it {
        NetEvent::Answered {
            id: it,
            from,
            testimonies,
        } if (it.0, *from) == (id, peer) => Some(Ok(testimonies.clone())),
        NetEvent::Unanswered {
            id: it,
            peer: from,
            why,
        } if (it.0, *from) == (id, peer) => Some(Err(*why)),
        _ => None,
    });
    ended.await
}

/// Returns how often each peer was reported under a number.
fn reports(asker: &TestNode, id: u64) -> BTreeMap<NodeId, usize> {
    let mut reports = BTreeMap::new();
    for event in &asker.events {
        if let NetEvent::Answered { id: it, from, .. }
        | NetEvent::Recommended { id: it, from, .. }
        | NetEvent::Unanswered {
            id: it, peer: from, ..
        } = event
            && it.0 == id
        {
            *reports.entry(*from).or_default() += 1;
        }
    }
    reports
}

async fn peers_are_asked_and_answer(transport: Transport) {
    let (mut asker, [mut a, mut b]) = star::<2>(transport).await;
    let peers = [a.id(), b.id()];
    let mut fastest = LONG;
    // As much as a peer is asked at once.
    for id in 0..10 {
        let asked_at = now();
        put(&asker, id, &peers, &about(32, 0, LONG)).await;
        tokio::join!(answer(&mut a, Some(opinion(0.75))), answer(&mut b, None));
        let of_a = outcome(&mut asker, id, peers[0]).await.unwrap();
        let of_b = outcome(&mut asker, id, peers[1]).await.unwrap();
        fastest = fastest.min(now().since(asked_at));
        let bytes: usize = of_a.iter().map(|it| it.signed.len()).sum();
        assert!(
            (of_a.len(), of_b.len()) == (32, 32) && bytes < 4096,
            "{bytes}"
        );
        for (n, (said, nothing)) in (0..).zip(of_a.iter().zip(&of_b)) {
            assert_eq!((said.author, nothing.author), (peers[0], peers[1]));
            assert_eq!(
                (said.indicator, nothing.indicator),
                (address(n), address(n))
            );
            assert_eq!((said.opinion, nothing.opinion), (Some(opinion(0.75)), None));
            assert!(said.signed.len() <= TESTIMONY_BYTES_MAX);
            assert_eq!(said.topic, Topic::Scan);
        }
        assert_eq!(reports(&asker, id), peers.map(|it| (it, 1)).into());
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
    assert_eq!(asker.counters().answers, 20);
}

#[tokio::test]
async fn peers_are_asked_and_answer_over_tcp() {
    peers_are_asked_and_answer(Transport::Tcp).await;
}

#[tokio::test]
async fn peers_are_asked_and_answer_over_quic() {
    peers_are_asked_and_answer(Transport::Quic).await;
}

#[tokio::test]
async fn a_mute_peer_is_silent_at_the_deadline_and_the_others_are_heard_before() {
    let (mut asker, [mut a, mut mute]) = star::<2>(Transport::Tcp).await;
    let asked_at = now();
    put(&asker, 1, &[a.id(), mute.id()], &about(1, 0, SHORT)).await;
    let (request, from, question) = question_to(&mut mute).await;
    assert_eq!((from, &question), (asker.id(), &about(1, 0, SHORT)));
    answer(&mut a, Some(opinion(-1.0))).await;
    let said = outcome(&mut asker, 1, a.id()).await.unwrap();
    assert_eq!(said[0].opinion, Some(opinion(-1.0)));
    let why = outcome(&mut asker, 1, mute.id()).await.unwrap_err();
    assert_eq!(why, Silence::TimedOut);
    let waited = now().since(asked_at);
    assert!(waited >= SHORT && waited < 10 * SHORT, "{waited:?}");
    // What comes late is nobody's fault, and changes nothing.
    let (own, passed_on) = (Vec::new(), Vec::new());
    mute.command(NetCommand::Answer {
        request,
        own,
        passed_on,
    })
    .await;
    put(&asker, 2, &[mute.id()], &about(1, 0, LONG)).await;
    answer(&mut mute, None).await;
    outcome(&mut asker, 2, mute.id()).await.unwrap();
    assert_eq!(reports(&asker, 1).get(&mute.id()), Some(&1));
    let is_blame = |it: &NetEvent| matches!(it, NetEvent::Misbehaved { .. });
    assert!(!asker.events.iter().any(is_blame));
}

#[tokio::test]
async fn a_departed_peer_is_silent_at_once() {
    let (mut asker, [mut leaver, stays]) = star::<2>(Transport::Tcp).await;
    let asked_at = now();
    put(&asker, 1, &[leaver.id(), stays.id()], &about(1, 0, LONG)).await;
    question_to(&mut leaver).await;
    let gone = leaver.id();
    leaver.stop().await;
    let why = outcome(&mut asker, 1, gone).await.unwrap_err();
    assert_eq!(why, Silence::Gone);
    assert!(now().since(asked_at) < LONG / 2);
    // Who is not there is not asked.
    put(&asker, 2, &[gone], &about(1, 0, LONG)).await;
    assert_eq!(outcome(&mut asker, 2, gone).await, Err(Silence::Gone));
}

#[tokio::test]
async fn what_others_said_is_passed_on_with_their_names() {
    let (mut asker, [mut a, b]) = star::<2>(Transport::Tcp).await;
    let sign = |n, score| {
        let content = (Topic::Access, Some(opinion(score)));
        Arc::new(ask::sign(now(), address(n), content, &b.identity))
    };
    let of_b = sign(0, 0.5);
    let passed_on = vec![
        Arc::clone(&of_b),
        sign(0, 0.6),  // a second one of the same author
        sign(99, 0.5), // not asked about
    ];
    for hops in [1, 0] {
        put(&asker, hops.into(), &[a.id()], &about(2, hops, LONG)).await;
        let (request, ..) = question_to(&mut a).await;
        let own = [0, 0, 1, 99]
            .map(|n| (address(n), Topic::Other, None))
            .to_vec();
        let passed_on = passed_on.clone();
        a.command(NetCommand::Answer {
            request,
            own,
            passed_on,
        })
        .await;
        let said = outcome(&mut asker, hops.into(), a.id()).await.unwrap();
        let by = |author| {
            said.iter()
                .filter(|it| it.author == author)
                .collect::<Vec<_>>()
        };
        assert_eq!(by(a.id()).len(), 2);
        assert_eq!(by(b.id()), vec![&of_b; hops.into()]);
        assert_eq!(said.len(), 2 + usize::from(hops));
    }
}

#[tokio::test]
async fn a_node_does_not_contradict_itself_within_a_second() {
    let (mut asker, [mut a]) = star::<1>(Transport::Tcp).await;
    let mut said: BTreeMap<u64, Option<Opinion>> = BTreeMap::new();
    for id in 0..30 {
        put(&asker, id, &[a.id()], &about(1, 0, LONG)).await;
        answer(&mut a, Some(opinion(0.01 * id as f64))).await;
        let testimonies = outcome(&mut asker, id, a.id()).await.unwrap();
        let (second, opinion) = (testimonies[0].stated_at.as_secs(), testimonies[0].opinion);
        assert_eq!(*said.entry(second).or_insert(opinion), opinion);
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_put_is_reported_as_not_asked() {
    let (mut asker, [a]) = star::<1>(Transport::Tcp).await;
    for (id, count) in [(1, 0), (2, 33)] {
        put(&asker, id, &[a.id()], &about(count, 0, LONG)).await;
        assert_eq!(
            outcome(&mut asker, id, a.id()).await,
            Err(Silence::NotAsked)
        );
    }
    // Only so many are asked; one named twice is asked once.
    let strangers = (0..80).map(|n| NodeId::from_public_key([n; 32]));
    let peers: Vec<NodeId> = strangers.chain([a.id(), a.id()]).collect();
    put(&asker, 3, &peers, &about(1, 0, SHORT)).await;
    let is_asked = |it: &Silence| *it != Silence::NotAsked;
    let mut asked = 0;
    for peer in &peers[..81] {
        let why = outcome(&mut asker, 3, *peer).await.unwrap_err();
        asked += usize::from(is_asked(&why));
    }
    assert_eq!(asked, aegis_core::QUESTION_PEERS_MAX);
    assert!(reports(&asker, 3).values().all(|it| *it == 1));
}

#[tokio::test]
async fn a_peer_of_an_older_version_is_known_for_one() {
    let mut asker = TestNode::start(lonely(Transport::Tcp)).await;
    let old = RawPeer::connect(&asker.peer_address()).await;
    asker.wait_for_peer(old.id).await;
    put(&asker, 1, &[old.id], &about(1, 0, LONG)).await;
    assert_eq!(
        outcome(&mut asker, 1, old.id).await,
        Err(Silence::Unsupported)
    );
}

async fn recommended(asker: &mut TestNode, id: u64) -> Option<Recommendation> {
    let said = asker.wait_for("recommendation", |it| match it {
        NetEvent::Recommended {
            id: it,
            recommendation,
            ..
        } if it.0 == id => Some(*recommendation),
        _ => None,
    });
    said.await
}

async fn peers_recommend(transport: Transport) {
    let (mut asker, [mut a]) = star::<1>(transport).await;
    let subject = NodeId::from_public_key([9; 32]);
    let known = Recommendation {
        malicious_right: 1,
        malicious_wrong: 2,
        benign_right: u32::MAX,
        benign_wrong: 4,
        sort: SortRecord {
            competence: Confidence::new(0.1234).unwrap(),
            integrity: Confidence::FULL,
            interactions: 5,
            reputation: Confidence::NONE,
            recommenders: 6,
        },
    };
    for (id, recommendation) in [(1, Some(known)), (2, None)] {
        asker
            .command(NetCommand::AskAbout {
                id: QuestionId(id),
                peers: vec![a.id()],
                subject,
                wait: LONG,
            })
            .await;
        let asked = a.wait_for("question", |it| match it {
            NetEvent::AskedAbout {
                request,
                from,
                subject,
                wait,
            } => Some((*request, *from, *subject, *wait)),
            _ => None,
        });
        let (request, from, about, wait) = asked.await;
        assert_eq!((from, about, wait), (asker.id(), subject, LONG));
        a.events.clear();
        a.command(NetCommand::Recommend {
            request,
            recommendation,
        })
        .await;
        assert_eq!(recommended(&mut asker, id).await, recommendation);
        assert_eq!(reports(&asker, id), [(a.id(), 1)].into());
    }
}

#[tokio::test]
async fn peers_recommend_over_tcp() {
    peers_recommend(Transport::Tcp).await;
}

#[tokio::test]
async fn peers_recommend_over_quic() {
    peers_recommend(Transport::Quic).await;
}

#[tokio::test]
async fn pings_are_reported() {
    let (mut asker, [a]) = star::<1>(Transport::Tcp).await;
    let rtt = asker.wait_for("ping", |it| match it {
        NetEvent::Pinged { peer, rtt } if *peer == a.id() => Some(*rtt),
        _ => None,
    });
    assert!(rtt.await.is_some());
}
