//! What the kernel holds and how it is reached, as reports show it.

use std::fmt;

use aegis_core::{Indicator, Timestamp};

/// A live entry of the kernel's blocklist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Blocked {
    /// Whose packets are dropped.
    pub indicator: Indicator,
    /// Until when.
    pub expires_at: Timestamp,
    /// Packets that met the entry.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
    /// How often the kernel's detector caught this source.
    pub violations: u32,
    /// When the last packet met the entry.
    pub last_seen: Option<Timestamp>,
    /// Whether the kernel's detector made or renewed the block, and not user space.
    pub is_from_detector: bool,
}

/// How the program sits on an interface.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Mode {
    /// XDP in the driver.
    Native,
    /// XDP in the stack, dearer.
    Generic,
    /// Traffic control, by link (kernel 6.6 and newer).
    Tcx,
    /// Traffic control, by filter.
    TcFilter,
    /// Sets of nftables at the ingress hook, without a kernel program.
    Nft,
    /// Sets of nftables at prerouting, for kernels without that hook.
    NftPrerouting,
}

impl Mode {
    /// Returns the word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
            Self::Tcx => "tcx",
            Self::TcFilter => "tc",
            Self::Nft => "nft",
            Self::NftPrerouting => "nft-prerouting",
        }
    }

    /// Returns what a dropped packet costs in this mode beside native XDP, where that is more.
    /// Measured with 100,000 blocked addresses; `docs/kernel.md` has how.
    pub const fn cost(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Generic => Some("about 2 to 5 times the native cost"),
            Self::Tcx | Self::TcFilter => Some("about 3 to 7 times the native cost"),
            Self::Nft | Self::NftPrerouting => Some("about 7 to 9 times the native cost"),
        }
    }

    /// Returns whether this is XDP, of which an interface has room for one.
    pub const fn is_xdp(self) -> bool {
        matches!(self, Self::Native | Self::Generic)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One defended interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InterfaceState {
    /// Its name.
    pub name: String,
    /// Its number in this network namespace.
    pub index: u32,
    /// How the program sits on it.
    pub mode: Mode,
    /// Why this mode and no faster one.
    pub reason: String,
}

/// What [`crate::Enforcer::reconcile`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reconciled {
    /// Entries that were missing.
    pub added: usize,
    /// Entries whose deadline was another.
    pub renewed: usize,
    /// Entries that nobody wants any more.
    pub removed: usize,
    /// Live blocks of the kernel's own detector that the ruleset does not know. They stay.
    pub unknown: Vec<Blocked>,
}
