//! Peer exchange: asking for peers while there are few, and telling of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aegis_core::{Indicator, NodeId, PeerClass, Timestamp};
use libp2p::{identity::Keypair, request_response::OutboundRequestId};

use super::{Node, peer_of};
use crate::{
    PeerExchange, Via,
    crowd::subnet_of,
    exchange::{RECORDS_MAX, Record, answer, question, read_answer, read_question},
    gate::{Conduct, Misbehaviour, Quota, Table, TokenBucket},
    service::inquire::{self, Heard, InquireEvent},
};

/// Peers whose records and quotas are remembered.
const PEERS_MAX: usize = 1024;

/// What a peer may ask: a few times at once, then once a minute.
const QUESTIONS: Quota = Quota {
    burst: 8 * QUESTION_TOKENS,
    per_second: 1,
};
const QUESTION_TOKENS: u32 = 60;

/// How soon a question follows a new peer, and how long it waits after one that brought nobody
/// new: twice as long after each further one.
const ASK_SOON: Duration = Duration::from_secs(1);
const ASK_AGAIN: Duration = Duration::from_secs(5);
const ASK_AGAIN_MAX: Duration = Duration::from_secs(600);

/// Peers that are told at once where this node is, when that changes.
const TOLD_MAX: usize = 16;

/// Nodes of one prefix that are taken from one answer: nobody has many nodes dial one victim.
const PER_PREFIX_MAX: usize = 4;

/// What is known of it.
pub(super) struct Exchanges {
    with: PeerExchange,
    keypair: Keypair,
    records: Table<NodeId, Record>,
    quotas: Table<NodeId, TokenBucket>,
    asked: BTreeMap<OutboundRequestId, (NodeId, usize)>, // at most TOLD_MAX and one
    ask_at: Timestamp,
    in_vain: u32,
    last_asked: Option<NodeId>,
}

impl Exchanges {
    pub(super) fn new(with: PeerExchange, keypair: Keypair) -> Self {
        Self {
            with,
            keypair,
            records: Table::new(PEERS_MAX),
            quotas: Table::new(PEERS_MAX),
            asked: BTreeMap::new(),
            ask_at: Timestamp::EPOCH,
            in_vain: 0,
            last_asked: None,
        }
    }

    /// Keeps what a connected peer announced of itself.
    pub(super) fn keep(&mut self, record: Record) {
        let known = self.records.peek(&record.node);
        if known.is_none_or(|it| record.is_newer_than(it)) {
            self.records.insert(record.node, record);
        }
    }

    /// Drops the record of a peer that is gone.
    pub(super) fn forget(&mut self, peer: &NodeId) {
        self.records.remove(peer);
    }

    /// Has the next question asked soon, because there is somebody new to ask.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.in_vain = 0;
        self.ask_at = self.ask_at.min(now + ASK_SOON);
    }
}

impl Node {
    /// Asks a peer for others while there are few: each in turn.
    pub(super) fn seek_by_exchange(&mut self) {
        let now = self.now();
        let exchanges = &self.company.exchanges;
        let is_busy = !exchanges.asked.is_empty();
        if exchanges.with == PeerExchange::Off
            || now < exchanges.ask_at
            || is_busy
            || self.has_enough()
        {
            return;
        }
        let speakers = self.speakers();
        let after = speakers.iter().find(|it| Some(**it) > exchanges.last_asked);
        let Some(peer) = after.or_else(|| speakers.first()).copied() else {
            return;
        };
        self.company.exchanges.last_asked = Some(peer);
        self.ask_for_peers(peer, RECORDS_MAX);
        let doublings = self.company.exchanges.in_vain.min(8);
        let wait = ASK_AGAIN.saturating_mul(1 << doublings).min(ASK_AGAIN_MAX);
        self.company.exchanges.ask_at = now + wait;
        let in_vain = &mut self.company.exchanges.in_vain;
        *in_vain = in_vain.saturating_add(1);
    }

    /// Tells peers where this node can be reached from now on.
    pub(super) fn announce_to_peers(&mut self) {
        if self.company.exchanges.with == PeerExchange::Off {
            return;
        }
        let wanted = if self.has_enough() { 0 } else { RECORDS_MAX };
        for peer in self.speakers().into_iter().take(TOLD_MAX) {
            self.ask_for_peers(peer, wanted);
        }
    }

    fn speakers(&self) -> Vec<NodeId> {
        let peers = self.peers.connected.iter();
        let speakers = peers.filter(|(_, it)| it.speaks.exchange && it.is_subscribed);
        speakers.map(|(peer, _)| *peer).collect()
    }

    fn ask_for_peers(&mut self, peer: NodeId, wanted: usize) {
        if self.company.exchanges.asked.len() > TOLD_MAX {
            return;
        }
        let listening = self.listening.iter().map(crate::Address::to_multiaddr);
        let external = self.company.places.announced().cloned();
        let addresses: BTreeSet<_> = external.clone().collect();
        let listening = listening.filter(|it| !addresses.contains(it));
        let keypair = &self.company.exchanges.keypair;
        let own = Record::sign(keypair, external.chain(listening));
        let question = question(wanted, own.as_ref());
        let exchange = &mut self.swarm.behaviour_mut().exchange;
        let id = exchange.send_request(&peer_of(peer), question);
        self.company.exchanges.asked.insert(id, (peer, wanted));
    }

