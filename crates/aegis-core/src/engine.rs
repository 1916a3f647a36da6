//! The Engine: takes one input at a time, decides, and queues what is to be done about it.
//!
//! It owns every decision of a node and nothing else: no clock, no socket, no kernel. The shell
//! around it calls `handle_input`, drains `poll_output` to the end, and comes back at
//! `poll_timeout`. Equal inputs give equal outputs, bit for bit.

mod again;
mod answered;
mod block;
mod detect;
mod feed;
mod hear;
mod history;
mod host;
mod import;
mod input;
mod learn;
mod measure;
mod membership;
mod network;
mod operate;
mod organisation;
mod output;
mod publish;
mod query;
mod question;
mod quorum;
mod report;
mod restore;
mod standing;
mod sync;
mod testify;
mod time;
mod trust;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

pub use feed::{FeedInput, FeedPart, FeedWeight};
pub use import::{IMPORT_TTL_MAX, Import, ImportEntry};
pub use input::{Command, Input, Order, PeerAddress, Subject};
pub use network::NetworkOpinion;
pub use organisation::{
    OrganisationCommand, OrganisationReply, OrganisationRestore, OrganisationWord,
};
pub use output::{Cause, Notice, Output, Purpose, Reply};
pub use query::{Checked, Counters, Peer, SyncCounters, Why, WhyEvidence};
pub use restore::Restore;
pub use standing::{JudgedWord, PeerStanding};

use crate::{
    Action, Actor, AskPolicy, AuditEntry, Change, Indicator, NodeId, Organisations, PeerClass,
    Policy, Preset, Record, Ruleset, Timestamp, TokenBucket, Unblock,
    blocklist::Blocklist,
    budget::Budgets,
    casebook::Casebook,
    guard::Guards,
    ledger::Ledger,
    prefix_map::PrefixMap,
    report::Reports,
    trust::model::{Deed, Introduction, TrustModel},
    violation::Violations,
};

/// Blocks held at most unless configured otherwise; the kernel's tables have the same size.
pub const BLOCKS_MAX: usize = 1_000_000;

/// Peers remembered at most; those away longest make room.
pub const PEERS_MAX: usize = 2_000;

/// Outputs for which memory is kept when none is left: thousands come of a batch, a few of anything else.
const OUTPUTS_KEPT: usize = 256;

/// Own alerts shared at once, and per second after that: half of what a LAN peer accepts, so that
/// a flood of detections is not mistaken for a flood of alerts.
const PUBLISH_BURST: u32 = 500;
const PUBLISH_RATE: u32 = 10;

/// What an Engine is told at its start.
pub struct EngineConfig {
    /// This node.
    pub node: NodeId,
    /// The operator's choices.
    pub policy: Policy,
    /// How others are asked and answered.
    pub ask: AskPolicy,
    /// The trust model.
    pub model: Box<dyn TrustModel>,
    /// What peers start from.
    pub preset: Preset,
    /// What single peers start from.
    pub pretrust: BTreeMap<NodeId, Introduction>,
    /// Where chance comes from; equal seeds give equal nodes.
    pub seed: u64,
    /// Addresses of configured peers and bootstrap nodes.
    pub configured_addresses: Vec<IpAddr>,
    /// Blocks held at most.
    pub blocks_max: usize,
}

/// A node's mind.
pub struct Engine {
    node: NodeId,
    policy: Policy,
    trust: trust::Trust,
    casebook: Casebook,
    questions: question::Questions,
    blocks_max: usize,
    guards: Guards,
    budgets: Budgets,
    blocklist: Blocklist,
    ledger: Ledger,
    violations: Violations,
    reports: Reports,
    unblocks: PrefixMap<Unblock>,
    unblocks_due: BTreeSet<(Timestamp, Indicator)>,
    allowlist_due: BTreeSet<(Timestamp, Indicator)>,
    peers: BTreeMap<NodeId, Peer>,
    organisations: Organisations,
    publish_bucket: TokenBucket,
    sync: sync::Sync,
    again: again::Again,
    ruleset: Ruleset,
    counters: Counters,
    /// When something came in last: a clock that was set back is noticed by it.
    last_now: Timestamp,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// Returns an Engine that has decided nothing yet; what every host protects is queued.
    pub fn new(config: EngineConfig) -> Self {
        let mut guards = Guards::new();
        for address in config.configured_addresses {
            guards.add_configured(address);
        }
        let mut engine = Self {
            node: config.node,
            policy: config.policy,
            trust: trust::Trust::new(config.model, config.preset, config.pretrust),
            casebook: Casebook::default(),
            questions: question::Questions::new(config.ask, config.seed),
            blocks_max: config.blocks_max,
            guards,
            budgets: Budgets::new(),
            blocklist: Blocklist::default(),
            ledger: Ledger::new(config.seed),
            violations: Violations::default(),
            reports: Reports::default(),
            unblocks: PrefixMap::default(),
            unblocks_due: BTreeSet::new(),
            allowlist_due: BTreeSet::new(),
            peers: BTreeMap::new(),
            organisations: Organisations::new(config.node),
            publish_bucket: TokenBucket::new(PUBLISH_BURST, PUBLISH_RATE),
            sync: sync::Sync::new(config.node, config.seed),
            again: again::Again::default(),
            ruleset: Ruleset::default(),
            counters: Counters::default(),
            last_now: Timestamp::EPOCH,
            outputs: VecDeque::new(),
        };
        engine.sync_exemptions();
        engine
    }

