//! The Engine's and the kernel's state in the words of the control contract.

mod lists;
mod state;
mod trust;
mod view;
mod why;

pub(super) use state::{attach_mode, reason};
pub(super) use trust::network_opinion;

use std::{collections::BTreeMap, time::Duration};

use aegis_api::{ApiError, ErrorCode, ImportRefusal, Imported, RulesetState, ttl_secs};
use aegis_core::{AlertId, AllowEntry, Decision, FeedId, Indicator, Refusal, Reply, Timestamp};
use aegis_enforce::{Blocked, EnforceError};

/// Returns what became of an import.
pub(super) fn imported(blocked: usize, refused: &[(Indicator, Refusal)]) -> Imported {
    let refused = refused.iter().map(|(indicator, refusal)| ImportRefusal {
        indicator: *indicator,
        code: refusal.into(),
        message: refusal.to_string(),
    });
    Imported {
        blocked: blocked as u64,
        refused: refused.collect(),
    }
}

/// How the kernel and the ruleset compared when that was looked at last.
pub(super) struct ReadBack {
    at: Timestamp,
    /// How many blocks there were then.
    blocks: usize,
    state: RulesetState,
}

impl ReadBack {
    /// Returns whether looking again costs next to nothing.
    pub(super) fn is_small(&self) -> bool {
        self.state.actual <= 1_000
    }

    /// Returns whether it tells of a list of about this length, and not of one that became another.
    const fn is_about(&self, blocks: usize) -> bool {
        let (less, more) = if self.blocks < blocks {
            (self.blocks, blocks)
        } else {
            (blocks, self.blocks)
        };
        more / 2 <= less
    }

    /// Returns for how long it serves questions: so that asking takes a hundredth of the time at
    /// most, however long the list and however often it is asked for.
    fn serves_for(&self) -> Duration {
        let micros = self.state.actual.saturating_mul(200);
        Duration::from_micros(micros).max(READ_BACK_FOR_MIN)
    }
}

/// When the kernel is looked at again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// Where the last look is old.
    IfOld,
    /// Where it is old and costs next to nothing; a long list is compared by itself now and then.
    IfCheap,
}

/// The least that a read-back serves.
const READ_BACK_FOR_MIN: Duration = Duration::from_millis(500);

impl super::Node {
    /// Returns how the kernel's blocklist and the ruleset compare, looked at again where the last
    /// look is old.
    pub(super) fn ruleset_state(&mut self, look: Look) -> Result<RulesetState, ApiError> {
        let now = self.now();
        let blocks = self.engine.ruleset().blocks().len();
        let recent = self.read_back.as_ref().filter(|it| {
            let serves = look == Look::IfCheap && !it.is_small();
            it.is_about(blocks) && (serves || now.since(it.at) < it.serves_for())
        });
        if let Some(it) = recent {
            return Ok(it.state);
        }
        let found = self.look_back().map_err(kernel_error)?;
        let state = RulesetState {
            intended: found.intended as u64,
            actual: found.actual as u64,
            missing: found.missing as u64,
            surplus: found.surplus as u64,
            misdated: found.misdated as u64,
            checked_at: found.checked_at,
            generation: self.engine.ruleset().generation(),
            in_agreement: found.is_in_agreement(),
        };
        self.read_back = Some(ReadBack {
            at: now,
            blocks,
            state,
        });
        Ok(state)
    }

    /// Returns what the kernel holds of exactly these indicators, read now.
    fn read_entries(
        &self,
        indicators: &[Indicator],
    ) -> Result<BTreeMap<Indicator, Blocked>, ApiError> {
        let entries = self.enforcer.entries(self.now(), indicators);
        let entries = entries.map_err(kernel_error)?.into_iter();
        Ok(entries.map(|it| (it.indicator, it)).collect())
    }
}

pub(super) fn kernel_error(error: EnforceError) -> ApiError {
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
    let mut feeds = Vec::new();
    let (was_blocked, covered_by, withdrawn) = match reply {
        Reply::Unblocked {
            covered_by,
            withdrawn,
            listed_by,
        } => {
            let names = listed_by.iter().filter_map(FeedId::name);
            feeds.extend(names.map(str::to_owned));
            (true, *covered_by, *withdrawn)
        }
        Reply::NotBlocked {
            covered_by,
            withdrawn,
        } => (false, *covered_by, *withdrawn),
        Reply::Blocked { .. }
        | Reply::Published(_)
        | Reply::Allowed { .. }
        | Reply::Disallowed
        | Reply::NotAllowed
        | Reply::Opinion(_)
        | Reply::Trusted(_)
        | Reply::Forgotten { .. }
        | Reply::Reported(_)
        | Reply::ReportWithdrawn { .. }
        | Reply::Imported { .. }
        | Reply::Organisation(_) => (false, None, 0),
    };
    aegis_api::Unblocked {
        indicator,
        was_blocked,
        covered_by,
        withdrawn: withdrawn as u64,
        feeds,
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
    let is_feed = decision.origin == aegis_core::Origin::Feed;
    let feed = is_feed.then(|| FeedId::of_author(decision.author));
    let region = feed.and_then(FeedId::region).map(|(it, _)| it);
    aegis_api::Block {
        indicator: decision.indicator,
        origin: decision.origin.into(),
        author: decision.author,
        file: feed
            .filter(|it| region.is_none() && it.name().is_none())
            .map(FeedId::file),
        region,
        feed: feed.and_then(|it| it.name().map(str::to_owned)),
        alert_id: decision.alert,
        members_only: false,
        threat_type: decision.threat_type.clone(),
        severity: decision.severity,
        evidence: decision.evidence.into(),
        decided_at: decision.decided_at,
        expires_at: decision.expires_at,
        ttl_secs: ttl_secs(now, decision.expires_at),
        packets: kernel.map_or(0, |it| it.packets),
        bytes: kernel.map_or(0, |it| it.bytes),
        violations: kernel.map_or(0, |it| u64::from(it.violations)),
        location: None,
    }
}

#[cfg(test)]
mod tests;
