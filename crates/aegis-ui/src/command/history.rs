//! What `history` takes.

use aegis_api::{HistoryBy, HistoryId, HistoryScope, Indicator, Moment};
use clap::{Args, ValueEnum};

/// The entries shown where nobody chose a number: some screens full.
const LIMIT_DEFAULT: &str = "100";

/// What `history` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct HistoryArgs {
    /// Address or prefix: what concerns it, what lies in it, and what it lies in
    pub ip: Option<Indicator>,
    /// Not older than this: 90s, 15m, 2h, 7d, 4w ago, or a time such as 2026-11-20T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Moment>,
    /// Older than this, written in the same way
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// Count instead of listing
    #[arg(long, value_name = "WHAT")]
    pub by: Option<ByArg>,
    /// The most entries or groups, 1 to 1000000
    #[arg(long, value_name = "COUNT", default_value = LIMIT_DEFAULT,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// Go on behind an entry, by the id that CSV and JSON give it
    #[arg(long, value_name = "ID", conflicts_with = "by")]
    pub after: Option<HistoryId>,
    /// Answer in CSV (RFC 4180), ready for a spreadsheet
    #[arg(long)]
    pub csv: bool,
}

/// By what history is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ByArg {
    /// Threat type
    Type,
    /// Who saw or did it
    Source,
    /// Day, in UTC
    Day,
    /// Organisation that a peer belongs to now; other entries are left out
    Organisation,
}

impl HistoryArgs {
    /// Returns which entries are meant.
    pub(crate) fn scope(&self) -> HistoryScope {
        HistoryScope {
            indicator: self.ip,
            since: self.since,
            until: self.until,
        }
    }
}

impl From<ByArg> for HistoryBy {
    fn from(by: ByArg) -> Self {
        match by {
            ByArg::Type => Self::Type,
            ByArg::Source => Self::Source,
            ByArg::Day => Self::Day,
            ByArg::Organisation => Self::Organisation,
        }
    }
}
