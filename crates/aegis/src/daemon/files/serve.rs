//! Serving: what peers ask. Whether something is not there or not for whoever asks, nobody can tell.

use std::sync::Arc;

use aegis_core::{
    NodeId, Timestamp,
    file::{Announcement, ChunkSet, FileId},
};
use aegis_net::{
    FileCommand, FileRequestId,
    file::{FileQuery, FileReply, LIST_ANNOUNCEMENTS_MAX},
};

use super::{Done, Files, fetch::Stage};

impl Files {
    /// Replies to a peer's query, at once or when the disk was read.
    pub(super) fn serve(&mut self, request: FileRequestId, from: NodeId, query: FileQuery) {
        let now = self.now();
        let reply = match query {
            FileQuery::Announce(announcement) => {
                self.hear(from, announcement);
                FileReply::Heard
            }
            FileQuery::List(after) => {
                self.talk.note_asked(now, from);
                self.list_for(now, from, after)
            }
            FileQuery::Manifest(file) => self.manifest_for(now, from, file),
            FileQuery::Have(file) => self.have_for(now, from, file),
            FileQuery::Chunk(file, chunk) => {
                if self.is_entitled(now, from, file) && self.read_for(request, (file, chunk)) {
                    return;
                }
                FileReply::NotAvailable
            }
        };
        self.command(FileCommand::Reply { request, reply });
    }

    /// Returns whether a file is offered, here and now, to a node.
    fn is_entitled(&self, now: Timestamp, node: NodeId, file: FileId) -> bool {
        let organisations = self.organisations();
        self.catalogue.entitles(now, &node, file, &*organisations)
    }

    /// Returns announcements for a node: what matters little only from its author.
    fn list_for(&self, now: Timestamp, from: NodeId, after: Option<(FileId, NodeId)>) -> FileReply {
        let is_for = |it: &&Arc<Announcement>| self.is_listed(now, it, &from);
        let mut told = self.catalogue.behind(after).filter(is_for).cloned();
        let page: Vec<_> = told.by_ref().take(LIST_ANNOUNCEMENTS_MAX).collect();
        FileReply::Announcements(page, told.next().is_some())
    }

    fn manifest_for(&self, now: Timestamp, from: NodeId, file: FileId) -> FileReply {
        if !self.is_entitled(now, from, file) {
            return FileReply::NotAvailable;
        }
        if let Some(manifest) = self.kept.get(&file) {
            return FileReply::Manifest(Arc::clone(manifest));
        }
        match self.fetches.get(&file).map(|it| &it.stage) {
            Some(Stage::Chunks(chunks)) => FileReply::Manifest(Arc::clone(&chunks.manifest)),
            Some(Stage::Manifest(..) | Stage::Opening(_) | Stage::Failed) | None => {
                FileReply::NotAvailable
            }
        }
    }

    fn have_for(&self, now: Timestamp, from: NodeId, file: FileId) -> FileReply {
        if !self.is_entitled(now, from, file) {
            return FileReply::NotAvailable;
        }
        if let Some(manifest) = self.kept.get(&file) {
            return FileReply::Have(ChunkSet::all(manifest.size().chunks()));
        }
        match self.fetches.get(&file).map(|it| &it.stage) {
            Some(Stage::Chunks(chunks)) => FileReply::Have(chunks.plan.have().clone()),
            Some(Stage::Manifest(..) | Stage::Opening(_) | Stage::Failed) | None => {
                FileReply::NotAvailable
            }
        }
    }

    /// Has a thread read a chunk and reply with it; returns whether it is here. It is checked before
    /// it goes out, so that who serves wrong bytes means to.
    fn read_for(&mut self, request: FileRequestId, (file, chunk): (FileId, u32)) -> bool {
        let reply = move |bytes: Option<Vec<u8>>| {
            let is_rotten = bytes.is_none();
            let reply = bytes.map_or(FileReply::NotAvailable, FileReply::Chunk);
            let command = FileCommand::Reply { request, reply };
            if is_rotten {
                Done::Rotten(file, Some(command))
            } else {
                Done::Served(command)
            }
        };
        if let Some(manifest) = self.kept.get(&file) {
            if manifest.size().chunk_bytes(chunk).is_none() {
                return false;
            }
            let (shelf, manifest) = (Arc::clone(&self.shelf), Arc::clone(manifest));
            self.jobs
                .spawn_blocking(move || reply(shelf.read(&manifest, chunk)));
            return true;
        }
        match self.fetches.get(&file).map(|it| &it.stage) {
            Some(Stage::Chunks(chunks)) if chunks.plan.have().contains(chunk) => {
                let (body, manifest) = (Arc::clone(&chunks.body), Arc::clone(&chunks.manifest));
                self.jobs
                    .spawn_blocking(move || reply(body.read(&manifest, chunk)));
                true
            }
            Some(Stage::Chunks(_) | Stage::Manifest(..) | Stage::Opening(_) | Stage::Failed)
            | None => false,
        }
    }
}
