//! Words that reports and requests use for the domain's choices.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who caused a decision.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Other nodes' alerts.
    Peers,
    /// What another program blocked, brought along by the operator.
    Import,
    /// A list that the operator applied.
    Feed,
    /// This host's own detectors.
    Detector,
    /// The operator's command.
    Operator,
}

/// Whether the source address is proven to be the sender's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The address may be forged.
    Spoofable,
    /// The return path is proven.
    Verified,
}

/// How a peer was met.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerClass {
    /// A stranger met through the global network.
    Dht,
    /// Found on the local network or on this host.
    Lan,
    /// Named in this node's configuration.
    Configured,
}

/// Whether the node drops packets or only counts what it would drop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMode {
    /// Packets of blocked sources are dropped.
    Enforce,
    /// Nothing is ever dropped.
    Observe,
}

/// How the kernel program hangs on an interface.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachMode {
    /// XDP in the network driver.
    Native,
    /// XDP in the kernel's generic path.
    Generic,
    /// The traffic-control hook.
    Tc,
    /// Sets of nftables, without a kernel program.
    Nft,
    /// Not at all.
    None,
}

/// What a member of an organisation may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// It is one of the organisation's.
    Member,
    /// It also speaks for it.
    Publisher,
}

/// Which way an opinion points.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// Benign, surely enough to act on.
    Benign,
    /// Not known well enough to act.
    Unknown,
    /// Malicious, surely enough to act on.
    Malicious,
}

/// What an indicator proved to be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It does no harm.
    Benign,
    /// It attacks.
    Malicious,
}

/// Which mathematics weighs what peers say.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// This house's own: anchored in verified truth.
    Aegis,
    /// Fides'.
    Fides,
    /// Dovecot's.
    Dovecot,
}

impl Origin {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peers => "peers",
            Self::Import => "import",
            Self::Feed => "feed",
            Self::Detector => "detector",
            Self::Operator => "operator",
        }
    }
}

impl Evidence {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spoofable => "spoofable",
            Self::Verified => "verified",
        }
    }
}

impl PeerClass {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dht => "dht",
            Self::Lan => "lan",
            Self::Configured => "configured",
        }
    }
}

impl NodeMode {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

impl AttachMode {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
            Self::Tc => "tc",
            Self::Nft => "nft",
            Self::None => "none",
        }
    }
}

impl MemberRole {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Publisher => "publisher",
        }
    }
}

impl Stance {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::Unknown => "unknown",
            Self::Malicious => "malicious",
        }
    }
}

impl Truth {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::Malicious => "malicious",
        }
    }
}

impl ModelKind {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aegis => "aegis",
            Self::Fides => "fides",
            Self::Dovecot => "dovecot",
        }
    }
}

macro_rules! display_as_str {
    ($($word:ty),*) => {
        $(impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        })*
    };
}

display_as_str!(
    Origin, Evidence, PeerClass, NodeMode, AttachMode, MemberRole, Stance, Truth, ModelKind
);

impl From<aegis_core::Origin> for Origin {
    fn from(origin: aegis_core::Origin) -> Self {
        match origin {
            aegis_core::Origin::Peers => Self::Peers,
            aegis_core::Origin::Import => Self::Import,
            aegis_core::Origin::Feed => Self::Feed,
            aegis_core::Origin::Detector => Self::Detector,
            aegis_core::Origin::Operator => Self::Operator,
        }
    }
}

impl From<aegis_core::Evidence> for Evidence {
    fn from(evidence: aegis_core::Evidence) -> Self {
        match evidence {
            aegis_core::Evidence::Spoofable => Self::Spoofable,
            aegis_core::Evidence::Verified => Self::Verified,
        }
    }
}

impl From<Evidence> for aegis_core::Evidence {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Spoofable => Self::Spoofable,
            Evidence::Verified => Self::Verified,
        }
    }
}

impl From<aegis_core::PeerClass> for PeerClass {
    fn from(class: aegis_core::PeerClass) -> Self {
        match class {
            aegis_core::PeerClass::Dht => Self::Dht,
            aegis_core::PeerClass::Lan => Self::Lan,
            aegis_core::PeerClass::Configured => Self::Configured,
        }
    }
}

impl From<aegis_core::MemberRole> for MemberRole {
    fn from(role: aegis_core::MemberRole) -> Self {
        match role {
            aegis_core::MemberRole::Member => Self::Member,
            aegis_core::MemberRole::Publisher => Self::Publisher,
        }
    }
}

impl From<MemberRole> for aegis_core::MemberRole {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Member => Self::Member,
            MemberRole::Publisher => Self::Publisher,
        }
    }
}

impl From<aegis_core::trust::model::Stance> for Stance {
    fn from(stance: aegis_core::trust::model::Stance) -> Self {
        match stance {
            aegis_core::trust::model::Stance::Benign => Self::Benign,
            aegis_core::trust::model::Stance::Unknown => Self::Unknown,
            aegis_core::trust::model::Stance::Malicious => Self::Malicious,
        }
    }
}

impl From<aegis_core::Truth> for Truth {
    fn from(truth: aegis_core::Truth) -> Self {
        match truth {
            aegis_core::Truth::Benign => Self::Benign,
            aegis_core::Truth::Malicious => Self::Malicious,
        }
    }
}

impl From<aegis_core::trust::model::ModelKind> for ModelKind {
    fn from(kind: aegis_core::trust::model::ModelKind) -> Self {
        match kind {
            aegis_core::trust::model::ModelKind::Aegis => Self::Aegis,
            aegis_core::trust::model::ModelKind::Fides => Self::Fides,
            aegis_core::trust::model::ModelKind::Dovecot => Self::Dovecot,
        }
    }
}
