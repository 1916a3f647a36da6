//! Counting what other detectors alert to. They count by themselves, so one alert may be enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use aegis_core::{Indicator, Timestamp};

use super::{Detector, Verdict, Why, is_stale};
use crate::log::{
    EveAlert, IdsAlert, Notice, Rule,
    bucket::{Level, Source},
    ids::Ours,
};

/// Whoever was reported is not reported again so soon for the same: what the kernel drops, another
/// detector on the same interface goes on seeing.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Sources of which is remembered when they were reported; all are forgotten when there are more.
const TOLD_MAX: usize = 10_000;

/// Whom other detectors told of, and who is never blamed.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    ours: Ours,
    last: BTreeMap<(Source, Rule), Timestamp>,
}

impl Told {
    pub(super) fn new(home: Vec<Indicator>) -> Self {
        Self {
            ours: Ours::new(home),
            ..Self::default()
        }
    }
}

impl Detector {
    /// Says which addresses this host has. Until then nobody can have attacked one of them.
    pub fn set_own(&mut self, own: BTreeSet<IpAddr>) {
        self.told.ours.set_own(own);
    }

    pub(super) fn suricata(&mut self, now: Timestamp, line: &[u8]) -> Verdict {
        let Some(alert) = EveAlert::parse(line) else {
            return Verdict::Nothing;
        };
        let judged = alert.judge(&self.told.ours, &self.config.ids);
        self.alerted(now, (alert.packet.0, alert.at), judged)
    }

    pub(super) fn zeek(&mut self, now: Timestamp, notice: &Notice) -> Verdict {
        let named = notice.source.or(notice.connection.0);
        let Some(named) = named else {
            return Verdict::Nothing; // as of what Zeek says of itself
        };
        let judged = notice.judge(&self.told.ours, &self.config.ids);
        self.alerted(now, (named, notice.at), judged)
    }

    fn alerted(
        &mut self,
        now: Timestamp,
        (named, at): (IpAddr, Timestamp),
        judged: Result<IdsAlert, Why>,
    ) -> Verdict {
        let passed = |source, why| Verdict::Passed { source, why };
        if is_stale(now, at) {
            return passed(named, Why::Stale);
        }
        let alert = match judged {
            Ok(alert) => alert,
            Err(why) => return passed(named, why),
        };
        let (source, rule) = (alert.source, alert.rule);
        if let Some(why) = self.exempt(source, rule) {
            return passed(source, why);
        }
        let key = (Source::of(source), rule);
        let last = self.told.last.get(&key).copied();
        if last.is_some_and(|it| now.since(it) < AGAIN_AFTER && it <= now) {
            return passed(source, Why::Again);
        }
        let threshold = self.threshold(rule);
        match self.buckets.add(at, (source, rule), threshold) {
            Level::Counted(events) => Verdict::Counted {
                source,
                rule,
                events,
                of: threshold.events,
            },
            Level::Full(indicator, events) => {
                if self.told.last.len() >= TOLD_MAX {
                    self.told.last.clear();
                }
                self.told.last.insert(key, now);
                Verdict::Alerted {
                    indicator,
                    events,
                    alert: Box::new(alert),
                }
            }
            Level::NoRoom => passed(source, Why::NoRoom),
        }
    }
}

#[cfg(test)]
mod tests;
