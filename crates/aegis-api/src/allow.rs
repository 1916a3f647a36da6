//! The allowlist: what the operator never wants blocked.

use std::num::NonZeroU32;

use aegis_core::{Description, Indicator, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::{description, text, time, time_option};

/// An entry of the allowlist.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AllowEntry {
    /// What is allowed.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// When it was added.
    #[serde(with = "time")]
    pub added_at: Timestamp,
    /// When it ends; absent for never.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// Seconds left, rounded up; absent for ever.
    pub ttl_secs: Option<u64>,
    /// Why, in the operator's words.
    #[serde(with = "description", default)]
    pub comment: Option<Description>,
}

/// Asks for an entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AllowRequest {
    /// What to allow.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// For how many seconds; absent for ever.
    #[serde(default)]
    pub duration_secs: Option<NonZeroU32>,
    /// Why.
    #[serde(with = "description", default)]
    pub comment: Option<Description>,
}

/// An entry was removed, or there was none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Disallowed {
    /// What is allowed no more.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Whether there was such an entry.
    pub was_allowed: bool,
}
