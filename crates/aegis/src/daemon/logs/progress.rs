//! What was read of each log, and what keeps it from being read.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aegis_api::{LogKind, LogSource};
use aegis_core::Timestamp;

/// What was read, log by log. Bounded by the logs that are read.
#[derive(Debug, Default)]
pub(super) struct Progress {
    sources: BTreeMap<PathBuf, LogSource>,
    has_changed: bool,
}

impl Progress {
    /// Begins with a log.
    pub(super) fn begin(&mut self, path: &Path, kind: LogKind) {
        let source = LogSource {
            path: path.to_owned(),
            kind,
            lines: 0,
            last_at: None,
            problem: None,
        };
        self.sources.insert(path.to_owned(), source);
        self.has_changed = true;
    }

    /// Notes how many lines of a log were read at `now`. What can be read has no problem.
    pub(super) fn read(&mut self, now: Timestamp, path: &Path, lines: u64) {
        if lines == 0 {
            return;
        }
        if let Some(source) = self.sources.get_mut(path) {
            source.lines = source.lines.saturating_add(lines);
            source.last_at = Some(now);
            source.problem = None;
            self.has_changed = true;
        }
    }

    /// Notes why a log cannot be read; returns whether that is news.
    pub(super) fn fail(&mut self, path: &Path, problem: &str) -> bool {
        let Some(source) = self.sources.get_mut(path) else {
            return false;
        };
        let is_news = source.problem.is_none();
        if is_news {
            source.problem = Some(problem.to_owned());
            self.has_changed = true;
        }
        is_news
    }

    /// Returns all of it, where it changed since it was asked for last.
    pub(super) fn news(&mut self) -> Option<Vec<LogSource>> {
        let has_changed = std::mem::take(&mut self.has_changed);
        has_changed.then(|| self.sources.values().cloned().collect())
    }
}

#[cfg(test)]
mod tests;
