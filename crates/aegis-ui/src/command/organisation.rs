//! What `org` takes.

use aegis_api::{Confidence, MemberRole, OrganisationId, OrganisationName};
use clap::{Subcommand, ValueEnum};

use super::{PeerArg, parse};

/// For how long a membership is valid unless told otherwise.
const DEFAULT_VALIDITY: &str = "90d";

/// What can be done with organisations.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum OrgCommand {
    /// Make an organisation: a key on this node's host that vouches for nodes
    Create {
        /// What people here call it, at most 64 bytes
        name: Option<OrganisationName>,
    },
    /// Make a node a member; the word that is printed is what it joins with
    Sign {
        /// Peer: its ID, or 4 or more characters that only this ID starts or ends with
        #[arg(value_parser = parse::peer)]
        peer: PeerArg,
        /// Organisation: its ID, a part of it, or its name; needed if there are several
        #[arg(long = "org", value_name = "ORG")]
        organisation: Option<String>,
        /// What the member may do
        #[arg(long, default_value = "member")]
        role: RoleArg,
        /// How long: seconds, or 90s, 15m, 2h, 30d (ten years at most)
        #[arg(long, value_name = "DURATION", default_value = DEFAULT_VALIDITY,
              value_parser = parse::validity)]
        valid: u64,
    },
    /// Join an organisation with the membership that it signed for this node
    Join {
        /// Membership, a file that holds one, or `-` for standard input
        membership: String,
    },
    /// Be a member no more; others take this node for one until its membership ends or is revoked
    Leave {
        /// Organisation: its ID, a part of it, or its name
        #[arg(value_name = "ORG")]
        organisation: String,
    },
    /// Trust an organisation's members in advance
    Trust {
        /// Organisation: its whole ID
        organisation: OrganisationId,
        /// How far: 0 not at all, 1 as far as a membership can be worth
        #[arg(long, value_name = "0..1", default_value = "1", value_parser = parse::trust,
              allow_negative_numbers = true)]
        weight: Confidence,
        /// Trust them like others from now on instead
        #[arg(long, conflicts_with = "weight")]
        remove: bool,
    },
    /// List the organisations that are trusted, founded or joined here
    List,
    /// List the members of an organisation that are known here
    Members {
        /// Organisation: its ID, a part of it, or its name
        #[arg(value_name = "ORG")]
        organisation: String,
    },
    /// Take a member's memberships back; other members and nodes hear of it
    Revoke {
        /// Organisation: its ID, a part of it, or its name
        #[arg(value_name = "ORG")]
        organisation: String,
        /// Peer: its ID, or 4 or more characters that only this ID starts or ends with
        #[arg(value_parser = parse::peer)]
        peer: PeerArg,
    },
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RoleArg {
    /// Belong to the organisation
    Member,
    /// Speak for it: publish much, and fast
    Publisher,
}

impl From<RoleArg> for MemberRole {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Member => Self::Member,
            RoleArg::Publisher => Self::Publisher,
        }
    }
}
