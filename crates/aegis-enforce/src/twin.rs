//! The observe-only twin: the same tables in memory, for where the kernel cannot be had.
//!
//! It drops nothing and sees no packet; it holds what the kernel would hold, by the same rules,
//! so that a node without privileges still weighs, decides and tells.

use std::net::IpAddr;

use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use crate::{Blocked, Enforcement, Reconciled};

/// The tables of a node without a kernel program.
#[derive(Clone, Debug)]
pub(crate) struct Twin {
    ruleset: Ruleset,
    reason: String,
}

impl Twin {
    pub(crate) fn new(reason: String) -> Self {
        Self {
            ruleset: Ruleset::default(),
            reason,
        }
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn apply(&mut self, now: Timestamp, changes: &[Change]) {
        for change in changes {
            match *change {
                Change::Block {
                    indicator,
                    expires_at,
                } if expires_at <= now => {
                    self.ruleset.apply(Change::Unblock(indicator));
                }
                Change::Block { .. }
                | Change::Unblock(_)
                | Change::Exempt { .. }
                | Change::Unexempt(_) => {
                    self.ruleset.apply(*change);
                }
            }
        }
    }

    /// Removes a block; returns whether it was live.
    pub(crate) fn unblock(&mut self, now: Timestamp, indicator: Indicator) -> bool {
        let expires_at = self.ruleset.blocks().get(&indicator).copied();
        self.ruleset.apply(Change::Unblock(indicator));
        expires_at.is_some_and(|it| now < it)
    }

    pub(crate) fn is_blocked(&self, now: Timestamp, indicator: Indicator) -> bool {
        let is_exempt = covering(indicator).any(|it| self.ruleset.exemptions().contains_key(&it));
        let is_live = |it: Indicator| self.ruleset.blocks().get(&it).is_some_and(|it| now < *it);
        !is_exempt && covering(indicator).any(is_live)
    }

    pub(crate) fn blocklist(&self, now: Timestamp) -> Vec<Blocked> {
        let live = self.ruleset.blocks().iter().filter(|(_, it)| now < **it);
        live.map(|(indicator, expires_at)| blocked(*indicator, *expires_at))
            .collect()
    }

    pub(crate) fn entries(&self, now: Timestamp, indicators: &[Indicator]) -> Vec<Blocked> {
        let entry = |it: &Indicator| {
            let expires_at = self.ruleset.blocks().get(it).filter(|it| now < **it)?;
            Some(blocked(*it, *expires_at))
        };
        indicators.iter().filter_map(entry).collect()
    }

    pub(crate) fn reconcile(&mut self, now: Timestamp, ruleset: &Ruleset) -> Reconciled {
        let count = |it: &Ruleset| it.blocks().len() + it.exemptions().len();
        let before = count(&self.ruleset);
        self.ruleset = Ruleset::default();
        self.apply(now, &ruleset.to_changes());
        Reconciled {
            added: count(&self.ruleset).saturating_sub(before),
            removed: before.saturating_sub(count(&self.ruleset)),
            ..Reconciled::default()
        }
    }

    /// Compares what would be in force with `ruleset`.
    pub(crate) fn enforcement(&self, now: Timestamp, ruleset: &Ruleset) -> Enforcement {
        let live = |it: &Ruleset| it.blocks().values().filter(|it| now < **it).count();
        let (held, wanted) = (self.ruleset.blocks(), ruleset.blocks());
        let lacks = |it: &(&Indicator, &Timestamp)| now < *it.1 && !held.contains_key(it.0);
        let is_surplus = |it: &(&Indicator, &Timestamp)| now < *it.1 && !wanted.contains_key(it.0);
        Enforcement {
            intended: live(ruleset),
            actual: live(&self.ruleset),
            missing: wanted.iter().filter(lacks).count(),
            surplus: held.iter().filter(is_surplus).count(),
            ..Enforcement::new(now)
        }
    }

    /// Removes what is over; returns how many entries that were.
    pub(crate) fn sweep(&mut self, now: Timestamp) -> usize {
        let over = |(indicator, expires_at): (&Indicator, &Timestamp)| {
            (*expires_at <= now).then_some(*indicator)
        };
        let over: Vec<Indicator> = self.ruleset.blocks().iter().filter_map(over).collect();
        for indicator in &over {
            self.ruleset.apply(Change::Unblock(*indicator));
        }
        over.len()
    }
}

/// Returns every prefix that covers `indicator`, itself included.
fn covering(indicator: Indicator) -> impl Iterator<Item = Indicator> {
    let address: IpAddr = indicator.address();
    (0..=indicator.prefix_len()).filter_map(move |it| Indicator::prefix(address, it))
}

/// Returns a block that nothing has met, because nothing is looked at.
const fn blocked(indicator: Indicator, expires_at: Timestamp) -> Blocked {
    Blocked {
        indicator,
        expires_at,
        packets: 0,
        bytes: 0,
        violations: 0,
        last_seen: None,
        is_from_detector: false,
    }
}

#[cfg(test)]
mod tests;
