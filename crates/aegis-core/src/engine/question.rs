//! Asking the network: whom, about what, how often, and what the answers come to.
//!
//! Sources that proved to be somebody (a working connection, a solved cookie) are asked about by
//! themselves, many in one question, each at most once an hour, so that a spoofed flood is no flood
//! of questions. Among them are some whose truth this node knows and nobody else can know that it
//! does: a challenge looks like any other question.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    AskPolicy, Indicator, NodeId, Opinion, PeerClass, QUESTION_HOPS_MAX, QUESTION_INDICATORS_MAX,
    QUESTION_PEERS_MAX, Question, Refusal, Testimony, Timestamp, Topic,
    casebook::{ANSWER_FOR, CaseFile},
    dice::Dice,
    engine::{Engine, Output, Reply},
    trust::model::Recommendation,
};

/// Sources that wait to be asked about: those beyond are not asked about now.
const WAITING_MAX: usize = 1_024;

/// Questions on their way at a time.
pub(super) const QUESTIONS_MAX: usize = 64;

/// Of them, those that are passed on for others, and for one of them: nobody keeps this node from
/// asking for itself, nor others from being helped.
const PASSED_ON_MAX: usize = 16;
const PASSED_ON_OF_ONE_MAX: usize = 2;

/// Of them, those about newcomers: a crowd of them takes no more.
const ABOUT_MAX: usize = 16;

/// How long sources gather before they are asked about in one question.
const GATHER_FOR: Duration = Duration::from_millis(500);

/// How rarely questions are asked that nobody ordered: six sources a second at most, which is less
/// than what peers hear from a stranger.
const QUESTION_INTERVAL: Duration = Duration::from_secs(5);

/// How likely a stranger is chosen beside a peer trusted wholly: without any, none could ever earn
/// trust.
const STRANGER_WEIGHT: f64 = 0.05;

/// Trusted peers that are asked about a newcomer.
const RECOMMENDERS_MAX: usize = 8;

/// From here a peer's word about another counts, and it gets what only the trusted get.
pub(super) const TRUSTED: f64 = 0.5;

/// Why a question was asked.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// The operator waits for the answer.
    Ordered { ticket: u64 },
    /// New sources came, or it is a challenge.
    Automatic,
    /// A peer asked, and waits for what others say, too.
    PassedOn {
        request: u64,
        asker: NodeId,
        own: Vec<(Indicator, Topic, Option<Opinion>)>,
    },
    /// A peer is new.
    About { subject: NodeId },
}

/// A question on its way.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) why: Why,
    pub(super) indicators: Vec<Indicator>,
    pub(super) asked: usize,
    pub(super) waiting: BTreeSet<NodeId>,
    pub(super) heard: usize,
    pub(super) testimonies: Vec<Arc<Testimony>>,
    pub(super) recommendations: BTreeMap<NodeId, Recommendation>,
    pub(super) asked_at: Timestamp,
    deadline: Timestamp,
}

/// What is asked, and what waits to be.
pub(super) struct Questions {
    pub(super) policy: AskPolicy,
    dice: Dice,
    next_id: u64,
    pub(super) open: BTreeMap<u64, Asking>,
    waiting: VecDeque<Indicator>,
    ask_at: Option<Timestamp>,
    asked_at: Timestamp,
    challenge_at: Option<Timestamp>,
}

impl Questions {
    pub(super) fn new(policy: AskPolicy, seed: u64) -> Self {
        Self {
            policy,
            dice: Dice::new(seed),
            next_id: 1,
            open: BTreeMap::new(),
            waiting: VecDeque::new(),
            ask_at: None,
            asked_at: Timestamp::EPOCH,
            challenge_at: None,
        }
    }

    /// Returns when something is to be done next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let deadlines = self.open.values().map(|it| it.deadline);
        deadlines.chain(self.ask_at).chain(self.challenge_at).min()
    }

    /// Brings what waits for a time that a clock set back made far ahead.
    pub(super) fn heal(&mut self, now: Timestamp) {
        let late = now + QUESTION_INTERVAL;
        self.ask_at = self.ask_at.map(|it| it.min(late));
        self.asked_at = self.asked_at.min(now);
        if let Some(every) = self.policy.challenge_every {
            self.challenge_at = self.challenge_at.map(|it| it.min(now + every * 2));
        }
        for asking in self.open.values_mut() {
            let wait = asking.deadline.since(asking.asked_at);
            asking.deadline = asking.deadline.min(now + wait);
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.open.len() < QUESTIONS_MAX
    }

    fn has_room_for_newcomers(&self) -> bool {
        let about = |it: &&Asking| matches!(it.why, Why::About { .. });
        self.open.values().filter(about).count() < ABOUT_MAX
    }

    /// Returns whether one more question of `asker` may be passed on now.
    pub(super) fn has_room_for(&self, asker: &NodeId) -> bool {
        let passed_on = self.open.values().filter_map(|it| match &it.why {
            Why::PassedOn { asker, .. } => Some(*asker),
            Why::Ordered { .. } | Why::Automatic | Why::About { .. } => None,
        });
        let passed_on: Vec<NodeId> = passed_on.collect();
        let of_asker = passed_on.iter().filter(|it| *it == asker).count();
        passed_on.len() < PASSED_ON_MAX && of_asker < PASSED_ON_OF_ONE_MAX
    }
}

