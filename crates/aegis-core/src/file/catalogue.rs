//! The catalogue: every announcement that holds, the latest of each author about each file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Announcement, Audience, FileId, Members};
use crate::{NodeId, SKEW_MAX, Timestamp};

/// Announcements of one author at a time, other than this node: beyond them its eldest go.
pub const ANNOUNCEMENTS_PER_AUTHOR_MAX: usize = 128;

/// Announcements of all others together, each at most some 1.3 KiB: of 32 busy authors. Beyond them
/// the eldest of the author with most go, so that many do not push out few.
pub const ANNOUNCEMENTS_MAX: usize = 4096;

/// What became of an announcement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// It is news, to be told to others.
    New,
    /// This one or a later one is known.
    Known,
    /// It has ended.
    Over,
    /// It is from a time that this node's clock does not know yet.
    Early,
}

/// All announcements that hold. The later word of an author about a file replaces its earlier one,
/// and one that takes back is kept until what it takes back would have ended.
#[derive(Debug)]
pub struct Catalogue {
    own: NodeId,
    entries: BTreeMap<(FileId, NodeId), Arc<Announcement>>, // by file and author
    per_author: BTreeMap<NodeId, usize>,                    // how many
    pinned: BTreeSet<FileId>,
}

impl Catalogue {
    /// Returns a catalogue without an entry. What `own` announces is never pushed out.
    pub const fn new(own: NodeId) -> Self {
        Self {
            own,
            entries: BTreeMap::new(),
            per_author: BTreeMap::new(),
            pinned: BTreeSet::new(),
        }
    }

    /// Has no announcement of a file pushed out by others, as long as this node keeps the file: a
    /// crowd of authors is not to take away what is here.
    pub fn pin(&mut self, file: FileId) {
        self.pinned.insert(file);
    }

    /// Ends that.
    pub fn unpin(&mut self, file: FileId) {
        self.pinned.remove(&file);
    }

    /// Takes in an announcement. Others that it pushes out are put behind `gone`.
    pub fn hear(
        &mut self,
        now: Timestamp,
        announcement: Arc<Announcement>,
        gone: &mut Vec<Arc<Announcement>>,
    ) -> Heard {
        let offer = announcement.offer();
        if offer.validity.expires_at() <= now {
            return Heard::Over;
        }
        if offer.validity.issued_at().since(now) > SKEW_MAX {
            return Heard::Early;
        }
        let (key, author) = ((offer.file, offer.author), offer.author);
        match self.entries.get(&key) {
            Some(known) if !announcement.replaces(known) => return Heard::Known,
            Some(_) => {}
            None => *self.per_author.entry(author).or_default() += 1,
        }
        self.entries.insert(key, announcement);
        self.push_out(author, key, gone);
        Heard::New
    }

    /// Removes what is over at `now` and returns it.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Arc<Announcement>> {
        let is_over = |it: &Announcement| it.offer().validity.expires_at() <= now;
        let over = self.entries.iter().filter(|(_, it)| is_over(it));
        let over: Vec<_> = over.map(|(key, _)| *key).collect();
        over.iter().filter_map(|key| self.remove(key)).collect()
    }

    /// Returns when the next announcement ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let ends = self
            .entries
            .values()
            .map(|it| it.offer().validity.expires_at());
        ends.min()
    }

    /// Returns all announcements of a file, also those that take back.
    fn of(&self, file: FileId) -> impl Iterator<Item = &Arc<Announcement>> {
        let first = (file, NodeId::from_public_key([0; 32]));
        let last = (file, NodeId::from_public_key([0xff; 32]));
        self.entries.range(first..=last).map(|(_, it)| it)
    }

    /// Returns whether this is what its author says of the file at `now`.
    pub fn holds(&self, now: Timestamp, announcement: &Announcement) -> bool {
        let offer = announcement.offer();
        let known = self.entries.get(&(offer.file, offer.author));
        now < offer.validity.expires_at() && known.is_some_and(|it| **it == *announcement)
    }

    /// Returns what this node says of a file.
    pub fn own(&self, file: FileId) -> Option<&Arc<Announcement>> {
        self.entries.get(&(file, self.own))
    }

    /// Returns the announcements that offer a file at `now`.
    pub fn live(&self, now: Timestamp, file: FileId) -> impl Iterator<Item = &Arc<Announcement>> {
        self.of(file).filter(move |it| it.is_live(now))
    }

    /// Returns whether `node` may have what is here of a file at `now`.
    ///
    /// What this node itself says of the file decides. Otherwise whoever is to have it must belong to
    /// everything that the file is limited to: an outsider who knows the id of a file for few is not to open
    /// it by saying that it is for everybody.
    pub fn entitles(
        &self,
        now: Timestamp,
        node: &NodeId,
        file: FileId,
        members: &impl Members,
    ) -> bool {
        let admits = |it: &Announcement| it.admits(now, node, members);
        if let Some(own) = self.own(file).filter(|it| it.is_live(now)) {
            return admits(own);
        }
        let mut live = self.live(now, file).peekable();
        live.peek().is_some() && live.all(|it| admits(it))
    }

    /// Returns whether somebody offers a file at `now` to some only.
    pub fn is_limited(&self, now: Timestamp, file: FileId) -> bool {
        let mut live = self.live(now, file);
        live.any(|it| it.offer().audience != Audience::Everybody)
    }

    /// Returns all announcements in the order of file and author, from behind `after`.
    pub fn behind(
        &self,
        after: Option<(FileId, NodeId)>,
    ) -> impl Iterator<Item = &Arc<Announcement>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = after.map_or(Unbounded, Excluded);
        self.entries.range((start, Unbounded)).map(|(_, it)| it)
    }

    /// Returns how many announcements there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps the bounds after `added` of `author` came in.
    fn push_out(
        &mut self,
        author: NodeId,
        added: (FileId, NodeId),
        gone: &mut Vec<Arc<Announcement>>,
    ) {
        if author == self.own {
            return;
        }
        if self.count(&author) > ANNOUNCEMENTS_PER_AUTHOR_MAX {
            gone.extend(self.remove_eldest(author, added));
        }
        let others = self.entries.len() - self.count(&self.own);
        if others > ANNOUNCEMENTS_MAX {
            let counts = self.per_author.iter().filter(|(it, _)| **it != self.own);
            if let Some((most, _)) = counts.max_by_key(|(_, count)| **count) {
                gone.extend(self.remove_eldest(*most, added));
            }
        }
    }

    /// Removes what an author said first; what was just added goes last.
    fn remove_eldest(
        &mut self,
        author: NodeId,
        added: (FileId, NodeId),
    ) -> Option<Arc<Announcement>> {
        let is_loose = |(file, it): &(FileId, NodeId)| *it == author && !self.pinned.contains(file);
        let of_author = self.entries.iter().filter(|(key, _)| is_loose(key));
        let eldest = of_author.min_by_key(|(key, it)| {
            let issued_at = it.offer().validity.issued_at();
            (**key == added, issued_at, key.0)
        });
        let key = *eldest?.0;
        self.remove(&key)
    }

    fn remove(&mut self, key: &(FileId, NodeId)) -> Option<Arc<Announcement>> {
        let removed = self.entries.remove(key)?;
        if let Some(count) = self.per_author.get_mut(&key.1) {
            *count -= 1;
            if *count == 0 {
                self.per_author.remove(&key.1);
            }
        }
        Some(removed)
    }

    fn count(&self, author: &NodeId) -> usize {
        self.per_author.get(author).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
