//! What a person sees of AEGIS: one [`Command`] for shell and console, reports, event lines.
//!
//! Everything goes through the API client. Data goes to standard output, talk to standard error,
//! and nothing that a peer wrote is shown unescaped.

mod command;
mod completions;
mod console;
mod csv;
mod event;
mod outcome;
mod report;
mod run;
#[cfg(test)]
mod sample;
mod screen;
mod text;

pub use command::{
    AlertArgs, AllowArg, AllowArgs, AuditCommand, BlockArgs, ByArg, ClientArgs, Command,
    DEFAULT_DURATION, DEFAULT_SEVERITY, DEFAULT_THREAT_TYPE, EnforceArgs, EvidenceArg, FEED_KINDS,
    FeedAddArgs, FeedCommand, FeedRefreshArgs, FileArg, FileCommand, GLOBAL_HEADING, GetArgs,
    HistoryArgs, JoinArgs, KeyCommand, KeyUserArg, OrgCommand, PeerArg, PublishArgs, RegionArgs,
    ReportArgs, RoleArg, ScopeArg, ShareArgs, SummaryArgs, SummaryBy, TicketArgs, TrustArgs,
    TrustCommand, UnblockArgs, WithdrawArgs, parse_duration_secs,
};
pub use completions::completions;
pub use console::{Console, ConsoleEnd, Input, LINE_BYTES_MAX};
pub use event::line;
pub use outcome::Outcome;
pub use report::summary_text;
pub use run::{ImportPlan, import, read_ticket, run};
pub use screen::{Format, Screen};
pub use text::{bytes, count, shown, shown_lines, span};

/// Reports of single replies, for other ways to look at a node.
pub mod reports {
    pub use crate::report::{allowed, blocked, trust, unblocked, why};
}