/// Returns whether an answer of `asked_at` has had its hour, or is from a time that never came.
fn is_old(now: Timestamp, asked_at: Timestamp) -> bool {
    asked_at > now || now.since(asked_at) >= ANSWER_FOR
}

impl Engine {
    /// Asks connected peers on the operator's behalf; answered when they have answered.
    pub(super) fn order_ask(
        &mut self,
        now: Timestamp,
        ticket: u64,
        indicator: Indicator,
    ) -> Result<Option<Reply>, Refusal> {
        if !self.questions.has_room() {
            return Err(Refusal::TooFast);
        }
        let peers = self.choose_peers(now, QUESTION_PEERS_MAX, self.least_class(&indicator));
        let deadline = self.questions.policy.deadline;
        let question = Question {
            indicators: vec![indicator],
            hops: self.questions.policy.hops.min(QUESTION_HOPS_MAX),
            wait: deadline,
        };
        self.ask(now, Why::Ordered { ticket }, peers, question);
        Ok(None)
    }

    /// Notes that `indicator` is somebody who deals with this host, to be asked about.
    pub(super) fn wonder(&mut self, now: Timestamp, indicator: Indicator) {
        let policy = &self.questions.policy;
        let is_known = self.casebook.file(&indicator);
        let asked_at = is_known.and_then(|it| it.asked_at);
        let is_news = asked_at.is_none_or(|it| is_old(now, it));
        let is_somebody = self.guards.untouchable(&indicator).is_ok()
            && self.guards.configured_peer(&indicator).is_ok();
        let has_room = self.questions.waiting.len() < WAITING_MAX;
        if !policy.automatic || !is_news || !is_somebody || !has_room {
            return;
        }
        if !self.questions.waiting.contains(&indicator) {
            self.questions.waiting.push_back(indicator);
            let soon = (now + GATHER_FOR).max(self.questions.asked_at + QUESTION_INTERVAL);
            self.questions.ask_at.get_or_insert(soon);
        }
    }

    /// Asks what is due, gives up on what is late.
    pub(super) fn handle_due_questions(&mut self, now: Timestamp) {
        let late = |it: &&u64| {
            self.questions
                .open
                .get(it)
                .is_some_and(|it| it.deadline <= now)
        };
        let late: Vec<u64> = self.questions.open.keys().filter(late).copied().collect();
        for id in late {
            self.close(now, id);
        }
        self.challenge(now);
        if self.questions.ask_at.is_none_or(|due| now < due) {
            return;
        }
        self.questions.ask_at = None;
        self.ask_waiting(now);
        if !self.questions.waiting.is_empty() {
            self.questions.ask_at = Some(now + QUESTION_INTERVAL);
        }
    }

    /// Asks about the sources that waited longest and that the same peers may be asked about.
    fn ask_waiting(&mut self, now: Timestamp) {
        let Some(first) = self.questions.waiting.front() else {
            return;
        };
        let class = self.least_class(first);
        let peers = self.choose_peers(now, self.questions.policy.peers_max, class);
        let mut indicators = Vec::new();
        let mut waiting = std::mem::take(&mut self.questions.waiting);
        waiting.retain(|it| {
            let fits = indicators.len() < QUESTION_INDICATORS_MAX && self.least_class(it) == class;
            if fits {
                indicators.push(*it);
            }
            !fits
        });
        self.questions.waiting = waiting;
        if peers.is_empty() || !self.questions.has_room() {
            return; // they are asked about when they come again
        }
        self.questions.asked_at = now;
        let question = Question {
            indicators,
            hops: self.questions.policy.hops.min(QUESTION_HOPS_MAX),
            wait: self.questions.policy.deadline,
        };
        self.ask(now, Why::Automatic, peers, question);
    }

    /// Sees to it that peers are challenged from now on.
    pub(super) fn schedule_challenge(&mut self, now: Timestamp) {
        if let Some(every) = self.questions.policy.challenge_every {
            let first = now + every.mul_f64(self.questions.dice.unit());
            self.questions.challenge_at.get_or_insert(first);
        }
    }

