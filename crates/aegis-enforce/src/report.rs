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

/// What is in force beside what is to be, as it was read back at one time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Enforcement {
    /// Blocks that are to be.
    pub intended: usize,
    /// Blocks that are there.
    pub actual: usize,
    /// Blocks that are to be and are not there.
    pub missing: usize,
    /// Blocks that are there and are not to be.
    pub surplus: usize,
    /// Blocks that end at another time than they are to.
    pub misdated: usize,
    /// What else lacks, is another or is nobody's: exemptions, rules of nftables.
    pub others_differing: usize,
    /// Interfaces that are where they were, but without our program, or with one of other lists.
    pub taken_off: Vec<String>,
    /// When that was read.
    pub checked_at: Timestamp,
}

impl Enforcement {
    pub(crate) const fn new(checked_at: Timestamp) -> Self {
        Self {
            intended: 0,
            actual: 0,
            missing: 0,
            surplus: 0,
            misdated: 0,
            others_differing: 0,
            taken_off: Vec::new(),
            checked_at,
        }
    }

    /// Returns whether everything is as it is to be.
    pub const fn is_in_agreement(&self) -> bool {
        self.are_blocks_right() && self.others_differing == 0 && self.taken_off.is_empty()
    }

    /// Returns whether the blocks are as they are to be.
    pub(crate) const fn are_blocks_right(&self) -> bool {
        self.missing == 0 && self.surplus == 0 && self.misdated == 0
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (intended, actual) = (self.intended, self.actual);
        write!(f, "blocks: intended {intended}, in the kernel {actual}")?;
        for (count, what) in [
            (self.missing, "missing"),
            (self.surplus, "that nobody wants"),
            (self.misdated, "with another end"),
            (self.others_differing, "exemptions or rules that differ"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        for interface in &self.taken_off {
            write!(f, ", no program on {interface}")?;
        }
        Ok(())
    }
}
