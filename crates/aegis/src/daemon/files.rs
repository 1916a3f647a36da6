//! Shared files: one task of its own that knows what is announced, keeps what is here, fetches and
//! serves. Nothing of it passes through the node's loop but what is to be recorded.
//!
//! ```text
//! net ──FileEvent──▶ ┌───────┐ ──FileCommand──▶ net
//! control ──calls──▶ │ Files │ ──records──────▶ node's loop ──▶ store
//! threads ──done───▶ └───────┘ ──jobs─────────▶ threads: hashing, disk
//! ```

mod answer;
mod apply;
mod fetch;
mod global;
mod hear;
mod import;
mod serve;
mod shelf;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aegis_api::{
    ApiError, Caller, EventHub, EventKind, FileContent, FileRequest, Reply, ShareRequest,
};
use aegis_core::{
    NodeId, Organisations, Record, Timestamp,
    file::{Announcement, Audience, Catalogue, FileId, Manifest, Talk},
};
use aegis_net::{FileAskId, FileCommand, FileEvent, Identity, NetCommand, file::FileQuery};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

pub(super) use apply::{FeedCall, FeedOrder};

use super::Clock;
use fetch::Fetch;
use import::Import;
use shelf::Shelf;

/// Calls about files that wait; more callers wait at the door.
const CALLS_MAX: usize = 64;

/// Groups of records that wait for the node's loop.
const RECORDS_MAX: usize = 64;

/// Feeds that are to be applied or ended.
const FEEDS_MAX: usize = 16;

/// How often is looked what is due.
const BEAT: Duration = Duration::from_millis(200);

/// Files that are taken in at a time.
const IMPORTS_MAX: usize = 4;

/// How much is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FilesConfig {
    /// The most bytes of a file.
    pub file_bytes_max: u64,
    /// The most files that are kept or being fetched.
    pub files_max: usize,
    /// The most bytes of all of them together.
    pub disk_bytes_max: u64,
}

/// What is asked about files, with whom to answer.
pub(super) enum FileCall {
    Ask(Caller, FileRequest, ReplyTx),
    Share(Caller, ShareRequest, aegis_api::FileBody, ReplyTx),
    Content(FileId, oneshot::Sender<Result<FileContent, ApiError>>),
}

pub(super) type ReplyTx = oneshot::Sender<Result<Reply, ApiError>>;

/// Records for the store; where somebody waits for them, they are to be on the disk first.
pub(super) struct FileRecords {
    pub(super) records: Vec<Record>,
    pub(super) done_tx: Option<oneshot::Sender<bool>>,
}

/// What the task is made from.
pub(super) struct Setup {
    pub(super) config: FilesConfig,
    pub(super) dir: PathBuf,
    pub(super) identity: Identity,
    pub(super) hub: EventHub,
    /// Who belongs to which organisation, as the Engine knows it now.
    pub(super) organisations_rx: watch::Receiver<Arc<Organisations>>,
    /// What was announced before the restart.
    pub(super) announcements: Vec<Arc<Announcement>>,
    pub(super) commands_tx: Option<mpsc::Sender<NetCommand>>,
    pub(super) events_rx: Option<mpsc::Receiver<FileEvent>>,
}

/// The other ends of the task's queues.
pub(super) struct Ends {
    pub(super) calls_tx: mpsc::Sender<FileCall>,
    pub(super) records_rx: mpsc::Receiver<FileRecords>,
    pub(super) feeds_rx: mpsc::Receiver<FeedCall>,
}

/// What a query to a peer is for.
#[derive(Clone, Debug)]
enum Purpose {
    Announce(Arc<Announcement>),
    List,
    Manifest(FileId),
    Have(FileId),
    Chunk(FileId, u32),
}

/// What a thread or another task has done.
enum Done {
    /// Nothing that anybody waits for.
    Nothing,
    Served(FileCommand),
    /// A chunk on the disk is not what it was: the file is no good any more.
    Rotten(FileId, Option<FileCommand>),
    Opened(FileId, Result<shelf::Part, String>),
    Wrote(fetch::Written),
    Finished(FileId, Result<(), String>),
    ReadFeed(Box<apply::Read>),
    Imported(Box<Import>),
    Recorded(Box<import::Recorded>),
}

