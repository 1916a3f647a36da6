//! What an author may state: by its class, or by what its organisation vouches for.

use aegis_core::{AlertId, MemberRole, NodeId, PeerClass, Timestamp};

use super::{Gate, Quota, take};
use crate::wire;

impl Gate {
    /// Returns whether one more alert of `author` is within every quota that it falls under.
    pub(super) fn author_has_quota(&mut self, now: Timestamp, author: NodeId) -> bool {
        let (class, own) = self.quota_of(author);
        let own_has = match self.authors.touch(&author) {
            Some(bucket) => bucket.has_one(now, own),
            None => own.burst >= 1,
        };
        if self.is_publisher(&author) {
            return own_has && self.publishers.has_one(now, self.limits.publishers);
        }
        let shared_has = match class {
            None => self.strangers.has_one(now, self.limits.strangers),
            Some(PeerClass::Dht) => self.met.has_one(now, self.limits.met),
            Some(PeerClass::Lan | PeerClass::Configured) => true,
        };
        own_has && shared_has && self.all.has_one(now, self.limits.all)
    }

    /// Returns the class by which an author shares a quota with others, and the quota of its own.
    fn quota_of(&mut self, author: NodeId) -> (Option<PeerClass>, Quota) {
        let class = self.class(&author);
        match self.ranks.touch(&author) {
            Some(MemberRole::Publisher) => (class, self.limits.publisher),
            Some(MemberRole::Member) => {
                let class = class.unwrap_or(PeerClass::Lan).max(PeerClass::Lan);
                (Some(class), self.limits.author(class))
            }
            None => (class, self.limits.author(class.unwrap_or(PeerClass::Dht))),
        }
    }

    fn is_publisher(&mut self, author: &NodeId) -> bool {
        self.ranks.touch(author) == Some(&mut MemberRole::Publisher)
    }

    /// Returns whether a message names a publisher as its author and is not known yet.
    pub(super) fn is_news_of_publisher(&mut self, bytes: &[u8]) -> bool {
        // Mostly there are none, and then nothing is looked at.
        !self.ranks.is_empty()
            && wire::author_at_a_glance(bytes).is_some_and(|it| self.is_publisher(&it))
            && self.known.touch(&AlertId::of(bytes)).is_none()
    }

    pub(super) fn take_from_author(&mut self, now: Timestamp, author: NodeId) {
        let (class, own) = self.quota_of(author);
        take(&mut self.authors, author, own, now);
        if self.is_publisher(&author) {
            self.publishers.take_one(now, self.limits.publishers);
            return;
        }
        match class {
            None => self.strangers.take_one(now, self.limits.strangers),
            Some(PeerClass::Dht) => self.met.take_one(now, self.limits.met),
            Some(PeerClass::Lan | PeerClass::Configured) => true,
        };
        self.all.take_one(now, self.limits.all);
    }
}

#[cfg(test)]
mod tests;
