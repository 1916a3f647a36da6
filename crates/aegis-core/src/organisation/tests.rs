//! Grants and revocations hold what they say, and the register what it must and no more.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{Confidence, Timestamp, refusal::OrganisationRefusal};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const TICK: Duration = Duration::from_secs(1);

#[test]
fn a_grant_is_dated_bounded_and_numbered() {
    check_grant((NOW, NOW + DAY), 1, None);
    check_grant((NOW, NOW + VALIDITY_MAX), SERIAL_MAX, None);
    check_grant((NOW, NOW), 1, Some(InvalidGrant::Validity));
    check_grant((NOW, NOW - TICK), 1, Some(InvalidGrant::Validity));
    check_grant(
        (NOW, NOW + VALIDITY_MAX + TICK),
        1,
        Some(InvalidGrant::Validity),
    );
    check_grant((NOW, NOW + DAY), 0, Some(InvalidGrant::Serial));
    check_grant((NOW, NOW + DAY), SERIAL_MAX + 1, Some(InvalidGrant::Serial));
    let half = NOW + Duration::from_millis(500);
    check_grant((half, NOW + DAY), 1, Some(InvalidGrant::Time));
    check_grant((NOW, half), 1, Some(InvalidGrant::Time));
}

#[test]
fn an_organisation_is_not_its_own_member() {
    let key = [7; 32];
    let pair = (
        OrganisationId::from_public_key(key),
        NodeId::from_public_key(key),
    );
    let grant = Grant::new(pair, MemberRole::Member, (NOW, NOW + DAY), 1);
    assert_eq!(grant, Err(InvalidGrant::OwnMember));
}

#[test]
fn a_membership_holds_from_its_start_until_its_end_and_not_a_tick_longer() {
    for (at, holds) in [
        (NOW - TICK, false),
        (NOW, true),
        (NOW + DAY - TICK, true),
        (NOW + DAY, false),
    ] {
        assert_eq!(membership(1, 1).grant().is_valid_at(at), holds, "{at}");
    }
}

#[test]
fn a_list_of_revocations_is_in_order_and_bounded() {
    let entry = |number: u16| Revocation {
        member: NodeId::from_public_key(std::array::from_fn(|it| match it {
            0 => number.to_be_bytes()[0],
            1 => number.to_be_bytes()[1],
            _ => 0,
        })),
        serial: 1,
        until: NOW + DAY,
    };
    let list = |entries: Vec<Revocation>| {
        Revocations::new(organisation(), (1, NOW), entries).map(|it| it.entries().len())
    };
    assert_eq!(list(vec![]), Ok(0));
    assert_eq!(list(vec![entry(1), entry(2)]), Ok(2));
    assert_eq!(
        list(vec![entry(2), entry(1)]),
        Err(InvalidRevocations::Order)
    );
    assert_eq!(
        list(vec![entry(1), entry(1)]),
        Err(InvalidRevocations::Order)
    );
    let full: Vec<_> = (0..1024).map(entry).collect();
    assert_eq!(list(full), Ok(1024));
    let over: Vec<_> = (0..1025).map(entry).collect();
    assert_eq!(list(over), Err(InvalidRevocations::Length));
    let bad = Revocation {
        serial: 0,
        ..entry(1)
    };
    assert_eq!(list(vec![bad]), Err(InvalidRevocations::Serial));
}

#[test]
fn only_members_of_followed_organisations_are_remembered() {
    let mut register = Organisations::new(node(9));
    assert!(!register.hear(NOW, &membership(1, 1)));
    register.trust(trusted()).unwrap();
    assert!(register.hear(NOW, &membership(1, 1)));
    assert!(!register.hear(NOW, &membership(1, 1)), "it is no news");
    assert!(
        register
            .membership(NOW, &node(1), &organisation())
            .is_some()
    );
    let found = register.affiliations(NOW, &node(1));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].weight, Some(Confidence::HALF));
    assert!(register.distrust(&organisation()));
    assert_eq!(register.forget_unfollowed(NOW).len(), 1);
    assert!(
        register
            .membership(NOW, &node(1), &organisation())
            .is_none()
    );
}

#[test]
fn nobody_makes_this_node_a_member_but_its_operator() {
    let mut register = Organisations::new(node(1));
    register.trust(trusted()).unwrap();
    assert!(!register.hear(NOW, &membership(1, 1)));
    assert_eq!(register.take(NOW, &membership(1, 1)), Ok(()));
    assert_eq!(register.own(NOW).count(), 1);
    assert_eq!(register.own(NOW + DAY).count(), 0);
}

#[test]
fn what_does_not_hold_is_not_taken() {
    let mut register = Organisations::new(node(1));
    let early = register.take(NOW - TICK, &membership(1, 1));
    assert_eq!(early, Err(OrganisationRefusal::NotYet));
    let late = register.take(NOW + DAY, &membership(1, 1));
    assert_eq!(late, Err(OrganisationRefusal::Over));
    register.take(NOW, &membership(1, 2)).unwrap();
    let older = register.take(NOW, &membership(1, 1));
    assert_eq!(older, Err(OrganisationRefusal::Older));
}

