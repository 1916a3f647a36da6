//! Queries and replies there and back, and what is neither.

use aegis_core::{Grant, MemberRole, NodeId, Timestamp};
use proptest::{collection, prelude::*};

use super::*;
use crate::organisation::{OrganisationKey, sign_membership};

fn membership() -> Arc<Membership> {
    let key = OrganisationKey::from_secret([5; 32]);
    let ids = (key.id(), NodeId::from_public_key([7; 32]));
    let times = (Timestamp::from_secs(1), Timestamp::from_secs(9));
    let grant = Grant::new(ids, MemberRole::Member, times, 1).unwrap();
    Arc::new(sign_membership(&grant, &key).unwrap())
}

#[test]
fn what_is_said_is_read_as_it_was_meant() {
    for query in [
        JoinQuery::Admit(Token::from_bytes([9; 16])),
        JoinQuery::HowFar,
    ] {
        let bytes = query.to_bytes();
        assert!(bytes.len() <= QUERY_BYTES_MAX);
        assert_eq!(JoinQuery::from_bytes(&bytes), Some(query));
    }
    for reply in [
        JoinReply::Refused(Unwelcome::Unknown),
        JoinReply::Refused(Unwelcome::Over),
        JoinReply::Refused(Unwelcome::UsedUp),
        JoinReply::Admitted(None),
        JoinReply::Admitted(Some(membership())),
        JoinReply::HowFar {
            alerts: 7,
            digest: [1; 32],
        },
    ] {
        let bytes = reply.to_bytes();
        assert!(bytes.len() <= REPLY_BYTES_MAX);
        assert_eq!(JoinReply::from_bytes(&bytes), Some(reply));
    }
}

#[test]
fn a_membership_that_its_organisation_did_not_sign_is_no_reply() {
    let mut bytes = JoinReply::Admitted(Some(membership())).to_bytes();
    for at in 1..bytes.len() {
        bytes[at] ^= 1;
        assert_eq!(JoinReply::from_bytes(&bytes), None, "{at}");
        bytes[at] ^= 1;
    }
}

proptest! {
    #[test]
    fn bytes_are_one_message_or_none(bytes in collection::vec(any::<u8>(), 0..200)) {
        if let Some(query) = JoinQuery::from_bytes(&bytes) {
            prop_assert_eq!(query.to_bytes(), &bytes[..]);
        }
        if let Some(reply) = JoinReply::from_bytes(&bytes) {
            prop_assert_eq!(reply.to_bytes(), bytes);
        }
    }
}
