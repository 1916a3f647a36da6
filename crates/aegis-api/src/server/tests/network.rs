//! Tickets, through the client and as bytes.

use std::num::NonZeroU32;

use super::{
    contract::{delete, get, post, refused},
    node::{NOW, Node, node_id},
};
use crate::{
    Admission, Invitation, InvitationId, InvitationList, InvitationTakenBack, Joining, MemberRole,
    NetworkReply, NetworkRequest, OrganisationId, Reply, TicketJoinRequest, TicketPrinted,
    TicketRequest,
};

#[tokio::test]
async fn tickets_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let request = TicketRequest {
        organisation: Some(organisation()),
        role: MemberRole::Publisher,
        membership_secs: 60,
        valid_secs: NonZeroU32::MIN,
        uses: NonZeroU32::MIN,
        addresses: vec!["/dns/node.example/tcp/9001".into()],
    };
    let printed = client.print_ticket(&request).await.expect("answers");
    assert_eq!(printed.role, Some(request.role));
    assert_eq!(printed.addresses, request.addresses);
    let listed = client.invitations().await.expect("answers");
    assert_eq!(listed.invitations[0].invitation, printed.invitation);
    let taken_back = client.take_back_ticket(printed.invitation).await;
    assert!(taken_back.expect("answers").was_there);
    let ticket = printed.ticket;
    let request = TicketJoinRequest { ticket };
    assert_eq!(format!("{request:?}"), "TicketJoinRequest(…)");
    let joining = client.join_by_ticket(&request).await.expect("answers");
    assert_eq!(joining.admission, Admission::Waiting);
    let joining = client.joining(node_id()).await.expect("answers");
    assert_eq!(joining.peer, node_id());
}

#[tokio::test]
async fn what_cannot_be_said_of_tickets_is_refused_with_the_field() {
    let node = Node::start();
    let at = "/v1/tickets";
    let body = r#"{"role":"member","membership_secs":1,"valid_secs":0,"uses":1}"#;
    refused(&node, &post(at, body), "valid_secs: invalid value").await;
    refused(
        &node,
        &post(at, r#"{"usages":1}"#),
        "unknown field `usages`",
    )
    .await;
    let digits = "invitation: must be 8 hexadecimal digits";
    refused(&node, &delete("/v1/tickets?invitation=+1234567"), digits).await;
    refused(&node, &get("/v1/tickets?x=1"), "unknown field `x`").await;
    refused(&node, &get("/v1/join?peer=x"), "peer: not the peer ID").await;
    refused(&node, &post("/v1/join", "{}"), "missing field `ticket`").await;
}

/// Answers as a node would.
pub(super) fn script(request: NetworkRequest) -> Reply {
    let invitation = InvitationId::from_bytes([0, 1, 2, 3]);
    Reply::Network(Box::new(match request {
        NetworkRequest::Print(it) => NetworkReply::Ticket(TicketPrinted {
            ticket: "aegis1x".into(),
            invitation,
            peer: node_id(),
            addresses: it.addresses,
            expires_at: NOW,
            uses: it.uses.get(),
            has_secret: false,
            organisation: it.organisation,
            role: Some(it.role),
            became_publisher: true,
            began_to_trust: true,
        }),
        NetworkRequest::Invitations => NetworkReply::Invitations(InvitationList {
            invitations: vec![Invitation {
                invitation,
                expires_at: NOW,
                uses: 2,
                organisation: Some(organisation()),
                role: Some(MemberRole::Member),
                admitted: vec![node_id().to_string()],
            }],
        }),
        NetworkRequest::TakeBack(invitation) => NetworkReply::TakenBack(InvitationTakenBack {
            invitation,
            was_there: true,
            admitted: Vec::new(),
        }),
        NetworkRequest::Join(_) => NetworkReply::Joining(joining(Admission::Waiting)),
        NetworkRequest::HowFar(_) => NetworkReply::Joining(joining(Admission::Admitted)),
    }))
}

fn joining(admission: Admission) -> Joining {
    Joining {
        peer: node_id(),
        connected: true,
        admission,
        problem: None,
        organisation: Some(organisation()),
        role: None,
        alerts: 1,
        peer_alerts: Some(2),
        set_hash: "0123456789abcdef".into(),
        peer_set_hash: None,
        equal: false,
        blocks: 1,
    }
}

fn organisation() -> OrganisationId {
    OrganisationId::from_public_key([200; 32])
}
