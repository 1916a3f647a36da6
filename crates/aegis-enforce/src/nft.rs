//! The enforcer for hosts where no kernel program can be loaded: sets in a table of nftables.
//!
//! Each instance has one table of its own, `aegis_<instance>`, and touches no other. What the sets
//! are to hold is kept in memory; every change is one transaction, and is asked back. Blocks end
//! by themselves and the table outlives the process, as with the kernel program. There are no
//! detectors: sets drop, they do not see.
//!
//! The kernel is spoken to through the `nft` program, whose language is stable across kernels.

mod child;
mod clock;
mod key;
mod listing;
mod lock;
mod look;
mod mend;
mod pieces;
mod remove;
mod script;
mod start;
mod tool;
mod wanted;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use self::{
    clock::Clock,
    key::{Purpose, SetKey},
    lock::Lock,
    look::Seen,
    script::{Elements, Family, Put, Shape, Tally},
    wanted::{Refused, Wanted},
};
pub(crate) use self::{
    remove::{instances_with_tables, remove_tables},
    tool::Tool,
};
use crate::{Capacity, EnforceError, InterfaceState, Reconciled};

/// An element that ends within this may be gone when it is asked back.
const GRACE: Duration = Duration::from_secs(2);

/// Entries up to which everything is read back after each change. Reading costs some 10 µs each.
const SMALL: usize = 1000;

/// Sets in a table of nftables.
#[derive(Debug)]
pub(crate) struct NftEnforcer {
    tool: Tool,
    shape: Shape,
    wanted: Wanted,
    /// The sets that the table has.
    standing: BTreeSet<SetKey>,
    interfaces: Vec<InterfaceState>,
    capacity: Capacity,
    /// Families in which an earlier run's table goes with the next writing.
    gone: Vec<Family>,
    /// Why there is no kernel program.
    why: String,
    /// What was read back last. Behind a lock only because reading is no change.
    seen: Mutex<Option<Seen>>,
    /// Whether the table may not be as we want it.
    is_in_doubt: bool,
    clock: Clock,
    /// How long the last making and writing of everything took, by which elements may end late.
    lag: Duration,
    /// Where the next sweep goes on.
    cursor: Option<Indicator>,
    /// Held for as long as we live: two owners would undo each other's changes.
    _lock: Lock,
}

/// The elements that a change touches.
#[derive(Default)]
struct Touched {
    elements: BTreeMap<SetKey, BTreeSet<Indicator>>,
    /// Whether an entry that was there gets another deadline, so that its counters must be kept.
    has_renewals: bool,
    /// Whether what is over was looked for: a full table must not cost that for each refusal.
    is_swept: bool,
}

impl Touched {
    fn add(&mut self, key: SetKey, indicator: Indicator) {
        self.elements.entry(key).or_default().insert(indicator);
    }

    fn len(&self) -> usize {
        self.elements.values().map(BTreeSet::len).sum()
    }
}

