//! Peer exchange: what a node tells a peer that looks for more.
//!
//! A question is how many are wanted, in one byte, 0 to 16, and the asker's own signed peer record or
//! nothing. An answer is how many follow, in one byte, and each after its length in two bytes
//! (big-endian): the record of a node, as that announced itself by identify or so. Whoever passes it on cannot change it, so nobody can have others
//! dial an address that its node did not name; and whoever names addresses in its own record
//! can name few that are dialled, none of them within a private network from outside.

use std::{collections::BTreeSet, net::IpAddr};

use aegis_core::{NodeId, Timestamp};
use libp2p::{
    core::{PeerRecord, SignedEnvelope},
    identity::Keypair,
};

use crate::{
    Address,
    address::{Scope, ip_of, is_relayed, node_of, reach_of},
    gate::Misbehaviour,
};

/// Records of one answer.
pub(crate) const RECORDS_MAX: usize = 16;

/// The most bytes of a record: what identify can carry.
pub(crate) const RECORD_BYTES_MAX: usize = 4096;

/// The most bytes of a question.
pub(crate) const QUESTION_BYTES_MAX: usize = 1 + RECORD_BYTES_MAX;

/// The most bytes of an answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 + RECORDS_MAX * (2 + RECORD_BYTES_MAX);

/// Hosts of one record that are dialled: one by IPv4 and one by IPv6.
const HOSTS_MAX: usize = 2;

/// Addresses of one record that are dialled.
const ADDRESSES_MAX: usize = 8;

/// Addresses that a node announces of itself.
const ANNOUNCED_MAX: usize = 16;

/// How old a record may be: identify makes a new one every few minutes.
const RECORD_SECS_MAX: u64 = 24 * 3600;

/// How far ahead a record's time may be.
const AHEAD_SECS_MAX: u64 = 300;

/// What a node announced of itself, with its signature checked.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) node: NodeId,
    announced_secs: u64,
    addresses: Vec<libp2p::Multiaddr>,
    bytes: Vec<u8>,
}

impl Record {
    /// Reads a record that somebody handed over; an error is that one's fault.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Misbehaviour> {
        let envelope =
            SignedEnvelope::from_protobuf_encoding(bytes).map_err(|_| Misbehaviour::Malformed)?;
        Self::of(envelope).ok_or(Misbehaviour::Forged)
    }

    /// Returns the record in an envelope, `None` where the signature is not of the node that it is
    /// about, or that is no node of ours.
    pub(crate) fn of(envelope: SignedEnvelope) -> Option<Self> {
        let record = PeerRecord::from_signed_envelope(envelope).ok()?;
        let bytes = record.to_signed_envelope().into_protobuf_encoding();
        Some(Self {
            node: node_of(&record.peer_id())?,
            announced_secs: record.seq(),
            addresses: record.addresses().to_vec(),
            bytes,
        })
        .filter(|it| it.bytes.len() <= RECORD_BYTES_MAX)
    }

    /// Signs a record of this node; `None` where it has no address or too many to tell.
    pub(crate) fn sign(
        keypair: &Keypair,
        addresses: impl Iterator<Item = libp2p::Multiaddr>,
    ) -> Option<Self> {
        let addresses: Vec<_> = addresses.take(ANNOUNCED_MAX).collect();
        if addresses.is_empty() {
            return None;
        }
        let record = PeerRecord::new(keypair, addresses).ok()?;
        Self::of(record.into_signed_envelope())
    }

    /// Returns whether it was announced later than `other`.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        self.announced_secs >= other.announced_secs
    }

    /// Returns whether it still says where its node is.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let now = now.as_millis() / 1000;
        (now.saturating_sub(RECORD_SECS_MAX)..=now.saturating_add(AHEAD_SECS_MAX))
            .contains(&self.announced_secs)
    }

    /// Returns where the node may be dialled by somebody who is told by a peer that is reached so
    /// far away: nothing nearer than that, few hosts, and few addresses.
    pub(crate) fn addresses_for(&self, scope: Scope) -> Vec<Address> {
        let mut hosts: BTreeSet<IpAddr> = BTreeSet::new();
        let mut usable = Vec::new();
        for address in &self.addresses {
            let address = without_node(address, self.node);
            if reach_of(&address).is_none_or(|it| it < scope) {
                continue;
            }
            let is_new = |ip: &IpAddr| !hosts.contains(ip);
            match ip_of(&address) {
                Some(ip) if is_new(&ip) && hosts.len() >= HOSTS_MAX => continue,
                Some(ip) => drop(hosts.insert(ip)),
                None => {}
            }
            usable.push(Address::of(&address));
            if usable.len() == ADDRESSES_MAX {
                break;
            }
        }
        usable
    }

    /// Returns whether the node says itself that it is at `ip`, or behind a relay.
    pub(crate) fn agrees_with(&self, ip: Option<IpAddr>) -> bool {
        let mut addresses = self.addresses.iter();
        addresses.any(|it| is_relayed(it) || ip.is_some() && ip_of(it) == ip)
    }
}

