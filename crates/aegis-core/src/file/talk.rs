//! Talk about announcements: whom to tell of which, whom to ask what is announced, and when again.
//!
//! Who meets a node asks it what is announced, and is told of what is news afterwards. Two things come
//! between. Two nodes do not notice at the same moment that they met, or that they parted: so whoever
//! asked counts as a listener from then on, and whoever left for a while after. And a query may be lost
//! or come to somebody who has no time for it: so it is said again until it is answered, or until the
//! other, which asks every [`LIST_EVERY`], has heard of it by itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Announcement, FileId};
use crate::{NodeId, Timestamp};

/// How often each peer is asked what is announced, beside at meeting.
pub const LIST_EVERY: Duration = Duration::from_secs(60);

/// How soon all are asked once more when there may be something to hear that was not told before.
/// Several such moments in a row are one.
const LIST_SOON: Duration = Duration::from_secs(2);

/// How long an answer is waited for before the same is said again; twice as long each further time. Where
/// there are two connections with a peer a query may be on the one that leads nowhere.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// How long a peer that did not answer is left alone; twice as long each further time.
const PAUSE: Duration = Duration::from_millis(500);

/// Announcements of which a peer is told at a time: far fewer than it lets wait at once.
const UNDER_WAY_MAX: usize = 4;

/// Announcements that wait for one node. What is more it hears when it asks next.
const UNTOLD_MAX: usize = 128;

/// Nodes remembered that asked and were not met, or left. Others hear when they ask next.
const EXPECTED_MAX: usize = 256;

/// What to say to a peer next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Saying {
    /// Ask it what is announced.
    List(NodeId),
    /// Tell it of this.
    Tell(NodeId, Arc<Announcement>),
}

/// The state of all talk about announcements.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    listeners: BTreeMap<NodeId, Listener>,
}

/// A node that counts on hearing what is news.
#[derive(Clone, Debug)]
struct Listener {
    presence: Presence,
    list_at: Timestamp,
    listing: Option<Query>, // what it was asked and has not answered
    ready_at: Timestamp,    // not spoken to before
    failures: u32,          // in a row
    untold: BTreeMap<(FileId, NodeId), Untold>,
}

/// Whether a node can be spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    Met,
    Expected { until: Timestamp },
}

/// An announcement that a node has not confirmed.
#[derive(Clone, Debug)]
struct Untold {
    announcement: Arc<Announcement>,
    until: Timestamp, // by then the node has asked
    query: Option<Query>,
}

/// Something that was said and is not answered.
#[derive(Clone, Copy, Debug)]
struct Query {
    answered_by: Timestamp, // not said again before
    tries: u32,
}

impl Talk {
    /// Returns a talk with nobody.
    pub const fn new() -> Self {
        Self {
            listeners: BTreeMap::new(),
        }
    }

    /// Takes in that a peer may be spoken to: it is asked what is announced.
    pub fn meet(&mut self, now: Timestamp, peer: NodeId) {
        let listener = self.listeners.entry(peer).or_insert_with(Listener::new);
        listener.presence = Presence::Met;
        (listener.list_at, listener.ready_at, listener.failures) = (now, now, 0);
        listener.listing = None; // what was under way ended with the connection
        for untold in listener.untold.values_mut() {
            untold.query = None;
        }
    }

    /// Takes in that a peer is gone. It may not have noticed, and count on hearing what is news.
    pub fn part(&mut self, now: Timestamp, peer: &NodeId) {
        let has_room = self.expected() < EXPECTED_MAX;
        if has_room && let Some(listener) = self.listeners.get_mut(peer) {
            let until = now + LIST_EVERY;
            listener.presence = Presence::Expected { until };
        } else {
            self.listeners.remove(peer);
        }
    }

    /// Takes in that a node asked what is announced: it counts on hearing what is news from here on.
    pub fn note_asked(&mut self, now: Timestamp, node: NodeId) {
        let presence = Presence::Expected {
            until: now + LIST_EVERY,
        };
        let expected = self.expected();
        match self.listeners.get_mut(&node) {
            Some(listener) if listener.presence == Presence::Met => {}
            Some(listener) => listener.presence = presence,
            None if expected < EXPECTED_MAX => {
                let listener = Listener {
                    presence,
                    ..Listener::new()
                };
                self.listeners.insert(node, listener);
            }
            None => {}
        }
    }

    /// Returns the nodes that may be spoken to.
    pub fn peers(&self) -> impl Iterator<Item = NodeId> {
        let met = self.listeners.iter();
        met.filter(|(_, it)| it.presence == Presence::Met)
            .map(|(node, _)| *node)
    }

    /// Returns the nodes that count on hearing what is news, now or when they are met.
    pub fn listeners(&self) -> impl Iterator<Item = NodeId> {
        self.listeners.keys().copied()
    }

