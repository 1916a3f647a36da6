//! Safety: whether the node drops or only watches, and whom it never blocks.

use std::num::NonZeroU32;

use aegis_core::{HostName, Indicator, Region, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    AllowName, AllowNameList, AllowNameRequest, NameDisallowed, RegionBlock, RegionList,
    RegionRequest, RegionUnblocked, Summary, SummaryQuery,
    encoding::{text, time},
    word::NodeMode,
};

/// The most lines of a [`ProtectedList`]: more than any host has addresses that matter.
pub const PROTECTED_LINES_MAX: usize = 10_000;

/// What can be asked about safety.
#[derive(Clone, Debug, PartialEq)]
pub enum SafetyRequest {
    /// Drop from now on; answered by [`SafetyReply::Mode`].
    Enforce(EnforceRequest),
    /// Keep what is on trial, said by a login that came in since; answered by [`SafetyReply::Mode`].
    Confirm,
    /// Drop nothing from now on; answered by [`SafetyReply::Mode`].
    Observe,
    /// Answered by [`SafetyReply::Protected`].
    Protected,
    /// Answered by [`SafetyReply::Summary`].
    Summary(SummaryQuery),
    /// Never block what a name stands for; answered by [`SafetyReply::Name`] once it was resolved.
    AllowName(AllowNameRequest),
    /// Answered by [`SafetyReply::NameDisallowed`].
    DisallowName(HostName),
    /// Answered by [`SafetyReply::Names`].
    AllowNames,
    /// Block all of a country or autonomous system; answered by [`SafetyReply::Region`].
    BlockRegion(RegionRequest),
    /// Answered by [`SafetyReply::RegionUnblocked`].
    UnblockRegion(Region),
    /// Answered by [`SafetyReply::Regions`].
    Regions,
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SafetyReply {
    /// To [`SafetyRequest::Enforce`], [`SafetyRequest::Confirm`] and [`SafetyRequest::Observe`].
    Mode(ModeState),
    /// To [`SafetyRequest::Protected`].
    Protected(ProtectedList),
    /// To [`SafetyRequest::Summary`].
    Summary(Summary),
    /// To [`SafetyRequest::AllowName`].
    Name(AllowName),
    /// To [`SafetyRequest::DisallowName`].
    NameDisallowed(NameDisallowed),
    /// To [`SafetyRequest::AllowNames`].
    Names(AllowNameList),
    /// To [`SafetyRequest::BlockRegion`].
    Region(RegionBlock),
    /// To [`SafetyRequest::UnblockRegion`].
    RegionUnblocked(RegionUnblocked),
    /// To [`SafetyRequest::Regions`].
    Regions(RegionList),
}

/// Has the node drop.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EnforceRequest {
    /// Observe again after so many seconds unless somebody confirms; absent for good.
    #[serde(default)]
    pub confirm_secs: Option<NonZeroU32>,
}

/// Whether the node drops.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModeState {
    /// What it does now.
    pub mode: NodeMode,
    /// Whether that is not what it did before.
    pub changed: bool,
    /// What is awaited; absent where nothing is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// Enforcing is on trial.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Confirmation {
    /// When the node observes again, unless somebody confirms.
    #[serde(with = "time")]
    pub until: Timestamp,
    /// Seconds left, rounded up.
    pub ttl_secs: u64,
    /// Whether the kernel sees to that by itself, also where the daemon is gone.
    pub by_kernel: bool,
}

/// Whom nobody can have blocked here.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProtectedList {
    /// In the order of the addresses.
    pub protected: Vec<ProtectedLine>,
}

/// One address or range that is never blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProtectedLine {
    /// Which.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Why, as a short stable name: `loopback`, `gateway`, `admin_session` …
    pub kind: String,
    /// Why, in words for a person.
    pub reason: String,
}
