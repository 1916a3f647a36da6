//! A network of nodes: an event queue on simulated time, links that delay, reorder and lose.

mod stream;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aegis_core::{
    Alert, AlertId, Channel, Freshness, Input, NodeId, Output, Record, Statement,
    sync::{Answer, Misbehaviour, Request},
};

use super::node::{Node, Role, START};
use crate::chance::Chance;
use stream::Connections;

/// The median of a link's latency in milliseconds.
const LATENCY: f64 = 40.0;

/// How long an answer is waited for, in milliseconds.
const ANSWER_WAIT: u64 = 10_000;

/// How often a replayer says old things, in milliseconds, and how many to how many.
const REPLAY_EVERY: u64 = 15_000;
const REPLAYED: usize = 4;

/// What happens at a moment.
enum Event {
    /// An alert arrives as gossip, or handed over.
    Alert {
        to: usize,
        from: usize,
        alert: Arc<Alert>,
        channel: Channel,
    },
    /// A request of sync arrives, as its bytes.
    Asked {
        to: usize,
        from: usize,
        id: u64,
        bytes: Vec<u8>,
    },
    /// Its answer arrives, as its bytes.
    Answered {
        to: usize,
        from: usize,
        id: u64,
        bytes: Vec<u8>,
    },
    /// An answer has been waited for too long.
    Unanswered { by: usize, peer: usize, id: u64 },
    /// A node wanted to be woken.
    Wake(usize),
    /// A replayer says old things.
    Replay(usize),
    /// A message of the connection that two nodes have for this time arrives.
    Streamed { time: u64, event: Box<Self> },
    /// A node notices that a connection is gone.
    Lost { place: usize, peer: usize },
    /// Two nodes whose connection broke have another.
    Found { one: usize, other: usize },
}

/// The network.
pub(super) struct World {
    /// True time in milliseconds.
    pub(super) at: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) chance: Chance,
    /// The chance of a message of gossip, and of a segment of a stream, to get lost.
    pub(super) loss: f64,
    /// Whether nodes pass gossip on.
    pub(super) has_gossip: bool,
    /// Which part of a split network each node is in.
    pub(super) sides: Vec<usize>,
    /// What must never happen, and did.
    pub(super) violations: Vec<String>,
    /// Bytes of sync so far, requests and answers.
    pub(super) sync_bytes: u64,
    /// Says what happens, one line each.
    pub(super) trace: Option<Vec<String>>,
    /// Sums up all that happened: equal worlds have equal ones.
    pub(super) history: u64,
    connections: Connections,
    events: BTreeMap<(u64, u64), Event>,
    counted: u64,
    places: BTreeMap<NodeId, usize>,
    signed: BTreeMap<AlertId, Arc<Alert>>,
    asked: BTreeMap<u64, (usize, u64)>, // what the Engine answers by number → whom, and its number
}

impl World {
    pub(super) fn new(nodes: Vec<Node>, chance: Chance, loss: f64) -> Self {
        let places = nodes.iter().enumerate().map(|(place, it)| (it.id, place));
        let places = places.collect();
        let sides = vec![0; nodes.len()];
        let mut world = Self {
            at: 0,
            chance,
            loss,
            has_gossip: true,
            sides,
            violations: Vec::new(),
            sync_bytes: 0,
            trace: None,
            history: 0,
            connections: Connections::default(),
            events: BTreeMap::new(),
            counted: 0,
            places,
            signed: BTreeMap::new(),
            asked: BTreeMap::new(),
            nodes,
        };
        for place in 0..world.nodes.len() {
            if world.nodes[place].role == Role::Replayer {
                world.schedule(REPLAY_EVERY, Event::Replay(place));
            }
        }
        world
    }

    /// Makes two nodes peers.
    pub(super) fn link(&mut self, one: usize, other: usize) {
        if one != other && !self.nodes[one].peers.contains(&other) {
            self.nodes[one].peers.push(other);
            self.nodes[other].peers.push(one);
        }
    }

