//! Fetching: who has a file, what to ask of whom, and what becomes of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aegis_api::EventKind;
use aegis_core::{
    NodeId, Timestamp,
    file::{ChunkSet, FileId, FileSize, HOLDERS_MAX, Manifest, Plan},
};
use aegis_net::{
    FileCommand,
    file::{FileQuery, FileReply},
};

use super::{Done, Files, Purpose, global::SEEK_AFTER, shelf};

/// How often a holder that does not have all of a file is asked what it has.
const HAVE_EVERY: Duration = Duration::from_secs(2);

/// How often a node is asked that has nothing of it.
const HAVE_RARELY: Duration = Duration::from_secs(15);

/// How long nobody else is asked for the hashes while one was.
const MANIFEST_WAIT: Duration = Duration::from_secs(10);

/// A file that is being fetched.
pub(super) struct Fetch {
    pub(super) size: FileSize,
    pub(super) stage: Stage,
    /// When each peer may be asked again what it has.
    have_at: BTreeMap<NodeId, Timestamp>,
    /// When holders who are no peers may be looked for.
    pub(super) seek_at: Timestamp,
    pub(super) problem: Option<String>,
}

/// How far it is.
pub(super) enum Stage {
    /// Nobody has told the hashes yet. Who may, and until when who was asked is waited for.
    Manifest(BTreeMap<NodeId, ChunkSet>, Timestamp),
    /// The disk is looked at.
    Opening(Arc<Manifest>),
    /// Chunks come in.
    Chunks(Box<Chunks>),
    /// It cannot go on.
    Failed,
}

/// What is needed while chunks come in.
pub(super) struct Chunks {
    pub(super) manifest: Arc<Manifest>,
    pub(super) plan: Plan,
    pub(super) body: Arc<shelf::PartBody>,
    is_finishing: bool,
}

/// What became of a chunk in the thread that looked at it.
pub(super) struct Written {
    file: FileId,
    holder: NodeId,
    chunk: u32,
    result: Result<(), Refused>,
}

/// Why a chunk is not on the disk.
enum Refused {
    WrongBytes,
    Disk(String),
}

impl Fetch {
    /// Returns how many chunks are here, and from how many nodes some can be had.
    pub(super) fn progress(&self) -> (u32, u32) {
        match &self.stage {
            Stage::Chunks(chunks) => {
                let holders = chunks.plan.holders().filter(|(_, has)| *has > 0);
                (chunks.plan.have().len(), holders.count() as u32)
            }
            Stage::Manifest(holders, _) => (0, holders.len() as u32),
            Stage::Opening(_) | Stage::Failed => (0, 0),
        }
    }

    /// Returns whether there is nobody to ask although it could go on.
    pub(super) fn is_short_of_holders(&self) -> bool {
        let goes_on = !matches!(self.stage, Stage::Failed | Stage::Opening(_));
        goes_on && self.progress().1 == 0
    }
}

impl Files {
    /// Begins to fetch a file, or goes on.
    pub(super) fn fetch(&mut self, file: FileId, size: FileSize) {
        let now = self.now();
        let fetch = Fetch {
            size,
            seek_at: now + SEEK_AFTER,
            stage: Stage::Manifest(BTreeMap::new(), Timestamp::EPOCH),
            have_at: BTreeMap::new(),
            problem: None,
        };
        self.catalogue.pin(file);
        self.fetches.insert(file, fetch);
        self.ask_who_has(now);
    }

    /// Goes on where the last run stopped.
    pub(super) fn resume(&mut self, file: FileId, manifest: Arc<Manifest>) {
        self.fetch(file, manifest.size());
        self.open_part(file, manifest);
    }

    /// Looks who has what, and ends what is overdue.
    pub(super) fn look_after_fetches(&mut self, now: Timestamp) {
        for fetch in self.fetches.values_mut() {
            if let Stage::Chunks(chunks) = &mut fetch.stage {
                chunks.plan.handle_timeout(now);
            }
        }
        self.ask_who_has(now);
    }

    /// Asks peers what they have of the files that are being fetched. One that a file is not for is
    /// not asked: it is not to know what this node wants.
    fn ask_who_has(&mut self, now: Timestamp) {
        let (peers, organisations) = (self.connected(), self.organisations());
        let mut asks = Vec::new();
        for (file, fetch) in &mut self.fetches {
            if matches!(fetch.stage, Stage::Failed | Stage::Opening(_)) {
                continue;
            }
            let catalogue = &self.catalogue;
            let is_for = |peer: &NodeId| catalogue.entitles(now, peer, *file, &*organisations);
            fetch.have_at.retain(|peer, _| peers.contains(peer));
            let is_due = |peer: &&NodeId| fetch.have_at.get(*peer).is_none_or(|at| *at <= now);
            let due: Vec<NodeId> = peers.iter().filter(is_due).copied().collect();
            for peer in due.into_iter().filter(is_for).take(HOLDERS_MAX) {
                fetch.have_at.insert(peer, now + HAVE_RARELY);
                asks.push((peer, *file));
            }
        }
        for (peer, file) in asks {
            self.ask(peer, FileQuery::Have(file), Purpose::Have(file));
        }
    }

