//! Lines of logs: what is recognised in them, and when that is an attack.

mod access;
mod bucket;
mod detector;
mod ids;
mod rule;
mod sshd;
mod stamp;
mod syslog;
mod web;

pub use access::{AccessFormat, AccessLine, Request};
pub use detector::{Detector, DetectorConfig, Line, Verdict, Why};
pub use ids::{EveAlert, IDS_LINE_BYTES_MAX, IdsAlert, IdsConfig, Notice, ZeekLog};
pub use rule::{Rule, Threshold};
pub use sshd::{SshEvent, SshKind};
pub use stamp::{Stamp, resolve_local};
pub use syslog::SyslogLine;

/// The longest line that is looked at, in bytes; of a longer one only so much is.
pub const LINE_BYTES_MAX: usize = 8 * 1024;