    /// Returns whether two nodes reach each other.
    fn is_open(&self, one: usize, other: usize) -> bool {
        let is_up = self.nodes[one].is_up && self.nodes[other].is_up;
        let is_broken = self.connections.is_broken(one, other);
        is_up && self.sides[one] == self.sides[other] && !is_broken
    }

    /// Lets everything happen up to `until`.
    pub(super) fn run(&mut self, until: u64) {
        while let Some(entry) = self.events.first_entry()
            && entry.key().0 <= until
        {
            let ((at, _), event) = entry.remove_entry();
            self.at = at;
            self.happen(event);
        }
        self.at = until;
    }

    /// Feeds a node one input and carries out what follows.
    pub(super) fn input(&mut self, place: usize, input: Input) {
        let now = self.nodes[place].clock(self.at);
        self.nodes[place].engine.handle_input(now, input);
        self.drain(place);
    }

    /// Tells a node that it is, or is no more, connected to those it reaches.
    pub(super) fn meet(&mut self, place: usize, was_open: &BTreeSet<usize>) {
        for peer in self.nodes[place].peers.clone() {
            let is_open = self.is_open(place, peer);
            let (id, was_open) = (self.nodes[peer].id, was_open.contains(&peer));
            if is_open && !was_open {
                self.connect(place, peer);
            } else if was_open && !is_open {
                self.input(place, Input::PeerLeft(id));
            }
        }
    }

    /// Returns the peers that a node reaches.
    pub(super) fn open(&self, place: usize) -> BTreeSet<usize> {
        let peers = self.nodes[place].peers.iter().copied();
        peers.filter(|it| self.is_open(place, *it)).collect()
    }