    /// Takes one input at `now` and queues its effects for `poll_output`.
    pub fn handle_input(&mut self, now: Timestamp, input: Input) {
        if now < self.last_now {
            self.questions.heal(now);
            self.trust.heal(now);
            self.sync.heal(now);
        }
        self.last_now = now;
        match input {
            Input::Detected(detection) => self.handle_detection(now, detection),
            Input::Reported(reports) => drop(self.take_reports(now, reports)),
            Input::AlertReceived {
                alert,
                forwarder,
                channel,
            } => {
                self.handle_alert(now, alert, forwarder, channel);
            }
            Input::Signed { alert, purpose } => self.handle_signed(now, alert, purpose),
            Input::Ordered(order) => self.handle_order(now, order),
            Input::HostChanged(facts) => self.handle_host_facts(now, &facts),
            Input::NamesResolved(addresses) => self.handle_named(now, &addresses),
            Input::Established(addresses) => self.handle_established(now, addresses),
            Input::PeerConnected {
                peer,
                class,
                address,
            } => {
                self.handle_peer_connected(now, peer, class, address);
            }
            Input::PeerLeft(peer) => self.handle_peer_left(now, peer),
            Input::Answered {
                id,
                from,
                testimonies,
            } => self.handle_answered(now, id, from, testimonies),
            Input::Unanswered { id, peer } => self.handle_unanswered(now, id, peer),
            Input::Recommended {
                id,
                from,
                recommendation,
            } => self.handle_recommended(now, id, from, recommendation),
            Input::Asked {
                request,
                from,
                question,
            } => self.handle_asked(now, request, from, question),
            Input::AskedAbout {
                request,
                from,
                subject,
            } => self.handle_asked_about(now, request, from, subject),
            Input::SyncAsked {
                request,
                from,
                asked,
            } => self.handle_sync_asked(now, request, from, asked),
            Input::SyncAnswered { id, from, answer } => {
                self.handle_sync_answered(now, id, from, answer);
            }
            Input::SyncFailed { id, peer } => self.handle_sync_failed(now, id, peer),
            Input::Shown { from, words } => self.handle_words(now, from, words),
            Input::Pinged { peer, is_good } => self.book(now, peer, Deed::Ping { is_good }),
            Input::Misbehaved(peer) => self.book(now, peer, Deed::Misbehaved),
            Input::Feed(it) => self.handle_feed_input(now, it),
            Input::Stopping => self.write_trust(now),
            Input::Cleared => self.clear(now),
        }
    }

    fn handle_established(&mut self, now: Timestamp, addresses: Vec<IpAddr>) {
        for address in addresses {
            self.guards.add_established(now, address);
            self.wonder(now, Indicator::host(address));
        }
    }

    /// Returns the next effect to carry out, in the order they must happen.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() && self.outputs.capacity() > OUTPUTS_KEPT {
            self.outputs = VecDeque::new();
        }
        output
    }

    fn class_of(&self, author: &NodeId) -> PeerClass {
        self.peers
            .get(author)
            .map_or(PeerClass::Dht, |peer| peer.class)
    }

    fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn persist(&mut self, record: Record) {
        self.push(Output::Persist(record));
    }

    fn notify(&mut self, notice: Notice) {
        self.push(Output::Notify(notice));
    }

    /// Changes the desired ruleset, and the kernel's where that makes a difference.
    fn enforce(&mut self, change: Change) {
        if self.ruleset.apply(change) {
            self.push(Output::Enforce(change));
        }
    }

    fn audit(&mut self, at: Timestamp, actor: Actor, what: (Action, Indicator), detail: String) {
        let (action, indicator) = what;
        let entry = AuditEntry {
            at,
            actor,
            action,
            indicator: Some(indicator),
            detail,
        };
        self.persist(Record::Audit(entry));
    }
}

#[cfg(test)]
mod tests;
