//! Large sets of blocks: in force at once or not at all.

use aegis_core::Change;

use super::{
    KernelEnforcer,
    clock::Ticks,
    lists::{Demand, Kind},
    removed_indicator,
};
use crate::EnforceError;

/// So many blocks at once are put in force at once.
pub(super) const BULK_BLOCKS: usize = 8192;

impl KernelEnforcer {
    /// Puts many blocks in force at once: in place, where all that changes is that they are there
    /// and they fit, and else as another generation.
    pub(super) fn apply_at_once(
        &mut self,
        ticks: Ticks,
        changes: &[Change],
        more: Demand,
    ) -> Result<(), EnforceError> {
        if self.lists.has_room_for(more) && add_only(ticks, changes) {
            self.check_capacity(ticks, changes, self.lists.demand() + more)?;
            match self.lists.set_at_once(ticks, changes, more) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "Blocks cannot be written in place, making new tables");
                }
            }
        }
        let gone = changes.iter().filter_map(removed_indicator);
        let wanted = self.lists.demand() - Demand::of(gone.filter(|it| self.holds(**it))) + more;
        self.check_capacity(ticks, changes, wanted)?;
        if self.own.is_any(&self.tables) {
            for indicator in changes.iter().filter_map(removed_indicator) {
                self.remove_own(*indicator)?;
            }
        }
        self.replace(ticks, changes, wanted)
    }

    /// Fails where so many entries are more than may be; who is to be let go is let go all the same.
    fn check_capacity(
        &mut self,
        ticks: Ticks,
        changes: &[Change],
        wanted: Demand,
    ) -> Result<(), EnforceError> {
        let Err(error) = self.options.capacity.check(wanted) else {
            return Ok(());
        };
        // Blocks that are there already were counted twice.
        let renewals = changes.iter().filter_map(|it| match it {
            Change::Block { indicator, .. } if self.holds(*indicator) => Some(indicator),
            Change::Block { .. }
            | Change::Unblock(_)
            | Change::Exempt { .. }
            | Change::Unexempt(_) => None,
        });
        let exact = wanted - Demand::of(renewals);
        if self.options.capacity.check(exact).is_ok() {
            return Ok(());
        }
        let removals: Vec<Change> = changes.iter().copied().filter(is_removal).collect();
        self.apply_one_by_one(ticks, &removals, Demand::default())?;
        Err(error)
    }
}

/// Returns whether changes do nothing but add blocks, none of which is over, or wider than the
/// tables hold.
fn add_only(ticks: Ticks, changes: &[Change]) -> bool {
    changes.iter().all(|change| match *change {
        Change::Block {
            indicator,
            expires_at,
        } => expires_at > ticks.now && Kind::of(indicator).is_some(),
        Change::Unblock(_) => false,
        // Those were applied before.
        Change::Exempt { .. } | Change::Unexempt(_) => true,
    })
}

fn is_removal(change: &Change) -> bool {
    matches!(change, Change::Unblock(_))
}
