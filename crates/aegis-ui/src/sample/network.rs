//! Samples of tickets, and what a scripted node answers about them.

use aegis_api::{
    Admission, ApiError, ErrorCode, Invitation, InvitationId, InvitationList, InvitationTakenBack,
    Joining, NetworkReply, NetworkRequest, Reply, TicketPrinted,
};

use super::{HOSTILE, NOW, node_id, organisation_id};

/// Answers as a node that printed one ticket, and joins at once by `aegis1whole`.
pub(crate) fn network_reply(request: NetworkRequest) -> Result<Reply, ApiError> {
    let invitation = InvitationId::from_bytes([0, 1, 2, 3]);
    let admitted = vec![node_id(1).to_string()];
    Ok(Reply::Network(Box::new(match request {
        NetworkRequest::Print(it) => NetworkReply::Ticket(TicketPrinted {
            ticket: "aegis1whole".into(),
            invitation,
            peer: node_id(7),
            addresses: vec!["/ip4/192.0.2.1/tcp/9001".into(), HOSTILE.into()],
            expires_at: NOW,
            uses: it.uses.get(),
            has_secret: true,
            organisation: it.organisation,
            role: it.organisation.map(|_| it.role),
            became_publisher: it.organisation.is_some(),
            began_to_trust: it.organisation.is_some(),
        }),
        NetworkRequest::Invitations => NetworkReply::Invitations(InvitationList {
            invitations: vec![Invitation {
                invitation,
                expires_at: NOW,
                uses: 2,
                organisation: Some(organisation_id(200)),
                role: Some(aegis_api::MemberRole::Member),
                admitted,
            }],
        }),
        NetworkRequest::TakeBack(it) => NetworkReply::TakenBack(InvitationTakenBack {
            invitation: it,
            was_there: it == invitation,
            admitted: if it == invitation {
                admitted
            } else {
                Vec::new()
            },
        }),
        NetworkRequest::Join(it) => match it.ticket.as_str() {
            "aegis1whole" => NetworkReply::Joining(joining(8, Admission::Waiting)),
            "aegis1late" => NetworkReply::Joining(joining(9, Admission::Waiting)),
            "aegis1used" => NetworkReply::Joining(joining(10, Admission::Refused)),
            _ => {
                let message = "ticket: the checksum is wrong";
                return Err(ApiError::new(ErrorCode::InvalidRequest, message));
            }
        },
        NetworkRequest::HowFar(peer) if peer == node_id(8) => {
            NetworkReply::Joining(joining(8, Admission::Admitted))
        }
        NetworkRequest::HowFar(_) => NetworkReply::Joining(joining(9, Admission::Waiting)),
    })))
}

/// A node that joins the peer of this number.
pub(crate) fn joining(number: u8, admission: Admission) -> Joining {
    let is_refused = admission == Admission::Refused;
    let is_admitted = admission == Admission::Admitted;
    Joining {
        peer: node_id(number),
        connected: true,
        admission,
        problem: is_refused.then(|| "the ticket let in as many as it does".to_owned()),
        organisation: None,
        role: None,
        alerts: 2,
        peer_alerts: is_admitted.then_some(2),
        set_hash: "0123456789abcdef".into(),
        peer_set_hash: is_admitted.then(|| "0123456789abcdef".into()),
        equal: is_admitted,
        blocks: 1,
    }
}
