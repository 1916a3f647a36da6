//! What is not told yet, and when the next digest is: in a file beside the store.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aegis_core::Timestamp;
use aegis_intel::notify::{KeptOutbox, Outbox};
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::NotifyConfig;
use crate::daemon::replaced::{self, replace};

/// What the file is called.
const NAME: &str = "notify";

/// The longest file that is read in bytes: twice what an outbox can hold, for what has to be escaped.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How long it rests after a write: whoever provokes refusals by the hundred costs no more than one.
const REST: Duration = Duration::from_secs(2);

/// What the file holds.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Kept {
    digest_ms: Option<u64>,
    outbox: KeptOutbox,
}

/// When to write.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) dir: PathBuf,
    /// Whether there is anything that the file does not say.
    pub(super) is_changed: bool,
    is_writing: bool,
    is_failing: bool,
    rests_until: Instant,
}

impl Kept {
    pub(super) fn of(config: &NotifyConfig, outbox: &Outbox, digest_at: Option<Timestamp>) -> Self {
        Self {
            digest_ms: digest_at.map(Timestamp::as_millis),
            outbox: outbox.kept(&names(config)),
        }
    }

    /// Returns what is to be told, and when the digest was to be: perhaps while there was no node.
    pub(super) fn recall(self, config: &NotifyConfig) -> (Outbox, Option<Timestamp>) {
        let outbox = Outbox::recall(config.outbox.clone(), &names(config), self.outbox);
        let digest_at = self.digest_ms.map(Timestamp::from_millis);
        (outbox, digest_at.filter(|_| config.digest.is_some()))
    }

    fn read(dir: &Path) -> io::Result<Self> {
        let path = replaced::path(dir, NAME);
        match fs::metadata(&path) {
            Ok(it) if it.len() > BYTES_MAX => return Err(io::Error::other("it is too long")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        }
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Writes the file so that after a crash it is the old or the new one.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        replace(dir, NAME, &serde_json::to_vec(self)?)
    }
}

impl Keeper {
    /// Returns it with what was kept; a file that cannot be read is as good as none.
    pub(super) fn open(dir: &Path, now: Instant) -> (Self, Kept) {
        let kept = Kept::read(dir).unwrap_or_else(|error| {
            tracing::warn!(%error, "What was not told before the start is not known");
            Kept::default()
        });
        let keeper = Self {
            dir: dir.to_owned(),
            is_changed: true, // when the digest is due
            is_writing: false,
            is_failing: false,
            rests_until: now,
        };
        (keeper, kept)
    }

    /// Returns how long to wait before the next write, if there is to be one and it is not time yet.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let rest = self.rests_until.saturating_duration_since(now);
        (self.is_changed && !self.is_writing && !rest.is_zero()).then_some(rest)
    }

    /// Returns whether to write now; then it is to be told what came of it.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        if self.is_writing || !self.is_changed {
            return false;
        }
        (self.is_writing, self.is_changed) = (true, false);
        self.rests_until = now + REST;
        true
    }

    /// Returns whether there is anything that the file is not known to say.
    pub(super) fn is_behind(&self) -> bool {
        self.is_changed || self.is_writing
    }

    pub(super) fn handle_kept(&mut self, result: io::Result<()>) {
        self.is_writing = false;
        let was_failing = std::mem::replace(&mut self.is_failing, result.is_err());
        if let Err(error) = result {
            self.is_changed = true;
            if !was_failing {
                tracing::warn!(%error, "What is not told yet cannot be kept");
            }
        }
    }
}

fn names(config: &NotifyConfig) -> Vec<&'static str> {
    config.ways.iter().map(super::Way::name).collect()
}
