//! Feeds that a node subscribes to: added, listed, fetched, removed.
//!
//! A feed's key is never part of the contract: only the file that has it is.

use aegis_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::encoding::{time, time_option};

/// What can be asked about feeds.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedRequest {
    /// Subscribe to one; answered by [`FeedReply::Feed`], before it is fetched.
    Add(Box<FeedAddRequest>),
    /// Answered by [`FeedReply::List`].
    List,
    /// Fetch one now; answered by [`FeedReply::Feed`], before it is fetched.
    Refresh(FeedRefreshRequest),
    /// Answered by [`FeedReply::Removed`].
    Remove(String),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FeedReply {
    /// To [`FeedRequest::Add`] and [`FeedRequest::Refresh`].
    Feed(Box<FeedLine>),
    /// To [`FeedRequest::List`].
    List(FeedList),
    /// To [`FeedRequest::Remove`].
    Removed(FeedRemoved),
}

/// Subscribes to a feed: to one that is built in by its name, to another with its address.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FeedAddRequest {
    /// What it is called, 1 to 16 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Where it is; absent for a built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How it is read: `plain`, `csv`, `stix`, `taxii`, `misp` …; plain where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The file that has its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// The header in which the key goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_header: Option<String>,
    /// Seconds between two fetches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_secs: Option<u32>,
    /// How far it is believed, 1 to 100 percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<u8>,
}

/// Has a feed fetched without waiting for its time.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FeedRefreshRequest {
    /// Which.
    pub name: String,
    /// Believe it even where it lists nothing any more, or less than half.
    #[serde(default)]
    pub accept: bool,
}

/// A feed that is subscribed to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FeedLine {
    /// What it is called.
    pub name: String,
    /// How it is read; `shared` where it is a file that somebody shares and an operator applied.
    pub kind: String,
    /// Where it is, without what follows a question mark; of a shared file, which one it is.
    pub url: String,
    /// Seconds between two fetches; 0 of a shared file, which is applied once.
    pub interval_secs: u64,
    /// How far it is believed, in percent.
    pub trust: u8,
    /// The file that has its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// What its publisher asks of those who use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// What the publisher wants said wherever its data is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// When the publisher says to have made it.
    #[serde(default, with = "time_option", skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// Whether it is being fetched or applied now.
    pub under_way: bool,
    /// When it was fetched last, or that was tried.
    #[serde(default, with = "time_option", skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// When it was last had.
    #[serde(default, with = "time_option", skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Timestamp>,
    /// When it is fetched next; of a shared file, when what it lists is free again.
    #[serde(with = "time")]
    pub next_at: Timestamp,
    /// Fetches that failed in a row.
    pub failures: u32,
    /// Why the last one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What an operator should look at: `empty`, `shrunk`, `stale`, `failing`, `unauthorised`.
    pub alarms: Vec<String>,
    /// What the last list came to, where one was had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<FeedLast>,
}

/// What became of the entries of the list that was had last.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FeedLast {
    /// How many it lists that may be meant, each once.
    pub entries: u64,
    /// How many of them are blocked.
    pub blocked: u64,
    /// Those that are not, by reason: the guards', the publisher's own, and what the list is trusted.
    pub left_out: std::collections::BTreeMap<String, u64>,
    /// How many lines could not be read.
    pub malformed: u64,
    /// The first of them, each with its number.
    pub malformed_lines: Vec<String>,
    /// How many milliseconds it took from having it whole until the kernel had it.
    #[serde(default)]
    pub applied_ms: u64,
}

/// All feeds that are subscribed to, and those that are built in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FeedList {
    /// In the order of their names.
    pub feeds: Vec<FeedLine>,
    /// Names of built-in feeds that are not subscribed to.
    pub built_in: Vec<String>,
    /// Those of them that need a key.
    #[serde(default)]
    pub need_key: Vec<String>,
}

/// A feed is subscribed to no more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FeedRemoved {
    /// Which.
    pub name: String,
    /// Whether it was.
    pub was_there: bool,
}