    /// Puts something whose truth only this node knows among what is asked about next.
    fn challenge(&mut self, now: Timestamp) {
        let Some(every) = self.questions.policy.challenge_every else {
            return;
        };
        if self.questions.challenge_at.is_none_or(|due| now < due) {
            return;
        }
        let next = now + every.mul_f64(0.5 + self.questions.dice.unit());
        self.questions.challenge_at = Some(next);
        // Exactly the operator's entries and what was found out here: asking about anything else
        // would tell others what lies on the list or is protected. Nothing is asked about more
        // often than other sources are.
        let is_due = |it: &Indicator| {
            let asked_at = self.casebook.file(it).and_then(|file| file.asked_at);
            asked_at.is_none_or(|at| is_old(now, at))
        };
        let secrets = self.casebook.secrets();
        let secrets = secrets.filter(|it| self.guards.untouchable(it).is_ok());
        let canaries = self.guards.allowlist().iter().map(|(it, _)| *it);
        let canaries = canaries.filter(Indicator::is_host);
        let pool = secrets.chain(canaries).filter(is_due);
        let pool: Vec<(Indicator, f64)> = pool.map(|it| (it, 1.0)).collect();
        for it in self.questions.dice.choose(&pool, 1) {
            if self.questions.waiting.len() < WAITING_MAX {
                self.questions.waiting.push_back(it);
                self.questions.ask_at.get_or_insert(now + GATHER_FOR);
            }
        }
    }

    /// Returns what a peer must at least be to be asked about `indicator`: strangers have no
    /// business with private ranges.
    fn least_class(&self, indicator: &Indicator) -> PeerClass {
        match self.guards.public(indicator) {
            Ok(()) => PeerClass::Dht,
            Err(_) => PeerClass::Lan,
        }
    }

    /// Chooses connected peers, the trusted ones far more often (Iris asks by 10^trust).
    fn choose_peers(&mut self, now: Timestamp, count: usize, least: PeerClass) -> Vec<NodeId> {
        let connected = self.peers.values();
        let connected = connected.filter(|it| it.is_connected && it.class >= least);
        let weighted: Vec<(NodeId, f64)> = connected
            .map(|it| {
                let trust = self.trust.model.trust_of(now, &it.peer).service_trust;
                let weight = (10f64.powf(trust.value()) - 1.0) / 9.0;
                (it.peer, weight.max(STRANGER_WEIGHT))
            })
            .collect();
        self.questions
            .dice
            .choose(&weighted, count.min(QUESTION_PEERS_MAX))
    }

    /// Sends a question, or closes it at once where there is nobody to ask.
    pub(super) fn ask(&mut self, now: Timestamp, why: Why, peers: Vec<NodeId>, question: Question) {
        // What others want to know is no case of this node's.
        if !matches!(why, Why::PassedOn { .. }) {
            for indicator in &question.indicators {
                let asked = |file: &mut CaseFile| file.asked_at = Some(now);
                let ((), gone) = self.casebook.change(*indicator, now, asked);
                self.end_cases(now, &gone);
            }
        }
        let id = self.open_question(now, why, &peers, &question);
        if peers.is_empty() {
            return self.close(now, id);
        }
        self.counters.asked += 1;
        self.push(Output::Ask {
            id,
            peers,
            question,
        });
    }

    fn open_question(
        &mut self,
        now: Timestamp,
        why: Why,
        peers: &[NodeId],
        question: &Question,
    ) -> u64 {
        let id = self.questions.next_id;
        self.questions.next_id += 1;
        let asking = Asking {
            why,
            indicators: question.indicators.clone(),
            asked: peers.len(),
            waiting: peers.iter().copied().collect(),
            heard: 0,
            testimonies: Vec::new(),
            recommendations: BTreeMap::new(),
            asked_at: now,
            deadline: now + question.wait,
        };
        self.questions.open.insert(id, asking);
        id
    }

    /// Asks trusted peers what they think of a newcomer.
    pub(super) fn ask_about(&mut self, now: Timestamp, subject: NodeId) {
        let is_trusted = |it: &&crate::Peer| {
            let trust = self.trust.model.trust_of(now, &it.peer).service_trust;
            it.is_connected && it.peer != subject && trust.value() >= TRUSTED
        };
        let trusted: Vec<(NodeId, f64)> = self
            .peers
            .values()
            .filter(is_trusted)
            .map(|it| (it.peer, 1.0))
            .collect();
        let peers = self.questions.dice.choose(&trusted, RECOMMENDERS_MAX);
        if peers.is_empty() || !self.questions.has_room_for_newcomers() {
            return;
        }
        let wait = self.questions.policy.deadline;
        let question = Question {
            indicators: Vec::new(),
            hops: 0,
            wait,
        };
        let id = self.open_question(now, Why::About { subject }, &peers, &question);
        self.push(Output::AskAbout {
            id,
            peers,
            subject,
            wait,
        });
    }
}
