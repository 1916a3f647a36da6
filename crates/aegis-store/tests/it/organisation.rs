//! What is known of organisations survives a restart, and what is over does not.

use std::{sync::Arc, time::Duration};

use aegis_core::{
    Confidence, FoundedOrganisation, Grant, KeyRing, MemberRole, Membership, NodeId,
    OrganisationId, OrganisationRecord, Record, RevocationList, Revocations, TrustedOrganisation,
};
use aegis_store::Store;
use rusqlite::Connection;

use crate::fixture::{HOUR, NOW, node, place};

const TICK: Duration = Duration::from_millis(1);

#[test]
fn all_that_is_known_of_organisations_comes_back() {
    let (_directory, path) = place();
    Store::open(&path).unwrap().apply(&one_of_each()).unwrap();
    let store = Store::open(&path).unwrap();
    let found = store.load(NOW).unwrap().organisations;
    assert_eq!(found.trusted, [trusted()]);
    assert_eq!(found.founded, [founded(5)]);
    assert_eq!(found.memberships, [membership(1, 1).wire().clone()]);
    assert_eq!(found.revocations, [list(1).wire().clone()]);
    assert_eq!(found.keys, [ring(1).wire().clone()]);
    assert_eq!(store.corrupt_rows(), 0);
}

#[test]
fn what_is_newer_takes_the_place_of_what_is_older() {
    let mut store = Store::in_memory().unwrap();
    store.apply(&one_of_each()).unwrap();
    let newer = [
        OrganisationRecord::Founded(founded(9)),
        OrganisationRecord::MembershipKept(membership(1, 2)),
        OrganisationRecord::RevocationsKept(list(2)),
        OrganisationRecord::KeysKept(ring(2)),
    ];
    store.apply(&newer.map(Record::Organisation)).unwrap();
    let found = store.load(NOW).unwrap().organisations;
    assert_eq!(found.founded, [founded(9)]);
    assert_eq!(found.memberships, [membership(1, 2).wire().clone()]);
    assert_eq!(found.revocations, [list(2).wire().clone()]);
    assert_eq!(found.keys, [ring(2).wire().clone()]);
}

#[test]
fn what_is_gone_is_gone() {
    let mut store = Store::in_memory().unwrap();
    store.apply(&one_of_each()).unwrap();
    let gone = [
        OrganisationRecord::Distrusted(organisation()),
        OrganisationRecord::MembershipGone {
            organisation: organisation(),
            member: node(1),
        },
        OrganisationRecord::RevocationsGone(organisation()),
        OrganisationRecord::KeysGone(organisation()),
    ];
    store.apply(&gone.map(Record::Organisation)).unwrap();
    let found = store.load(NOW).unwrap().organisations;
    assert_eq!(found.trusted, []);
    assert!(found.memberships.is_empty() && found.revocations.is_empty());
    assert!(found.keys.is_empty());
    assert_eq!(found.founded, [founded(5)], "a key is not forgotten");
}

#[test]
fn a_membership_lives_to_its_last_tick() {
    let mut store = Store::in_memory().unwrap();
    store.apply(&one_of_each()).unwrap();
    let alive = |at| store.load(at).unwrap().organisations.memberships.len();
    assert_eq!(alive(NOW + HOUR - TICK), 1);
    assert_eq!(alive(NOW + HOUR), 0);
}

#[test]
fn a_row_that_says_nonsense_costs_itself() {
    for edit in [
        "UPDATE organisation_trusted SET weight = 1.5",
        "UPDATE organisation_trusted SET organisation = x'00'",
        "UPDATE organisation_founded SET name = 'two' || char(10) || 'lines'",
        "UPDATE organisation_founded SET serial = -1",
        "UPDATE membership SET wire = zeroblob(131073)",
        "UPDATE membership SET member = x'00'",
        "UPDATE key_ring SET wire = zeroblob(131073)",
        "UPDATE revocation_list SET wire = zeroblob(131073)",
    ] {
        let (_directory, path) = place();
        Store::open(&path).unwrap().apply(&one_of_each()).unwrap();
        Connection::open(&path).unwrap().execute(edit, []).unwrap();
        let store = Store::open(&path).unwrap();
        let found = store.load(NOW).unwrap().organisations;
        let left = found.trusted.len()
            + found.founded.len()
            + found.memberships.len()
            + found.revocations.len()
            + found.keys.len();
        assert_eq!((left, store.corrupt_rows()), (4, 1), "{edit}");
    }
}

fn one_of_each() -> [Record; 5] {
    let records = [
        OrganisationRecord::Trusted(trusted()),
        OrganisationRecord::Founded(founded(5)),
        OrganisationRecord::MembershipKept(membership(1, 1)),
        OrganisationRecord::RevocationsKept(list(1)),
        OrganisationRecord::KeysKept(ring(1)),
    ];
    records.map(Record::Organisation)
}

fn organisation() -> OrganisationId {
    OrganisationId::from_public_key([200; 32])
}

fn trusted() -> TrustedOrganisation {
    TrustedOrganisation {
        id: organisation(),
        weight: Confidence::HALF,
        trusted_at: NOW,
    }
}

fn founded(serial: u64) -> FoundedOrganisation {
    FoundedOrganisation {
        id: organisation(),
        name: "ACME".parse().ok(),
        founded_at: NOW,
        serial,
    }
}

fn membership(member: u8, serial: u64) -> Arc<Membership> {
    let pair = (organisation(), NodeId::from_public_key([member; 32]));
    let grant = Grant::new(pair, MemberRole::Publisher, (NOW, NOW + HOUR), serial).unwrap();
    let wire = format!("membership {serial}").into_bytes();
    Arc::new(Membership::from_verified(grant, wire.into()))
}

fn ring(serial: u64) -> Arc<KeyRing> {
    let wire = format!("ring {serial}").into_bytes();
    let numbers = (1, serial, NOW);
    Arc::new(KeyRing::from_verified(organisation(), numbers, wire.into()))
}

fn list(serial: u64) -> Arc<RevocationList> {
    let it = Revocations::new(organisation(), (serial, NOW), Vec::new()).unwrap();
    let wire = format!("list {serial}").into_bytes();
    Arc::new(RevocationList::from_verified(it, wire.into()))
}
