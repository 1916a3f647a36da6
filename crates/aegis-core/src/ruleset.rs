//! What the kernel is to hold: the desired set of entries and the changes that lead to it.

use std::collections::BTreeMap;

use crate::{Indicator, Timestamp};

/// Why an indicator's packets are never dropped, weakest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Exemption {
    /// The operator allowed it.
    Allowlisted,
    /// Losing it would cut the host or its admin off: an own address, a gateway, a resolver.
    Protected,
}

/// One step from the ruleset the kernel has to the one it is to have. Applying it twice is harmless.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change {
    /// Drop packets from `indicator` until `expires_at`, replacing an earlier deadline.
    Block {
        indicator: Indicator,
        expires_at: Timestamp,
    },
    /// Drop packets from `indicator` no more.
    Unblock(Indicator),
    /// Pass packets from `indicator` whatever the blocklist says.
    Exempt {
        indicator: Indicator,
        exemption: Exemption,
    },
    /// Hold `indicator` exempt no more.
    Unexempt(Indicator),
}

/// The desired set of entries, and how often it has changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ruleset {
    generation: u64,
    blocks: BTreeMap<Indicator, Timestamp>,
    exemptions: BTreeMap<Indicator, Exemption>,
}

impl Ruleset {
    /// Applies `change`; returns whether it made a difference.
    pub fn apply(&mut self, change: Change) -> bool {
        let differs = match change {
            Change::Block {
                indicator,
                expires_at,
            } => self.blocks.insert(indicator, expires_at) != Some(expires_at),
            Change::Unblock(indicator) => self.blocks.remove(&indicator).is_some(),
            Change::Exempt {
                indicator,
                exemption,
            } => self.exemptions.insert(indicator, exemption) != Some(exemption),
            Change::Unexempt(indicator) => self.exemptions.remove(&indicator).is_some(),
        };
        self.generation += u64::from(differs);
        differs
    }

    /// Takes every block out for [`put_blocks`](Self::put_blocks): there is none meanwhile.
    pub(crate) fn take_blocks(&mut self) -> Vec<(Indicator, Timestamp)> {
        std::mem::take(&mut self.blocks).into_iter().collect()
    }

    /// Puts back what [`take_blocks`](Self::take_blocks) took, as closely as a map can hold it.
    pub(crate) fn put_blocks(&mut self, blocks: Vec<(Indicator, Timestamp)>) {
        self.blocks = blocks.into_iter().collect();
    }

    /// Returns a number that grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the blocked indicators with the end of each block, in order.
    pub fn blocks(&self) -> &BTreeMap<Indicator, Timestamp> {
        &self.blocks
    }

    /// Returns the exempt indicators with the reason, in order.
    pub fn exemptions(&self) -> &BTreeMap<Indicator, Exemption> {
        &self.exemptions
    }

    /// Returns the changes that make an empty kernel hold this ruleset, exemptions first.
    pub fn to_changes(&self) -> Vec<Change> {
        let exempt = |(indicator, exemption): (&Indicator, &Exemption)| Change::Exempt {
            indicator: *indicator,
            exemption: *exemption,
        };
        let block = |(indicator, expires_at): (&Indicator, &Timestamp)| Change::Block {
            indicator: *indicator,
            expires_at: *expires_at,
        };
        self.exemptions
            .iter()
            .map(exempt)
            .chain(self.blocks.iter().map(block))
            .collect()
    }
}
