//! What other programs were shown, and since when: so that they can ask for what is new.
//!
//! A publication is renewed from the blocklist now and then, and never changes: whoever reads one reads
//! the same list to its end. It remembers what was taken back, for as long as that would have held.

mod kept;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    iter::Peekable,
    sync::Arc,
    time::Duration,
};

use aegis_core::{Indicator, Timestamp};

use super::{Entry, Listed, Uuid, misp, stix};

pub use kept::{InvalidKept, KEPT_LINE_BYTES_MAX, Recall};

/// Decisions taken back that are remembered; of more, the oldest are forgotten.
pub const WITHDRAWN_MAX: usize = 10_000;

/// One decision as other programs see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown {
    /// What it is.
    pub entry: Entry,
    /// Its name.
    pub id: Uuid,
    /// When this version of it came to be.
    pub modified_at: Timestamp,
    /// When this version was first shown, in microseconds since 1970; no two have the same.
    pub added_at: u64,
}

/// A list as it was shown at one time.
#[derive(Clone, Debug)]
pub struct Publication {
    shown: Vec<Shown>,          // in the order of their indicators
    withdrawn: VecDeque<Shown>, // at most WITHDRAWN_MAX, in the order in which they were added
    order: Vec<u32>,            // all of both in the order in which they were added
    began_at: u64,              // when the first was renewed: before everything in it was added
    last_added_at: u64,         // of all that ever were
    changed_at: Timestamp,      // when the list was last another
    tag: u64,                   // of the list, the same for the same
    event: Uuid,                // the name of its event in a MISP feed
}

impl Publication {
    /// Returns one that shows nothing, of whoever has this secret.
    pub fn new(now: Timestamp, secret: &[u8]) -> Self {
        let began_at = micros(now);
        Self {
            shown: Vec::new(),
            withdrawn: VecDeque::new(),
            order: Vec::new(),
            began_at,
            last_added_at: began_at,
            changed_at: now,
            tag: tag(&[]),
            event: misp::event_name(secret),
        }
    }

    /// Returns what is shown from `now` on: `entries`, in the order of their indicators, each once.
    /// `None` where that is what is shown already.
    ///
    /// What is shown no more before its end was taken back, unless it is `hidden`: then it still holds,
    /// and is not for everybody any more.
    pub fn renewed(
        &self,
        now: Timestamp,
        entries: Vec<Entry>,
        hidden: &HashSet<Indicator>,
    ) -> Option<Self> {
        let tag = tag(&entries);
        if tag == self.tag {
            return None;
        }
        let mut last = self.last_added_at.max(micros(now));
        let mut next_added_at = || {
            last += 1;
            last
        };
        let mut withdrawn = self.withdrawn.clone();
        let last_of: BTreeMap<Uuid, Timestamp> =
            withdrawn.iter().map(|it| (it.id, newer(now, it))).collect();
        let mut shown = Vec::with_capacity(entries.len());
        let mut old = self.shown.iter().peekable();
        for entry in entries {
            let gone = gone_before(&mut old, Some(&entry.indicator));
            withdraw(&mut withdrawn, gone, (now, hidden), &mut next_added_at);
            let before = old.next_if(|it| it.entry.indicator == entry.indicator);
            // Of a decision that is not the one that counts any more, nobody is to keep the later end.
            let longer = before.filter(|it| {
                let is_other = it.entry.decided_at != entry.decided_at;
                is_other && it.entry.expires_at > entry.expires_at
            });
            let longer = longer.into_iter().collect();
            withdraw(&mut withdrawn, longer, (now, hidden), &mut next_added_at);
            shown.push(match before {
                Some(before) if before.entry == entry => before.clone(),
                Some(before) if before.entry.decided_at == entry.decided_at => Shown {
                    entry,
                    modified_at: newer(now, before),
                    added_at: next_added_at(),
                    ..*before
                },
                Some(_) | None => {
                    let id = stix::id(&entry);
                    Shown {
                        id,
                        // Where it was taken back before, that was a version of it.
                        modified_at: last_of.get(&id).copied().unwrap_or(entry.decided_at),
                        added_at: next_added_at(),
                        entry,
                    }
                }
            });
        }
        let gone = gone_before(&mut old, None);
        withdraw(&mut withdrawn, gone, (now, hidden), &mut next_added_at);
        forget(&mut withdrawn, now, &shown);
        let mut renewed = Self {
            order: Vec::new(),
            shown,
            withdrawn,
            last_added_at: last,
            changed_at: now,
            tag,
            ..*self
        };
        renewed.order = renewed.in_order();
        Some(renewed)
    }

