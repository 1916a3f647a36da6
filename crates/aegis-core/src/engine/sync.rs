//! Reconciling with peers: begins sessions, feeds what they bring through the door of every other
//! alert, and answers the sessions of others within bounds.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    Alert, Channel, NodeId, Timestamp, TokenBucket,
    dice::Dice,
    engine::{Engine, Output, PEERS_MAX},
    sync::{
        Answer, Ending, Misbehaviour, Next, Opening, Request, Schedule, Session, answer,
        origin_beside,
    },
};

/// Sessions that this node has open at a time.
const SESSIONS_MAX: usize = 4;

/// How long a session may take: a cold node fetches 200,000 alerts in it over a slow line.
const SESSION_FOR: Duration = Duration::from_secs(300);

/// Requests of one peer that are answered at once, and per second after that: a cold peer asks
/// some 400 times in a row.
const PEER_BURST: u32 = 512;
const PEER_RATE: u32 = 10;

/// The same of all peers together: some 30 MB/s at the very most.
const ALL_BURST: u32 = 2_048;
const ALL_RATE: u32 = 125;

/// Requests beyond its rate that a peer may make before that is held against it.
const PATIENCE_BURST: u32 = 32;
const PATIENCE_RATE: u32 = 1;

/// How long a salt is used.
const SALT_FOR: Duration = Duration::from_secs(3600);

/// Cells asked for at first of a peer just met: enough for 100 differences, surely.
const CELLS_MET: usize = 256;

/// And of a peer that this node was in step with.
const CELLS_IN_STEP: usize = 32;

/// Fewer live alerts are simply all named.
const FEW: usize = 24;

/// One session in so many does not trust equal digests.
const SALTED_EVERY: f64 = 16.0;

/// What gossip is about to bring anyway is no news: alerts younger than this.
const GOSSIP_FOR: Duration = Duration::from_secs(10);

/// What a peer may still ask.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    bucket: TokenBucket,
    patience: TokenBucket,
}

/// A session that this node began.
#[derive(Clone, Debug)]
struct Running {
    session: Session,
    id: u64, // of the request that waits for its answer
    ends_at: Timestamp,
    is_news: bool,
}

/// Alerts that came with an answer and wait until the next request is on its way: so the peer, the
/// line, and the checking of signatures do not wait for them.
#[derive(Clone, Debug)]
struct Unheard {
    since: Timestamp,
    from: NodeId,
    alerts: Vec<Arc<Alert>>,
}

/// What an Engine knows of its sessions.
#[derive(Clone, Debug)]
pub(super) struct Sync {
    schedule: Schedule,
    dice: Dice,
    running: BTreeMap<NodeId, Running>,
    unheard: VecDeque<Unheard>, // one of each session at most, whose next answer is under way
    requests: u64,
    allowed: BTreeMap<NodeId, Allowed>,
    all: TokenBucket,
    salt_until: Timestamp,
}

impl Sync {
    pub(super) fn new(node: NodeId, seed: u64) -> Self {
        Self {
            schedule: Schedule::new(node, seed ^ 0x7379_6e63), // another stream than questions
            dice: Dice::new(seed ^ 0x6469_6365),
            running: BTreeMap::new(),
            unheard: VecDeque::new(),
            requests: 0,
            allowed: BTreeMap::new(),
            all: TokenBucket::new(ALL_BURST, ALL_RATE),
            salt_until: Timestamp::EPOCH,
        }
    }

    pub(super) fn handle_connected(&mut self, now: Timestamp, peer: NodeId, is_cold: bool) {
        self.schedule.handle_connected(now, peer, is_cold);
    }

    pub(super) fn handle_left(&mut self, peer: &NodeId) {
        self.schedule.handle_left(peer);
        self.running.remove(peer);
    }

    pub(super) fn handle_change(&mut self, now: Timestamp) {
        self.schedule.handle_change(now);
    }

