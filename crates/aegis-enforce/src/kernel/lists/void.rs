//! Lists that nobody looked after for so long that their ends cannot be told any more.

use std::io;

use super::Lists;
use crate::kernel::clock::Ticks;

impl Lists {
    /// Returns whether the program takes these lists for void: each entry may have ended, and its
    /// end come round since, so that it looks live.
    pub(in crate::kernel) fn are_void(&self, ticks: Ticks) -> bool {
        ticks.jiffies >= self.config.table_until
    }

    /// Takes everything out.
    pub(in crate::kernel) fn clear(&mut self) -> io::Result<()> {
        for (place, _) in self.all()? {
            self.remove(place)?;
        }
        self.refresh()
    }
}
