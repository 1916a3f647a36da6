//! What the daemon asks of the kernel.

use std::{fmt, path::PathBuf, str::FromStr};

use aegis_abi::maps;

use crate::{Detectors, SynCookies};

/// Where the BPF file system is mounted on every distribution.
pub const DEFAULT_BPFFS: &str = "/sys/fs/bpf";

/// Everything that [`crate::Enforcer::start`] needs to know.
#[derive(Clone, Debug)]
pub struct EnforceConfig {
    /// Whose pins these are; two nodes on one host differ in it.
    pub instance: InstanceName,
    /// The network interfaces to defend, by name.
    pub interfaces: Vec<String>,
    /// How to attach to them.
    pub mode: ModeRequest,
    /// Count and report, drop nothing.
    pub observe: bool,
    /// A kernel object to load instead of the embedded one.
    pub object: Option<PathBuf>,
    /// Where the BPF file system is mounted.
    pub bpffs: PathBuf,
    /// How much the tables hold.
    pub capacity: Capacity,
    /// The kernel's detectors.
    pub detectors: Detectors,
    /// Answering connection requests with SYN cookies.
    pub syn_cookies: SynCookies,
}

/// The name of one node on this host: 1…32 characters of `[a-z0-9_-]`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InstanceName(Box<str>); // fit for a file name on bpffs, which takes no dots

/// A text that cannot name an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("instance name must be 1 to 32 characters of a-z, 0-9, '_' and '-'")]
pub struct InvalidInstanceName;

impl InstanceName {
    /// The longest name in characters.
    pub const CHARS_MAX: usize = 32;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstanceName {
    type Err = InvalidInstanceName;

    fn from_str(text: &str) -> Result<Self, InvalidInstanceName> {
        let is_allowed = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidInstanceName)
        }
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How the program is to be attached. Whether it drops or observes is another matter.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ModeRequest {
    /// The fastest that each interface has: native, generic, traffic control.
    #[default]
    Auto,
    /// XDP in the driver, or fail.
    Native,
    /// XDP in the stack, or fail.
    Generic,
    /// The traffic-control ingress hook, or fail.
    Tc,
    /// The same by filter, as kernels before 6.6 have it, or fail.
    TcFilter,
    /// No kernel program but sets of nftables, or fail.
    Nft,
    /// The same at prerouting, as kernels without an ingress hook have it, or fail.
    NftPrerouting,
}

impl ModeRequest {
    /// Returns whether this asks for nftables instead of a kernel program.
    pub const fn is_nft(self) -> bool {
        matches!(self, Self::Nft | Self::NftPrerouting)
    }
}

/// How many entries the lists hold at most. They cost memory by what is in them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// Blocked IPv4 addresses.
    pub hosts_v4: u32,
    /// Blocked IPv6 /64 prefixes, and as many longer ones and addresses.
    pub hosts_v6: u32,
    /// Blocked prefixes, each family.
    pub prefixes: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            hosts_v4: maps::HOSTS_V4_MAX,
            hosts_v6: maps::NETS_V6_MAX,
            prefixes: maps::PREFIXES_MAX,
        }
    }
}

#[cfg(test)]
mod tests;