    pub(super) fn heal(&mut self, now: Timestamp) {
        self.schedule.heal(now);
        self.salt_until = self.salt_until.min(now + SALT_FOR);
        for running in self.running.values_mut() {
            running.ends_at = running.ends_at.min(now + SESSION_FOR);
        }
        for waiting in &mut self.unheard {
            waiting.since = waiting.since.min(now);
        }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let ends = self.running.values().map(|it| it.ends_at).min();
        let starts = self.schedule.next_due();
        let starts = starts.filter(|_| self.running.len() < SESSIONS_MAX);
        let waiting = self.unheard.front().map(|it| it.since);
        ends.into_iter().chain(starts).chain(waiting).min()
    }

    /// Takes a token of `peer`'s: whether it is answered, or else whether that is its fault.
    fn admit(&mut self, now: Timestamp, peer: NodeId) -> Result<(), bool> {
        if self.allowed.len() >= PEERS_MAX && !self.allowed.contains_key(&peer) {
            self.allowed.retain(|_, it| !it.bucket.is_full(now));
            if self.allowed.len() >= PEERS_MAX {
                return Err(false);
            }
        }
        let allowed = self.allowed.entry(peer).or_insert_with(|| Allowed {
            bucket: TokenBucket::new(PEER_BURST, PEER_RATE),
            patience: TokenBucket::new(PATIENCE_BURST, PATIENCE_RATE),
        });
        if !allowed.bucket.take(now) {
            return Err(!allowed.patience.take(now));
        }
        self.all.take(now).then_some(()).ok_or(false)
    }
}

impl Engine {
    /// Hears what waits, ends sessions that take too long, and begins those that are due.
    pub(super) fn handle_due_sync(&mut self, now: Timestamp) {
        self.hear_waiting(now);
        let is_over = |it: &&NodeId| {
            self.sync
                .running
                .get(it)
                .is_some_and(|it| it.ends_at <= now)
        };
        let over: Vec<_> = self.sync.running.keys().filter(is_over).copied().collect();
        for peer in over {
            self.end_sync(now, peer, Ending::Failed);
        }
        let is_salt_due = self.sync.salt_until <= now;
        self.ledger.refresh(now, is_salt_due);
        if is_salt_due {
            self.sync.salt_until = now + SALT_FOR;
        }
        while self.sync.running.len() < SESSIONS_MAX {
            let running = &self.sync.running;
            let due = self
                .sync
                .schedule
                .poll(now, |peer| running.contains_key(peer));
            let Some((peer, is_met)) = due else {
                return;
            };
            self.begin_sync(now, peer, is_met);
        }
    }

    fn begin_sync(&mut self, now: Timestamp, peer: NodeId, is_met: bool) {
        let live = self.ledger.live();
        let cells = if is_met { CELLS_MET } else { CELLS_IN_STEP };
        let is_salted = self.sync.dice.unit() * SALTED_EVERY < 1.0;
        let opening = match live.len() {
            0..FEW => Opening::Ranges,
            _ if is_salted => Opening::Salted(cells),
            _ => Opening::Cells(cells),
        };
        let walks = self.sync.running.values();
        let origin = origin_beside(walks.filter_map(|it| it.session.walks_at()).collect());
        let (session, request) = Session::begin_at(live, opening, origin);
        self.counters.sync.begun += 1;
        let running = Running {
            session,
            id: 0,
            ends_at: now + SESSION_FOR,
            is_news: false,
        };
        self.sync.running.insert(peer, running);
        self.ask_sync(peer, request);
    }

    fn ask_sync(&mut self, peer: NodeId, asks: Request<Arc<Alert>>) {
        self.sync.requests += 1;
        let id = self.sync.requests;
        if let Some(running) = self.sync.running.get_mut(&peer) {
            running.id = id;
            self.push(Output::SyncAsk { id, peer, asks });
        }
    }

