//! Dovecot as users of Slips' local peer-to-peer module know it, number for number.
//!
//! Source of the mathematics: D. Hollmannová, *Dovecot* (CTU Prague, 2020), which Slips ships as
//! `p2p_trust` beside the program that pings, p2p4slips. The submodules are its parts as plain
//! functions; [`DovecotModel`] converts to and from this house's scale.
//!
//! Its design is kept with what is weak in it: trust is pings, and what this node thinks of a
//! peer's own address; whether what it said was right changes nothing. The least trusted weighs a
//! quarter of the most trusted, a newcomer as much as a veteran of whom nothing is known, and so
//! the majority of names decides. Defects of its *code* are mended, and [`DovecotDefects`] brings
//! back those that show in its numbers. Two more cannot come back: a case holds one voice of each
//! peer, and an opinion below the lowest threat level counts as the lowest one.

mod config;
mod model;
pub mod opinion;
mod peer;
pub mod reliability;
pub mod voice;

pub use config::{DovecotConfig, DovecotDefects, Edition};
pub use model::DovecotModel;
pub use peer::DovecotPeer;

#[cfg(test)]
mod tests;