    /// Has a listener told of an announcement, instead of what its author said of the file before.
    pub fn tell(&mut self, now: Timestamp, node: &NodeId, announcement: &Arc<Announcement>) {
        let Some(listener) = self.listeners.get_mut(node) else {
            return;
        };
        let key = key_of(announcement);
        if listener.untold.len() >= UNTOLD_MAX && !listener.untold.contains_key(&key) {
            return;
        }
        let untold = Untold {
            announcement: Arc::clone(announcement),
            until: now + LIST_EVERY,
            query: None,
        };
        listener.untold.insert(key, untold);
    }

    /// Has all peers asked what is announced before long.
    pub fn hurry(&mut self, now: Timestamp) {
        for listener in self.listeners.values_mut() {
            listener.list_at = listener.list_at.min(now + LIST_SOON);
        }
    }

    /// Returns what to say next, and counts it as said; `None` while there is nothing to say.
    pub fn poll_saying(&mut self, now: Timestamp) -> Option<Saying> {
        let mut listeners = self.listeners.iter_mut();
        listeners.find_map(|(node, it)| it.poll_saying(now, *node))
    }

    /// Takes in that a peer told what is announced.
    pub fn handle_listed(&mut self, peer: &NodeId) {
        if let Some(listener) = self.listeners.get_mut(peer) {
            listener.failures = 0;
            listener.listing = None;
        }
    }

    /// Takes in that a peer did not tell what is announced.
    pub fn handle_unlisted(&mut self, now: Timestamp, peer: &NodeId) {
        if let Some(listener) = self.listeners.get_mut(peer) {
            listener.list_at = now;
            listener.listing = None;
            listener.fail(now);
        }
    }

    /// Takes in that a peer has heard of an announcement, or is not to.
    pub fn handle_told(&mut self, peer: &NodeId, announcement: &Announcement) {
        if let Some(listener) = self.listeners.get_mut(peer) {
            listener.failures = 0;
            let key = key_of(announcement);
            if listener.waits_for(&key, announcement) {
                listener.untold.remove(&key);
            }
        }
    }

    /// Takes in that a peer has not heard of an announcement.
    pub fn handle_untold(&mut self, now: Timestamp, peer: &NodeId, announcement: &Announcement) {
        if let Some(listener) = self.listeners.get_mut(peer) {
            let key = key_of(announcement);
            if listener.waits_for(&key, announcement)
                && let Some(untold) = listener.untold.get_mut(&key)
            {
                untold.query = None;
            }
            listener.fail(now);
        }
    }

    /// Forgets who did not come, and what everybody has heard of by itself.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.listeners.retain(|_, it| match it.presence {
            Presence::Met => true,
            Presence::Expected { until } => now < until,
        });
        for listener in self.listeners.values_mut() {
            listener.untold.retain(|_, it| now < it.until);
        }
    }

    fn expected(&self) -> usize {
        let is_met = |it: &&Listener| it.presence == Presence::Met;
        self.listeners.len() - self.listeners.values().filter(is_met).count()
    }
}

impl Listener {
    const fn new() -> Self {
        Self {
            presence: Presence::Met,
            list_at: Timestamp::EPOCH,
            listing: None,
            ready_at: Timestamp::EPOCH,
            failures: 0,
            untold: BTreeMap::new(),
        }
    }

    fn poll_saying(&mut self, now: Timestamp, node: NodeId) -> Option<Saying> {
        if self.presence != Presence::Met || now < self.ready_at {
            return None;
        }
        if self.list_at <= now || self.listing.is_some_and(|it| it.answered_by <= now) {
            self.list_at = now + LIST_EVERY;
            self.listing = Some(Query::after(self.listing, now));
            return Some(Saying::List(node));
        }
        let is_due = |it: &Untold| it.query.is_none_or(|it| it.answered_by <= now);
        if self.untold.values().filter(|it| !is_due(it)).count() >= UNDER_WAY_MAX {
            return None;
        }
        let due = self.untold.values_mut().find(|it| is_due(it))?;
        due.query = Some(Query::after(due.query, now));
        Some(Saying::Tell(node, Arc::clone(&due.announcement)))
    }

    /// Returns whether it is this word that is to be told, and not a later one.
    fn waits_for(&self, key: &(FileId, NodeId), announcement: &Announcement) -> bool {
        let untold = self.untold.get(key);
        untold.is_some_and(|it| *it.announcement == *announcement)
    }

    fn fail(&mut self, now: Timestamp) {
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.ready_at = now + pause.min(LIST_EVERY);
    }
}

impl Query {
    /// Returns what is under way once the same was said again.
    fn after(last: Option<Self>, now: Timestamp) -> Self {
        let tries = last.map_or(0, |it| it.tries);
        Self {
            answered_by: now + ANSWERED_WITHIN.saturating_mul(1 << tries.min(10)),
            tries: tries.saturating_add(1),
        }
    }
}

fn key_of(announcement: &Announcement) -> (FileId, NodeId) {
    (announcement.offer().file, announcement.offer().author)
}

#[cfg(test)]
mod tests;