    /// Asks holders for whatever is next, of every file that is being fetched.
    pub(super) fn ask_holders(&mut self) {
        let now = self.now();
        let mut asks = Vec::new();
        for (file, fetch) in &mut self.fetches {
            match &mut fetch.stage {
                Stage::Manifest(holders, wait_until) if *wait_until <= now => {
                    // Whoever is asked and does not answer is asked last next time.
                    if let Some((holder, _)) = holders.pop_first() {
                        *wait_until = now + MANIFEST_WAIT;
                        fetch.have_at.insert(holder, now + HAVE_EVERY);
                        asks.push((holder, FileQuery::Manifest(*file), Purpose::Manifest(*file)));
                    }
                }
                Stage::Chunks(chunks) => {
                    while let Some(ask) = chunks.plan.poll_ask(now) {
                        let query = FileQuery::Chunk(*file, ask.chunk);
                        asks.push((ask.holder, query, Purpose::Chunk(*file, ask.chunk)));
                    }
                }
                Stage::Manifest(..) | Stage::Opening(_) | Stage::Failed => {}
            }
        }
        for (peer, query, purpose) in asks {
            self.ask(peer, query, purpose);
        }
    }

    /// Takes in what a peer has of a file.
    pub(super) fn handle_have(&mut self, file: FileId, peer: NodeId, has: ChunkSet) {
        let now = self.now();
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        if has.chunks() != fetch.size.chunks() {
            return;
        }
        if !has.is_full() {
            fetch.have_at.insert(peer, now + HAVE_EVERY);
        }
        match &mut fetch.stage {
            Stage::Manifest(holders, _) => drop(holders.insert(peer, has)),
            Stage::Chunks(chunks) => drop(chunks.plan.meet(peer, has)),
            Stage::Opening(_) | Stage::Failed => {}
        }
    }

    /// Takes in the hashes of a file, which were checked against its id.
    pub(super) fn handle_manifest(&mut self, file: FileId, peer: NodeId, manifest: Arc<Manifest>) {
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        if !matches!(fetch.stage, Stage::Manifest(..)) {
            return;
        }
        if manifest.size() != fetch.size {
            fetch.stage = Stage::Failed;
            let problem = "its author announced another size than it has";
            fetch.problem = Some(problem.to_owned());
            return;
        }
        fetch.have_at.remove(&peer);
        self.open_part(file, manifest);
    }

    fn open_part(&mut self, file: FileId, manifest: Arc<Manifest>) {
        if let Some(fetch) = self.fetches.get_mut(&file) {
            fetch.stage = Stage::Opening(Arc::clone(&manifest));
        }
        let shelf = Arc::clone(&self.shelf);
        self.jobs.spawn_blocking(move || {
            let part = shelf.open_part(&manifest);
            Done::Opened(file, part.map_err(|it| it.to_string()))
        });
    }

    pub(super) fn handle_opened(&mut self, file: FileId, part: Result<shelf::Part, String>) {
        let seed = u64::from_le_bytes(seed_of(&self.node, file));
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        let Stage::Opening(manifest) = &fetch.stage else {
            return;
        };
        match part {
            Ok(shelf::Part { have, body }) => {
                let chunks = Chunks {
                    manifest: Arc::clone(manifest),
                    plan: Plan::new(have, seed),
                    body: Arc::new(body),
                    is_finishing: false,
                };
                fetch.stage = Stage::Chunks(Box::new(chunks));
                fetch.have_at.clear();
                self.ask_who_has(self.now());
                self.finish_if_complete(file);
            }
            Err(error) => self.fail(file, format!("the disk does not take it: {error}")),
        }
    }

    /// Has the bytes of a chunk checked and written by a thread.
    pub(super) fn handle_chunk(&mut self, file: FileId, holder: NodeId, chunk: (u32, Vec<u8>)) {
        let Some(fetch) = self.fetches.get(&file) else {
            return;
        };
        let Stage::Chunks(chunks) = &fetch.stage else {
            return;
        };
        let (manifest, body) = (Arc::clone(&chunks.manifest), Arc::clone(&chunks.body));
        let (chunk, bytes) = chunk;
        self.jobs.spawn_blocking(move || {
            let result = if manifest.is_chunk(chunk, &bytes) {
                let written = body.write(chunk, &bytes);
                written.map_err(|it| Refused::Disk(it.to_string()))
            } else {
                Err(Refused::WrongBytes)
            };
            Done::Wrote(Written {
                file,
                holder,
                chunk,
                result,
            })
        });
    }

