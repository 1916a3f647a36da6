//! Organisations, through the client and as bytes.

use aegis_core::{Confidence, OrganisationId};

use super::{
    contract::{get, post, refused},
    node::{NOW, Node, node_id},
};
use crate::{
    Affiliation, JoinRequest, MemberLine, MemberRole, MembershipRequest, MembershipRevoked,
    MembershipSigned, Organisation, OrganisationCreateRequest, OrganisationCreated,
    OrganisationDistrusted, OrganisationJoined, OrganisationLeft, OrganisationList,
    OrganisationMembers, OrganisationReply, OrganisationRequest, OrganisationTrustRequest,
    OrganisationTrusted, Reply, RevokeRequest,
};

#[tokio::test]
async fn organisations_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let listed = client.organisations().await.expect("answers");
    assert_eq!(listed.organisations, [organisation()]);
    let name = "ACME".parse().ok();
    let request = OrganisationCreateRequest { name };
    let created = client.create_organisation(&request).await.expect("answers");
    assert_eq!((created.organisation, created.name), (id(), request.name));
    let request = MembershipRequest {
        organisation: Some(id()),
        peer: node_id(),
        role: MemberRole::Publisher,
        valid_secs: 60,
    };
    let signed = client.sign_membership(&request).await.expect("answers");
    assert_eq!(
        (signed.peer, signed.role),
        (node_id(), MemberRole::Publisher)
    );
    let membership = signed.membership;
    let request = JoinRequest { membership };
    let joined = client.join_organisation(&request).await.expect("answers");
    assert_eq!(joined.organisation, id());
    let left = client.leave_organisation(id()).await.expect("answers");
    assert!(left.was_member);
    let members = client.organisation_members(id()).await.expect("answers");
    assert_eq!(
        (members.organisation, members.members),
        (id(), vec![member()])
    );
    let request = OrganisationTrustRequest {
        organisation: id(),
        weight: Confidence::HALF,
    };
    let trusted = client.trust_organisation(&request).await.expect("answers");
    assert_eq!(trusted.weight_percent, 50);
    let distrusted = client.distrust_organisation(id()).await.expect("answers");
    assert!(distrusted.was_trusted);
    let request = RevokeRequest {
        organisation: id(),
        peer: node_id(),
    };
    let revoked = client.revoke_membership(&request).await.expect("answers");
    assert_eq!((revoked.peer, revoked.was_member), (node_id(), true));
}

#[tokio::test]
async fn what_cannot_be_said_of_organisations_is_refused_with_the_field() {
    let node = Node::start();
    let (at, body) = ("/v1/organisations", r#"{"name":" "}"#);
    refused(&node, &post(at, body), "name: name must have").await;
    refused(&node, &post(at, r#"{"nam":"x"}"#), "unknown field `nam`").await;
    let sign = |role: &str| {
        format!(
            r#"{{"peer":"{}","role":"{role}","valid_secs":1}}"#,
            node_id()
        )
    };
    let at = "/v1/organisations/sign";
    refused(&node, &post(at, &sign("boss")), "unknown variant `boss`").await;
    refused(&node, &post(at, "{}"), "missing field `peer`").await;
    let at = "/v1/organisations/trust";
    let body = format!(r#"{{"organisation":"{}","weight":1.1}}"#, id());
    refused(
        &node,
        &post(at, &body),
        "weight: must be a number from 0 to 1",
    )
    .await;
    let body = r#"{"organisation":"x","weight":1}"#;
    refused(&node, &post(at, body), "organisation: not the peer ID").await;
    let of_nobody = get("/v1/organisations/members");
    refused(&node, &of_nobody, "missing field `organisation`").await;
    let list = get("/v1/organisations?x=1");
    refused(&node, &list, "unknown field `x`").await;
}

/// Answers as a node would.
pub(super) fn script(request: OrganisationRequest) -> Reply {
    let organisation = id();
    Reply::Organisation(Box::new(match request {
        OrganisationRequest::List => OrganisationReply::List(OrganisationList {
            organisations: vec![self::organisation()],
        }),
        OrganisationRequest::Create(it) => OrganisationReply::Created(OrganisationCreated {
            organisation,
            name: it.name,
            key_file: "/var/lib/aegis/default/organisations/x.key".into(),
        }),
        OrganisationRequest::Sign(it) => OrganisationReply::Signed(MembershipSigned {
            organisation,
            peer: it.peer,
            role: it.role,
            not_before: NOW,
            not_after: NOW + std::time::Duration::from_secs(it.valid_secs),
            serial: 7,
            membership: "aegis-membership:x".into(),
        }),
        OrganisationRequest::Join(_) => OrganisationReply::Joined(OrganisationJoined {
            organisation,
            role: MemberRole::Member,
            not_after: NOW,
        }),
        OrganisationRequest::Leave(organisation) => OrganisationReply::Left(OrganisationLeft {
            organisation,
            was_member: true,
        }),
        OrganisationRequest::Members(organisation) => {
            OrganisationReply::Members(OrganisationMembers {
                organisation,
                members: vec![member()],
            })
        }
        OrganisationRequest::Trust(it) => OrganisationReply::Trusted(OrganisationTrusted {
            organisation: it.organisation,
            weight_percent: it.weight.percent(),
            members: 2,
        }),
        OrganisationRequest::Distrust(organisation) => {
            OrganisationReply::Distrusted(OrganisationDistrusted {
                organisation,
                was_trusted: true,
            })
        }
        OrganisationRequest::Revoke(it) => OrganisationReply::Revoked(MembershipRevoked {
            organisation: it.organisation,
            peer: it.peer,
            was_member: true,
        }),
    }))
}

pub(super) fn affiliation() -> Affiliation {
    Affiliation {
        organisation: id(),
        name: None,
        role: MemberRole::Member,
        trusted: true,
    }
}

fn member() -> MemberLine {
    MemberLine {
        peer: node_id(),
        role: MemberRole::Publisher,
        not_after: NOW,
        connected: true,
        own: false,
    }
}

fn organisation() -> Organisation {
    Organisation {
        organisation: id(),
        name: "ACME".parse().ok(),
        founded: true,
        weight_percent: Some(50),
        role: Some(MemberRole::Publisher),
        expires_at: Some(NOW),
        members: 3,
        revoked: 1,
    }
}

fn id() -> OrganisationId {
    OrganisationId::from_public_key([200; 32])
}
