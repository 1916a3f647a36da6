//! Showing peers what organisations signed, taking what they show, and finding fellow members.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aegis_core::{MemberRole, NodeId, OrganisationId, OrganisationWord, Timestamp};
use libp2p::{
    PeerId,
    kad::{self, ProviderRecord, RecordKey, store::RecordStore as _},
    request_response::{self, ResponseChannel},
    swarm::dial_opts::DialOpts,
};

use super::{Node, node_of, peer_of};
use crate::{
    NetEvent, Via,
    gate::{Conduct, Quota, Table, TokenBucket},
    organisation::{count, is_cut, pack, unpack},
    service::vouch::VouchEvent,
};

/// What a peer may show: all members of some organisations at once, and a few changes after that.
const WORDS: Quota = Quota {
    burst: 2048,
    per_second: 16,
};

/// What asking to be shown counts as: 32 times at once, and every 4 s after that.
const ASKED_WORDS: u32 = 64;

/// Peers whose quota is remembered.
const PEERS_MAX: usize = 4096;

/// Frames on their way to one peer; for one more it is too slow, and is shown all when it is met
/// again.
const FRAMES_MAX: u32 = 16;

/// Members that are let in although the node has as many connections as it may have.
const RESERVED_MAX: usize = 32;

/// How often members are looked for, and this node is announced as one, at first and later on. The
/// records of others hold for a day, and this outlives any node that forgets one.
const SEEK_SOON: Duration = Duration::from_secs(15);
const SEEK_EVERY: Duration = Duration::from_secs(600);

/// How often they are looked for soon.
const SOON_MAX: u32 = 8;

/// Organisations that one node may be found under.
const KEYS_PER_NODE_MAX: usize = 8;

/// What the keys of organisations in the DHT begin with, so that nothing else is kept.
const KEY_PREFIX: &[u8] = b"aegis-organisation/1\0";

/// Fellow members that one search may dial: a search that finds many needs no more of them.
const DIALLED_MAX: usize = 16;

/// What is known of organisations in the service.
#[derive(Debug)]
pub(super) struct Vouching {
    quotas: Table<NodeId, TokenBucket>,
    on_the_way: BTreeMap<NodeId, u32>,
    reserved: BTreeSet<NodeId>,
    joined: Vec<OrganisationId>,
    trusted: Vec<OrganisationId>,
    seek_at: Timestamp,
    sought: u32,
    keys: Table<NodeId, BTreeSet<Vec<u8>>>, // under which others are found here
    found: Table<NodeId, ()>,
}

impl Default for Vouching {
    fn default() -> Self {
        Self {
            quotas: Table::new(PEERS_MAX),
            on_the_way: BTreeMap::new(),
            reserved: BTreeSet::new(),
            joined: Vec::new(),
            trusted: Vec::new(),
            seek_at: Timestamp::EPOCH,
            sought: 0,
            keys: Table::new(PEERS_MAX),
            found: Table::new(PEERS_MAX),
        }
    }
}

impl Node {
    /// Shows a connected peer what organisations signed.
    pub(super) fn show(&mut self, peer: NodeId, words: &[OrganisationWord]) {
        if !self.peers.connected.contains_key(&peer) {
            return;
        }
        let on_the_way = self.vouching.on_the_way.entry(peer).or_default();
        if *on_the_way >= FRAMES_MAX {
            tracing::debug!(%peer, "Peer is too slow to be shown more of organisations");
            return;
        }
        *on_the_way += 1;
        let frame = pack(words, self.id);
        let vouch = &mut self.swarm.behaviour_mut().vouch;
        vouch.send_request(&peer_of(peer), frame);
    }

    pub(super) fn handle_vouch_event(&mut self, event: VouchEvent) {
        match event {
            request_response::Event::Message { peer, message, .. } => {
                let Some(peer) = node_of(&peer) else { return };
                match message {
                    request_response::Message::Request {
                        request, channel, ..
                    } => self.handle_shown(peer, &request, channel),
                    request_response::Message::Response { response, .. } => {
                        tracing::trace!(%peer, taken = response, "Showed what organisations signed");
                        self.has_arrived(peer);
                    }
                }
            }
            request_response::Event::OutboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "Cannot show what organisations signed");
                if let Some(peer) = node_of(&peer) {
                    self.has_arrived(peer);
                }
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "Peer did not finish showing");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn has_arrived(&mut self, peer: NodeId) {
        if let Some(on_the_way) = self.vouching.on_the_way.get_mut(&peer) {
            *on_the_way = on_the_way.saturating_sub(1);
            if *on_the_way == 0 {
                self.vouching.on_the_way.remove(&peer);
            }
        }
    }

    fn handle_shown(&mut self, from: NodeId, frame: &[u8], channel: ResponseChannel<u16>) {
        let taken = self.take_shown(from, frame);
        // An error means that the peer is gone, and with it the wish to know.
        let vouch = &mut self.swarm.behaviour_mut().vouch;
        let _ = vouch.send_response(channel, taken);
    }

    /// Returns how many words were taken.
    fn take_shown(&mut self, from: NodeId, frame: &[u8]) -> u16 {
        let now = self.now();
        if self.gate.conduct(now, from) != Conduct::Good {
            return 0;
        }
        // Whoever asks to be shown has this node say much.
        let words = match count(frame) {
            Some(0) => ASKED_WORDS,
            counted => u32::from(counted.unwrap_or(1)),
        };
        let quota = self.vouching.quotas.entry(from, TokenBucket::default);
        if !quota.take(words, now, WORDS) {
            tracing::debug!(peer = %from, "Peer shows more of organisations than it may");
            return 0;
        }
        let has_fair_head = frame.len() < 2 || count(frame).is_some();
        if has_fair_head && is_cut(frame) {
            tracing::debug!(peer = %from, "Peer was cut off while it showed something");
            return 0;
        }
        match unpack(frame, from) {
            Ok(words) => {
                let taken = u16::try_from(words.len()).unwrap_or(u16::MAX);
                self.emit(NetEvent::Shown { from, words });
                taken
            }
            Err(misbehaviour) => {
                let blame = self.gate.charge(now, from, misbehaviour);
                self.handle_blame(blame);
                0
            }
        }
    }