impl NftEnforcer {
    pub(crate) fn block(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> Result<(), EnforceError> {
        let change = Change::Block {
            indicator,
            expires_at,
        };
        self.apply(now, &[change])
    }

    /// Removes a block; returns whether it was live.
    pub(crate) fn unblock(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let expires_at = self.wanted.blocks().get(&indicator).copied();
        self.apply(now, &[Change::Unblock(indicator)])?;
        Ok(expires_at.is_some_and(|it| now < it))
    }

    /// Applies every change in one transaction; what finds no room is told at the end.
    pub(crate) fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<(), EnforceError> {
        self.clock.note(now);
        let mut touched = Touched::default();
        let mut refused = Refused::default();
        for change in changes {
            self.take(now, *change, (&mut touched, &mut refused));
        }
        self.carry_out(&touched)?;
        refused.into_result()
    }

    /// Makes the sets equal to `ruleset` in one transaction; counters stay.
    pub(crate) fn reconcile(
        &mut self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Reconciled, EnforceError> {
        self.clock.note(now);
        let (wanted, refused) = Wanted::of(ruleset, now, self.capacity);
        let reconciled = compare(&self.wanted, &wanted);
        self.wanted = wanted;
        self.rewrite()?;
        refused.into_result()?;
        Ok(reconciled)
    }

    pub(crate) fn interfaces(&self) -> &[InterfaceState] {
        &self.interfaces
    }

    pub(crate) fn is_observing(&self) -> bool {
        self.shape.is_observing
    }

    /// Returns why there is no kernel program.
    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    /// Switches between dropping and observing; the next packet knows.
    pub(crate) fn set_observe(&mut self, is_observing: bool) -> Result<(), EnforceError> {
        if self.shape.is_observing == is_observing {
            return Ok(());
        }
        self.shape.is_observing = is_observing;
        let mut script = String::new();
        self.shape.write_rules(&mut script, &self.standing);
        if self.is_in_doubt || self.tool.change(&script).is_err() {
            return self.rewrite();
        }
        self.forget_rules();
        Ok(())
    }

    /// Takes one change into what is wanted.
    fn take(
        &mut self,
        now: Timestamp,
        change: Change,
        (touched, refused): (&mut Touched, &mut Refused),
    ) {
        match change {
            Change::Block {
                indicator,
                expires_at,
            } if now < expires_at => {
                let before = self.wanted.blocks().get(&indicator).copied();
                let capacity = self.capacity;
                let mut result = self.wanted.block(indicator, expires_at, capacity);
                if result.is_err() && !touched.is_swept {
                    // What is over takes up room until it is swept.
                    self.forget_over(now, touched);
                    result = self.wanted.block(indicator, expires_at, capacity);
                }
                if result.is_ok() {
                    touched.has_renewals |= before.is_some_and(|it| now < it);
                    touched.add(SetKey::of(Purpose::Blocked, indicator), indicator);
                }
                refused.note(result);
            }
            Change::Block { indicator, .. } | Change::Unblock(indicator) => {
                // Also where it is over: writing a long list makes its elements end late.
                if self.wanted.unblock(indicator).is_some() {
                    touched.add(SetKey::of(Purpose::Blocked, indicator), indicator);
                }
            }
            Change::Exempt {
                indicator,
                exemption,
            } => {
                let before = self.wanted.exemptions().get(&indicator).copied();
                if before == Some(exemption) {
                    return;
                }
                let result = self.wanted.exempt(indicator, exemption);
                if result.is_ok() {
                    touched.add(SetKey::exempt(exemption, indicator), indicator);
                    if let Some(before) = before {
                        touched.add(SetKey::exempt(before, indicator), indicator);
                    }
                }
                refused.note(result);
            }
            Change::Unexempt(indicator) => {
                if let Some(exemption) = self.wanted.unexempt(indicator) {
                    touched.add(SetKey::exempt(exemption, indicator), indicator);
                }
            }
        }
    }

    /// Removes the blocks that are over at `now`; returns how many there were.
    fn forget_over(&mut self, now: Timestamp, touched: &mut Touched) -> usize {
        touched.is_swept = true;
        let over = self.wanted.over(now);
        for indicator in &over {
            self.wanted.unblock(*indicator);
            touched.add(SetKey::of(Purpose::Blocked, *indicator), *indicator);
        }
        over.len()
    }

    /// Makes the kernel's elements as they are wanted, in one transaction, and asks them back.
    fn carry_out(&mut self, touched: &Touched) -> Result<(), EnforceError> {
        let keys: BTreeSet<SetKey> = self.wanted.keys().collect();
        if touched.len() == 0 && keys == self.standing && !self.is_in_doubt {
            return Ok(());
        }
        // Touching an element costs three commands, writing it anew one.
        let is_most = touched.len() > SMALL && touched.len() * 3 > self.wanted.len();
        if self.is_in_doubt || is_most {
            return self.rewrite();
        }
        let elements = self.elements_of(touched);
        let is_reshaped = keys != self.standing;
        let (mut script, last) = self.shape.reshape(&self.standing, &keys);
        let is_known = |it: &SetKey| keys.contains(it) || self.standing.contains(it);
        let elements = elements
            .into_iter()
            .filter(|(it, _)| is_known(it))
            .collect();
        self.shape.set(&mut script, &elements);
        script.push_str(&last);
        if let Err(error) = self.tool.change(&script) {
            // Nothing was changed. Whatever the reason, writing everything anew needs nothing to
            // be as we believe it is.
            tracing::debug!(%error, "Changing the sets failed, writing them anew");
            return self.rewrite();
        }
        self.standing = keys;
        self.patch(&elements, is_reshaped);
        self.ask_back(elements)
    }

    /// Returns how each touched element is to be.
    fn elements_of(&self, touched: &Touched) -> Elements {
        let seen = touched.has_renewals.then(|| self.held().ok()).flatten();
        let tally = |it: &Indicator| {
            let element = seen.as_ref().and_then(|seen| seen.blocks.get(it));
            element.map(|it| it.tally).unwrap_or_default()
        };
        let mut elements = Elements::new();
        for (key, indicators) in &touched.elements {
            let puts = indicators
                .iter()
                .map(|it| (*it, self.put(*key, *it, tally(it))));
            elements.insert(*key, puts.collect());
        }
        elements
    }

    /// Returns every wanted element.
    fn all_elements(&self, tally: impl Fn(&Indicator) -> Tally) -> Elements {
        let mut elements = Elements::new();
        let blocks = self.wanted.blocks().keys();
        let blocks = blocks.map(|it| (SetKey::of(Purpose::Blocked, *it), *it));
        let exemptions = self.wanted.exemptions().iter();
        let exemptions = exemptions.map(|(it, why)| (SetKey::exempt(*why, *it), *it));
        for (key, indicator) in blocks.chain(exemptions) {
            let put = self.put(key, indicator, tally(&indicator));
            elements.entry(key).or_default().insert(indicator, put);
        }
        elements
    }

    fn put(&self, key: SetKey, indicator: Indicator, tally: Tally) -> Option<Put> {
        if key.purpose != Purpose::Blocked {
            let exemption = self.wanted.exemptions().get(&indicator)?;
            return (SetKey::exempt(*exemption, indicator) == key).then_some(Put {
                remaining: None,
                tally: Tally::default(),
            });
        }
        let expires_at = self.wanted.blocks().get(&indicator)?;
        Some(Put {
            remaining: Some(expires_at.since(self.clock.present())),
            tally,
        })
    }
}

/// Returns what leads from one to the other.
fn compare(before: &Wanted, after: &Wanted) -> Reconciled {
    let mut reconciled = Reconciled::default();
    for (indicator, expires_at) in after.blocks() {
        match before.blocks().get(indicator) {
            // What was read back is known to the second only.
            Some(it) if it.since(*expires_at).max(expires_at.since(*it)) <= GRACE => {}
            Some(_) => reconciled.renewed += 1,
            None => reconciled.added += 1,
        }
    }
    for (indicator, exemption) in after.exemptions() {
        match before.exemptions().get(indicator) {
            Some(it) if it == exemption => {}
            Some(_) => reconciled.renewed += 1,
            None => reconciled.added += 1,
        }
    }
    let is_gone = |it: &&Indicator| !after.blocks().contains_key(*it);
    reconciled.removed += before.blocks().keys().filter(is_gone).count();
    let is_gone = |it: &&Indicator| !after.exemptions().contains_key(*it);
    reconciled.removed += before.exemptions().keys().filter(is_gone).count();
    reconciled
}
