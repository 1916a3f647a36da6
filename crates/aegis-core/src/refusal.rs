//! Refusals: why an indicator is not blocked, in words for a person.

use std::fmt;

use crate::{Indicator, Severity};

/// What makes an address untouchable for everybody.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Protection {
    Loopback,
    Unspecified,
    Broadcast,
    Multicast,
    LinkLocal,
    OwnAddress,
    Gateway,
    Resolver,
    TimeServer,
    CloudMetadata,
    AdminSession,
}

impl Protection {
    /// Returns a short stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
            Self::LinkLocal => "link_local",
            Self::OwnAddress => "own_address",
            Self::Gateway => "gateway",
            Self::Resolver => "resolver",
            Self::TimeServer => "time_server",
            Self::CloudMetadata => "cloud_metadata",
            Self::AdminSession => "admin_session",
        }
    }

    /// Returns what the address is, as the end of "is …".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address",
            Self::Unspecified => "the unspecified address",
            Self::Broadcast => "the broadcast address",
            Self::Multicast => "a multicast address",
            Self::LinkLocal => "a link-local address",
            Self::OwnAddress => "an address of this host",
            Self::Gateway => "a default gateway of this host",
            Self::Resolver => "a DNS resolver of this host",
            Self::TimeServer => "a time server of this host",
            Self::CloudMetadata => "where a cloud tells its hosts about themselves",
            Self::AdminSession => "in an authenticated admin session on this host",
        }
    }
}

/// Why something about an organisation was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OrganisationRefusal {
    /// This node does not hold its key.
    NotFounded,
    /// The membership is another node's.
    NotOurs,
    /// The membership does not hold yet.
    NotYet,
    /// The membership is over.
    Over,
    /// The organisation took the membership back.
    Revoked,
    /// A later membership of the same node is known.
    Older,
    /// A later list of revocations is known.
    OldList,
    /// There is no room for another.
    Full,
    /// What is said to an organisation is said by a member, to members.
    NotMember,
}

impl OrganisationRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NotFounded => "this node does not hold the key of that organisation",
            Self::NotOurs => "the membership is another node's, not this one's",
            Self::NotYet => "the membership does not hold yet",
            Self::Over => "the membership is over",
            Self::Revoked => "the organisation has revoked the membership",
            Self::Older => "a later membership is known already",
            Self::OldList => "a later list of revocations is known already",
            Self::NotMember => "whoever says something to an organisation must be a member of it",
            Self::Full => "there is no room: too many organisations, members or revocations",
        }
    }
}

/// Why a block was refused: the first guard that said no.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// `address` lies in the indicator and is never blocked by anybody.
    Protected {
        address: Indicator,
        protection: Protection,
    },
    /// `address` belongs to a configured or bootstrap peer; only `--force` or a detector may.
    ConfiguredPeer { address: Indicator },
    /// `address` is that of a peer of the local network; not on another's word.
    LocalPeer { address: Indicator },
    /// The operator allowed `entry`, which the indicator lies in.
    Allowlisted { entry: Indicator },
    /// The prefix has fewer than `prefix_len_min` bits.
    TooWide { prefix_len_min: u8 },
    /// A stranger speaks of a private range.
    PrivateRange,
    /// The author already holds `active_max` blocks here.
    BudgetSpent { active_max: u32 },
    /// The author speaks faster than its rate.
    TooFast,
    /// Milder than the configured `severity_min`.
    BelowSeverity { severity_min: Severity },
    /// The author's word does not weigh enough: how likely it makes an attack, and the line, in
    /// percent.
    NotTrusted { confidence: u8, line: u8 },
    /// Unproven evidence against an address that answered here within the last hour.
    Established,
    /// The operator unblocked it, and no detector of this node has seen it since.
    Unblocked,
    /// The block would already be over.
    Expired,
    /// The table holds as many blocks as it can.
    TableFull { entries_max: u32 },
    /// So few of the publishers that must want a block this bad do.
    NoQuorum { publishers: u8, publishers_min: u8 },
    /// It is about an organisation.
    Organisation(OrganisationRefusal),
}

impl Refusal {
    /// Returns a short stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Protected { .. } => "protected",
            Self::ConfiguredPeer { .. } => "configured_peer",
            Self::LocalPeer { .. } => "local_peer",
            Self::Allowlisted { .. } => "allowlisted",
            Self::TooWide { .. } => "too_wide",
            Self::PrivateRange => "private_range",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::TooFast => "too_fast",
            Self::BelowSeverity { .. } => "below_severity",
            Self::NotTrusted { .. } => "not_trusted",
            Self::Established => "established",
            Self::Unblocked => "unblocked",
            Self::Expired => "expired",
            Self::TableFull { .. } => "table_full",
            Self::NoQuorum { .. } => "no_quorum",
            Self::Organisation(_) => "organisation",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protected {
                address,
                protection,
            } => {
                write!(
                    f,
                    "{address} is {} and is never blocked",
                    protection.as_str()
                )
            }
            Self::ConfiguredPeer { address } => write!(
                f,
                "{address} is a configured peer; block it with --force if that is what you want"
            ),
            Self::LocalPeer { address } => write!(
                f,
                "{address} is a peer of the local network, which no other node's word blocks"
            ),
            Self::Allowlisted { entry } => write!(f, "{entry} is on the allowlist"),
            Self::TooWide { prefix_len_min } => {
                write!(
                    f,
                    "the prefix is too wide: /{prefix_len_min} or narrower is needed"
                )
            }
            Self::PrivateRange => f.write_str("strangers may not speak of private ranges"),
            Self::BudgetSpent { active_max } => {
                write!(
                    f,
                    "the author's budget of {active_max} active blocks is spent"
                )
            }
            Self::TooFast => f.write_str("the author sends faster than its rate"),
            Self::BelowSeverity { severity_min } => {
                write!(f, "the severity is below min_severity {severity_min}")
            }
            Self::NotTrusted { confidence, line } => write!(
                f,
                "the author's word makes an attack {confidence} % likely, and {line} % are needed \
                 to block"
            ),
            Self::Established => f.write_str(
                "the evidence is spoofable, and the address held a working connection here within \
                 the last hour",
            ),
            Self::Unblocked => f.write_str(
                "the operator unblocked it, and no detector of this node has seen it since",
            ),
            Self::Expired => f.write_str("its time is already over"),
            Self::TableFull { entries_max } => {
                write!(f, "the blocklist is full: {entries_max} entries")
            }
            Self::NoQuorum {
                publishers,
                publishers_min,
            } => write!(
                f,
                "{publishers} of the organisation's publishers say so, and a block this bad needs \
                 {publishers_min}"
            ),
            Self::Organisation(it) => f.write_str(it.as_str()),
        }
    }
}
