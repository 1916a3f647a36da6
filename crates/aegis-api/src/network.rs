//! Tickets: printed, taken back, and joined with.

use std::{fmt, num::NonZeroU32, str::FromStr};

use aegis_core::{NodeId, OrganisationId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{text, text_option, time},
    word::MemberRole,
};

/// What can be asked about tickets.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkRequest {
    /// Answered by [`NetworkReply::Ticket`].
    Print(TicketRequest),
    /// Answered by [`NetworkReply::Invitations`].
    Invitations,
    /// Answered by [`NetworkReply::TakenBack`].
    TakeBack(InvitationId),
    /// Answered by [`NetworkReply::Joining`].
    Join(TicketJoinRequest),
    /// Answered by [`NetworkReply::Joining`]: how far joining has come, by the ticket's peer.
    HowFar(NodeId),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NetworkReply {
    /// To [`NetworkRequest::Print`].
    Ticket(TicketPrinted),
    /// To [`NetworkRequest::Invitations`].
    Invitations(InvitationList),
    /// To [`NetworkRequest::TakeBack`].
    TakenBack(InvitationTakenBack),
    /// To [`NetworkRequest::Join`] and [`NetworkRequest::HowFar`].
    Joining(Joining),
}

/// What tells the invitation of one ticket from others, in 8 hexadecimal digits. It lets nobody in.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InvitationId([u8; 4]);

/// A text that is no such ID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be 8 hexadecimal digits, as `aegis ticket --list` shows them")]
pub struct InvalidInvitationId;

impl InvitationId {
    /// Returns the ID with these bytes.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl FromStr for InvitationId {
    type Err = InvalidInvitationId;

    fn from_str(text: &str) -> Result<Self, InvalidInvitationId> {
        let is_one = text.len() == 8 && text.bytes().all(|it| it.is_ascii_hexdigit());
        let number = is_one.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        number
            .map(|it| Self(it.to_be_bytes()))
            .ok_or(InvalidInvitationId)
    }
}

/// Prints a ticket.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TicketRequest {
    /// Of which organisation it makes whoever brings it a member; it must have been founded here.
    #[serde(with = "text_option", default)]
    pub organisation: Option<OrganisationId>,
    /// As what.
    pub role: MemberRole,
    /// For how many seconds from then on.
    pub membership_secs: u64,
    /// For how many seconds the ticket holds, at most 366 days.
    pub valid_secs: NonZeroU32,
    /// How many nodes it lets in, at most 1000.
    pub uses: NonZeroU32,
    /// Where else than on its own addresses the node can be reached, as multiaddrs.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// A ticket, and what it does.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TicketPrinted {
    /// The ticket, as one word. Whoever has it can use it.
    pub ticket: String,
    /// What tells its invitation from others.
    #[serde(with = "text")]
    pub invitation: InvitationId,
    /// The node that it leads to.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// Where that is.
    pub addresses: Vec<String>,
    /// From when on it lets nobody in.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// How many it lets in.
    pub uses: u32,
    /// Whether the network's secret is in it.
    pub has_secret: bool,
    /// Of which organisation it makes members.
    #[serde(with = "text_option", default)]
    pub organisation: Option<OrganisationId>,
    /// As what.
    pub role: Option<MemberRole>,
    /// Whether this node became a publisher of the organisation by it, so that members believe it.
    pub became_publisher: bool,
    /// Whether this node trusts the organisation's members from now on by it.
    pub began_to_trust: bool,
}

/// Whom tickets of this node let in: 256 invitations at most.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct InvitationList {
    /// The oldest first.
    pub invitations: Vec<Invitation>,
}

/// What became of a ticket that was printed here.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Invitation {
    /// What tells it from others.
    #[serde(with = "text")]
    pub invitation: InvitationId,
    /// From when on it lets nobody in.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// How many it lets in.
    pub uses: u32,
    /// Of which organisation it makes members.
    #[serde(with = "text_option", default)]
    pub organisation: Option<OrganisationId>,
    /// As what.
    pub role: Option<MemberRole>,
    /// The peer IDs of the nodes that it let in.
    pub admitted: Vec<String>,
}

/// A ticket lets nobody in any more.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct InvitationTakenBack {
    /// Which.
    #[serde(with = "text")]
    pub invitation: InvitationId,
    /// Whether it was there.
    pub was_there: bool,
    /// The peer IDs of the nodes that it let in, which are dealt with as others from now on.
    pub admitted: Vec<String>,
}

/// Joins by a ticket.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TicketJoinRequest {
    /// The ticket.
    pub ticket: String,
}

impl fmt::Debug for TicketJoinRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketJoinRequest(…)")
    }
}

/// Whether the node that printed a ticket lets this one in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// It has not said so yet.
    Waiting,
    /// It does.
    Admitted,
    /// It does not.
    Refused,
}

/// How far joining has come.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Joining {
    /// The node that printed the ticket.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it lets this node in.
    pub admission: Admission,
    /// Why not.
    pub problem: Option<String>,
    /// The organisation that the ticket makes this node a member of.
    #[serde(with = "text_option", default)]
    pub organisation: Option<OrganisationId>,
    /// As what this node is a member of it by now.
    pub role: Option<MemberRole>,
    /// How many live alerts this node holds.
    pub alerts: u64,
    /// How many the other held when it last said so.
    pub peer_alerts: Option<u64>,
    /// The hash of the live alerts here, as `status` shows it.
    pub set_hash: String,
    /// The other's, when it last said so.
    pub peer_set_hash: Option<String>,
    /// Whether both hold the same.
    pub equal: bool,
    /// What is blocked here.
    pub blocks: u64,
}
