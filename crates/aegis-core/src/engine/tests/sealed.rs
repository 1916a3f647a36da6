//! What is said to an organisation is said by members, and heard by members alone.

use super::{
    organisation::{MEMBER, ORGANISATION, OTHER, join, member, organisation, show, signed, trust},
    *,
};
use crate::{
    FoundedOrganisation, KeyRing, MemberRole, OrganisationRefusal, Revocation, RevocationList,
    Revocations,
};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn only_a_member_addresses_an_organisation() {
    let mut engine = engine();
    let refused = order(&mut engine, NOW, addressed(ATTACKER)).0;
    let not_member = Refusal::Organisation(OrganisationRefusal::NotMember);
    assert_eq!(refused, Err(not_member));
    assert!(!is_blocked(&engine, ATTACKER), "and nothing is done");
    join(&mut engine);
    let (reply, outputs) = order(&mut engine, NOW, addressed(ATTACKER));
    assert!(matches!(reply, Ok(Reply::Blocked { .. })), "{reply:?}");
    assert_eq!(published(&outputs)[0].audience(), Some(ORGANISATION));
}

#[test]
fn what_is_for_members_is_no_business_of_whoever_reconciles() {
    let mut engine = engine();
    join(&mut engine);
    order(&mut engine, NOW, addressed(ATTACKER)).0.unwrap();
    assert_eq!(engine.live_set().len(), 0);
}

#[test]
fn what_was_said_to_members_is_in_no_answer() {
    let mut engine = engine();
    join(&mut engine);
    connect(&mut engine, MEMBER, PeerClass::Dht);
    let words = vec![member(MEMBER, MemberRole::Member, 1)];
    show(&mut engine, MEMBER, words);
    order(&mut engine, NOW, addressed(ATTACKER)).0.unwrap();
    let told = |engine: &mut Engine, from| {
        let input = Input::Asked {
            request: 1,
            from,
            question: crate::Question {
                indicators: vec![ATTACKER.parse().unwrap()],
                hops: 0,
                wait: Duration::from_secs(3),
            },
        };
        let outputs = run(engine, NOW, input);
        let own = outputs.iter().find_map(|it| {
            let Output::Testify { own, .. } = it else {
                return None;
            };
            Some(own[0].2.is_some())
        });
        own.expect("an answer")
    };
    // A member may pass on the question of somebody who is none.
    for asker in [STRANGER, LAN_PEER, MEMBER] {
        assert!(!told(&mut engine, asker));
    }
    // What its own detectors saw is nobody's secret.
    detect(&mut engine, NOW, ATTACKER);
    assert!(told(&mut engine, STRANGER));
}

#[test]
fn a_withdrawal_goes_to_whom_the_alert_went() {
    let mut engine = engine();
    join(&mut engine);
    order(&mut engine, NOW, addressed(ATTACKER)).0.unwrap();
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: true,
    };
    let later = NOW + Duration::from_secs(5);
    let (_, outputs) = order(&mut engine, later, unblock);
    let withdrawal = &published(&outputs)[0];
    assert!(withdrawal.statement().withdraws.is_some());
    assert_eq!(withdrawal.audience(), Some(ORGANISATION));
}

#[test]
fn a_member_hears_members_and_nobody_else_hears_them() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    trust(&mut engine, 1.0);
    show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    hear_addressed(&mut engine, MEMBER, "203.0.113.1");
    assert!(
        !is_blocked(&engine, "203.0.113.1"),
        "this node is no member"
    );
    join(&mut engine);
    hear_addressed(&mut engine, MEMBER, "203.0.113.2");
    assert!(is_blocked(&engine, "203.0.113.2"));
    hear_addressed(&mut engine, OTHER, "203.0.113.3");
    assert!(
        !is_blocked(&engine, "203.0.113.3"),
        "its author is no member"
    );
    assert_eq!(engine.counters().refused["organisation"], 2);
}

#[test]
fn who_is_handed_what_is_still_true_is_handed_what_is_for_it() {
    let mut engine = engine();
    join(&mut engine);
    order(&mut engine, NOW, addressed(ATTACKER)).0.unwrap();
    let pushed = |outputs: &[Output]| -> usize {
        let pushes = outputs.iter().filter_map(|it| {
            let Output::Push { alerts, .. } = it else {
                return None;
            };
            Some(alerts.len())
        });
        pushes.sum()
    };
    let outputs = connect(&mut engine, MEMBER, PeerClass::Dht);
    assert_eq!(pushed(&outputs), 0, "it has proved nothing");
    let outputs = show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    assert_eq!(pushed(&outputs), 1);
}

