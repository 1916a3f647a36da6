//! Writing the table in several transactions, where the kernel takes no message as long as all of
//! it: in user namespaces its length is bounded by `net.core.wmem_max`.
//!
//! What stands keeps standing meanwhile, if it hangs where it should. Each piece is a
//! transaction, all of them together are none.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use aegis_core::Indicator;

use super::{
    NftEnforcer,
    key::{Purpose, SetKey},
    listing::Held,
    remove::tables,
    script::{Elements, Put, Tally},
};

/// Elements in one transaction: three commands for each take some 300 bytes, and the usual bound
/// lets 416 KiB through.
pub(super) const PIECE: usize = 800;

impl NftEnforcer {
    pub(super) fn write_in_pieces(
        &self,
        keys: &BTreeSet<SetKey>,
        before: Option<&Held>,
    ) -> io::Result<()> {
        tracing::warn!("No message of this length goes to the kernel, writing the sets in pieces");
        let tally = |it: &_| {
            let element = before.and_then(|held| held.blocks.get(it));
            element.map(|it| it.tally).unwrap_or_default()
        };
        let mut elements = self.all_elements(tally);
        let mut unused = BTreeSet::new();
        let mut script = String::new();
        match before {
            Some(held) if self.hangs_as_it_should()? => {
                unused = add_surplus(&mut elements, held, keys);
                let all: BTreeSet<SetKey> = keys.union(&unused).copied().collect();
                self.shape.add_sets(&mut script, all.into_iter());
                self.shape.write_rules(&mut script, keys);
            }
            Some(_) | None => {
                let empty = BTreeMap::<String, Tally>::new();
                let counters = before.map_or(&empty, |it| &it.counters);
                script = self.shape.replace(keys, counters, &self.gone);
            }
        }
        self.tool.change(&script)?;
        for (key, elements) in elements {
            let mut elements = elements.into_iter().peekable();
            while elements.peek().is_some() {
                // Looked at again: the pieces before took their time.
                let anew = |(it, put): (Indicator, Option<Put>)| {
                    (it, put.and_then(|put| self.put(key, it, put.tally)))
                };
                let piece = elements.by_ref().take(PIECE).map(anew).collect();
                let mut script = String::new();
                self.shape.set(&mut script, &[(key, piece)].into());
                self.tool.change(&script)?;
            }
        }
        let (_, last) = self.shape.reshape(&unused, &BTreeSet::new());
        if last.is_empty() {
            return Ok(());
        }
        self.tool.change(&last)
    }

    /// Returns whether the table stands and has exactly the chains that it should.
    fn hangs_as_it_should(&self) -> io::Result<bool> {
        let standing = tables(&self.tool)?;
        let Some(chains) = standing.get(&(self.shape.family, self.shape.name.clone())) else {
            return Ok(false);
        };
        let chains: BTreeSet<String> = chains.iter().cloned().collect();
        Ok(self.gone.is_empty() && chains == self.shape.chains())
    }
}

/// Adds to `elements` that what is held and not wanted is to go; returns the sets of those that
/// are not in use any more.
fn add_surplus(elements: &mut Elements, held: &Held, keys: &BTreeSet<SetKey>) -> BTreeSet<SetKey> {
    let mut unused = BTreeSet::new();
    let blocks = held.blocks.keys();
    let blocks = blocks.map(|it| (SetKey::of(Purpose::Blocked, *it), *it));
    let exemptions = held.exemptions.iter();
    let exemptions = exemptions.map(|(it, why)| (SetKey::exempt(*why, *it), *it));
    for (key, indicator) in blocks.chain(exemptions) {
        if !keys.contains(&key) {
            unused.insert(key); // it goes with all that is in it
            continue;
        }
        elements
            .entry(key)
            .or_default()
            .entry(indicator)
            .or_insert(None);
    }
    unused
}
