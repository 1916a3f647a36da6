//! Who was logged in on the host, as its logs tell.

use std::net::IpAddr;

use aegis_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::encoding::time;

/// Addresses from which somebody was logged in, the last first; at most ten thousand.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct LoginList {
    /// One for each address.
    pub logins: Vec<LoginLine>,
}

/// Logins from one address. Whose is not kept.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LoginLine {
    /// From where.
    pub address: IpAddr,
    /// When last.
    #[serde(with = "time")]
    pub last_at: Timestamp,
    /// How often.
    pub count: u64,
}