    pub(super) fn handle_sync_answered(
        &mut self,
        now: Timestamp,
        id: u64,
        from: NodeId,
        answer: Answer<Arc<Alert>>,
    ) {
        self.hear_waiting(now);
        let is_equal = answer == Answer::Same;
        let (live, ledger) = (self.ledger.live(), &self.ledger);
        let running = self.sync.running.get_mut(&from);
        let Some(running) = running.filter(|it| it.id == id) else {
            return; // the session is over
        };
        let given = running.session.tally().given;
        let find = |id: &_| ledger.alert(id);
        let heard = running.session.handle_answer(live, find, answer);
        let given = running.session.tally().given - given;
        running.is_news |= given > 0;
        let is_cut = running.session.tally().is_cut;
        self.counters.sync.equal += u64::from(is_equal);
        self.counters.sync.given += given as u64;
        let waiting = Unheard {
            since: now,
            from,
            alerts: heard.alerts,
        };
        self.sync.unheard.push_back(waiting);
        let (has_failed, misbehaviour) = match heard.next {
            Next::Ask(request) => return self.ask_sync(from, request),
            Next::Done => (false, None),
            Next::Busy => (true, None),
            Next::Misbehaved(misbehaviour) => (true, Some(misbehaviour)),
        };
        self.hear_waiting(now);
        let is_news = self.sync.running.get(&from).is_some_and(|it| it.is_news);
        let ending = match (has_failed, is_news || is_cut) {
            (true, _) => Ending::Failed,
            (false, true) => Ending::News,
            (false, false) => Ending::Idle,
        };
        self.end_sync(now, from, ending);
        if let Some(misbehaviour) = misbehaviour {
            self.push(Output::SyncMisbehaved {
                peer: from,
                misbehaviour,
            });
        }
    }

    pub(super) fn handle_sync_failed(&mut self, now: Timestamp, id: u64, peer: NodeId) {
        if self.sync.running.get(&peer).is_some_and(|it| it.id == id) {
            self.end_sync(now, peer, Ending::Failed);
        }
    }

    fn end_sync(&mut self, now: Timestamp, peer: NodeId, ending: Ending) {
        self.sync.running.remove(&peer);
        self.counters.sync.failed += u64::from(ending == Ending::Failed);
        self.sync.schedule.handle_ended(now, peer, ending);
    }

    /// Hears the alerts that wait.
    fn hear_waiting(&mut self, now: Timestamp) {
        while let Some(Unheard { from, alerts, .. }) = self.sync.unheard.pop_front() {
            let is_news = self.hear_sync(now, from, alerts);
            if let Some(running) = self.sync.running.get_mut(&from) {
                running.is_news |= is_news;
            }
        }
    }

    /// Hears alerts that came by sync; returns whether any was one that gossip had its chance at.
    fn hear_sync(&mut self, now: Timestamp, from: NodeId, alerts: Vec<Arc<Alert>>) -> bool {
        let mut is_news = false;
        for alert in alerts {
            let (id, stated_at) = (alert.id(), alert.statement().stated_at);
            let was_there = self.ledger.contains(&id);
            self.handle_alert(now, alert, from, Channel::Sync);
            if !was_there && self.ledger.contains(&id) {
                self.counters.sync.heard += 1;
                is_news |= now.since(stated_at) >= GOSSIP_FOR;
            }
        }
        is_news
    }

    pub(super) fn handle_sync_asked(
        &mut self,
        now: Timestamp,
        request: u64,
        from: NodeId,
        asked: Request<Arc<Alert>>,
    ) {
        self.hear_waiting(now);
        let answer = match self.sync.admit(now, from) {
            Ok(()) => self.answer_sync(now, from, asked),
            Err(is_flood) => {
                self.counters.sync.refused += 1;
                if is_flood {
                    self.push(Output::SyncMisbehaved {
                        peer: from,
                        misbehaviour: Misbehaviour::Flooded,
                    });
                }
                Answer::Busy
            }
        };
        self.push(Output::SyncAnswer { request, answer });
    }

    fn answer_sync(
        &mut self,
        now: Timestamp,
        from: NodeId,
        asked: Request<Arc<Alert>>,
    ) -> Answer<Arc<Alert>> {
        let answer = answer(self.ledger.live(), |id| self.ledger.alert(id), &asked);
        self.counters.sync.answered += 1;
        match &answer {
            // In step: this node need not ask in its turn.
            Answer::Same => self.sync.schedule.handle_asked(&from),
            Answer::Exchange { alerts, .. } | Answer::Range { alerts, .. } => {
                self.counters.sync.given += alerts.len() as u64;
            }
            Answer::Cells { .. } | Answer::Taken | Answer::Busy => {}
        }
        if let Request::Give(alerts) = asked {
            self.hear_sync(now, from, alerts);
        }
        answer
    }
}