/// The state of all files: what the one task owns.
pub(super) struct Files {
    clock: Clock,
    config: FilesConfig,
    identity: Identity,
    node: NodeId,
    organisations_rx: watch::Receiver<Arc<Organisations>>,
    organisations_seen: Arc<Organisations>, // as they were when it was last told who is new to them
    catalogue: Catalogue,
    shelf: Arc<Shelf>,
    kept: BTreeMap<FileId, Arc<Manifest>>,
    told: Vec<(FileId, Audience)>, // what the network service knows to be kept
    fetches: BTreeMap<FileId, Fetch>,
    talk: Talk,
    asked: BTreeMap<FileAskId, (NodeId, Purpose)>,
    next_ask: u64,
    imports: usize,
    jobs: JoinSet<Done>,
    hub: EventHub,
    commands_tx: Option<mpsc::Sender<NetCommand>>,
    events_rx: Option<mpsc::Receiver<FileEvent>>,
    calls_rx: mpsc::Receiver<FileCall>,
    records_tx: mpsc::Sender<FileRecords>,
    feeds_tx: mpsc::Sender<FeedCall>,
    ending: BTreeSet<FileId>, // whose entries are to be freed, if they were applied
    has_told_feeds: bool,     // which may still be applied since the last run
}

impl Files {
    /// Takes in what the disk holds; what nobody offers any more is removed.
    pub(super) fn open(setup: Setup) -> std::io::Result<(Self, Ends)> {
        let (calls_tx, calls_rx) = mpsc::channel(CALLS_MAX);
        let (records_tx, records_rx) = mpsc::channel(RECORDS_MAX);
        let (feeds_tx, feeds_rx) = mpsc::channel(FEEDS_MAX);
        let (shelf, found) = Shelf::open(&setup.dir)?;
        let node = setup.identity.node_id();
        let organisations_seen = Arc::clone(&setup.organisations_rx.borrow());
        let mut files = Self {
            clock: Clock,
            config: setup.config,
            node,
            identity: setup.identity,
            organisations_seen,
            organisations_rx: setup.organisations_rx,
            catalogue: Catalogue::new(node),
            shelf: Arc::new(shelf),
            kept: BTreeMap::new(),
            told: Vec::new(),
            fetches: BTreeMap::new(),
            talk: Talk::new(),
            asked: BTreeMap::new(),
            next_ask: 0,
            imports: 0,
            jobs: JoinSet::new(),
            hub: setup.hub,
            commands_tx: setup.commands_tx,
            events_rx: setup.events_rx,
            calls_rx,
            records_tx,
            feeds_tx,
            ending: BTreeSet::new(),
            has_told_feeds: false,
        };
        files.restore(setup.announcements, found);
        let ends = Ends {
            calls_tx,
            records_rx,
            feeds_rx,
        };
        Ok((files, ends))
    }

