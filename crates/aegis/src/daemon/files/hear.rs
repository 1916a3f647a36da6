//! Hearing: what peers announce, who is told of it, and what comes back from whom was asked.

use std::sync::Arc;

use aegis_api::EventKind;
use aegis_core::{
    NodeId, Record, Timestamp,
    file::{Announcement, Audience, FileId, FileSeverity, Heard, Saying},
};
use aegis_net::{
    FileAskId, FileEvent,
    file::{FileQuery, FileReply},
};

use super::{Files, Purpose};

/// Peers to whom a node passes on what matters much but not most.
const RELAYED_TO: usize = 5;

impl Files {
    pub(super) fn handle_event(&mut self, event: FileEvent) {
        match event {
            FileEvent::PeerConnected { peer } => {
                let now = self.now();
                self.talk.meet(now, peer);
                self.look_after_fetches(now);
            }
            FileEvent::PeerLeft { peer } => {
                self.talk.part(self.now(), &peer);
                self.part_from_holder(&peer);
            }
            FileEvent::Asked {
                request,
                from,
                query,
            } => self.serve(request, from, query),
            FileEvent::Replied { id, from, reply } => self.handle_reply(id, from, reply),
            FileEvent::Failed { id, peer } => self.handle_failed(id, peer),
        }
    }

    /// Says to peers what is to be said about announcements: whatever counts and is for them by now.
    pub(super) fn speak(&mut self) {
        let now = self.now();
        while let Some(saying) = self.talk.poll_saying(now) {
            match saying {
                Saying::List(peer) => self.ask(peer, FileQuery::List(None), Purpose::List),
                Saying::Tell(peer, it) if self.is_to_be_told(now, &it, &peer) => {
                    let query = FileQuery::Announce(Arc::clone(&it));
                    self.ask(peer, query, Purpose::Announce(it));
                }
                Saying::Tell(peer, it) => self.talk.handle_told(&peer, &it),
            }
        }
    }

    fn is_to_be_told(&self, now: Timestamp, announcement: &Announcement, peer: &NodeId) -> bool {
        self.catalogue.holds(now, announcement) && self.admits(now, announcement, peer)
    }

    /// Takes in that it is news who belongs to which organisation: what was for members was told to
    /// none before.
    pub(super) fn handle_members_changed(&mut self) {
        let now = self.now();
        self.talk.hurry(now);
        self.tell_new_members(now);
        let held = self.kept.keys().chain(self.fetches.keys());
        for file in held.copied().collect::<Vec<_>>() {
            self.drop_unless_offered(now, file);
        }
    }

    /// Tells whoever belongs to an organisation by now, and did not before, what is for its members. It
    /// may have asked already, when only it knew.
    fn tell_new_members(&mut self, now: Timestamp) {
        let after = self.organisations();
        let before = std::mem::replace(&mut self.organisations_seen, after);
        let limited = |it: &&Arc<Announcement>| it.offer().audience != Audience::Everybody;
        let mut news = Vec::new();
        for announcement in self.catalogue.behind(None).filter(limited) {
            let is_new = |it: &NodeId| {
                !announcement.admits(now, it, &*before) && self.is_listed(now, announcement, it)
            };
            let to = self.talk.listeners().filter(is_new);
            news.extend(to.map(|it| (it, Arc::clone(announcement))));
        }
        for (listener, announcement) in news {
            self.talk.tell(now, &listener, &announcement);
        }
    }

    /// Returns whether a node that asks what is announced is told of this: of what matters little only
    /// by its author.
    pub(super) fn is_listed(
        &self,
        now: Timestamp,
        announcement: &Announcement,
        to: &NodeId,
    ) -> bool {
        let offer = announcement.offer();
        let is_told = offer.severity != FileSeverity::Minor || offer.author == self.node;
        is_told && now < offer.validity.expires_at() && self.admits(now, announcement, to)
    }

    fn handle_reply(&mut self, id: FileAskId, from: NodeId, reply: FileReply) {
        let Some((_, purpose)) = self.asked.remove(&id) else {
            return;
        };
        match (purpose, reply) {
            (Purpose::List, FileReply::Announcements(announcements, has_more)) => {
                let last = announcements.last().map(|it| it.offer());
                let last = last.map(|it| (it.file, it.author));
                for announcement in announcements {
                    self.hear(from, announcement);
                }
                self.talk.handle_listed(&from);
                if let (true, Some(last)) = (has_more, last) {
                    self.ask(from, FileQuery::List(Some(last)), Purpose::List);
                }
            }
            (Purpose::Manifest(file), FileReply::Manifest(manifest)) => {
                self.handle_manifest(file, from, manifest);
            }
            (Purpose::Have(file), FileReply::Have(has)) => self.handle_have(file, from, has),
            (Purpose::Chunk(file, chunk), FileReply::Chunk(bytes)) => {
                self.handle_chunk(file, from, (chunk, bytes));
            }
            (Purpose::Manifest(file), reply) => {
                self.handle_unserved(file, (from, None), Some(&reply));
            }
            (Purpose::Chunk(file, chunk), reply) => {
                self.handle_unserved(file, (from, Some(chunk)), Some(&reply));
            }
            (Purpose::Announce(it), FileReply::Heard) => self.talk.handle_told(&from, &it),
            (Purpose::Announce(it), _) => self.talk.handle_untold(self.now(), &from, &it),
            (Purpose::List, _) => self.talk.handle_unlisted(self.now(), &from),
            (Purpose::Have(_), _) => {}
        }
    }

