//! The blocklist: which decisions hold, per indicator, and when they end.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AlertId, Decision, Indicator, NodeId, Origin, ThreatType, Timestamp, few::Few,
    prefix_map::PrefixMap,
};

/// Decisions kept for one indicator: more voices than that change nothing for an expiry.
const DECISIONS_PER_INDICATOR_MAX: usize = 16;

/// Threat types whose text all decisions share: more than a node's sources have among them.
const SHARED_TYPES_MAX: usize = 64;

/// Every active decision. An indicator is blocked until the last of its decisions ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocklist {
    entries: PrefixMap<Few<Decision>>,
    due: BTreeSet<(Timestamp, Indicator)>, // one for each decision's end; equal ends share one
    counts: BTreeMap<Origin, usize>,
    threat_types: BTreeSet<ThreatType>, // at most SHARED_TYPES_MAX
}

/// What a blocklist held, without the maps around it.
pub(crate) struct Taken {
    entries: Vec<(Indicator, Few<Decision>)>,
    due: Vec<(Timestamp, Indicator)>,
}

/// What became of an indicator when its decisions changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// It is blocked until then.
    Blocked(Timestamp),
    /// Nothing holds it any more.
    Free,
}

impl Blocklist {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Indicator, &[Decision])> {
        self.entries
            .iter()
            .map(|(it, decisions)| (it, decisions.as_slice()))
    }

    /// Takes every decision out for [`put_all`](Self::put_all): nothing else may be asked meanwhile.
    pub(crate) fn take_all(&mut self) -> Taken {
        Taken {
            entries: self.entries.take_all(),
            due: std::mem::take(&mut self.due).into_iter().collect(),
        }
    }

    /// Puts back what [`take_all`](Self::take_all) took, as closely as the maps can hold it.
    pub(crate) fn put_all(&mut self, taken: Taken) {
        self.entries.put_all(taken.entries);
        self.due = taken.due.into_iter().collect();
    }

    /// Returns how many decisions each origin has caused.
    pub(crate) fn by_origin(&self) -> [(Origin, usize); 4] {
        let all = [
            Origin::Peers,
            Origin::Feed,
            Origin::Detector,
            Origin::Operator,
        ];
        all.map(|it| (it, self.counts.get(&it).copied().unwrap_or(0)))
    }

    /// Returns how many indicators each family and prefix length has: `((is IPv4, length), count)`.
    pub(crate) fn by_length(&self) -> impl Iterator<Item = ((bool, u8), usize)> {
        self.entries.lengths()
    }

    pub(crate) fn after(
        &self,
        cursor: Option<&Indicator>,
    ) -> impl Iterator<Item = (&Indicator, &[Decision])> {
        let entries = self.entries.after(cursor);
        entries.map(|(it, decisions)| (it, decisions.as_slice()))
    }

    pub(crate) fn decisions(&self, indicator: &Indicator) -> &[Decision] {
        self.entries.get(indicator).map_or(&[], Few::as_slice)
    }

    /// Returns the blocked indicators that contain `indicator`, widest first, itself included.
    pub(crate) fn covering(&self, indicator: &Indicator) -> Vec<Indicator> {
        self.entries.covering(indicator).map(|(it, _)| it).collect()
    }

    /// Returns the blocked indicators inside `indicator`, itself included.
    pub(crate) fn within(&self, indicator: &Indicator) -> Vec<Indicator> {
        self.entries.within(indicator).map(|(it, _)| it).collect()
    }

    pub(crate) fn standing(&self, indicator: &Indicator) -> Standing {
        let last = self
            .decisions(indicator)
            .iter()
            .map(|it| it.expires_at)
            .max();
        last.map_or(Standing::Free, Standing::Blocked)
    }

    /// Adds `decision`, replacing the same author's of the same origin unless that lasts longer.
    ///
    /// Returns the decision that gave way to it, if any.
    pub(crate) fn insert(&mut self, mut decision: Decision) -> Option<Decision> {
        decision.threat_type = self.shared(decision.threat_type);
        let indicator = decision.indicator;
        let is_same = |it: &Decision| it.origin == decision.origin && it.author == decision.author;
        let decisions = self.decisions(&indicator);
        let gives_way = match decisions.iter().find(|it| is_same(it)) {
            Some(earlier) if earlier.expires_at > decision.expires_at => return None,
            Some(earlier) => Some(earlier.clone()),
            None if decisions.len() >= DECISIONS_PER_INDICATOR_MAX => decisions
                .iter()
                .min_by_key(|it| (it.origin, it.expires_at))
                .cloned(),
            None => None,
        };
        if let Some(it) = &gives_way {
            self.remove(&indicator, it.origin, it.author);
        }
        self.due.insert((decision.expires_at, indicator));
        *self.counts.entry(decision.origin).or_default() += 1;
        match self.entries.get_mut(&indicator) {
            Some(decisions) => decisions.push(decision),
            None => drop(self.entries.insert(indicator, Few::One(decision))),
        }
        gives_way
    }

    /// Notes that the decision `author` caused as `origin` was shared as `alert`; returns it.
    pub(crate) fn set_alert(
        &mut self,
        indicator: &Indicator,
        origin: Origin,
        author: NodeId,
        alert: AlertId,
    ) -> Option<Decision> {
        let decisions = self.entries.get_mut(indicator)?;
        let mut shared = decisions
            .as_mut_slice()
            .iter_mut()
            .filter(|it| it.origin == origin && it.author == author);
        let decision = shared.next()?;
        decision.alert = Some(alert);
        Some(decision.clone())
    }

    /// Removes the decision that `author` caused as `origin`.
    pub(crate) fn remove(
        &mut self,
        indicator: &Indicator,
        origin: Origin,
        author: NodeId,
    ) -> Option<Decision> {
        self.remove_where(indicator, |it| it.origin == origin && it.author == author)
            .pop()
    }

    /// Removes every decision that rests on `alert`.
    pub(crate) fn remove_alert(&mut self, indicator: &Indicator, alert: AlertId) -> Vec<Decision> {
        self.remove_where(indicator, |it| it.alert == Some(alert))
    }

    /// Removes every decision about `indicator`, and of nothing wider or narrower.
    pub(crate) fn remove_all(&mut self, indicator: &Indicator) -> Vec<Decision> {
        self.remove_where(indicator, |_| true)
    }

    /// Removes and returns decisions that have ended at `now`, the earliest first, until there are
    /// `ended_max`; who comes again gets the rest.
    pub(crate) fn remove_due(&mut self, now: Timestamp, ended_max: usize) -> Vec<Decision> {
        let mut ended = Vec::new();
        while let Some((expires_at, indicator)) = self.due.first().copied() {
            if now < expires_at || ended.len() >= ended_max {
                break;
            }
            self.due.pop_first();
            ended.extend(self.remove_where(&indicator, |it| !it.is_active(now)));
        }
        ended
    }

    /// Returns when the next decision ends.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(expires_at, _)| *expires_at)
    }

    /// Returns the block by peers alone that ends first: what gives way when there is no room.
    pub(crate) fn weakest(&self) -> Option<Indicator> {
        let by_peers = |indicator: &&Indicator| {
            self.decisions(indicator)
                .iter()
                .all(|it| it.origin == Origin::Peers)
        };
        self.due
            .iter()
            .map(|(_, indicator)| indicator)
            .find(by_peers)
            .copied()
    }

    /// Returns an equal threat type whose text is in memory once, for however many decisions.
    fn shared(&mut self, threat_type: ThreatType) -> ThreatType {
        if let Some(it) = self.threat_types.get(&threat_type) {
            return it.clone();
        }
        if self.threat_types.len() < SHARED_TYPES_MAX {
            self.threat_types.insert(threat_type.clone());
        }
        threat_type
    }

    fn remove_where(
        &mut self,
        indicator: &Indicator,
        is_gone: impl FnMut(&Decision) -> bool,
    ) -> Vec<Decision> {
        let Some(decisions) = self.entries.get_mut(indicator) else {
            return Vec::new();
        };
        let gone = decisions.extract_if(is_gone);
        for it in &gone {
            self.counts.entry(it.origin).and_modify(|count| *count -= 1);
        }
        let left: Vec<Timestamp> = decisions
            .as_slice()
            .iter()
            .map(|it| it.expires_at)
            .collect();
        for it in gone.iter().filter(|it| !left.contains(&it.expires_at)) {
            self.due.remove(&(it.expires_at, *indicator));
        }
        if left.is_empty() {
            self.entries.remove(indicator);
        }
        gone
    }
}

#[cfg(test)]
mod tests;
