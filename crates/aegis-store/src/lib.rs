//! The wall around the embedded database: what a node must know after a restart, its history, and its
//! audit log.
//!
//! This is the only crate that speaks SQLite. It takes [`aegis_core::Record`]s and gives back an
//! [`aegis_core::Snapshot`]; it judges nothing and knows no clock, no network and no kernel.
//! What it reads back goes through the checked constructors of the core again, so a damaged row
//! costs that row and nothing else.
//!
//! `docs/store.md` describes the schema, the migrations, the audit chain and the bounds.

mod access;
mod audit;
mod bound;
mod error;
mod fail2ban;
mod file;
mod history;
mod lock;
mod open;
mod organisation;
mod read;
mod report;
mod schema;
mod store;
mod syncer;
mod trust;
mod write;

pub use audit::{AuditEvent, AuditFault, AuditHash, AuditLine, AuditReport};
pub use error::{DatabaseError, StoreError};
pub use fail2ban::{Fail2banBan, fail2ban_bans};
pub use history::{GroupBy, HistoryBounds, HistoryFilter, HistoryGroup, HistoryReader};
pub use store::Store;
pub use syncer::Syncer;