    pub(super) fn handle_failed(&mut self, id: FileAskId, peer: NodeId) {
        let Some((_, purpose)) = self.asked.remove(&id) else {
            return;
        };
        match purpose {
            Purpose::Manifest(file) => self.handle_unserved(file, (peer, None), None),
            Purpose::Chunk(file, chunk) => self.handle_unserved(file, (peer, Some(chunk)), None),
            Purpose::Announce(it) => self.talk.handle_untold(self.now(), &peer, &it),
            Purpose::List => self.talk.handle_unlisted(self.now(), &peer),
            Purpose::Have(_) => {}
        }
    }

    /// Takes in an announcement that `from` handed over.
    pub(super) fn hear(&mut self, from: NodeId, announcement: Arc<Announcement>) {
        let now = self.now();
        // What this node said it knows better; what is not for it is none of its business.
        let is_own = announcement.offer().author == self.node;
        let is_said_rightly = announcement.is_authors_to_say(now, &*self.organisations());
        if is_own || !is_said_rightly || !self.admits(now, &announcement, &self.node) {
            return;
        }
        if self.take_in(now, Arc::clone(&announcement)) {
            self.spread(now, &announcement, Some(from));
        }
    }

    /// Puts an announcement into the catalogue and on record; returns whether it is news.
    pub(super) fn take_in(&mut self, now: Timestamp, announcement: Arc<Announcement>) -> bool {
        let mut gone = Vec::new();
        let heard = self
            .catalogue
            .hear(now, Arc::clone(&announcement), &mut gone);
        if heard != Heard::New {
            return false;
        }
        let offer = announcement.offer();
        let (file, author) = (offer.file, offer.author);
        let name = offer.name.as_str().to_owned();
        let kind = if offer.is_withdrawn {
            EventKind::FileWithdrawn { file, author, name }
        } else {
            EventKind::FileAnnounced {
                file,
                author,
                name,
                size: offer.size.bytes(),
                severity: offer.severity,
            }
        };
        self.hub.publish(now, kind);
        self.record(vec![Record::FileAnnounced(Arc::clone(&announcement))]);
        self.let_go(now, &gone);
        if offer.is_withdrawn {
            self.drop_after(now, &announcement);
        }
        true
    }

    /// Tells peers of an announcement, as far and as fast as it matters.
    pub(super) fn spread(
        &mut self,
        now: Timestamp,
        announcement: &Arc<Announcement>,
        from: Option<NodeId>,
    ) {
        let author = announcement.offer().author;
        let is_new_to = |it: &NodeId| Some(*it) != from && *it != author;
        let is_for = |it: &NodeId| is_new_to(it) && self.admits(now, announcement, it);
        let to: Vec<NodeId> = match announcement.offer().severity {
            FileSeverity::Minor => return,
            FileSeverity::Major if from.is_some() => {
                let mut peers: Vec<NodeId> = self.talk.peers().filter(is_for).collect();
                // Each node begins elsewhere in the row of its peers.
                let start = usize::from(self.node.public_key()[0]) % peers.len().max(1);
                peers.rotate_left(start);
                peers.truncate(RELAYED_TO);
                peers
            }
            FileSeverity::Major | FileSeverity::Critical => {
                self.talk.listeners().filter(is_for).collect()
            }
        };
        for peer in to {
            self.talk.tell(now, &peer, announcement);
        }
    }

    /// Forgets on record what the catalogue let go, and removes files that nobody offers any more.
    pub(super) fn let_go(&mut self, now: Timestamp, gone: &[Arc<Announcement>]) {
        let records = gone.iter().map(|it| Record::FileAnnouncementGone {
            file: it.offer().file,
            author: it.offer().author,
        });
        self.record(records.collect());
        for announcement in gone.iter().filter(|it| !it.offer().is_withdrawn) {
            let offer = announcement.offer();
            let (file, name) = (offer.file, offer.name.as_str().to_owned());
            if self.drop_after(now, announcement) || self.catalogue.live(now, file).count() == 0 {
                self.hub.publish(now, EventKind::FileExpired { file, name });
            }
        }
    }

    /// Removes a file that nobody offers to this node any more, now that `ended` is over; returns whether
    /// it was here. What was for some only is not for everybody then, whoever says so meanwhile.
    fn drop_after(&mut self, now: Timestamp, ended: &Announcement) -> bool {
        let file = ended.offer().file;
        let was_limited = ended.offer().audience != Audience::Everybody;
        let is_own = self.catalogue.own(file).is_some_and(|it| it.is_live(now));
        if was_limited && !is_own && !self.catalogue.is_limited(now, file) {
            return self.drop_body(file);
        }
        self.drop_unless_offered(now, file)
    }

    /// Removes a file that nobody offers to this node any more; returns whether it was here.
    fn drop_unless_offered(&mut self, now: Timestamp, file: FileId) -> bool {
        self.offer_of(now, file).is_none() && self.drop_body(file)
    }

    /// Returns what a file is called.
    pub(super) fn name_of(&self, now: Timestamp, file: FileId) -> String {
        let offer = self.offer_of(now, file);
        offer.map_or_else(String::new, |it| it.offer().name.as_str().to_owned())
    }
}