    pub(super) fn handle_exchange_event(&mut self, event: InquireEvent) {
        match inquire::heard(event) {
            Some(Heard::Asked(peer, question, channel)) => {
                let answer = self.peers_for(peer, &question).unwrap_or_default();
                // An error means that the peer is gone, and with it the wish to know.
                let exchange = &mut self.swarm.behaviour_mut().exchange;
                let _ = exchange.send_response(channel, answer);
            }
            Some(Heard::Answered(peer, stream, answer)) => self.take_peers(peer, stream, &answer),
            Some(Heard::Unanswered(stream, error)) => {
                tracing::debug!(%error, "Peer does not tell of others");
                self.company.exchanges.asked.remove(&stream);
            }
            None => {}
        }
    }

    /// Returns the answer to a peer's question, `None` where it is not answered.
    fn peers_for(&mut self, asker: NodeId, bytes: &[u8]) -> Option<Vec<u8>> {
        let now = self.now();
        if self.gate.conduct(now, asker) != Conduct::Good
            || !self.peers.connected.contains_key(&asker)
        {
            return None;
        }
        let quotas = &mut self.company.exchanges.quotas;
        let quota = quotas.entry(asker, TokenBucket::default);
        if !quota.take(QUESTION_TOKENS, now, QUESTIONS) {
            self.blame(asker, Misbehaviour::Flooding);
            return None;
        }
        let (wanted, own) = match read_question(bytes, asker) {
            Ok(read) => read,
            Err(misbehaviour) => {
                self.blame(asker, misbehaviour);
                return None;
            }
        };
        if let Some(own) = own {
            self.company.exchanges.keep(own);
        }
        self.tells(&asker)
            .then(|| answer(self.told(now, asker).into_iter().take(wanted)))
    }

    /// Returns whether a peer is told of others.
    fn tells(&self, asker: &NodeId) -> bool {
        let class = self.peers.connected.get(asker).map(|it| it.class);
        match self.company.exchanges.with {
            PeerExchange::Off => false,
            PeerExchange::All => true,
            PeerExchange::Known => {
                class.is_some_and(|it| it != PeerClass::Dht) || self.gate.has_rank(asker)
            }
        }
    }

    /// Returns of whom a peer may be told, in an order that is always the same for it: asking
    /// again does not tell it who else there is.
    fn told(&self, now: Timestamp, asker: NodeId) -> Vec<&Record> {
        let scope = self.scope_of(&asker);
        let records = &self.company.exchanges.records;
        let is_told = |record: &&Record| {
            let known = self.peers.connected.get(&record.node);
            record.node != asker
                && record.is_fresh(now)
                && !record.addresses_for(scope).is_empty()
                && known.is_some_and(|it| {
                    let is_good = it.is_subscribed && it.throttled_at.is_none();
                    is_good && record.agrees_with(it.address.ip())
                })
        };
        let mut told: Vec<&Record> = records.iter().map(|(_, it)| it).filter(is_told).collect();
        told.sort_by_cached_key(|it| {
            let pair = [
                asker.public_key(),
                it.node.public_key(),
                self.id.public_key(),
            ];
            *blake3::hash(&pair.map(|it| *it).concat()).as_bytes()
        });
        told
    }

    /// Takes those that a peer told of.
    fn take_peers(&mut self, from: NodeId, id: OutboundRequestId, bytes: &[u8]) {
        let Some((peer, wanted)) = self.company.exchanges.asked.remove(&id) else {
            return;
        };
        if peer != from || bytes.is_empty() {
            return; // it tells nobody
        }
        let records = match read_answer(bytes, wanted) {
            Ok(records) => records,
            Err(misbehaviour) => return self.blame(from, misbehaviour),
        };
        let now = self.now();
        let scope = self.scope_of(&from);
        let mut of_prefix: BTreeMap<Indicator, usize> = BTreeMap::new();
        let mut is_new = false;
        for record in records.into_iter().filter(|it| it.is_fresh(now)) {
            let is_known = self.peers.connected.contains_key(&record.node);
            if is_known || record.node == self.id {
                continue;
            }
            for address in record.addresses_for(scope) {
                let prefix = address.ip().and_then(subnet_of);
                let counted = prefix.map_or(0, |it| {
                    let counted = of_prefix.entry(it).or_default();
                    *counted += 1;
                    *counted
                });
                if counted <= PER_PREFIX_MAX {
                    is_new |= self.learn(now, record.node, address, Via::Exchange);
                }
            }
        }
        if is_new {
            self.company.exchanges.in_vain = 0;
        }
    }
}

#[cfg(test)]
mod tests;
