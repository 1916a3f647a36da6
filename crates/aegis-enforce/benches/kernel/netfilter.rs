//! Netfilter's sets, loaded by the tools that people load them with.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use anyhow::Result;

use super::{
    cable::{Host, RECEIVER_LINK},
    source::address_v4,
};

/// A set and the hook that asks it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Netfilter {
    /// nftables at the interface's ingress.
    NetdevSet,
    /// nftables before connection tracking.
    RawSet,
    /// The same with a set that may hold ranges.
    RawIntervalSet,
    /// ipset by iptables, before connection tracking.
    Ipset,
}

/// Elements named by one line of a file.
const LINE_ELEMENTS: u64 = 4096;

impl Netfilter {
    pub(crate) const ALL: [Self; 4] = [
        Self::NetdevSet,
        Self::RawSet,
        Self::RawIntervalSet,
        Self::Ipset,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NetdevSet => super::flood::NFT_NETDEV,
            Self::RawSet => "nft set, raw prerouting",
            Self::RawIntervalSet => "nft interval set, raw prerouting",
            Self::Ipset => "ipset, raw prerouting",
        }
    }

    /// Has the host drop packets from the sources 0…`entries`.
    pub(crate) fn list(self, host: &Host, entries: u32) -> Result<()> {
        match self {
            Self::NetdevSet => {
                let hook = format!("hook ingress device {RECEIVER_LINK} priority 0");
                host.run("nft", &["-f", "-"], &nft("netdev", "", &hook, entries))
            }
            Self::RawSet => {
                let hook = "hook prerouting priority raw";
                host.run("nft", &["-f", "-"], &nft("ip", "", hook, entries))
            }
            Self::RawIntervalSet => {
                let hook = "hook prerouting priority raw";
                let flags = "flags interval;";
                host.run("nft", &["-f", "-"], &nft("ip", flags, hook, entries))
            }
            Self::Ipset => {
                host.run("ipset", &["restore"], &ipset(entries))?;
                let rule = "-t raw -A PREROUTING -m set --match-set listed src -j DROP";
                let arguments: Vec<_> = rule.split_whitespace().collect();
                host.run("iptables-legacy", &arguments, "")
            }
        }
    }
}

fn nft(family: &str, flags: &str, hook: &str, entries: u32) -> String {
    let mut text = format!(
        "table {family} bench {{\n set listed {{ type ipv4_addr; {flags} }}\n chain look {{\n  \
         type filter {hook};\n  ip saddr @listed drop\n }}\n}}\n"
    );
    let entries = u64::from(entries);
    for first in (0..entries).step_by(LINE_ELEMENTS as usize) {
        let _ = write!(text, "add element {family} bench listed {{ ");
        for number in first..entries.min(first + LINE_ELEMENTS) {
            let _ = write!(text, "{}, ", Ipv4Addr::from(address_v4(number)));
        }
        text.push_str("}\n");
    }
    text
}

fn ipset(entries: u32) -> String {
    let mut text = format!("create listed hash:ip maxelem {}\n", entries.max(64));
    for number in 0..u64::from(entries) {
        let _ = writeln!(text, "add listed {}", Ipv4Addr::from(address_v4(number)));
    }
    text
}
