//! The Engine that the daemon runs, driven through its own door in a world of the arena, comes to
//! the verdicts that the arena's model comes to, bit for bit: what the arena shows of a model is
//! what a node does with it.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc, time::Duration};

use aegis_core::{
    AskPolicy, BlockDuration, Command, Confidence, Engine, EngineConfig, Evidence, Indicator,
    Input, NodeId, Opinion, Order, Output, PeerClass, Policy, Preset, Reply, Score, Severity,
    Subject, Testimony, Timestamp, Topic, Truth,
    trust::{
        aegis::AegisModel,
        model::{Case, Introduction, TrustModel, Verdict, Voice},
    },
};
use aegis_sim::world::{Claim, Setting, World};

const NODE: NodeId = NodeId::from_public_key([1; 32]);

/// How often the operator finds out what a target is.
const VERIFIED_EVERY: usize = 10;

/// A node whose peers are those of a world, honest ones and liars.
struct Node {
    engine: Engine,
    peers: Vec<NodeId>,
}

impl Node {
    fn new(peers: &[NodeId], now: Timestamp) -> Self {
        let mut engine = Engine::new(EngineConfig {
            node: NODE,
            policy: Policy::default(),
            ask: AskPolicy {
                automatic: false,
                challenge_every: None,
                ..AskPolicy::default()
            },
            model: Box::new(AegisModel::default()),
            preset: Preset::Open,
            pretrust: BTreeMap::new(),
            seed: 7,
            configured_addresses: Vec::new(),
            blocks_max: 10_000,
        });
        for peer in peers {
            engine.handle_input(
                now,
                Input::PeerConnected {
                    peer: *peer,
                    class: PeerClass::Dht,
                    address: (String::new(), None),
                },
            );
        }
        let mut node = Self {
            engine,
            peers: peers.to_vec(),
        };
        node.drain();
        node
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.engine.poll_output()).collect()
    }

    fn order(&mut self, now: Timestamp, command: Command) -> Vec<Output> {
        let order = Order {
            ticket: 1,
            user: aegis_core::Operator::User(0),
            command,
        };
        self.engine.handle_input(now, Input::Ordered(order));
        self.drain()
    }

    /// Asks everybody about `indicator`, who say what `voices` says; returns the verdict.
    fn ask(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
        topic: Topic,
        voices: &[Voice],
    ) -> Verdict {
        let outputs = self.order(now, Command::Ask(indicator));
        let asked = outputs.into_iter().find_map(|it| {
            let Output::Ask { id, peers, .. } = it else {
                return None;
            };
            Some((id, peers))
        });
        let (id, mut asked) = asked.unwrap();
        asked.sort_unstable();
        assert_eq!(asked, self.peers);
        for peer in asked {
            let said = voices.iter().find(|it| it.peer == peer);
            let testimony = Testimony {
                author: peer,
                indicator,
                topic,
                opinion: said.map(|it| it.opinion),
                stated_at: now,
                signed: Arc::new([]),
            };
            let testimonies = vec![Arc::new(testimony)];
            self.engine.handle_input(
                now,
                Input::Answered {
                    id,
                    from: peer,
                    testimonies,
                },
            );
        }
        let opinion = self.drain().into_iter().find_map(|it| {
            let Output::Answer {
                reply: Ok(Reply::Opinion(opinion)),
                ..
            } = it
            else {
                return None;
            };
            Some(opinion)
        });
        opinion.unwrap().verdict
    }

    /// Lets the operator say what `indicator` is.
    fn verify(&mut self, now: Timestamp, indicator: Indicator, truth: Truth) {
        let command = match truth {
            Truth::Benign => Command::Allow {
                indicator,
                allow_for: Some(Duration::from_secs(30)),
                comment: None,
            },
            Truth::Malicious => Command::Block {
                subject: Subject {
                    indicator,
                    block_for: BlockDuration::from_secs(30).unwrap(),
                    threat_type: "brute_force".parse().unwrap(),
                    severity: Severity::MAX,
                    evidence: Evidence::Verified,
                    description: None,
                    audience: None,
                },
                publish: false,
                force: false,
            },
        };
        self.order(now, command);
    }
}

/// What everybody says of a target: the honest what the world has, the others the opposite.
fn voices(world: &World, index: usize, liars: &[NodeId]) -> Vec<Voice> {
    let honest = world.honest.iter().zip(world.honest_words(index));
    let honest = honest.filter_map(|((peer, _), word)| Some((*peer, (*word)?)));
    let lie = Claim::against(world.targets[index].truth);
    let liars = liars.iter().map(|peer| (*peer, lie));
    let mut voices: Vec<Voice> = honest
        .chain(liars)
        .map(|(peer, it)| voice(peer, it))
        .collect();
    voices.sort_unstable_by_key(|it| it.peer);
    voices
}

fn voice(peer: NodeId, claim: Claim) -> Voice {
    let score = match claim {
        Claim::Benign => -0.9,
        Claim::Malicious => 0.9,
        Claim::Nothing => 0.0,
    };
    let opinion = Opinion {
        score: Score::new(score).unwrap(),
        confidence: Confidence::HIGH,
        sightings: 1,
        age: Duration::ZERO,
    };
    Voice {
        peer,
        opinion,
        evidence: Evidence::Verified, // as whoever is so sure says
    }
}

fn indicator(index: usize) -> Indicator {
    let first = Ipv4Addr::new(203, 0, 0, 1).to_bits();
    Indicator::host(Ipv4Addr::from_bits(first + index as u32).into())
}

#[test]
fn the_engine_and_the_arena_come_to_the_same_verdicts() {
    let world = World::new(Setting {
        peers: 20,
        hostile: 0.5,
        seed: 11,
        targets: 400,
    });
    let liars: Vec<NodeId> = (0..world.hostile)
        .map(|slot| world.hostile_identity(slot, 0))
        .collect();
    let mut peers: Vec<NodeId> = world.honest.iter().map(|(peer, _)| *peer).collect();
    peers.extend(&liars);
    peers.sort_unstable();
    let start = world.time_of(0);
    let mut node = Node::new(&peers, start);
    let mut model = AegisModel::default();
    for peer in &peers {
        model.meet(start, *peer, Introduction::default());
    }
    let mut right = 0;
    for (index, target) in world.targets.iter().enumerate() {
        let now = world.time_of(index);
        let (indicator, voices) = (indicator(index), voices(&world, index, &liars));
        let case = Case {
            topic: target.topic,
            voices: &voices,
            local: None,
        };
        let expected = model.judge(now, &case);
        model.conclude(now, &case, &expected);
        let verdict = node.ask(now, indicator, target.topic, &voices);
        assert_eq!(verdict, expected, "target {index}");
        if index % VERIFIED_EVERY == 0 {
            model.learn(now, &case, target.truth);
            node.verify(now, indicator, target.truth);
        }
        let is_right = (verdict.score > Score::UNKNOWN) == (target.truth == Truth::Malicious);
        right += usize::from(index >= 200 && is_right);
    }
    for peer in &peers {
        let now = world.time_of(400);
        assert_eq!(node.engine.trust_in(now, peer), model.trust_of(now, peer));
    }
    // Whoever takes everything for benign is right in 140.
    assert!(
        right >= 180,
        "{right} of 200, though half of the peers lie about everything"
    );
}
