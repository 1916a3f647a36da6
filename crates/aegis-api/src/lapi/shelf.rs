//! The shelf: the alerts that came in lately, and what became of them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use aegis_core::{Indicator, Timestamp};

use super::alert::IncomingAlert;

/// Alerts that are kept: what a person looks through. The history has the rest.
const ALERTS_MAX: usize = 1_000;

/// Numbers left between the seconds: more alerts a second than that do not come.
const IDS_PER_SECOND_BITS: u32 = 20;

/// An alert that came in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shelved {
    /// Positive, below 2⁵³, growing, also over a restart.
    pub(super) id: u64,
    /// When it came in.
    pub(super) created_at: Timestamp,
    /// Who sent it.
    pub(super) machine: Box<str>,
    /// What it said, without its decisions.
    pub(super) alert: IncomingAlert,
    /// What it asks to block, where that is one indicator.
    pub(super) indicator: Option<Indicator>,
    /// What of it was refused and why; empty where nothing was.
    pub(super) remark: String,
}

/// The latest alerts.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    alerts: VecDeque<Arc<Shelved>>, // oldest first, at most ALERTS_MAX
    latest: BTreeMap<Indicator, Arc<Shelved>>, // of each indicator
    last_id: u64,
}

impl Shelf {
    /// Puts an alert on the shelf, under a number of its own that it returns.
    pub(super) fn put(&mut self, mut shelved: Shelved) -> u64 {
        let first = shelved.created_at.as_secs() << IDS_PER_SECOND_BITS;
        self.last_id = first.max(self.last_id + 1);
        shelved.id = self.last_id;
        if self.alerts.len() == ALERTS_MAX
            && let Some(oldest) = self.alerts.pop_front()
        {
            self.forget(&oldest);
        }
        let shelved = Arc::new(shelved);
        if let Some(it) = shelved.indicator {
            self.latest.insert(it, Arc::clone(&shelved));
        }
        self.alerts.push_back(shelved);
        self.last_id
    }

    /// Returns the latest alert about exactly `indicator`.
    pub(super) fn about(&self, indicator: &Indicator) -> Option<Arc<Shelved>> {
        self.latest.get(indicator).map(Arc::clone)
    }

    /// Returns all alerts, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Shelved>> {
        self.alerts.iter().rev()
    }

    /// Takes the alerts off the shelf for which `is_meant` holds.
    pub(super) fn take(&mut self, is_meant: impl Fn(&Shelved) -> bool) -> Vec<Arc<Shelved>> {
        let all = self.alerts.drain(..);
        let (taken, left): (Vec<_>, VecDeque<_>) = all.fold(
            (Vec::new(), VecDeque::new()),
            |(mut taken, mut left), it| {
                match is_meant(&it) {
                    true => taken.push(it),
                    false => left.push_back(it),
                }
                (taken, left)
            },
        );
        self.alerts = left;
        for it in &taken {
            self.forget(it);
        }
        taken
    }

    fn forget(&mut self, gone: &Arc<Shelved>) {
        if let Some(indicator) = &gone.indicator
            && self
                .latest
                .get(indicator)
                .is_some_and(|it| it.id == gone.id)
        {
            self.latest.remove(indicator);
        }
    }
}
