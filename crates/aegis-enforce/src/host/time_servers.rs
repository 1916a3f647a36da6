//! Where this host's time comes from, as far as its configuration names addresses.
//!
//! Servers that it names by DNS name are protected by an allowlist entry for that name.

use std::{collections::BTreeSet, net::IpAddr};

use super::files::{Sources, parse_address, read_text};

#[cfg(test)]
mod tests;

/// Time servers kept; nobody asks more.
const TIME_SERVERS_MAX: usize = 64;

/// Reads the host's time servers.
pub(crate) fn time_servers(sources: &Sources) -> BTreeSet<IpAddr> {
    let texts = sources.time_files.iter().map(|it| read_text(it));
    let found = texts.flat_map(|it| addresses(&it));
    found.take(TIME_SERVERS_MAX).collect()
}

/// Returns the addresses in lines of timesyncd (`NTP=…`), chrony and ntpd (`server …`).
fn addresses(text: &str) -> Vec<IpAddr> {
    text.lines().flat_map(named).collect()
}

fn named(line: &str) -> Vec<IpAddr> {
    let line = line.trim();
    if let Some(values) = ["NTP=", "FallbackNTP="]
        .iter()
        .find_map(|it| line.strip_prefix(it))
    {
        return values
            .split_whitespace()
            .filter_map(parse_address)
            .collect();
    }
    let mut words = line.split_whitespace();
    let is_server = words
        .next()
        .is_some_and(|it| matches!(it, "server" | "pool" | "peer"));
    // ntpd takes -4 and -6 before the address.
    let address = words.find(|it| !it.starts_with('-'));
    let address = address.filter(|_| is_server).and_then(parse_address);
    address.into_iter().collect()
}
