//! The Engine's and the kernel's state in the words of the control contract.

mod lists;
mod state;
mod why;

pub(super) use state::attach_mode;

use std::{collections::BTreeMap, time::Duration};

use aegis_api::{ApiError, ErrorCode, ttl_secs};
use aegis_core::{AlertId, AllowEntry, Decision, Indicator, Reply, Timestamp};
use aegis_enforce::{Blocked, EnforceError};

/// What the kernel held when it was asked last.
pub(super) struct ReadBack {
    at: Timestamp,
    entries: BTreeMap<Indicator, Blocked>,
}

/// How long a read-back of the kernel serves questions: a list of many pages is asked for in less.
const READ_BACK_FOR: Duration = Duration::from_secs(1);

impl super::Node {
    /// Returns what the kernel holds, asked again where the last answer is old.
    fn read_back(&mut self) -> Result<&BTreeMap<Indicator, Blocked>, ApiError> {
        let now = self.now();
        let is_recent = |it: &ReadBack| now.since(it.at) < READ_BACK_FOR;
        if !self.read_back.as_ref().is_some_and(is_recent) {
            let blocked = self.enforcer.get_blocklist(now).map_err(kernel_error)?;
            let entries = blocked.into_iter().map(|it| (it.indicator, it)).collect();
            self.read_back = Some(ReadBack { at: now, entries });
        }
        let missing = || ApiError::new(ErrorCode::Internal, "the kernel was not read");
        self.read_back
            .as_ref()
            .map(|it| &it.entries)
            .ok_or_else(missing)
    }
}

fn kernel_error(error: EnforceError) -> ApiError {
    ApiError::new(ErrorCode::Internal, super::dispatch::chain(&error))
}

pub(super) fn blocked(
    now: Timestamp,
    indicator: Indicator,
    block_for: Duration,
    alert_id: Option<AlertId>,
) -> aegis_api::Blocked {
    let expires_at = now + block_for;
    aegis_api::Blocked {
        indicator,
        expires_at,
        ttl_secs: ttl_secs(now, expires_at),
        alert_id,
    }
}

pub(super) fn unblocked(indicator: Indicator, reply: &Reply) -> aegis_api::Unblocked {
    let (was_blocked, covered_by, withdrawn) = match reply {
        Reply::Unblocked { withdrawn } => (true, None, *withdrawn),
        Reply::NotBlocked {
            covered_by,
            withdrawn,
        } => (false, *covered_by, *withdrawn),
        Reply::Blocked { .. }
        | Reply::Published(_)
        | Reply::Allowed { .. }
        | Reply::Disallowed
        | Reply::NotAllowed => (false, None, 0),
    };
    aegis_api::Unblocked {
        indicator,
        was_blocked,
        covered_by,
        withdrawn: withdrawn as u64,
    }
}

pub(super) fn allow_entry(now: Timestamp, entry: &AllowEntry) -> aegis_api::AllowEntry {
    aegis_api::AllowEntry {
        indicator: entry.indicator,
        added_at: entry.added_at,
        expires_at: entry.expires_at,
        ttl_secs: entry.expires_at.map(|it| ttl_secs(now, it)),
        comment: entry.comment.clone(),
    }
}

fn block(now: Timestamp, decision: &Decision, kernel: Option<&Blocked>) -> aegis_api::Block {
    aegis_api::Block {
        indicator: decision.indicator,
        origin: decision.origin.into(),
        author: decision.author,
        alert_id: decision.alert,
        threat_type: decision.threat_type.clone(),
        severity: decision.severity,
        evidence: decision.evidence.into(),
        decided_at: decision.decided_at,
        expires_at: decision.expires_at,
        ttl_secs: ttl_secs(now, decision.expires_at),
        packets: kernel.map_or(0, |it| it.packets),
        bytes: kernel.map_or(0, |it| it.bytes),
        violations: kernel.map_or(0, |it| u64::from(it.violations)),
    }
}