#[test]
fn keys_go_to_members_and_the_newest_ones_count() {
    let mut engine = engine();
    join(&mut engine);
    connect(&mut engine, MEMBER, PeerClass::Dht);
    connect(&mut engine, STRANGER, PeerClass::Dht);
    show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    let ring = ring(2, 1);
    let outputs = show(
        &mut engine,
        MEMBER,
        vec![OrganisationWord::Keys(ring.clone())],
    );
    assert!(outputs.contains(&Output::Unlock(ring)), "{outputs:?}");
    let to = |outputs: &[Output], to: NodeId| {
        outputs.iter().any(|it| {
            let Output::Show { peer, words } = it else {
                return false;
            };
            let is_keys = |it: &OrganisationWord| matches!(it, OrganisationWord::Keys(_));
            *peer == to && words.iter().any(is_keys)
        })
    };
    assert!(
        to(&outputs, MEMBER) && !to(&outputs, STRANGER),
        "{outputs:?}"
    );
    let old = show(
        &mut engine,
        MEMBER,
        vec![OrganisationWord::Keys(self::ring(1, 1))],
    );
    assert!(
        !old.iter().any(|it| matches!(it, Output::Unlock(_))),
        "{old:?}"
    );
    connect(&mut engine, OTHER, PeerClass::Dht);
    let outputs = show(
        &mut engine,
        OTHER,
        vec![member(OTHER, MemberRole::Member, 1)],
    );
    assert!(
        to(&outputs, OTHER),
        "a member that comes gets them: {outputs:?}"
    );
}

#[test]
fn who_is_no_member_keeps_no_keys() {
    let mut engine = engine();
    trust(&mut engine, 1.0);
    let outputs = show(
        &mut engine,
        MEMBER,
        vec![OrganisationWord::Keys(ring(1, 1))],
    );
    assert_eq!(outputs, []);
}

#[test]
fn who_is_expelled_is_shown_no_new_keys() {
    let mut engine = engine();
    let founded = FoundedOrganisation {
        id: ORGANISATION,
        name: None,
        founded_at: NOW,
        serial: 0,
    };
    organisation(&mut engine, OrganisationCommand::Found(founded))
        .0
        .unwrap();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    connect(&mut engine, OTHER, PeerClass::Dht);
    for (node, serial) in [(MEMBER, 1), (OTHER, 2)] {
        let command = OrganisationCommand::Admit {
            membership: Arc::new(signed(node, MemberRole::Member, serial)),
            keys: ring(serial, 1),
        };
        organisation(&mut engine, command).0.unwrap();
    }
    let entry = Revocation {
        member: MEMBER,
        serial: 2,
        until: NOW + DAY,
    };
    let list = Revocations::new(ORGANISATION, (3, NOW), vec![entry]).unwrap();
    let command = OrganisationCommand::Expel {
        list: Arc::new(RevocationList::from_verified(list, [].into())),
        member: MEMBER,
        keys: ring(3, 2),
    };
    let (_, outputs) = organisation(&mut engine, command);
    let got_keys = |node: NodeId| {
        outputs.iter().any(|it| {
            let Output::Show { peer, words } = it else {
                return false;
            };
            *peer == node && words.contains(&OrganisationWord::Keys(ring(3, 2)))
        })
    };
    assert!(got_keys(OTHER) && !got_keys(MEMBER), "{outputs:?}");
}

#[test]
fn keys_are_renewed_by_whoever_founded_it() {
    let mut engine = engine();
    join(&mut engine);
    let rotate = || OrganisationCommand::Rotate(ring(5, 2));
    let refused = organisation(&mut engine, rotate()).0;
    let not_founded = Err(Refusal::Organisation(OrganisationRefusal::NotFounded));
    assert_eq!(refused, not_founded);
    let founded = FoundedOrganisation {
        id: ORGANISATION,
        name: None,
        founded_at: NOW,
        serial: 0,
    };
    organisation(&mut engine, OrganisationCommand::Found(founded))
        .0
        .unwrap();
    let (_, outputs) = organisation(&mut engine, rotate());
    assert!(outputs.contains(&Output::Unlock(ring(5, 2))), "{outputs:?}");
}

fn addressed(indicator: &str) -> Command {
    let subject = Subject {
        audience: Some(ORGANISATION),
        ..subject(indicator, 600)
    };
    Command::Block {
        subject,
        publish: true,
        force: false,
    }
}

fn hear_addressed(engine: &mut Engine, author: NodeId, indicator: &str) {
    let alert = sign_to(Some(ORGANISATION), author, statement(indicator));
    let input = Input::AlertReceived {
        alert,
        forwarder: LAN_PEER,
        channel: Channel::Gossip,
    };
    run(engine, NOW, input);
}

fn ring(serial: u64, epoch: u32) -> Arc<KeyRing> {
    Arc::new(KeyRing::from_verified(
        ORGANISATION,
        (epoch, serial, NOW),
        [].into(),
    ))
}
