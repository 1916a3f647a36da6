//! Links of this host that come back: what was connected over them is to be connected anew.

use std::collections::BTreeSet;

/// Links that went and are remembered. A host on which so many come and go has no use for it.
const GONE_MAX: usize = 1024;

/// Which links carry, and which did before.
#[derive(Debug, Default)]
pub(super) struct Links {
    carrying: BTreeSet<u32>,
    gone: BTreeSet<u32>,
}

impl Links {
    /// Notes which links carry now; returns whether one of them did before and did not meanwhile.
    pub(super) fn note(&mut self, carrying: BTreeSet<u32>) -> bool {
        self.gone.extend(self.carrying.difference(&carrying));
        let back: Vec<u32> = self.gone.intersection(&carrying).copied().collect();
        self.gone.retain(|it| !back.contains(it));
        if self.gone.len() > GONE_MAX {
            self.gone.clear();
        }
        self.carrying = carrying;
        !back.is_empty()
    }
}

#[cfg(test)]
mod tests;
