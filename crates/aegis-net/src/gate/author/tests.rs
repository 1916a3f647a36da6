//! Publishers may say much, members what neighbours may, and both only as long as they are some.

use std::net::Ipv4Addr;

use aegis_core::{
    BlockDuration, Channel, Evidence, MemberRole, NodeId, PeerClass, Severity, Statement,
    ThreatType, Timestamp,
};

use crate::{
    Identity,
    gate::{Admission, Arrival, Gate, Ignored, Limits, Quota},
    wire,
};

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);
const FORWARDER: NodeId = NodeId::from_public_key([9; 32]);

#[test]
fn what_an_author_may_say_is_what_it_is_vouched_for() {
    for (class, role, expected) in [
        (Some(PeerClass::Dht), None, 2),
        (Some(PeerClass::Dht), Some(MemberRole::Member), 4),
        (Some(PeerClass::Dht), Some(MemberRole::Publisher), 16),
        (Some(PeerClass::Lan), None, 4),
        (Some(PeerClass::Lan), Some(MemberRole::Member), 4),
        (None, Some(MemberRole::Member), 4),
        (None, Some(MemberRole::Publisher), 16),
    ] {
        let mut gate = Gate::new(limits());
        let author = Identity::from_secret([1; 32]);
        if let Some(class) = class {
            gate.set_class(author.node_id(), class);
        }
        gate.set_rank(author.node_id(), role);
        assert_eq!(
            accepted(&mut gate, &author, 40),
            expected,
            "{class:?} {role:?}"
        );
    }
}

#[test]
fn who_is_no_member_any_more_is_a_stranger_again() {
    let mut gate = Gate::new(limits());
    let author = Identity::from_secret([1; 32]);
    gate.set_class(author.node_id(), PeerClass::Dht);
    gate.set_rank(author.node_id(), Some(MemberRole::Publisher));
    assert_eq!(accepted(&mut gate, &author, 10), 10);
    gate.set_rank(author.node_id(), None);
    assert_eq!(
        accepted_from(&mut gate, &author, 100, 10),
        0,
        "more is used"
    );
    gate.set_rank(author.node_id(), Some(MemberRole::Publisher));
    assert_eq!(
        accepted_from(&mut gate, &author, 200, 10),
        6,
        "10 of 16 are"
    );
    gate.set_rank(author.node_id(), None);
    assert_eq!(accepted_from(&mut gate, &author, 300, 10), 0);
    let other = Identity::from_secret([2; 32]);
    gate.set_class(other.node_id(), PeerClass::Dht);
    assert_eq!(accepted(&mut gate, &other, 10), 2);
}

#[test]
fn all_publishers_share_a_bound_and_leave_the_others_theirs() {
    let mut gate = Gate::new(limits());
    let publishers = [1, 2, 3].map(|it| Identity::from_secret([it; 32]));
    for it in &publishers {
        gate.set_rank(it.node_id(), Some(MemberRole::Publisher));
    }
    let counts = publishers.each_ref().map(|it| accepted(&mut gate, it, 20));
    assert_eq!(counts, [16, 8, 0], "24 in all");
    let neighbour = Identity::from_secret([4; 32]);
    gate.set_class(neighbour.node_id(), PeerClass::Lan);
    assert_eq!(accepted(&mut gate, &neighbour, 10), 4);
}

#[test]
fn whoever_relays_publishers_is_not_blamed_for_their_number() {
    let mut gate = Gate::new(Limits {
        forwarder: quota(3),
        ..limits()
    });
    let publisher = Identity::from_secret([1; 32]);
    gate.set_rank(publisher.node_id(), Some(MemberRole::Publisher));
    for n in 0..10 {
        let judged = gate.admit(NOW, arrival(&message(&publisher, n)));
        assert!(judged.blame.is_none(), "{n}: {judged:?}");
    }
    let other = Identity::from_secret([2; 32]);
    let blamed = (0..10).any(|n| {
        let judged = gate.admit(NOW, arrival(&message(&other, n)));
        judged.blame.is_some()
    });
    assert!(blamed, "others count");
}

#[test]
fn whoever_says_again_what_a_publisher_said_is_counted_for_it() {
    let mut gate = Gate::new(Limits {
        forwarder: quota(3),
        ..limits()
    });
    let publisher = Identity::from_secret([1; 32]);
    gate.set_rank(publisher.node_id(), Some(MemberRole::Publisher));
    let said = message(&publisher, 1);
    let judged = (0..5).map(|_| gate.admit(NOW, arrival(&said)));
    let blamed: Vec<bool> = judged.map(|it| it.blame.is_some()).collect();
    assert_eq!(blamed, [false, false, false, false, true]);
}

/// Returns how many of so many alerts of an author are heard.
fn accepted(gate: &mut Gate, author: &Identity, count: u32) -> usize {
    accepted_from(gate, author, 0, count)
}

/// Returns the same for alerts about the `first`th address and those behind it.
fn accepted_from(gate: &mut Gate, author: &Identity, first: u32, count: u32) -> usize {
    let heard = (first..first + count).filter(|n| {
        let judged = gate.admit(NOW, arrival(&message(author, *n)));
        match judged.admission {
            Admission::Accept(_) => true,
            Admission::Ignore(Ignored::AuthorQuota) => false,
            other @ (Admission::Relay | Admission::Ignore(_) | Admission::Reject(_)) => {
                panic!("{other:?}")
            }
        }
    });
    heard.count()
}

fn arrival(bytes: &[u8]) -> Arrival<'_> {
    Arrival {
        forwarder: FORWARDER,
        channel: Channel::Gossip,
        bytes,
    }
}

fn message(author: &Identity, n: u32) -> Vec<u8> {
    let statement = Statement {
        indicator: std::net::IpAddr::V4(Ipv4Addr::from_bits(0xc612_0000 + n)).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: NOW,
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    wire::sign(&statement, author).wire().to_vec()
}

fn limits() -> Limits {
    Limits {
        dht_author: quota(2),
        trusted_author: quota(4),
        publisher: quota(16),
        publishers: quota(24),
        ..Limits::default()
    }
}

const fn quota(burst: u32) -> Quota {
    Quota {
        burst,
        per_second: 1,
    }
}
