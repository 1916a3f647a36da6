//! Tests that a replay decides as the node did, and that another policy makes the difference it should.

use std::time::Duration;

use super::*;
use crate::{
    AskPolicy, BlockDuration, Evidence, Policy, Preset, ThreatType, engine::Subject,
    trust::aegis::AegisModel,
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const NODE: NodeId = NodeId::from_public_key([1; 32]);
const PEER: NodeId = NodeId::from_public_key([2; 32]);
const SCANNER: &str = "203.0.113.7";
const ACCUSED: &str = "198.51.100.9";

fn config(policy: Policy) -> EngineConfig {
    EngineConfig {
        node: NODE,
        policy,
        ask: AskPolicy::default(),
        model: Box::new(AegisModel::default()),
        preset: Preset::Fleet,
        pretrust: BTreeMap::new(),
        seed: 7,
        configured_addresses: Vec::new(),
        blocks_max: 1_000,
    }
}

fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

fn detected(rate: u32) -> Past {
    Past::Detected(Detection {
        indicator: ip(SCANNER),
        threat_type: ThreatType::syn_flood(),
        rate,
        evidence: Evidence::Verified,
        blocked_until: None,
    })
}

fn ordered(command: Command) -> Past {
    Past::Ordered {
        user: Operator::User(0),
        command,
    }
}

fn severity(value: u8) -> Severity {
    Severity::new(value).expect("a severity")
}

/// What happened: a detection, a peer's word, and the operator's.
fn past() -> Vec<(Timestamp, Past)> {
    let heard = Past::Heard {
        author: PEER,
        statement: Statement {
            indicator: ip(ACCUSED),
            threat_type: ThreatType::syn_flood(),
            severity: severity(6),
            stated_at: NOW + MINUTE,
            block_for: BlockDuration::from_secs(600).expect("a duration"),
            evidence: Evidence::Verified,
            description: None,
            withdraws: None,
        },
    };
    let block = ordered(Command::Block {
        subject: Subject {
            indicator: ip("192.0.2.99"),
            block_for: BlockDuration::from_secs(300).expect("a duration"),
            threat_type: ThreatType::syn_flood(),
            severity: severity(7),
            evidence: Evidence::Verified,
            description: None,
            audience: None,
        },
        publish: false,
        force: false,
    });
    let unblock = ordered(Command::Unblock {
        indicator: ip("192.0.2.99"),
        withdraw: false,
    });
    vec![
        (NOW, detected(300)),
        (NOW + MINUTE, heard),
        (NOW + MINUTE, block),
        (NOW + MINUTE * 2, unblock),
        (NOW + MINUTE * 30, detected(300)),
    ]
}

fn fates(policy: Policy) -> Fates {
    let beginning = Beginning {
        host: HostFacts::default(),
        peers: vec![(PEER, PeerClass::Configured)],
    };
    replay(config(policy), &beginning, &past())
}

#[test]
fn what_happened_is_decided_again_and_nothing_differs_from_itself() {
    let fates = fates(Policy::default());
    // Ten minutes for the first violation, and twice that for the next within the hour.
    assert_eq!(fates[&ip(SCANNER)].blocked_ms, 30 * 60_000);
    assert_eq!(fates[&ip(SCANNER)].decisions, 2);
    assert_eq!(fates[&ip(ACCUSED)].origin, Origin::Peers);
    assert_eq!(fates[&ip(ACCUSED)].blocked_ms, 600_000);
    // The operator ended that one after a minute.
    assert_eq!(fates[&ip("192.0.2.99")].blocked_ms, 60_000);
    assert_eq!(differences(&fates, &fates), []);
}

#[test]
fn a_stricter_policy_believes_fewer_and_a_harder_one_blocks_longer() {
    let now = fates(Policy::default());
    let stricter = fates(Policy {
        severity_min: severity(7),
        ..Policy::default()
    });
    let found = differences(&now, &stricter);
    let [gone] = &found[..] else {
        panic!("one differs: {found:?}");
    };
    assert_eq!(gone.indicator, ip(ACCUSED));
    assert!(gone.before.is_some() && gone.after.is_none());

    let mut harder = Policy::default();
    for step in &mut harder.block_steps {
        step.block_for = BlockDuration::from_secs(7_200).expect("a duration");
    }
    let found = differences(&now, &fates(harder));
    let [longer] = &found[..] else {
        panic!("one differs: {found:?}");
    };
    assert_eq!(longer.indicator, ip(SCANNER));
    assert!(longer.after.expect("blocked").blocked_ms > longer.before.expect("blocked").blocked_ms);
}

#[test]
fn what_the_host_stands_on_is_blocked_by_no_policy() {
    let beginning = Beginning {
        host: HostFacts {
            gateways: [ip(SCANNER).address()].into(),
            ..HostFacts::default()
        },
        peers: Vec::new(),
    };
    let fates = replay(config(Policy::default()), &beginning, &past());
    assert!(!fates.contains_key(&ip(SCANNER)));
}
