//! The Local API of CrowdSec, so that its bouncers, agents and `cscli` work against this node.
//!
//! What they ask for is a request like any other: every guard of the node stands before it. What
//! they are given is what the node enforces, whoever wanted it.

pub mod alert;
pub mod board;
pub mod duration;
pub mod filter;
pub mod gzip;
pub mod moment;
pub mod scenario;
pub mod stream;
