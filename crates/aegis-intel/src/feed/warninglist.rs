//! MISP's warninglists: addresses that a feed lists by mistake sooner or later.
//!
//! Whatever overlaps one of them is left out of every feed: somebody's resolver in a list of bad hosts,
//! or a prefix so wide that a resolver is in it, says that the list is wrong there.

use std::net::IpAddr;

use aegis_core::Indicator;
use serde::Deserialize;

use super::{gather::indicator, json::Loose};

/// Ranges of all warninglists together.
const RANGES_MAX: usize = 200_000;

/// The bytes of one warninglist.
pub const WARNINGLIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Public resolvers, and the networks of the content network that most of the web stands behind: a host
/// that blocks them cuts off its own visitors. What is written here needs no file.
const WELL_KNOWN: [&str; 38] = [
    "1.0.0.1",
    "1.1.1.1",
    "8.8.4.4",
    "8.8.8.8",
    "9.9.9.9",
    "149.112.112.112",
    "208.67.220.220",
    "208.67.222.222",
    "2001:4860:4860::8844",
    "2001:4860:4860::8888",
    "2606:4700:4700::1001",
    "2606:4700:4700::1111",
    "2620:119:35::35",
    "2620:119:53::53",
    "2620:fe::9",
    "2620:fe::fe",
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// A list as MISP keeps it.
#[derive(Deserialize)]
struct Document {
    name: String,
    r#type: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(rename = "version")]
    _version: Loose,
    list: Vec<String>,
}

/// Why a file is no warninglist.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidWarninglist {
    /// It is not the object that one is.
    #[error("not a warninglist of MISP: line {line} cannot be read")]
    NotOne {
        /// Which.
        line: usize,
    },
    /// All together are too many.
    #[error("the warninglists have more than {RANGES_MAX} entries")]
    TooMany,
    /// It lists names or patterns of texts.
    #[error("{name} is of the type {kind}, which has no addresses")]
    NoAddresses {
        /// Which.
        name: String,
        /// Its type.
        kind: String,
    },
}

/// All that is not to be taken from feeds.
#[derive(Clone, Debug)]
pub struct Warninglists {
    /// Sorted and apart from each other, by family: first and last address.
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Default for Warninglists {
    fn default() -> Self {
        Self::of(WELL_KNOWN.iter().filter_map(|it| it.parse().ok()))
    }
}

impl Warninglists {
    /// Returns what these make together with what is well known.
    pub fn read(documents: &[Vec<u8>]) -> Result<Self, InvalidWarninglist> {
        let mut all: Vec<Indicator> = WELL_KNOWN.iter().filter_map(|it| it.parse().ok()).collect();
        for bytes in documents {
            let document: Document = serde_json::from_slice(bytes)
                .map_err(|error| InvalidWarninglist::NotOne { line: error.line() })?;
            if !matches!(document.r#type.as_str(), "cidr" | "string") {
                return Err(InvalidWarninglist::NoAddresses {
                    name: document.name.chars().take(80).collect(),
                    kind: document.r#type.chars().take(20).collect(),
                });
            }
            if all.len() + document.list.len() > RANGES_MAX {
                return Err(InvalidWarninglist::TooMany);
            }
            all.extend(document.list.iter().filter_map(|it| indicator(it)));
        }
        Ok(Self::of(all.into_iter()))
    }

    fn of(indicators: impl Iterator<Item = Indicator>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for it in indicators {
            let family = if it.is_ipv4() { &mut v4 } else { &mut v6 };
            family.push(range(&it));
        }
        Self {
            v4: merged(v4),
            v6: merged(v6),
        }
    }

    /// Returns how many ranges there are.
    pub const fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether an indicator has anything in common with a list.
    pub fn overlaps(&self, indicator: &Indicator) -> bool {
        let (first, last) = range(indicator);
        let ranges = if indicator.is_ipv4() {
            &self.v4
        } else {
            &self.v6
        };
        let next = ranges.partition_point(|it| it.1 < first);
        ranges.get(next).is_some_and(|it| it.0 <= last)
    }
}

fn range(indicator: &Indicator) -> (u128, u128) {
    (
        bits(indicator.address()),
        bits(indicator.last_host().address()),
    )
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => u128::from(it.to_bits()),
        IpAddr::V6(it) => it.to_bits(),
    }
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