    fn in_order(&self) -> Vec<u32> {
        let count = self.shown.len() + self.withdrawn.len();
        let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        order.sort_unstable_by_key(|it| self.at(*it).0.added_at);
        order
    }

    fn at(&self, number: u32) -> (&Shown, bool) {
        let number = number as usize;
        match self.shown.get(number) {
            Some(shown) => (shown, false),
            None => (&self.withdrawn[number - self.shown.len()], true),
        }
    }

    /// Returns what was added after a time, in that order, with whether it was taken back.
    pub fn added_after(&self, added_at: u64) -> impl Iterator<Item = (&Shown, bool)> {
        let start = self
            .order
            .partition_point(|it| self.at(*it).0.added_at <= added_at);
        self.order[start..].iter().map(|it| self.at(*it))
    }

    /// Returns when the first of them was renewed, in microseconds since 1970.
    pub const fn began_at(&self) -> u64 {
        self.began_at
    }

    /// Returns when the list was last another.
    pub const fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// Returns a number that is the same for the same list, and else another but by bad luck.
    pub const fn tag(&self) -> u64 {
        self.tag
    }

    /// Returns the name of its event in a MISP feed.
    pub const fn event(&self) -> Uuid {
        self.event
    }
}

impl Listed for Arc<Publication> {
    fn count(&self) -> usize {
        self.shown.len()
    }

    fn entry(&self, index: usize) -> &Entry {
        &self.shown[index].entry
    }
}

/// Returns what was shown before `indicator`, and takes it from `old`.
fn gone_before<'a>(
    old: &mut Peekable<impl Iterator<Item = &'a Shown>>,
    indicator: Option<&Indicator>,
) -> Vec<&'a Shown> {
    let is_gone = |it: &&Shown| indicator.is_none_or(|next| it.entry.indicator < *next);
    std::iter::from_fn(|| old.next_if(is_gone)).collect()
}

fn withdraw(
    withdrawn: &mut VecDeque<Shown>,
    gone: Vec<&Shown>,
    (now, hidden): (Timestamp, &HashSet<Indicator>),
    next_added_at: &mut impl FnMut() -> u64,
) {
    let taken_back = gone.into_iter().filter(|it| {
        let has_ended = it.entry.expires_at <= now;
        !has_ended && !hidden.contains(&it.entry.indicator)
    });
    for it in taken_back {
        withdrawn.push_back(Shown {
            modified_at: newer(now, it),
            added_at: next_added_at(),
            ..it.clone()
        });
    }
}

/// Returns when a version after this one came to be: readers take the one that has the latest time, even
/// where the clock was set back meanwhile.
fn newer(now: Timestamp, than: &Shown) -> Timestamp {
    let last = than.modified_at.max(than.entry.decided_at);
    now.max(last + Duration::from_millis(1))
}

/// Forgets what would have ended by now, what came back, and what is too much.
fn forget(withdrawn: &mut VecDeque<Shown>, now: Timestamp, shown: &[Shown]) {
    withdrawn.retain(|it| {
        let place = shown.binary_search_by_key(&it.entry.indicator, |it| it.entry.indicator);
        let came_back = place.is_ok_and(|place| shown[place].id == it.id);
        it.entry.expires_at > now && !came_back
    });
    let too_many = withdrawn.len().saturating_sub(WITHDRAWN_MAX);
    withdrawn.drain(..too_many);
}

fn micros(at: Timestamp) -> u64 {
    at.as_millis().saturating_mul(1000)
}

/// Returns the start of a hash of the list and of the program that writes it.
fn tag(entries: &[Entry]) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("aegis 2026-11 tag of a published list");
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    for it in entries {
        let line = format!(
            "{} {} {} {} {} {}\n",
            it.indicator,
            it.threat_type,
            it.severity,
            it.origin,
            it.decided_at.as_millis(),
            it.expires_at.as_millis()
        );
        hasher.update(line.as_bytes());
    }
    let mut start = [0; 8];
    start.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(start)
}

/// Returns a time in microseconds since 1970 as text, to the microsecond.
pub(super) fn micros_text(micros: u64) -> String {
    let at = Timestamp::EPOCH + Duration::from_micros(micros);
    let part = micros % 1_000_000;
    at.to_string().replace('Z', &format!(".{part:06}Z"))
}

#[cfg(test)]
mod tests;
