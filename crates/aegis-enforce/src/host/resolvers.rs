//! The name servers this host asks, from resolv.conf and the files behind a local stub.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::files::{Sources, parse_address, read_text};

#[cfg(test)]
mod tests;

/// Name servers kept: the C library uses three, local stubs a few more.
const RESOLVERS_MAX: usize = 64;

/// Reads the host's resolvers; where a local stub answers, those it asks in turn.
pub(crate) fn resolvers(sources: &Sources) -> BTreeSet<IpAddr> {
    let mut found = name_servers(&read_text(&sources.resolv_conf));
    if found.iter().any(IpAddr::is_loopback) {
        for path in &sources.stub_upstreams {
            found.extend(name_servers(&read_text(path)));
        }
    }
    while found.len() > RESOLVERS_MAX {
        found.pop_last();
    }
    found
}

/// Returns the addresses that `nameserver` lines name (resolv.conf(5): a keyword counts only at
/// the start of its line, and the rest after the address is ignored).
pub(crate) fn name_servers(text: &str) -> BTreeSet<IpAddr> {
    let values = text
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver"));
    let values = values.filter(|value| value.starts_with([' ', '\t']));
    let addresses = values.filter_map(|value| value.split_whitespace().next());
    addresses
        .filter_map(parse_address)
        .take(RESOLVERS_MAX)
        .collect()
}
