//! The pure domain of AEGIS: types that cannot be wrong, guards, policy, blocklist, and the Engine.
//!
//! Nothing here knows a socket, a kernel, a database, a file or a clock. Time comes in as
//! [`Timestamp`], effects go out as values.

mod alert;
mod decision;
mod detection;
mod indicator;
mod node_id;
mod peer;
mod record;
mod refusal;
mod ruleset;
mod threat;
mod time;

pub use alert::{
    ALERT_BYTES_MAX, Alert, AlertId, Channel, Description, Freshness, InvalidAlertId,
    InvalidDescription, LATE_MAX, SKEW_MAX, Statement,
};
pub use decision::{Decision, Origin};
pub use detection::Detection;
pub use indicator::{Indicator, InvalidIndicator};
pub use node_id::{InvalidNodeId, NodeId};
pub use peer::PeerClass;
pub use record::{
    Action, Actor, AllowEntry, AuditEntry, HostFacts, KnownPeer, Record, Snapshot, Unblock,
};
pub use refusal::{Protection, Refusal};
pub use ruleset::{Change, Exemption, Ruleset};
pub use threat::{BlockDuration, Evidence, InvalidThreatType, Severity, ThreatType};
pub use time::Timestamp;
