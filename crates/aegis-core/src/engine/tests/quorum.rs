//! A critical block takes so many publishers, and lasts as long as they say so.

use super::{
    organisation::{MEMBER, ORGANISATION, OTHER, member, show, trust},
    *,
};
use crate::{MemberRole, Quorum};

const THIRD: NodeId = NodeId::from_public_key([6; 32]);

#[test]
fn a_critical_block_takes_two_publishers() {
    let mut engine = engine_with_quorum();
    let outputs = hear(&mut engine, MEMBER, statement(ATTACKER));
    assert_eq!(refusals(&outputs), ["no_quorum"]);
    hear(&mut engine, MEMBER, later(ATTACKER));
    assert!(
        !is_blocked(&engine, ATTACKER),
        "one publisher has one voice"
    );
    hear(&mut engine, THIRD, statement(ATTACKER));
    assert!(!is_blocked(&engine, ATTACKER), "a member is no publisher");
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    assert!(
        !is_blocked(&engine, ATTACKER),
        "nor is whoever else is trusted"
    );
    hear(&mut engine, OTHER, statement(ATTACKER));
    assert!(is_blocked(&engine, ATTACKER));
}

#[test]
fn what_is_less_bad_takes_one_word_as_ever() {
    let mut engine = engine_with_quorum();
    let mild = Statement {
        severity: Severity::new(8).unwrap(),
        ..statement(ATTACKER)
    };
    hear(&mut engine, LAN_PEER, mild);
    assert!(is_blocked(&engine, ATTACKER));
}

#[test]
fn own_detectors_and_the_operator_need_nobody() {
    let mut engine = engine_with_quorum();
    detect(&mut engine, NOW, "203.0.113.1");
    order(&mut engine, NOW, block("203.0.113.2", 60)).0.unwrap();
    assert!(is_blocked(&engine, "203.0.113.1") && is_blocked(&engine, "203.0.113.2"));
}

#[test]
fn the_block_lasts_as_long_as_enough_of_them_say_so() {
    let mut engine = engine_with_quorum();
    let short = Statement {
        block_for: BlockDuration::from_secs(600).unwrap(),
        ..statement(ATTACKER)
    };
    hear(&mut engine, MEMBER, short);
    hear(&mut engine, OTHER, statement(ATTACKER));
    let checked = engine.check(&ATTACKER.parse().unwrap()).unwrap();
    assert_eq!(checked.expires_at, NOW + Duration::from_secs(600));
}

#[test]
fn a_publisher_that_takes_its_word_back_ends_it() {
    let mut engine = engine_with_quorum();
    hear(&mut engine, MEMBER, statement(ATTACKER));
    hear(&mut engine, OTHER, statement(ATTACKER));
    assert!(is_blocked(&engine, ATTACKER));
    let taken_back = Statement {
        withdraws: Some(sign(MEMBER, statement(ATTACKER)).id()),
        ..statement(ATTACKER)
    };
    hear(&mut engine, MEMBER, taken_back);
    assert!(!is_blocked(&engine, ATTACKER));
}

/// Two publishers and a member of a trusted organisation are connected.
fn engine_with_quorum() -> Engine {
    let mut engine = engine_with(Policy {
        quorum: Some(Quorum {
            organisation: ORGANISATION,
            publishers_min: 2.try_into().unwrap(),
            severity_min: Severity::new(9).unwrap(),
        }),
        ..Policy::default()
    });
    trust(&mut engine, 1.0);
    for (node, role) in [
        (MEMBER, MemberRole::Publisher),
        (OTHER, MemberRole::Publisher),
        (THIRD, MemberRole::Member),
    ] {
        connect(&mut engine, node, PeerClass::Dht);
        show(&mut engine, node, vec![member(node, role, 1)]);
    }
    engine
}

/// The same words a second earlier, which is another alert.
fn later(indicator: &str) -> Statement {
    Statement {
        stated_at: NOW - Duration::from_secs(1),
        ..statement(indicator)
    }
}
