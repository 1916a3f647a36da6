//! Messages on their way: what gossip loses, a stream repeats or breaks over.
//!
//! Sync speaks over streams of a connection (TCP or QUIC). They lose nothing: a segment that does
//! not arrive is sent again when its acknowledgement is overdue, each time later. So loss is delay
//! there, until the connection is given up; then both ends find out, each in its time, everything
//! under way is gone, and sync starts anew when they have met again.

use std::collections::{BTreeMap, BTreeSet};

use aegis_core::{Input, PeerClass};

use super::{Event, LATENCY, Role, World};
use crate::net::link;

/// Bytes of a message that one segment carries.
const SEGMENT_BYTES: usize = 1_400;

/// When the first repetition is due, in milliseconds, doubled with each (RFC 6298: what Linux takes
/// at least).
const REPEATED_AFTER: u64 = 200;

/// Repetitions of one segment after which the connection is given up: by then 12.6 s have gone by,
/// and a ping in the meantime has failed.
const REPEATED_MAX: u32 = 6;

/// The share of a network's loss with which a message meets a connection that breaks for another
/// reason: a gateway forgot it, a host changed its address.
const BREAKS: f64 = 0.02;

/// How long an end may not notice that its connection is gone, in milliseconds: then two pings have
/// failed.
const NOTICED_WITHIN: usize = 15_000;

/// How long both ends take to meet again once the later one has noticed, in milliseconds, and some.
const MEETS_AFTER: u64 = 1_000;
const MEETS_WITHIN: usize = 3_000;

/// Which connections there are not, and which time each is there for.
#[derive(Debug, Default)]
pub(super) struct Connections {
    broken: BTreeSet<(usize, usize)>,
    times: BTreeMap<(usize, usize), u64>, // absent: the first
}

impl Connections {
    /// Returns whether two nodes have no connection though they could.
    pub(super) fn is_broken(&self, one: usize, other: usize) -> bool {
        self.broken.contains(&pair(one, other))
    }

    fn time(&self, one: usize, other: usize) -> u64 {
        self.times.get(&pair(one, other)).copied().unwrap_or(0)
    }
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

impl World {
    /// Sends over a link: late, and gossip perhaps never, since it is forgotten where a peer is
    /// slow.
    pub(super) fn send(&mut self, event: Event) {
        let delay = link::latency(&mut self.chance, LATENCY).min(2_000.0) as u64;
        let Some((from, to, bytes)) = event.stream() else {
            if !self.chance.happens(self.loss) {
                self.schedule(delay.max(1), event);
            }
            return;
        };
        if !self.is_open(from, to) {
            return;
        }
        let repeated = self.repeated(bytes);
        let delay = delay.max(1) + repeated.unwrap_or(0);
        if repeated.is_none() || self.chance.happens(self.loss * BREAKS) {
            return self.break_connection(from, to);
        }
        let time = self.connections.time(from, to);
        let event = Box::new(event);
        self.schedule(delay, Event::Streamed { time, event });
    }

    /// Returns by how many milliseconds repetitions delay so many bytes; `None` where one is
    /// repeated too often.
    fn repeated(&mut self, bytes: usize) -> Option<u64> {
        let mut longest = 0;
        for _ in 0..bytes.div_ceil(SEGMENT_BYTES).max(1) {
            let (mut after, mut delay) = (REPEATED_AFTER, 0);
            for _ in 0..REPEATED_MAX {
                if !self.chance.happens(self.loss) {
                    break;
                }
                delay += after;
                after *= 2;
            }
            if after == REPEATED_AFTER << REPEATED_MAX {
                return None;
            }
            longest = longest.max(delay); // segments are under way together
        }
        Some(longest)
    }

    /// A message of a connection arrives, unless that connection is gone.
    pub(super) fn arrive(&mut self, time: u64, event: Event) {
        let Some((from, to, _)) = event.stream() else {
            return;
        };
        if self.connections.time(from, to) == time {
            self.happen(event);
        }
    }

    /// Ends the connection of two nodes, who notice in their time and meet again.
    fn break_connection(&mut self, one: usize, other: usize) {
        let ends = pair(one, other);
        self.connections.broken.insert(ends);
        *self.connections.times.entry(ends).or_default() += 1;
        let mut last = 0;
        for (place, peer) in [(one, other), (other, one)] {
            let delay = self.chance.below(NOTICED_WITHIN) as u64;
            last = last.max(delay);
            self.schedule(delay, Event::Lost { place, peer });
        }
        let meet = last + MEETS_AFTER + self.chance.below(MEETS_WITHIN) as u64;
        self.schedule(meet, Event::Found { one, other });
    }

    /// A node notices that its connection with a peer is gone.
    pub(super) fn lose(&mut self, place: usize, peer: usize) {
        if self.nodes[place].is_up && self.nodes[place].role == Role::Honest {
            let peer = self.nodes[peer].id;
            self.input(place, Input::PeerLeft(peer));
        }
    }

    /// Two nodes whose connection broke have a new one, if they reach each other.
    pub(super) fn find(&mut self, one: usize, other: usize) {
        self.connections.broken.remove(&pair(one, other));
        if !self.is_open(one, other) {
            return;
        }
        for (place, peer) in [(one, other), (other, one)] {
            if self.nodes[place].role == Role::Honest {
                self.connect(place, peer);
            }
        }
    }

    /// Tells a node that it is connected to a peer.
    pub(super) fn connect(&mut self, place: usize, peer: usize) {
        let connected = Input::PeerConnected {
            peer: self.nodes[peer].id,
            class: PeerClass::Lan,
            address: (String::new(), None),
        };
        self.input(place, connected);
    }
}

impl Event {
    /// Returns from whom to whom a message of a stream goes, and its bytes.
    fn stream(&self) -> Option<(usize, usize, usize)> {
        match self {
            Self::Asked {
                to, from, bytes, ..
            }
            | Self::Answered {
                to, from, bytes, ..
            } => Some((*from, *to, bytes.len())),
            Self::Alert { .. }
            | Self::Streamed { .. }
            | Self::Unanswered { .. }
            | Self::Wake(_)
            | Self::Replay(_)
            | Self::Lost { .. }
            | Self::Found { .. } => None,
        }
    }
}