    /// Deals with a node as this member of a trusted organisation, or as with any other: what it may
    /// send, and whether there is always a place for it.
    pub(super) fn rank(&mut self, node: NodeId, role: Option<MemberRole>) {
        self.gate.set_rank(node, role);
        let reserved = &mut self.vouching.reserved;
        let limits = &mut self.swarm.behaviour_mut().limits;
        if role.is_none() {
            if reserved.remove(&node) {
                limits.remove_peer_id(&peer_of(node));
            }
        } else if reserved.len() < RESERVED_MAX && reserved.insert(node) {
            limits.bypass_peer_id(&peer_of(node));
        }
    }

    /// Returns the members for whom there is always a place.
    pub(super) fn reserved_members(&self) -> Vec<NodeId> {
        self.vouching.reserved.iter().copied().collect()
    }

    /// Lets members of these organisations be found, and this node as a member of those joined.
    pub(super) fn follow(&mut self, joined: Vec<OrganisationId>, trusted: Vec<OrganisationId>) {
        let left = self
            .vouching
            .joined
            .iter()
            .filter(|it| !joined.contains(it));
        let left: Vec<OrganisationId> = left.copied().collect();
        if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
            for organisation in &left {
                kad.stop_providing(&key(organisation));
            }
        }
        self.lock_up(&joined);
        let is_changed = joined != self.vouching.joined || trusted != self.vouching.trusted;
        self.vouching.joined = joined;
        self.vouching.trusted = trusted;
        if is_changed {
            self.vouching.sought = 0;
            self.vouching.seek_at = self.now();
        }
    }

    /// Looks for members and announces this node as one, where that is due.
    pub(super) fn seek_members(&mut self) {
        let now = self.now();
        let is_idle = self.vouching.joined.is_empty() && self.vouching.trusted.is_empty();
        if is_idle || now < self.vouching.seek_at || self.peers.connected.is_empty() {
            return;
        }
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        if kad.kbuckets().next().is_none() {
            return; // nobody to ask yet
        }
        let joined = self.vouching.joined.iter();
        for organisation in joined.clone() {
            let _ = kad.start_providing(key(organisation)); // an error: the store is full of them
        }
        for organisation in joined
            .chain(&self.vouching.trusted)
            .collect::<BTreeSet<_>>()
        {
            kad.get_providers(key(organisation));
        }
        let is_soon = self.vouching.sought < SOON_MAX;
        self.vouching.sought = self.vouching.sought.saturating_add(1);
        self.vouching.seek_at = now + if is_soon { SEEK_SOON } else { SEEK_EVERY };
    }

    /// Connects to members that a search found.
    pub(super) fn handle_members_found(&mut self, providers: impl IntoIterator<Item = PeerId>) {
        for peer in providers.into_iter().take(DIALLED_MAX) {
            let Some(node) = node_of(&peer) else { continue };
            if node == self.id {
                continue;
            }
            if self.vouching.found.insert(node, ()).is_none() {
                tracing::debug!(peer = %node, "Found a member of an organisation");
                let via = Via::Member;
                self.emit(NetEvent::PeerDiscovered { peer: node, via });
            }
            if self.peers.connected.contains_key(&node) {
                continue;
            }
            // The search that found it knows where it is, as long as it lasts.
            if let Err(error) = self.swarm.dial(DialOpts::peer_id(peer).build()) {
                tracing::debug!(peer = %node, %error, "Cannot dial a member");
            }
        }
    }

    /// Keeps where a member of some organisation is, whichever that is: a few for each node.
    pub(super) fn keep_member(&mut self, record: ProviderRecord) {
        let Some(node) = node_of(&record.provider) else {
            return;
        };
        let keys = self.vouching.keys.entry(node, BTreeSet::new);
        let name = record.key.to_vec();
        if !keys.contains(&name) && keys.len() >= KEYS_PER_NODE_MAX {
            return;
        }
        keys.insert(name);
        if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
            let _ = kad.store_mut().add_provider(record); // full: others keep it
        }
    }
}

/// Returns the key under which an organisation's members are found. Whoever knows the organisation
/// knows it; it does not tell the organisation.
fn key(organisation: &OrganisationId) -> RecordKey {
    let mut name = KEY_PREFIX.to_vec();
    name.extend_from_slice(&organisation.dht_key());
    RecordKey::new(&name)
}

/// Returns whether a key of the DHT is one of an organisation.
pub(super) fn is_organisations(key: &RecordKey) -> bool {
    let name = key.as_ref();
    name.len() == KEY_PREFIX.len() + 32 && name.starts_with(KEY_PREFIX)
}

/// Returns whom a search for providers found.
pub(super) fn found(
    result: &Result<kad::GetProvidersOk, kad::GetProvidersError>,
) -> impl Iterator<Item = PeerId> + '_ {
    let found = match result {
        Ok(kad::GetProvidersOk::FoundProviders { key, providers }) => {
            is_organisations(key).then_some(providers)
        }
        Ok(kad::GetProvidersOk::FinishedWithNoAdditionalRecord { .. }) | Err(_) => None,
    };
    found.into_iter().flatten().copied()
}
