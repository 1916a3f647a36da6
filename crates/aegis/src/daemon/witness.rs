//! The witness: which addresses logged in here or held a working connection, and when last.
//!
//! Kept for a day in memory: enough to tell before anything is dropped whom that would hit.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use aegis_api::{Contact, ContactKind};
use aegis_core::{Indicator, Timestamp};

#[cfg(test)]
mod tests;

/// Addresses that are remembered: those of a busy server's day, a few megabytes.
const CONTACTS_MAX: usize = 65_536;

/// How long one is remembered.
const CONTACT_FOR: Duration = Duration::from_secs(86_400);

/// What was seen of others who are somebody.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    pub(super) began_at: Timestamp,
    contacts: BTreeMap<IpAddr, (ContactKind, Timestamp)>,
    purged_at: Timestamp,
}

impl Witness {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            contacts: BTreeMap::new(),
            purged_at: now,
        }
    }

    /// Remembers an address. A login is remembered as one for as long as anything is.
    pub(super) fn note(&mut self, now: Timestamp, address: IpAddr, kind: ContactKind) {
        let address = address.to_canonical();
        if let Some((known, at)) = self.contacts.get_mut(&address) {
            *known = kind.max(*known);
            *at = now;
            return;
        }
        self.make_room(now, kind);
        if self.contacts.len() < CONTACTS_MAX {
            self.contacts.insert(address, (kind, now));
        }
    }

    /// Returns the best reason to think that something of `indicator` is one of ours, not older
    /// than `since`.
    pub(super) fn contact(&self, indicator: &Indicator, since: Timestamp) -> Option<Contact> {
        let last = indicator.last_host().address();
        let inside = self.contacts.range(indicator.address()..=last);
        let recent = inside.filter(|(_, (_, at))| *at >= since);
        let best = recent.max_by_key(|(_, contact)| **contact);
        best.map(|(address, (kind, at))| Contact {
            address: *address,
            kind: *kind,
            at: *at,
        })
    }

    /// Forgets what is old where there is no room, at most once a minute; for a login any mere
    /// connection.
    fn make_room(&mut self, now: Timestamp, kind: ContactKind) {
        if self.contacts.len() < CONTACTS_MAX {
            return;
        }
        if now.since(self.purged_at) >= Duration::from_secs(60) {
            self.purged_at = now;
            self.contacts
                .retain(|_, (_, at)| now.since(*at) < CONTACT_FOR);
        }
        if kind == ContactKind::Login && self.contacts.len() >= CONTACTS_MAX {
            let is_mere = |(_, (kind, _)): &(&IpAddr, &(ContactKind, Timestamp))| {
                *kind == ContactKind::Connection
            };
            let gives_way = self.contacts.iter().find(is_mere).map(|(it, _)| *it);
            gives_way.and_then(|it| self.contacts.remove(&it));
        }
    }
}
