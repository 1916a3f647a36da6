//! The mirror of the blocklist: what a node blocks, as a sorted set in Redis that others read.
//!
//! The members are indicators as texts, their scores are when the blocks end, in seconds of UTC;
//! so whoever reads can leave out what is over even if the node is gone:
//! `ZRANGEBYSCORE <key> (<now> +inf`.
//!
//! ```text
//! node ──Block, Unblock──▶ queue ──▶ thread "mirror" ──▶ Redis
//!      ◀──list wanted────             (connect, whole list, then changes; again after a failure)
//! ```
//!
//! The node never waits: where the queue is full, the change is dropped and the whole list is asked
//! for anew.

mod link;
mod task;

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use aegis_core::{Indicator, Timestamp};
use redis::{ConnectionInfo, IntoConnectionInfo};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use task::Task;

/// Changes that wait: some seconds of a flood, in 300 KB.
const COMMANDS_MAX: usize = 4096;

/// Blocks in one part of the whole list: a fraction of a millisecond of the node's time.
pub const PART_BLOCKS_MAX: usize = 2000;

/// The longest name of a set, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// The schemes that are spoken. The encrypted one is not: a mirror lies beside its node.
const SCHEMES: [&str; 3] = ["redis://", "redis+unix://", "unix://"];

/// Where the mirror is.
#[derive(Clone)]
pub struct MirrorConfig {
    server: ConnectionInfo,
    key: String,
}

/// Why there cannot be such a mirror. Says nothing of the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum InvalidMirror {
    /// The address is not one.
    #[error(
        "must be like redis://127.0.0.1:6379/0 or redis+unix:///run/redis.sock, with user:password@ where needed"
    )]
    Address,
    /// The name of the set is not one.
    #[error("must have 1 to {KEY_BYTES_MAX} characters of a-z A-Z 0-9 _ . : -")]
    Key,
}

impl MirrorConfig {
    /// Returns the mirror on the server at `url`, in the sorted set `key`.
    pub fn new(url: &str, key: &str) -> Result<Self, InvalidMirror> {
        let is_key = (1..=KEY_BYTES_MAX).contains(&key.len())
            && key
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"_.:-".contains(&it));
        if !is_key {
            return Err(InvalidMirror::Key);
        }
        if !SCHEMES.iter().any(|it| url.starts_with(it)) {
            return Err(InvalidMirror::Address);
        }
        let server = url.into_connection_info();
        Ok(Self {
            server: server.map_err(|_| InvalidMirror::Address)?,
            key: key.to_owned(),
        })
    }

    /// Returns the name of the sorted set.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for MirrorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MirrorConfig({})", self.key) // the address may hold a password
    }
}

/// What the mirror is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MirrorCommand {
    /// It is blocked until then.
    Block {
        indicator: Indicator,
        expires_at: Timestamp,
    },
    /// It is blocked no more.
    Unblock(Indicator),
    /// A part of the whole list, in its order, to the request with this number.
    Part {
        request: u64,
        blocks: Vec<(Indicator, Timestamp)>,
        is_last: bool,
    },
}

/// How the mirror stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MirrorState {
    /// Whether it shows all that was told.
    pub is_current: bool,
    /// How many blocks it shows, as counted last.
    pub entries: u64,
    /// Why it is not current.
    pub problem: Option<String>,
}

/// A running mirror. It ends when this is dropped, and what it shows stays.
#[derive(Debug)]
pub struct MirrorHandle {
    commands_tx: mpsc::Sender<MirrorCommand>,
    requests_rx: watch::Receiver<u64>,
    state_rx: watch::Receiver<MirrorState>,
    has_lost: Arc<AtomicBool>,
    clears: Arc<AtomicBool>,
    stopped_rx: oneshot::Receiver<()>,
}

/// Starts the mirror in a thread of its own; it connects by and by.
pub fn start(
    config: MirrorConfig,
    clock: impl Fn() -> Timestamp + Send + 'static,
) -> io::Result<MirrorHandle> {
    let (commands_tx, commands_rx) = mpsc::channel(COMMANDS_MAX);
    let (requests_tx, requests_rx) = watch::channel(0);
    let (state_tx, state_rx) = watch::channel(MirrorState::default());
    let (stopped_tx, stopped_rx) = oneshot::channel();
    let (has_lost, clears) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let task = Task::new(
        config,
        Box::new(clock),
        (commands_rx, requests_tx, state_tx),
        (Arc::clone(&has_lost), Arc::clone(&clears)),
    );
    thread::Builder::new()
        .name("mirror".into())
        .spawn(move || {
            runtime.block_on(task.run());
            let _ = stopped_tx.send(()); // nobody's loss where nobody waits
        })?;
    Ok(MirrorHandle {
        commands_tx,
        requests_rx,
        state_rx,
        has_lost,
        clears,
        stopped_rx,
    })
}

impl MirrorHandle {
    /// Tells of a change. Where too many wait, it is dropped, and the whole list is asked for.
    pub fn tell(&self, command: MirrorCommand) {
        if self.commands_tx.try_send(command).is_err() {
            self.has_lost.store(true, Ordering::Release);
        }
    }

    /// Returns a sender, for the parts of a list that are to wait for room.
    pub fn sender(&self) -> mpsc::Sender<MirrorCommand> {
        self.commands_tx.clone()
    }

    /// Returns the numbers of requests for the whole list, the newest in place of those before;
    /// 0 is none.
    pub fn requests(&self) -> watch::Receiver<u64> {
        self.requests_rx.clone()
    }

    /// Returns how the mirror stands.
    pub fn state(&self) -> MirrorState {
        self.state_rx.borrow().clone()
    }

    /// Ends the mirror, and takes away what it shows where `clears` says so; waits `wait` for that
    /// at most, and returns whether it ended by then.
    pub async fn stop(self, clears: bool, wait: Duration) -> bool {
        self.clears.store(clears, Ordering::Release);
        drop(self.commands_tx);
        timeout(wait, self.stopped_rx).await.is_ok()
    }
}

#[cfg(test)]
mod tests;