    /// Runs until told to stop.
    pub(super) async fn run(mut self, mut stop_rx: watch::Receiver<bool>) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop_rx.wait_for(|is_stopping| *is_stopping) => return,
                event = next(&mut self.events_rx) => match event {
                    Some(event) => self.handle_event(event),
                    None => {
                        self.events_rx = None;
                        self.commands_tx = None;
                    }
                },
                Some(call) = self.calls_rx.recv() => self.handle_call(call),
                Some(done) = self.jobs.join_next() => {
                    // A job that panicked was our bug, and is told by the panic itself.
                    self.handle_done(done.unwrap_or(Done::Nothing));
                }
                Ok(()) = self.organisations_rx.changed() => self.handle_members_changed(),
                _ = beat.tick() => self.look_after(),
            }
            self.ask_peers();
        }
    }

    /// Tells peers, and asks of them, whatever is next.
    fn ask_peers(&mut self) {
        self.speak();
        self.ask_holders();
    }

    fn restore(&mut self, announcements: Vec<Arc<Announcement>>, found: Vec<shelf::Found>) {
        let (now, mut gone) = (self.now(), Vec::new());
        for announcement in announcements {
            self.catalogue.hear(now, announcement, &mut gone);
        }
        for shelf::Found {
            file,
            manifest,
            is_whole,
        } in found
        {
            if self.offer_of(now, file).is_none() {
                self.shelf.remove(file);
            } else if is_whole {
                self.catalogue.pin(file);
                self.kept.insert(file, Arc::new(manifest));
            } else {
                self.resume(file, Arc::new(manifest));
            }
        }
    }

    fn handle_done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Served(command) => self.command(command),
            Done::Rotten(file, command) => {
                self.drop_body(file);
                self.hub.publish(
                    self.now(),
                    EventKind::Degraded {
                        message: format!("the disk spoilt file {file}: it is to be fetched again"),
                    },
                );
                if let Some(command) = command {
                    self.command(command);
                }
            }
            Done::Opened(file, part) => self.handle_opened(file, part),
            Done::Wrote(written) => self.handle_written(written),
            Done::Finished(file, result) => self.handle_finished(file, result),
            Done::ReadFeed(read) => self.handle_feed_read(*read),
            Done::Imported(import) => self.handle_imported(*import),
            Done::Recorded(recorded) => self.handle_recorded(*recorded),
        }
    }

    /// Does what is due.
    fn look_after(&mut self) {
        let now = self.now();
        let over = self.catalogue.expires_at().is_some_and(|it| it <= now);
        if over {
            let ended = self.catalogue.expire(now);
            self.let_go(now, &ended);
        }
        self.talk.handle_timeout(now);
        self.look_after_fetches(now);
        self.seek_holders(now);
        self.tell_holdings(now);
        self.end_feeds();
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the announcement of a file that counts here: of those that hold and are for this
    /// node, this node's own, or else the one for fewest that holds longest.
    fn offer_of(&self, now: Timestamp, file: FileId) -> Option<&Arc<Announcement>> {
        let live = self.catalogue.live(now, file);
        let here = live.filter(|it| self.admits(now, it, &self.node));
        here.max_by_key(|it| {
            let offer = it.offer();
            let is_limited = offer.audience != Audience::Everybody;
            let is_own = offer.author == self.node;
            (is_own, is_limited, offer.validity.expires_at())
        })
    }

    /// Returns whether an announcement, and the file with it, is for a node: for its author always.
    fn admits(&self, now: Timestamp, announcement: &Announcement, node: &NodeId) -> bool {
        announcement.admits(now, node, &*self.organisations())
    }

    fn organisations(&self) -> Arc<Organisations> {
        Arc::clone(&self.organisations_rx.borrow())
    }

    /// Returns how many bytes all that is kept and fetched has, and how many files that are.
    fn held(&self) -> (u64, usize) {
        let kept = self.kept.values().map(|it| it.size().bytes());
        let fetched = self.fetches.values().map(|it| it.size.bytes());
        let files = self.kept.len() + self.fetches.len();
        (kept.chain(fetched).sum(), files)
    }

    /// Removes what is here of a file.
    fn drop_body(&mut self, file: FileId) -> bool {
        let was_kept = self.kept.remove(&file).is_some();
        let was_fetched = self.fetches.remove(&file).is_some();
        self.catalogue.unpin(file);
        if was_kept {
            self.end_feed(file);
        }
        if was_kept || was_fetched {
            let shelf = Arc::clone(&self.shelf);
            self.jobs.spawn_blocking(move || {
                shelf.remove(file);
                Done::Nothing
            });
        }
        was_kept || was_fetched
    }

    /// Asks a peer; what it replies is known by its number.
    fn ask(&mut self, peer: NodeId, query: FileQuery, purpose: Purpose) {
        let id = FileAskId(self.next_ask);
        self.next_ask += 1;
        self.asked.insert(id, (peer, purpose));
        self.command(FileCommand::Ask { id, peer, query });
    }

    fn command(&mut self, command: FileCommand) {
        let unsent = match &self.commands_tx {
            Some(commands_tx) => {
                let sent = commands_tx.try_send(NetCommand::File(command));
                sent.err().map(mpsc::error::TrySendError::into_inner)
            }
            None => Some(NetCommand::File(command)),
        };
        // It counts as not replied to; what a peer asked is refused when its stream ends.
        if let Some(NetCommand::File(FileCommand::Ask { id, peer, .. })) = unsent {
            self.handle_failed(id, peer);
        }
    }

    /// Has records written, without waiting for it: who said it will say it again.
    fn record(&self, records: Vec<Record>) {
        let done_tx = None;
        if !records.is_empty()
            && self
                .records_tx
                .try_send(FileRecords { records, done_tx })
                .is_err()
        {
            tracing::warn!("The node's loop does not keep up: announcements of files not recorded");
        }
    }

    fn connected(&self) -> BTreeSet<NodeId> {
        self.talk.peers().collect()
    }
}

/// Returns the next event, `None` once there is no network any more, nothing where there is none.
async fn next(events_rx: &mut Option<mpsc::Receiver<FileEvent>>) -> Option<FileEvent> {
    match events_rx {
        Some(events_rx) => events_rx.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
