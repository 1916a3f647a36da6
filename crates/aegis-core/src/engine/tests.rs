//! What the Engine must hold, told as stories: one door in, one door out.

mod ask;
mod deed;
mod feed;
mod hear;
mod history;
mod import;
mod invariant;
mod operate;
mod organisation;
mod own;
mod quorum;
mod report;
mod restart;
mod sealed;
mod sync;
mod testify;
mod trust;

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    Alert, BlockDuration, Channel, Detection, Evidence, HostFacts, OrganisationId, Preset, Refusal,
    Severity, Statement, ThreatType,
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const NODE: NodeId = NodeId::from_public_key([1; 32]);
const LAN_PEER: NodeId = NodeId::from_public_key([2; 32]);
const STRANGER: NodeId = NodeId::from_public_key([3; 32]);
const ATTACKER: &str = "203.0.113.7";

/// An Engine on a host at 192.0.2.10 with one peer on its LAN, everything queued drained.
fn engine() -> Engine {
    engine_with(Policy {
        auto_publish: true,
        ..Policy::default()
    })
}

fn engine_with(policy: Policy) -> Engine {
    let mut engine = Engine::new(EngineConfig {
        node: NODE,
        policy,
        ask: AskPolicy {
            challenge_every: None, // so that nothing happens by itself
            ..AskPolicy::default()
        },
        model: Box::new(crate::trust::aegis::AegisModel::default()),
        preset: Preset::Lan,
        pretrust: BTreeMap::new(),
        seed: 1,
        configured_addresses: vec!["198.51.100.99".parse().unwrap()],
        blocks_max: 100,
    });
    let set = |address: &str| [address.parse().unwrap()].into();
    let facts = HostFacts {
        own: set("192.0.2.10"),
        gateways: set("192.0.2.1"),
        resolvers: set("192.0.2.53"),
        sessions: set("198.51.100.7"),
        ..HostFacts::default()
    };
    engine.handle_input(NOW, Input::HostChanged(facts));
    connect(&mut engine, LAN_PEER, PeerClass::Lan);
    engine
}

fn connect(engine: &mut Engine, peer: NodeId, class: PeerClass) -> Vec<Output> {
    let address = ("/ip4/192.0.2.20/tcp/9001".to_owned(), None);
    run(
        engine,
        NOW,
        Input::PeerConnected {
            peer,
            class,
            address,
        },
    )
}

/// Feeds one input and returns every effect; whatever is to be signed is signed.
fn run(engine: &mut Engine, now: Timestamp, input: Input) -> Vec<Output> {
    engine.handle_input(now, input);
    drain(engine, now)
}

fn drain(engine: &mut Engine, now: Timestamp) -> Vec<Output> {
    let mut outputs = Vec::new();
    while let Some(output) = engine.poll_output() {
        if let Output::Sign {
            statement,
            audience,
            purpose,
        } = &output
        {
            let alert = sign_to(*audience, NODE, statement.clone());
            engine.handle_input(
                now,
                Input::Signed {
                    alert,
                    purpose: *purpose,
                },
            );
        }
        outputs.push(output);
    }
    outputs
}

/// An alert whose bytes are unique to author and statement, as a signature would make them.
fn sign(author: NodeId, statement: Statement) -> Arc<Alert> {
    let wire = format!("{author} {statement:?}").into_bytes();
    Arc::new(Alert::from_verified(author, statement, wire.into()))
}

fn sign_to(to: Option<OrganisationId>, author: NodeId, statement: Statement) -> Arc<Alert> {
    let alert = Arc::unwrap_or_clone(sign(author, statement));
    Arc::new(alert.addressed_to(to))
}

fn statement(indicator: &str) -> Statement {
    Statement {
        indicator: indicator.parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: NOW,
        block_for: BlockDuration::from_secs(3600).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    }
}

fn hear(engine: &mut Engine, author: NodeId, statement: Statement) -> Vec<Output> {
    let alert = sign(author, statement);
    let input = Input::AlertReceived {
        alert,
        forwarder: LAN_PEER,
        channel: Channel::Gossip,
    };
    run(engine, NOW, input)
}

fn detect(engine: &mut Engine, now: Timestamp, indicator: &str) -> Vec<Output> {
    let detection = Detection {
        indicator: indicator.parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        rate: 300,
        evidence: Evidence::Spoofable,
        blocked_until: Some(now + Duration::from_secs(60)),
    };
    run(engine, now, Input::Detected(detection))
}

fn subject(indicator: &str, secs: u64) -> Subject {
    Subject {
        indicator: indicator.parse().unwrap(),
        block_for: BlockDuration::from_secs(secs).unwrap(),
        threat_type: "brute_force".parse().unwrap(),
        severity: Severity::new(7).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        audience: None,
    }
}

fn block(indicator: &str, secs: u64) -> Command {
    Command::Block {
        subject: subject(indicator, secs),
        publish: false,
        force: false,
    }
}

/// Gives an order and returns the answer with all effects.
fn order(
    engine: &mut Engine,
    now: Timestamp,
    command: Command,
) -> (Result<Reply, Refusal>, Vec<Output>) {
    let outputs = run(
        engine,
        now,
        Input::Ordered(Order {
            ticket: 7,
            user: crate::Operator::User(0),
            command,
        }),
    );
    let mut answers = outputs.iter().filter_map(|it| {
        let Output::Answer { ticket: 7, reply } = it else {
            return None;
        };
        Some(reply.clone())
    });
    let answer = answers.next().expect("every order is answered");
    assert_eq!(answers.next(), None, "an order is answered once");
    drop(answers);
    (answer, outputs)
}

fn changes(outputs: &[Output]) -> Vec<Change> {
    let changes = outputs.iter().filter_map(|it| {
        let Output::Enforce(change) = it else {
            return None;
        };
        Some(*change)
    });
    changes.collect()
}

fn refusals(outputs: &[Output]) -> Vec<&'static str> {
    let refusals = outputs.iter().filter_map(|it| {
        let Output::Notify(Notice::Refused { refusal, .. }) = it else {
            return None;
        };
        Some(refusal.code())
    });
    refusals.collect()
}

fn published(outputs: &[Output]) -> Vec<Arc<Alert>> {
    let alerts = outputs.iter().filter_map(|it| {
        let Output::Publish(alert) = it else {
            return None;
        };
        Some(alert.clone())
    });
    alerts.collect()
}

fn is_blocked(engine: &Engine, indicator: &str) -> bool {
    engine.check(&indicator.parse().unwrap()).is_some()
}

/// Lets time pass, waking the Engine whenever it asks to be woken.
fn pass(engine: &mut Engine, until: Timestamp) -> Vec<Output> {
    let mut outputs = Vec::new();
    while let Some(due) = engine.poll_timeout().filter(|due| *due <= until) {
        engine.handle_timeout(due);
        outputs.extend(drain(engine, due));
        assert!(engine.poll_timeout() > Some(due) || engine.poll_timeout().is_none());
    }
    outputs
}