/// Returns an address without the peer ID of its own node at its end.
fn without_node(address: &libp2p::Multiaddr, node: NodeId) -> libp2p::Multiaddr {
    let mut bare = address.clone();
    if crate::address::node_at_end(&bare) == Some(node) {
        bare.pop();
    }
    bare
}

/// Returns the question for so many, with the asker's own record.
pub(crate) fn question(wanted: usize, own: Option<&Record>) -> Vec<u8> {
    let mut bytes = vec![wanted.min(RECORDS_MAX) as u8];
    bytes.extend(own.into_iter().flat_map(|it| &it.bytes));
    bytes
}

/// Reads a question of `asker`: how many are wanted, and what it says of itself.
pub(crate) fn read_question(
    bytes: &[u8],
    asker: NodeId,
) -> Result<(usize, Option<Record>), Misbehaviour> {
    if bytes.len() > QUESTION_BYTES_MAX {
        return Err(Misbehaviour::Oversized);
    }
    let (wanted, own) = bytes.split_first().ok_or(Misbehaviour::Malformed)?;
    let wanted = usize::from(*wanted);
    if wanted > RECORDS_MAX {
        return Err(Misbehaviour::OutOfRange);
    }
    if own.is_empty() {
        return Ok((wanted, None));
    }
    let own = Record::read(own)?;
    let is_own = own.node == asker;
    is_own
        .then_some((wanted, Some(own)))
        .ok_or(Misbehaviour::Forged)
}

/// Returns an answer with the first of these.
pub(crate) fn answer<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<u8> {
    let records: Vec<&Record> = records.take(RECORDS_MAX).collect();
    let mut bytes = vec![records.len() as u8];
    for record in records {
        let length = record.bytes.len() as u16; // at most RECORD_BYTES_MAX
        bytes.extend(length.to_be_bytes());
        bytes.extend(&record.bytes);
    }
    bytes
}

/// Reads an answer to a question for so many. An error is the answerer's fault: it has checked what
/// it passes on, too.
pub(crate) fn read_answer(bytes: &[u8], wanted: usize) -> Result<Vec<Record>, Misbehaviour> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(Misbehaviour::Oversized);
    }
    let (count, mut rest) = bytes.split_first().ok_or(Misbehaviour::Malformed)?;
    if usize::from(*count) > wanted.min(RECORDS_MAX) {
        return Err(Misbehaviour::Unasked);
    }
    let mut records = Vec::new();
    for _ in 0..*count {
        let (length, behind) = rest.split_first_chunk().ok_or(Misbehaviour::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let record = behind.get(..length).ok_or(Misbehaviour::Malformed)?;
        records.push(Record::read(record)?);
        rest = &behind[length..];
    }
    let is_all = rest.is_empty();
    is_all.then_some(records).ok_or(Misbehaviour::Malformed)
}

#[cfg(test)]
mod tests;
