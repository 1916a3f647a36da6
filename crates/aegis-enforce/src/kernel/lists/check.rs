//! What a check of the lists asks beyond their entries.

use aegis_abi::maps;
use aegis_core::Indicator;

use super::{Lists, Place};

impl Lists {
    /// Returns whether filter and gates let a packet through to the entry of `indicator`: one that
    /// they hold back is as good as none.
    pub(in crate::kernel) fn lets_through(&self, indicator: Indicator) -> bool {
        Place::of(indicator).is_some_and(|it| match it {
            Place::HostV4(key) => self.hosts_v4.lets_through(key),
            Place::NetV6(key) => self.nets_v6.lets_through(key),
            Place::PrefixV4(code) | Place::PrefixV6(code) => {
                let is_open = it.prefix().is_some_and(|it| self.gate.is_open(it));
                is_open && self.prefixes.lets_through(code)
            }
            Place::Longer(key) => self.nets_v6.lets_through(key.key),
        })
    }

    /// Returns whether the block of `indicator` ends later than its entry can say.
    pub(in crate::kernel) fn is_clipped(&self, indicator: Indicator) -> bool {
        self.clipped.contains_key(&indicator)
    }

    /// Returns the kernel's number of the table of IPv4 addresses, which stands for all of this
    /// generation.
    pub(in crate::kernel) fn hosts_v4_id(&self) -> u32 {
        let id = self.ids.iter().find(|it| it.0 == maps::HOSTS_V4);
        id.map_or(0, |it| it.1)
    }
}
