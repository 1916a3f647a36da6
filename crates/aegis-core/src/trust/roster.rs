//! Whom a compatibility model knows: a bounded table of peers.
//!
//! Where it is full, who has been through least gives way, and of those who was met longest ago:
//! a flood of new names pushes out new names, and nobody with a history.

use std::collections::BTreeMap;

use super::memory::{Reader, Writer};
use super::model::{Introduction, VOICES_MAX};
use crate::{Confidence, NodeId, Timestamp};

/// Peers that a model knows at most: as many as may speak in one case.
pub(super) const ROSTER_PEERS_MAX: usize = VOICES_MAX;

/// What a model keeps of a peer, as far as the table needs it.
pub(super) trait Remember: Sized {
    /// Returns how much it has been through with this node; the least gives way first.
    fn experience(&self) -> u64;

    /// Appends what `read` needs.
    fn write(&self, writer: &mut Writer);

    /// Reads what `write` wrote, and `None` where it could not have.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// A peer in the table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known<P> {
    /// When it was met last.
    pub(super) met_at: Timestamp,
    /// What it started from.
    pub(super) introduction: Introduction,
    /// What the model keeps of it.
    pub(super) peer: P,
}

/// The peers that a model knows, at most `ROSTER_PEERS_MAX`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Roster<P>(BTreeMap<NodeId, Known<P>>);

impl<P> Default for Roster<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<P: Remember> Roster<P> {
    /// Returns a peer.
    pub(super) fn find(&self, node: &NodeId) -> Option<&Known<P>> {
        self.0.get(node)
    }

    /// Returns a peer, to be changed.
    pub(super) fn find_mut(&mut self, node: &NodeId) -> Option<&mut Known<P>> {
        self.0.get_mut(node)
    }

    /// Returns all peers, in order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&NodeId, &Known<P>)> {
        self.0.iter()
    }

    /// Takes a peer in, in place of what stood there; makes room where there is none.
    pub(super) fn insert(&mut self, node: NodeId, known: Known<P>) {
        if !self.0.contains_key(&node) && self.0.len() >= ROSTER_PEERS_MAX {
            let least = self.0.iter().min_by_key(|(_, known)| known.rank());
            let Some((least, its_rank)) = least.map(|(node, known)| (*node, known.rank())) else {
                return;
            };
            let (is_introduced, ..) = its_rank;
            if is_introduced && !known.is_introduced() {
                return; // everybody here is here by the operator's word, and the new one is not
            }
            self.0.remove(&least);
        }
        self.0.insert(node, known);
    }

    /// Takes a peer out.
    pub(super) fn remove(&mut self, node: &NodeId) {
        self.0.remove(node);
    }

    /// Returns a peer's bytes, which begin with `version`.
    pub(super) fn save(&self, version: u8, node: &NodeId) -> Option<Vec<u8>> {
        let known = self.find(node)?;
        let mut writer = Writer::default();
        writer.put_u8(version);
        writer.put_u64(known.met_at.as_millis());
        writer.put_f64(known.introduction.pretrust.value());
        writer.put_bool(known.introduction.is_fixed);
        known.peer.write(&mut writer);
        Some(writer.into_bytes())
    }

    /// Reads what `save` gave under the same version.
    pub(super) fn read(version: u8, bytes: &[u8]) -> Option<Known<P>> {
        let mut reader = Reader::new(bytes);
        if reader.take_u8()? != version {
            return None;
        }
        let known = Known {
            met_at: Timestamp::from_millis(reader.take_u64()?),
            introduction: Introduction {
                pretrust: reader.take_confidence()?,
                is_fixed: reader.take_bool()?,
            },
            peer: P::read(&mut reader)?,
        };
        reader.is_at_end().then_some(known)
    }
}

impl<P: Remember> Known<P> {
    /// Returns what decides who gives way: the smallest does.
    fn rank(&self) -> (bool, u64, Timestamp) {
        (self.is_introduced(), self.peer.experience(), self.met_at)
    }

    /// Returns whether it starts from more than a stranger does, or from a trust that stays.
    fn is_introduced(&self) -> bool {
        self.introduction.is_fixed || self.introduction.pretrust > Confidence::NONE
    }
}

#[cfg(test)]
mod tests;
