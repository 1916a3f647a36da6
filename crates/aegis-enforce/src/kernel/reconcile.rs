//! Making the pinned tables equal to the desired ruleset after a restart.

use std::collections::BTreeMap;

use aegis_abi::BlockEntry;
use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use super::{
    KernelEnforcer, Refused,
    blocks::{all_entries, to_blocked},
    clock::Ticks,
    exempt::all_exemptions,
};
use crate::{EnforceError, Reconciled};

/// A deadline this far from where it should be is written anew: the clocks drift less.
const TOLERANCE_MILLIS: u64 = 100;

impl KernelEnforcer {
    /// Adds what is missing, then removes what nobody wants: no wanted packet gets through or is
    /// dropped in between. Counters stay, and so do live blocks of the kernel's own detector.
    pub(crate) fn reconcile(
        &mut self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Reconciled, EnforceError> {
        let ticks = self.clock.read(now)?;
        let mut done = Reconciled::default();
        let mut refused = Refused::default();
        let present =
            all_entries(&self.tables).map_err(EnforceError::kernel("read the blocklist"))?;
        let present: BTreeMap<Indicator, (super::blocks::Place, BlockEntry)> = present
            .into_iter()
            .filter_map(|(place, entry)| Some((place.indicator()?, (place, entry))))
            .collect();
        let stale = self.add_exemptions(ruleset, &mut done, &mut refused)?;
        for (indicator, expires_at) in ruleset.blocks() {
            match present.get(indicator) {
                Some((_, entry)) if is_right(entry, *expires_at, ticks) => continue,
                Some(_) => done.renewed += 1,
                None => done.added += 1,
            }
            refused.note(self.block_or_make_room(ticks, *indicator, *expires_at))?;
        }
        for (indicator, (place, entry)) in present {
            if ruleset.blocks().contains_key(&indicator) {
                continue;
            }
            match to_blocked(place, entry, ticks) {
                Some(blocked) if blocked.is_from_detector => done.unknown.push(blocked),
                Some(_) | None => {
                    self.blocks.unblock(&self.tables, ticks, indicator)?;
                    done.removed += 1;
                }
            }
        }
        for indicator in stale {
            self.exemptions.remove(&self.tables, indicator)?;
            done.removed += 1;
        }
        self.update_flags()?;
        refused.into_result()?;
        Ok(done)
    }

    /// Adds the missing exemptions; returns those that nobody wants.
    fn add_exemptions(
        &mut self,
        ruleset: &Ruleset,
        done: &mut Reconciled,
        refused: &mut Refused,
    ) -> Result<Vec<Indicator>, EnforceError> {
        let present =
            all_exemptions(&self.tables).map_err(EnforceError::kernel("read the exemptions"))?;
        let present: BTreeMap<_, _> = present.into_iter().collect();
        for (&indicator, &exemption) in ruleset.exemptions() {
            if present.get(&indicator) == Some(&exemption) {
                continue;
            }
            done.added += 1;
            let change = Change::Exempt {
                indicator,
                exemption,
            };
            tracing::trace!(?change, "Adding a missing exemption");
            refused.note(self.exempt(indicator, exemption))?;
        }
        let is_stale = |it: &Indicator| !ruleset.exemptions().contains_key(it);
        Ok(present.into_keys().filter(is_stale).collect())
    }
}

/// Returns whether the entry says what is wanted, and its deadline is still where that lies.
fn is_right(entry: &BlockEntry, expires_at: Timestamp, ticks: Ticks) -> bool {
    let tolerance = TOLERANCE_MILLIS * ticks.hz / 1000;
    entry.expires_at == expires_at.as_millis()
        && entry.own_deadline.abs_diff(ticks.deadline(expires_at)) <= tolerance
}
