//! What the commands take that are about safety.

use std::{num::NonZeroU32, str::FromStr};

use aegis_api::{HostName, Indicator, Moment, Region, SummaryQuery};
use clap::{Args, ValueEnum};

use super::parse;

/// What `enforce` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct EnforceArgs {
    /// Observe again after this long unless `aegis confirm` comes from a new login: seconds, or 90s,
    /// 15m, 2h
    #[arg(long, value_name = "DURATION", value_parser = parse::confirm)]
    pub confirm: Option<NonZeroU32>,
}

/// What `summary` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct SummaryArgs {
    /// Not older than this: 90s, 15m, 2h, 7d, 4w ago, or a time such as 2026-11-20T12:00:00Z
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    pub since: Moment,
    /// Only what was blocked while the node observed: what enforcing would have dropped
    #[arg(long)]
    pub would_have_blocked: bool,
    /// Count by place instead of listing, as far as a database knows
    #[arg(long, value_name = "WHAT")]
    pub by: Option<SummaryBy>,
}

/// By what a summary counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SummaryBy {
    /// Country
    Country,
    /// Autonomous system
    Asn,
}

/// What `block-region` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct RegionArgs {
    /// Two letters of a country, or the number of an autonomous system as in AS64500
    pub region: Option<Region>,
    /// How long: seconds, or 90s, 15m, 2h, 30d (366 days at most)
    #[arg(long = "for", id = "block_for", value_name = "DURATION", default_value = "24h",
          value_parser = parse::file_expires, requires = "region")]
    pub block_for: NonZeroU32,
    /// Block it no more instead
    #[arg(long, requires = "region")]
    pub remove: bool,
}

impl From<SummaryArgs> for SummaryQuery {
    fn from(args: SummaryArgs) -> Self {
        Self {
            since: args.since,
            would_have_blocked: args.would_have_blocked,
        }
    }
}

/// What is never to be blocked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowArg {
    /// An address or prefix.
    Ip(Indicator),
    /// Whatever a name stands for.
    Name(HostName),
}

impl FromStr for AllowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), text.parse()) {
            (Ok(ip), _) => Ok(Self::Ip(ip)),
            (Err(_), Ok(name)) => Ok(Self::Name(name)),
            // Whoever means a name seldom writes what looks like an address.
            (Err(error), Err(_)) => Err(error.to_string()),
        }
    }
}
