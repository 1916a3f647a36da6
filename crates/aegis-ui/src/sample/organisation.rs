//! Samples of organisations, and what a scripted node answers about them.

use std::time::Duration;

use aegis_api::{
    Affiliation, ApiError, ErrorCode, MemberLine, MemberRole, MembershipRevoked, MembershipSigned,
    Organisation, OrganisationCreated, OrganisationDistrusted, OrganisationId, OrganisationJoined,
    OrganisationLeft, OrganisationList, OrganisationMembers, OrganisationReply,
    OrganisationRequest, OrganisationTrusted, Reply,
};

use super::{NOW, node_id};

pub(crate) fn affiliation() -> Affiliation {
    Affiliation {
        organisation: organisation_id(200),
        name: "ACME \u{202e}Ltd".parse().ok(),
        role: MemberRole::Publisher,
        trusted: true,
    }
}

/// Answers as a node that founded one organisation and trusts another.
pub(crate) fn organisation_reply(request: OrganisationRequest) -> Result<Reply, ApiError> {
    let organisation = organisation_id(200);
    Ok(Reply::Organisation(Box::new(match request {
        OrganisationRequest::List => OrganisationReply::List(list()),
        OrganisationRequest::Create(it) => OrganisationReply::Created(OrganisationCreated {
            organisation,
            name: it.name,
            key_file: "/var/lib/aegis/default/organisations/x.key".into(),
        }),
        OrganisationRequest::Sign(it) => OrganisationReply::Signed(MembershipSigned {
            organisation: it.organisation.unwrap_or(organisation),
            peer: it.peer,
            role: it.role,
            not_before: NOW,
            not_after: NOW + Duration::from_secs(it.valid_secs),
            serial: 7,
            membership: "aegis-membership:AAAA".into(),
        }),
        OrganisationRequest::Join(it) if it.membership == "aegis-membership:AAAA" => {
            OrganisationReply::Joined(OrganisationJoined {
                organisation,
                role: MemberRole::Member,
                not_after: NOW,
            })
        }
        OrganisationRequest::Join(_) => {
            let message = "membership: the membership cannot be read";
            return Err(ApiError::new(ErrorCode::InvalidRequest, message));
        }
        OrganisationRequest::Leave(it) => OrganisationReply::Left(OrganisationLeft {
            organisation: it,
            was_member: it == organisation,
        }),
        OrganisationRequest::Members(it) => OrganisationReply::Members(members(it)),
        OrganisationRequest::Trust(it) => OrganisationReply::Trusted(OrganisationTrusted {
            organisation: it.organisation,
            weight_percent: it.weight.percent(),
            members: 2,
        }),
        OrganisationRequest::Distrust(it) => {
            OrganisationReply::Distrusted(OrganisationDistrusted {
                organisation: it,
                was_trusted: it == organisation,
            })
        }
        OrganisationRequest::Revoke(it) => OrganisationReply::Revoked(MembershipRevoked {
            organisation: it.organisation,
            peer: it.peer,
            was_member: it.peer == node_id(1),
        }),
    })))
}

pub(crate) fn organisation_id(number: u8) -> OrganisationId {
    OrganisationId::from_public_key([number; 32])
}

fn members(organisation: OrganisationId) -> OrganisationMembers {
    let member = |number, connected, own| MemberLine {
        peer: node_id(number),
        role: if own {
            MemberRole::Publisher
        } else {
            MemberRole::Member
        },
        not_after: NOW,
        connected,
        own,
    };
    let is_known = organisation == organisation_id(200);
    let members = [
        member(1, true, false),
        member(2, false, false),
        member(3, false, true),
    ];
    OrganisationMembers {
        organisation,
        members: members.into_iter().filter(|_| is_known).collect(),
    }
}

fn list() -> OrganisationList {
    let founded = Organisation {
        organisation: organisation_id(200),
        name: "ACME".parse().ok(),
        founded: true,
        weight_percent: Some(100),
        role: Some(MemberRole::Publisher),
        expires_at: Some(NOW),
        members: 3,
        revoked: 1,
    };
    let heard_of = Organisation {
        organisation: organisation_id(201),
        name: None,
        founded: false,
        weight_percent: None,
        role: None,
        expires_at: None,
        members: 1,
        revoked: 0,
    };
    OrganisationList {
        organisations: vec![founded, heard_of],
    }
}
