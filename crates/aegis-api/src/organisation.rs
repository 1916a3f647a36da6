//! Organisations: what this node knows of them, and what an operator wants of them.

use aegis_core::{Confidence, NodeId, OrganisationId, OrganisationName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{confidence, text, text_option, time, time_option},
    word::MemberRole,
};

/// What can be asked about organisations.
#[derive(Clone, Debug, PartialEq)]
pub enum OrganisationRequest {
    /// Answered by [`OrganisationReply::List`].
    List,
    /// Answered by [`OrganisationReply::Created`].
    Create(OrganisationCreateRequest),
    /// Answered by [`OrganisationReply::Signed`].
    Sign(MembershipRequest),
    /// Answered by [`OrganisationReply::Joined`].
    Join(JoinRequest),
    /// Answered by [`OrganisationReply::Left`].
    Leave(OrganisationId),
    /// Answered by [`OrganisationReply::Members`].
    Members(OrganisationId),
    /// Answered by [`OrganisationReply::Trusted`].
    Trust(OrganisationTrustRequest),
    /// Answered by [`OrganisationReply::Distrusted`].
    Distrust(OrganisationId),
    /// Answered by [`OrganisationReply::Revoked`].
    Revoke(RevokeRequest),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OrganisationReply {
    /// To [`OrganisationRequest::List`].
    List(OrganisationList),
    /// To [`OrganisationRequest::Create`].
    Created(OrganisationCreated),
    /// To [`OrganisationRequest::Sign`].
    Signed(MembershipSigned),
    /// To [`OrganisationRequest::Join`].
    Joined(OrganisationJoined),
    /// To [`OrganisationRequest::Leave`].
    Left(OrganisationLeft),
    /// To [`OrganisationRequest::Members`].
    Members(OrganisationMembers),
    /// To [`OrganisationRequest::Trust`].
    Trusted(OrganisationTrusted),
    /// To [`OrganisationRequest::Distrust`].
    Distrusted(OrganisationDistrusted),
    /// To [`OrganisationRequest::Revoke`].
    Revoked(MembershipRevoked),
}

/// All organisations that this node trusts, founded or joined: 136 at most.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationList {
    /// In order of their keys.
    pub organisations: Vec<Organisation>,
}

/// An organisation as this node knows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Organisation {
    /// Which.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// What people here call it.
    #[serde(with = "text_option", default)]
    pub name: Option<OrganisationName>,
    /// Whether this node holds its key.
    pub founded: bool,
    /// How far its members are trusted in advance, 0…100; absent where it is not trusted.
    pub weight_percent: Option<u8>,
    /// As what this node is a member; absent where it is none.
    pub role: Option<MemberRole>,
    /// When this node's membership ends.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// How many members are known here, this node among them.
    pub members: u64,
    /// How many members' memberships are revoked.
    pub revoked: u64,
}

/// What a node is to an organisation that is followed here.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Affiliation {
    /// The organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// What people here call it.
    #[serde(with = "text_option", default)]
    pub name: Option<OrganisationName>,
    /// As what the node is a member.
    pub role: MemberRole,
    /// Whether its members are trusted here in advance.
    pub trusted: bool,
}

/// Makes an organisation: a key that stays on this host.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationCreateRequest {
    /// What people here are to call it.
    #[serde(with = "text_option", default)]
    pub name: Option<OrganisationName>,
}

/// There is a new organisation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationCreated {
    /// Which.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// What people here call it.
    #[serde(with = "text_option", default)]
    pub name: Option<OrganisationName>,
    /// Where its key lies, not encrypted.
    pub key_file: String,
}

/// Makes a node a member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipRequest {
    /// Of which organisation; it may be left out where this node founded only one.
    #[serde(with = "text_option", default)]
    pub organisation: Option<OrganisationId>,
    /// Which node.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// What it may do.
    pub role: MemberRole,
    /// For how many seconds from now.
    pub valid_secs: u64,
}

/// A node is a member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MembershipSigned {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// Which node.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// What it may do.
    pub role: MemberRole,
    /// From when on.
    #[serde(with = "time")]
    pub not_before: Timestamp,
    /// Until when.
    #[serde(with = "time")]
    pub not_after: Timestamp,
    /// The number of the membership.
    pub serial: u64,
    /// What the member needs in order to join, as one word.
    pub membership: String,
}

/// Makes this node the member that a membership says it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The membership, as one word.
    pub membership: String,
}

/// This node is a member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationJoined {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// What it may do.
    pub role: MemberRole,
    /// Until when.
    #[serde(with = "time")]
    pub not_after: Timestamp,
}

/// This node is a member no more.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationLeft {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// Whether it was one.
    pub was_member: bool,
}

/// All members of an organisation that are known here: 512 at most.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationMembers {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// In order of their keys.
    pub members: Vec<MemberLine>,
}

/// A node whose membership was proven here, holds and is not revoked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct MemberLine {
    /// Which node.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// What it may do.
    pub role: MemberRole,
    /// Until when.
    #[serde(with = "time")]
    pub not_after: Timestamp,
    /// Whether it is connected now.
    pub connected: bool,
    /// Whether it is this node.
    pub own: bool,
}

/// Says how far an organisation's members are trusted in advance.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationTrustRequest {
    /// Which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// How far, 0…1.
    #[serde(with = "confidence")]
    pub weight: Confidence,
}

/// An organisation's members are trusted in advance.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationTrusted {
    /// Which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// How far, 0…100.
    pub weight_percent: u8,
    /// How many members are known here.
    pub members: u64,
}

/// An organisation's members are not trusted in advance any more.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OrganisationDistrusted {
    /// Which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// Whether they were.
    pub was_trusted: bool,
}

/// Takes all memberships of a node back.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// Which node's.
    #[serde(with = "text")]
    pub peer: NodeId,
}

/// A node is no member any more.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct MembershipRevoked {
    /// Of which organisation.
    #[serde(with = "text")]
    pub organisation: OrganisationId,
    /// Which node.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// Whether it was one, as far as this node knows.
    pub was_member: bool,
}