    /// Changes the network by `change`, and tells every node whom it reaches now.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Self)) {
        let before: Vec<_> = (0..self.nodes.len()).map(|it| self.open(it)).collect();
        let was_up: Vec<_> = self.nodes.iter().map(|it| it.is_up).collect();
        change(self);
        for (place, open) in before.iter().enumerate() {
            let is_new = !was_up[place]; // a node that starts is connected to nobody yet
            let none = BTreeSet::new();
            if self.nodes[place].is_up && self.nodes[place].role == Role::Honest {
                self.meet(place, if is_new { &none } else { open });
            }
        }
    }

    fn schedule(&mut self, delay: u64, event: Event) {
        self.counted += 1;
        self.events.insert((self.at + delay, self.counted), event);
    }

    fn happen(&mut self, event: Event) {
        if let Event::Streamed { time, event } = event {
            return self.arrive(time, *event);
        }
        self.note(&event);
        match event {
            Event::Alert {
                to,
                from,
                alert,
                channel,
            } if self.is_open(from, to) => self.take_alert(to, from, alert, channel),
            Event::Asked {
                to,
                from,
                id,
                bytes,
            } if self.is_open(from, to) => self.take_request(to, from, id, &bytes),
            Event::Answered {
                to,
                from,
                id,
                bytes,
            } if self.is_open(from, to) => {
                let from = self.nodes[from].id;
                let read = Answer::decode(&bytes).map_err(|it| it.to_string());
                match read.and_then(|it| it.try_map(|wire| self.verify(&wire))) {
                    Ok(answer) => self.input(to, Input::SyncAnswered { id, from, answer }),
                    Err(error) => self.violations.push(format!("an answer: {error}")),
                }
            }
            Event::Alert { .. }
            | Event::Asked { .. }
            | Event::Answered { .. }
            | Event::Streamed { .. } => {}
            Event::Lost { place, peer } => self.lose(place, peer),
            Event::Found { one, other } => self.find(one, other),
            Event::Unanswered { by, peer, id } => {
                let peer = self.nodes[peer].id;
                if self.nodes[by].is_up {
                    self.input(by, Input::SyncFailed { id, peer });
                }
            }
            Event::Wake(place) => {
                let node = &mut self.nodes[place];
                if node.is_up && node.wake_at == Some(self.at) {
                    node.wake_at = None;
                    let now = node.clock(self.at);
                    node.engine.handle_timeout(now);
                    self.drain(place);
                }
            }
            Event::Replay(place) => self.replay(place),
        }
    }

    fn take_alert(&mut self, to: usize, from: usize, alert: Arc<Alert>, channel: Channel) {
        self.nodes[to].keep(&alert);
        if self.nodes[to].role == Role::Mute {
            return;
        }
        let now = self.nodes[to].clock(self.at);
        let is_fresh = Freshness::of(alert.statement(), now, channel) == Freshness::Fresh;
        let is_gossip = channel == Channel::Gossip;
        if is_gossip && (!is_fresh || !self.nodes[to].sees(self.at, alert.id())) {
            return;
        }
        if is_gossip {
            self.gossip(to, Some(from), &alert);
        }
        if self.nodes[to].role == Role::Honest {
            let forwarder = self.nodes[from].id;
            self.input(
                to,
                Input::AlertReceived {
                    alert,
                    forwarder,
                    channel,
                },
            );
        }
    }

    /// An alert arrives by gossip that is modelled elsewhere, or as what a node forgot that it
    /// said, after `delay`.
    pub(super) fn deliver(
        &mut self,
        (from, to): (usize, usize),
        alert: &Arc<Alert>,
        channel: Channel,
        delay: u64,
    ) {
        let alert = alert.clone();
        self.schedule(
            delay,
            Event::Alert {
                to,
                from,
                alert,
                channel,
            },
        );
    }

    fn gossip(&mut self, place: usize, besides: Option<usize>, alert: &Arc<Alert>) {
        if !self.has_gossip {
            return;
        }
        for to in self.nodes[place].peers.clone() {
            if Some(to) != besides {
                self.send(Event::Alert {
                    to,
                    from: place,
                    alert: alert.clone(),
                    channel: Channel::Gossip,
                });
            }
        }
    }

    fn take_request(&mut self, to: usize, from: usize, id: u64, bytes: &[u8]) {
        let read = Request::decode(bytes).map_err(|it| it.to_string());
        let request = match read.and_then(|it| it.try_map(|wire| self.verify(&wire))) {
            Ok(request) => request,
            Err(error) => return self.violations.push(format!("a request: {error}")),
        };
        match self.nodes[to].role {
            Role::Mute => {}
            Role::Replayer => {
                if let Request::Give(alerts) = &request {
                    alerts.iter().for_each(|it| self.nodes[to].keep(it));
                }
                if let Some(answer) = self.nodes[to].answer_from_hoard(&request) {
                    self.send_answer((to, from), id, answer);
                }
            }
            Role::Honest => {
                self.counted += 1;
                let number = self.counted;
                self.asked.insert(number, (from, id));
                let from = self.nodes[from].id;
                let asked = request;
                self.input(
                    to,
                    Input::SyncAsked {
                        request: number,
                        from,
                        asked,
                    },
                );
            }
        }
    }

    fn send_answer(&mut self, (by, to): (usize, usize), id: u64, answer: Answer<Arc<Alert>>) {
        let answer = answer.try_map(|it| Ok::<_, String>(it.wire().clone()));
        let bytes = answer.map_or_else(|_| Vec::new(), |it| it.encode());
        self.sync_bytes += bytes.len() as u64;
        self.send(Event::Answered {
            to,
            from: by,
            id,
            bytes,
        });
    }

    /// Finds the alert with these bytes, as checking its signature would.
    fn verify(&self, wire: &[u8]) -> Result<Arc<Alert>, String> {
        let alert = self.signed.get(&AlertId::of(wire));
        alert.cloned().ok_or_else(|| "nobody signed it".to_owned())
    }

    /// Returns whether an alert is alive by every clock that is at most two minutes off.
    pub(super) fn is_alive(&self, id: &AlertId) -> bool {
        let end = self.signed.get(id).map(|it| it.statement().expires_at());
        end.is_some_and(|it| it.as_millis() > START + self.at + 120_000)
    }

    /// Carries out what a node's Engine wants, and notes when it is to be woken.
    fn drain(&mut self, place: usize) {
        while let Some(output) = self.nodes[place].engine.poll_output() {
            self.carry_out(place, output);
        }
        let node = &mut self.nodes[place];
        let due = node.engine.poll_timeout();
        // Its clock counts whole milliseconds, and so does the queue.
        let due = due.map(|it| node.true_time(it).max(self.at + 1));
        if let Some(due) = due
            && node.wake_at.is_none_or(|it| due < it || it <= self.at)
        {
            node.wake_at = Some(due);
            let delay = due - self.at;
            self.schedule(delay, Event::Wake(place));
        }
    }

    fn carry_out(&mut self, place: usize, output: Output) {
        match output {
            Output::Persist(record) => self.persist(place, record),
            // No organisation has members here.
            Output::Sign {
                statement, purpose, ..
            } => {
                let alert = self.sign(place, statement);
                let now = self.nodes[place].clock(self.at);
                let input = Input::Signed { alert, purpose };
                self.nodes[place].engine.handle_input(now, input);
            }
            Output::Publish(alert) => {
                self.nodes[place].sees(self.at, alert.id());
                self.gossip(place, None, &alert);
            }
            Output::Push { peer, alerts } => {
                let to = self.places[&peer];
                for alert in alerts {
                    self.send(Event::Alert {
                        to,
                        from: place,
                        alert,
                        channel: Channel::Sync,
                    });
                }
            }
            Output::SyncAsk { id, peer, asks } => {
                let peer = self.places[&peer];
                let asks = asks.try_map(|it| Ok::<_, String>(it.wire().clone()));
                let bytes = asks.map_or_else(|_| Vec::new(), |it| it.encode());
                self.sync_bytes += bytes.len() as u64;
                self.schedule(
                    ANSWER_WAIT,
                    Event::Unanswered {
                        by: place,
                        peer,
                        id,
                    },
                );
                self.send(Event::Asked {
                    to: peer,
                    from: place,
                    id,
                    bytes,
                });
            }
            Output::SyncAnswer { request, answer } => {
                if let Some((to, id)) = self.asked.remove(&request) {
                    self.send_answer((place, to), id, answer);
                }
            }
            Output::SyncMisbehaved { peer, misbehaviour } => {
                self.note_blame(place, peer, misbehaviour);
            }
            Output::Enforce(_)
            | Output::Ask { .. }
            | Output::AskAbout { .. }
            | Output::Testify { .. }
            | Output::Recommend { .. }
            | Output::Show { .. }
            | Output::Follow { .. }
            | Output::Rank { .. }
            | Output::Unlock(_)
            | Output::Part(_)
            | Output::Answer { .. }
            | Output::Notify(_) => {}
        }
    }

    /// Blaming the honest is a violation.
    fn note_blame(&mut self, place: usize, peer: NodeId, misbehaviour: Misbehaviour) {
        let peer = self.places[&peer];
        if self.nodes[peer].role == Role::Honest {
            let violation = format!("{place} blames the honest {peer}: {misbehaviour:?}");
            self.violations.push(violation);
        }
    }

    fn persist(&mut self, place: usize, record: Record) {
        if let Some(id) = self.nodes[place].persist(record) {
            self.violations
                .push(format!("{place}: {id} came back though it was taken back"));
        }
    }

    pub(super) fn sign(&mut self, place: usize, statement: Statement) -> Arc<Alert> {
        let author = self.nodes[place].id;
        let wire = format!("{author} {statement:?}").into_bytes();
        let alert = Arc::new(Alert::from_verified(author, statement, wire.into()));
        self.signed.insert(alert.id(), alert.clone());
        alert
    }
}