    pub(super) fn handle_written(&mut self, written: Written) {
        let Written {
            file,
            holder,
            chunk,
            result,
        } = written;
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        let Stage::Chunks(chunks) = &mut fetch.stage else {
            return;
        };
        match result {
            Ok(()) => {
                chunks.plan.take(&holder, chunk);
                self.finish_if_complete(file);
            }
            Err(Refused::WrongBytes) => {
                tracing::info!(peer = %holder, %file, chunk, "Peer served wrong bytes");
                chunks.plan.shun(&holder);
                self.command(FileCommand::Blame { peer: holder });
            }
            Err(Refused::Disk(error)) => {
                self.fail(file, format!("the disk does not take it: {error}"));
            }
        }
    }

    fn finish_if_complete(&mut self, file: FileId) {
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        let Stage::Chunks(chunks) = &mut fetch.stage else {
            return;
        };
        if !chunks.plan.is_complete() || std::mem::replace(&mut chunks.is_finishing, true) {
            return;
        }
        let (manifest, body) = (Arc::clone(&chunks.manifest), Arc::clone(&chunks.body));
        let shelf = Arc::clone(&self.shelf);
        self.jobs.spawn_blocking(move || {
            let finished = shelf.finish(&manifest, &body);
            Done::Finished(file, finished.map_err(|it| it.to_string()))
        });
    }

    pub(super) fn handle_finished(&mut self, file: FileId, result: Result<(), String>) {
        let Some(fetch) = self.fetches.get(&file) else {
            // Forgotten meanwhile; what was just renamed goes, too.
            let shelf = Arc::clone(&self.shelf);
            self.jobs.spawn_blocking(move || {
                shelf.remove(file);
                Done::Nothing
            });
            return;
        };
        let Stage::Chunks(chunks) = &fetch.stage else {
            return;
        };
        if let Err(error) = result {
            return self.fail(file, format!("the disk does not keep it: {error}"));
        }
        let (manifest, now) = (Arc::clone(&chunks.manifest), self.now());
        self.fetches.remove(&file);
        let size = manifest.size().bytes();
        self.kept.insert(file, manifest);
        let name = self.name_of(now, file);
        tracing::info!(%file, size, "Fetched a file");
        self.hub
            .publish(now, EventKind::FileFetched { file, name, size });
    }

    /// Gives a fetch up; asked for again, it begins anew with what is on the disk.
    fn fail(&mut self, file: FileId, problem: String) {
        tracing::warn!(%file, problem, "Cannot fetch a file");
        if let Some(fetch) = self.fetches.get_mut(&file) {
            fetch.stage = Stage::Failed;
            fetch.problem = Some(problem);
        }
    }

    /// Takes in that a query about a file was not replied to, or not with what was asked for.
    pub(super) fn handle_unserved(
        &mut self,
        file: FileId,
        (peer, chunk): (NodeId, Option<u32>),
        reply: Option<&FileReply>,
    ) {
        let now = self.now();
        let Some(fetch) = self.fetches.get_mut(&file) else {
            return;
        };
        match (&mut fetch.stage, chunk) {
            (Stage::Chunks(chunks), Some(chunk)) => match reply {
                Some(FileReply::NotAvailable) => chunks.plan.lack(now, &peer, chunk),
                Some(_) | None => chunks.plan.fail(now, &peer, chunk),
            },
            (Stage::Manifest(_, wait_until), None) => *wait_until = now,
            (Stage::Chunks(_) | Stage::Manifest(..) | Stage::Opening(_) | Stage::Failed, _) => {}
        }
    }

    /// Takes in that a peer is gone.
    pub(super) fn part_from_holder(&mut self, peer: &NodeId) {
        for fetch in self.fetches.values_mut() {
            fetch.have_at.remove(peer);
            match &mut fetch.stage {
                Stage::Manifest(holders, _) => drop(holders.remove(peer)),
                Stage::Chunks(chunks) => chunks.plan.part(peer),
                Stage::Opening(_) | Stage::Failed => {}
            }
        }
    }
}

/// Returns where chance begins: another place for each node and file, so that many who fetch one
/// file have different chunks.
fn seed_of(node: &NodeId, file: FileId) -> [u8; 8] {
    let mut seed = [0; 8];
    for (index, byte) in node.public_key().iter().chain(file.as_bytes()).enumerate() {
        seed[index % 8] ^= byte.rotate_left((index / 8) as u32);
    }
    seed
}
