//! Reading what `nft -j` prints: only what is of use here, and nothing trusted to be there.
//!
//! The library's JSON schema grows from version to version; objects, fields and elements that
//! are not known are left out, never an error.

use std::{collections::BTreeMap, io, net::IpAddr};

use aegis_core::{Exemption, Indicator};
use serde::Deserialize;

use super::{
    key::{Purpose, SetKey},
    script::{FILTER, Family, TABLE_PREFIX, Tally},
};

/// A blocked indicator as the kernel holds it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Element {
    /// Whole seconds until it ends, rounded down; `None` for one that does not.
    pub(super) expires_secs: Option<u64>,
    pub(super) tally: Tally,
}

/// A table of ours, read whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) blocks: BTreeMap<Indicator, Element>,
    pub(super) exemptions: BTreeMap<Indicator, Exemption>,
    pub(super) counters: BTreeMap<String, Tally>,
    /// The chain and the kernel's number of each rule.
    pub(super) rules: Vec<(String, u64)>,
    /// Elements that no transaction of ours can have made.
    pub(super) foreign: usize,
}

impl Held {
    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.blocks.len() + self.exemptions.len() + self.foreign
    }
}

#[derive(Deserialize)]
struct Root {
    nftables: Vec<Object>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    chain: Option<Named>,
    counter: Option<RawCounter>,
    rule: Option<Rule>,
    set: Option<Set>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    family: String,
    table: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawCounter {
    name: String,
    packets: u64,
    bytes: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    chain: String,
    handle: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Set {
    name: String,
    elem: Vec<RawElement>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawElement {
    Bare(String),
    Full { elem: Fields },
    Other(serde::de::IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    val: Option<Value>,
    timeout: Option<u64>,
    expires: Option<u64>,
    counter: Option<Tally>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// Reads a table of ours.
pub(super) fn read_table(json: &[u8]) -> io::Result<Held> {
    let mut held = Held::default();
    for object in parse(json)? {
        if let Some(it) = object.counter {
            let tally = Tally {
                packets: it.packets,
                bytes: it.bytes,
            };
            held.counters.insert(it.name, tally);
        }
        if let Some(it) = object.rule {
            held.rules.push((it.chain, it.handle));
        }
        if let Some(it) = object.set {
            read_set(it, &mut held);
        }
    }
    Ok(held)
}

/// Returns the tables that AEGIS made, of every instance, each with the names of its chains.
pub(super) fn read_chains(json: &[u8]) -> io::Result<BTreeMap<(Family, String), Vec<String>>> {
    let mut tables: BTreeMap<(Family, String), Vec<String>> = BTreeMap::new();
    for chain in parse(json)?.into_iter().filter_map(|it| it.chain) {
        let Some(family) = Family::parse(&chain.family) else {
            continue;
        };
        if chain.table.starts_with(TABLE_PREFIX) {
            let chains = tables.entry((family, chain.table)).or_default();
            chains.push(chain.name);
        }
    }
    // Whoever else calls a table by such a name has no chain of this name in it.
    tables.retain(|_, chains| chains.iter().any(|it| it == FILTER));
    Ok(tables)
}

fn parse(json: &[u8]) -> io::Result<Vec<Object>> {
    let failed = |it| io::Error::new(io::ErrorKind::InvalidData, it);
    let root: Root = serde_json::from_slice(json).map_err(failed)?;
    Ok(root.nftables)
}

fn read_set(set: Set, held: &mut Held) {
    let Some(key) = SetKey::parse(&set.name) else {
        held.foreign += set.elem.len();
        return;
    };
    for element in set.elem {
        let (text, fields) = match element {
            RawElement::Bare(text) => (Some(text), Fields::default()),
            RawElement::Full { elem } => {
                let text = match elem.val {
                    Some(Value::Text(ref text)) => Some(text.clone()),
                    Some(Value::Other(_)) | None => None,
                };
                (text, elem)
            }
            RawElement::Other(_) => (None, Fields::default()),
        };
        let address = text.and_then(|it| it.parse::<IpAddr>().ok());
        let Some(indicator) = address.and_then(|it| key.indicator(it)) else {
            held.foreign += 1;
            continue;
        };
        match key.purpose {
            Purpose::Blocked => {
                let element = Element {
                    // One that ends this very moment is told without what remains.
                    expires_secs: fields.expires.or_else(|| fields.timeout.map(|_| 0)),
                    tally: fields.counter.unwrap_or_default(),
                };
                held.blocks.insert(indicator, element);
            }
            Purpose::Protected => {
                held.exemptions.insert(indicator, Exemption::Protected);
            }
            Purpose::Allowlisted => {
                held.exemptions.insert(indicator, Exemption::Allowlisted);
            }
        }
    }
}

#[cfg(test)]
mod tests;