#[test]
fn the_newest_list_of_revocations_counts_and_ends_what_it_names() {
    let mut register = Organisations::new(node(9));
    register.trust(trusted()).unwrap();
    assert!(register.hear(NOW, &membership(1, 1)));
    assert!(register.hear(NOW, &membership(2, 1)));
    let ended = register.revoke(NOW, &list(5, &[1])).unwrap();
    assert_eq!(ended, [membership(1, 1)]);
    assert!(
        register
            .membership(NOW, &node(1), &organisation())
            .is_none()
    );
    assert!(
        register
            .membership(NOW, &node(2), &organisation())
            .is_some()
    );
    assert!(!register.hear(NOW, &membership(1, 1)), "it stays revoked");
    assert_eq!(register.revoke(NOW, &list(5, &[2])), None, "not newer");
    assert_eq!(register.revoke(NOW, &list(4, &[])), None, "older");
    // A later membership holds again, and an emptier list forgives.
    assert!(register.hear(NOW, &membership(1, 2)));
    assert_eq!(register.revoke(NOW, &list(6, &[])), Some(vec![]));
    assert!(
        register
            .membership(NOW, &node(1), &organisation())
            .is_some()
    );
}

#[test]
fn a_founder_expels_whom_it_admitted_and_strangers_alike() {
    let mut register = Organisations::new(node(9));
    register.found(founded()).unwrap();
    register.take(NOW, &membership(1, 1)).unwrap();
    let entries = register.expelling(NOW, (organisation(), node(1))).unwrap();
    assert_eq!((entries.len(), entries[0].member), (1, node(1)));
    assert_eq!(entries[0].until, NOW + DAY);
    assert!(entries[0].serial >= 1);
    let entries = register.expelling(NOW, (organisation(), node(8))).unwrap();
    assert_eq!(entries[0].until, (NOW + VALIDITY_MAX).floor_to_secs());
}

#[test]
fn a_serial_is_never_used_twice() {
    let mut register = Organisations::new(node(9));
    register.found(founded()).unwrap();
    let first = register.next_serial(NOW, &organisation());
    assert_eq!(first, NOW.as_millis());
    register.signed(&organisation(), first).unwrap();
    let second = register.next_serial(NOW - DAY, &organisation());
    assert_eq!(second, first + 1, "whatever the clock says");
}

#[test]
fn the_register_takes_so_many_members_and_no_more() {
    let mut register = Organisations::new(NodeId::from_public_key([0xff; 32]));
    register.trust(trusted()).unwrap();
    for number in 0..ISSUED_MAX as u16 {
        assert!(register.hear(NOW, &member(number)), "{number}");
    }
    assert!(!register.hear(NOW, &member(ISSUED_MAX as u16)));
    assert_eq!(register.members(NOW, organisation()).count(), ISSUED_MAX);
    assert_eq!(register.next_due(), Some(NOW + DAY));
    assert_eq!(register.remove_due(NOW + DAY).len(), ISSUED_MAX);
    assert_eq!(register.next_due(), None);
}

#[track_caller]
fn check_grant((from, until): (Timestamp, Timestamp), serial: u64, fault: Option<InvalidGrant>) {
    let grant = Grant::new(
        (organisation(), node(1)),
        MemberRole::Member,
        (from, until),
        serial,
    );
    assert_eq!(grant.err(), fault, "{from} {until} {serial}");
}

fn organisation() -> OrganisationId {
    OrganisationId::from_public_key([200; 32])
}

fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

fn trusted() -> TrustedOrganisation {
    TrustedOrganisation {
        id: organisation(),
        weight: Confidence::HALF,
        trusted_at: NOW,
    }
}

fn founded() -> FoundedOrganisation {
    FoundedOrganisation {
        id: organisation(),
        name: "ACME".parse().ok(),
        founded_at: NOW,
        serial: 0,
    }
}

fn membership(number: u8, serial: u64) -> Arc<Membership> {
    of(node(number), serial)
}

fn member(number: u16) -> Arc<Membership> {
    let [high, low] = number.to_be_bytes();
    let mut key = [1; 32];
    (key[0], key[1]) = (high, low);
    of(NodeId::from_public_key(key), 1)
}

fn of(member: NodeId, serial: u64) -> Arc<Membership> {
    let pair = (organisation(), member);
    let grant = Grant::new(pair, MemberRole::Member, (NOW, NOW + DAY), serial).unwrap();
    let wire = serial.to_be_bytes().to_vec();
    Arc::new(Membership::from_verified(grant, wire.into()))
}

/// A list that takes back the first memberships of these members.
fn list(serial: u64, members: &[u8]) -> Arc<RevocationList> {
    let entries = members.iter().map(|it| Revocation {
        member: node(*it),
        serial: 1,
        until: NOW + DAY,
    });
    let it = Revocations::new(organisation(), (serial, NOW), entries.collect()).unwrap();
    Arc::new(RevocationList::from_verified(it, [].into()))
}
