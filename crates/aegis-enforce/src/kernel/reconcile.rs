//! Making the lists equal to the desired ruleset after a restart.

use std::collections::{BTreeMap, HashMap};

use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use super::{
    KernelEnforcer,
    clock::Ticks,
    exempt::all_exemptions,
    lists::{Entry, Place},
    sweep::join,
};
use crate::{EnforceError, Reconciled};

/// An end this many units from where it should be is as good as right.
const TOLERANCE_UNITS: u32 = 1;
/// But one that is so much of a unit early, as a shift, is written anew: two readings of the clocks
/// differ by less, and no block is to end early.
const EARLY_SHIFT: u32 = 4;

impl KernelEnforcer {
    /// Adds what is missing, then removes what nobody wants: no wanted packet gets through or is
    /// dropped in between. Counters stay, and so do live blocks of the kernel's own detectors.
    pub(crate) fn reconcile(
        &mut self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Reconciled, EnforceError> {
        let ticks = self.clock.read(now)?;
        self.mend(ticks)?;
        let mut done = Reconciled::default();
        let failed = || EnforceError::kernel("read the blocklist");
        let all = self.lists.all().map_err(failed())?;
        let present: HashMap<Place, Entry> = all.iter().copied().collect();
        let stale = self.add_exemptions(ruleset, &mut done)?;
        let mut changes = Vec::new();
        for (&indicator, &expires_at) in ruleset.blocks() {
            match Place::of(indicator).and_then(|it| present.get(&it)) {
                Some(entry) if self.is_right(ticks, entry, (indicator, expires_at)) => continue,
                Some(entry) => {
                    let is_near = self.is_near(ticks, entry, expires_at);
                    done.renewed += usize::from(!is_near);
                }
                None => done.added += 1,
            }
            changes.push(Change::Block {
                indicator,
                expires_at,
            });
        }
        let unwanted = all.iter().filter_map(|it| it.0.indicator());
        let unwanted = unwanted.filter(|it| !ruleset.blocks().contains_key(it));
        let removals: Vec<Change> = unwanted.map(Change::Unblock).collect();
        done.removed += removals.len();
        changes.extend(removals);
        let result = self.apply(now, &changes);
        for indicator in stale {
            self.exemptions.remove(&self.tables, indicator)?;
            done.removed += 1;
        }
        let own = self.own.all(&self.tables).map_err(failed())?;
        let unknown = own
            .into_iter()
            .filter(|it| !ruleset.blocks().contains_key(&it.0));
        for (indicator, entry) in unknown {
            done.unknown
                .extend(join(ticks, indicator, None, Some(entry)));
        }
        self.update_flags(ticks)?;
        result?;
        Ok(done)
    }

    /// Adds the missing exemptions; returns those that nobody wants.
    fn add_exemptions(
        &mut self,
        ruleset: &Ruleset,
        done: &mut Reconciled,
    ) -> Result<Vec<Indicator>, EnforceError> {
        let present =
            all_exemptions(&self.tables).map_err(EnforceError::kernel("read the exemptions"))?;
        let present: BTreeMap<_, _> = present.into_iter().collect();
        for (&indicator, &exemption) in ruleset.exemptions() {
            if present.get(&indicator) == Some(&exemption) {
                continue;
            }
            done.added += 1;
            self.exempt(indicator, exemption)?;
        }
        let is_stale = |it: &Indicator| !ruleset.exemptions().contains_key(it);
        Ok(present.into_keys().filter(is_stale).collect())
    }

    /// Returns whether the entry of a block ends when it should, and is renewed until then where
    /// it cannot say so by itself.
    fn is_right(&self, ticks: Ticks, entry: &Entry, block: (Indicator, Timestamp)) -> bool {
        let (indicator, expires_at) = block;
        let (_, is_clipped) = self.lists.expiry(ticks, expires_at);
        self.lists.clipped_end(indicator) == is_clipped.then_some(expires_at)
            && (is_clipped || !self.is_early(ticks, entry, expires_at))
            && self.is_near(ticks, entry, expires_at)
    }

    fn is_early(&self, ticks: Ticks, entry: &Entry, expires_at: Timestamp) -> bool {
        let shift = self.lists.config.expiry_shift;
        let ahead = entry.expiry.ahead_of(self.lists.expiry_now(ticks));
        let ends = ((ticks.jiffies >> shift) + u64::from(ahead)) << shift;
        ends + ((1 << shift) >> EARLY_SHIFT) < ticks.deadline(expires_at)
    }

    fn is_near(&self, ticks: Ticks, entry: &Entry, expires_at: Timestamp) -> bool {
        let now = self.lists.expiry_now(ticks);
        let (wanted, _) = self.lists.expiry(ticks, expires_at);
        let [ahead, wanted] = [entry.expiry.ahead_of(now), wanted.ahead_of(now)];
        ahead > 0 && ahead.abs_diff(wanted) <= TOLERANCE_UNITS
    }
}
