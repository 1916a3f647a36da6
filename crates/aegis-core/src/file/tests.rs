//! What the tests of files stand on.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::*;
use crate::{NodeId, OrganisationId, Organisations, Timestamp};

pub(super) const T0: Timestamp = Timestamp::from_secs(1_790_000_000);
pub(super) const AN_HOUR: Duration = Duration::from_secs(3600);

pub(super) fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

/// Returns the word of an author that a file is there for an hour from `T0`.
pub(super) fn offer(author: u8, file: u32) -> Offer {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&file.to_be_bytes());
    Offer {
        author: node(author),
        file: FileId::from_bytes(id),
        size: FileSize::new(1).unwrap(),
        severity: FileSeverity::Minor,
        audience: Audience::Everybody,
        validity: Validity::new(T0, T0 + AN_HOUR).unwrap(),
        is_withdrawn: false,
        name: "rules.yar".parse().unwrap(),
        description: None,
    }
}

/// Returns an announcement; its bytes are not those of the wire.
pub(super) fn announcement(offer: Offer) -> Announcement {
    let wire: Arc<[u8]> = format!("{offer:?}").into_bytes().into();
    Announcement::from_verified(offer, wire)
}

#[test]
fn an_audience_of_no_organisation_is_not_everybody() {
    assert_eq!(Audience::of(BTreeSet::new()), None);
    let keys = |count: usize| (0..count as u8).map(|it| OrganisationId::from_public_key([it; 32]));
    assert_eq!(Audience::of(keys(ORGANISATIONS_MAX + 1).collect()), None);
    let audience = Audience::of(keys(2).collect()).unwrap();
    assert_eq!(audience.organisations().count(), 2);
    assert!(!audience.admits(T0, &node(1), &Organisations::new(node(9))));
    assert!(Audience::Everybody.admits(T0, &node(1), &Organisations::new(node(9))));
}

#[test]
fn a_member_of_one_of_the_organisations_is_admitted_while_it_is_one() {
    struct Until(NodeId, OrganisationId, Timestamp);
    impl Members for Until {
        fn is_member(&self, now: Timestamp, it: &NodeId, organisation: &OrganisationId) -> bool {
            *it == self.0 && *organisation == self.1 && now < self.2
        }
    }
    let [a, b] = [1, 2].map(|it| OrganisationId::from_public_key([it; 32]));
    let audience = Audience::of(BTreeSet::from([a, b])).unwrap();
    let members = Until(node(1), b, T0 + AN_HOUR);
    assert!(audience.admits(T0, &node(1), &members));
    assert!(!audience.admits(T0, &node(2), &members));
    assert!(!audience.admits(T0 + AN_HOUR, &node(1), &members));
}
