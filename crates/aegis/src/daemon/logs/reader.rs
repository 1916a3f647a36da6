//! The thread that reads the logs: waits until something is written, and says what it comes to.

use std::{
    collections::BTreeMap,
    mem,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_api::LogKind;
use aegis_core::{REPORTS_MAX, Report, Timestamp};
use aegis_enforce::host::{own_addresses, utc_offset_secs};
use aegis_intel::{
    journal::sshd_message,
    log::{AccessFormat, Detector, IDS_LINE_BYTES_MAX, Line, Verdict, ZeekLog},
};
use tokio::sync::mpsc;

use super::{
    LogEvent, LogsConfig,
    glob::expand,
    journal::Follower,
    kept::Kept,
    logins::Logins,
    progress::Progress,
    report,
    tail::{Start, Tail},
    watch::Watch,
};
use crate::daemon::Clock;

/// How often it is looked for logs that came, and that the node has not ended.
const SCAN_INTERVAL: Duration = Duration::from_secs(2);

/// journald tells of new entries up to a quarter of a second late: so a journal is asked how many
/// there are this often, which is one read of eight bytes.
const JOURNAL_WAIT: Duration = Duration::from_millis(50);

/// Between two looks at logs that are written all the time: many lines for one waking-up.
const REST: Duration = Duration::from_millis(10);

/// How often what is remembered is written, where it changed.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// Older entries of a journal count for nothing, so they are not read.
const JOURNAL_AGE_MAX: Duration = Duration::from_secs(600);

/// Logs of one kind at most.
const LOGS_MAX: usize = 256;

/// What kind a file is of.
#[derive(Clone, Debug)]
enum Kind {
    Auth,
    Access(AccessFormat),
    Suricata,
    Zeek(Box<ZeekLog>),
}

impl Kind {
    fn word(&self) -> LogKind {
        match self {
            Self::Auth => LogKind::Auth,
            Self::Access(_) => LogKind::Access,
            Self::Suricata => LogKind::Suricata,
            Self::Zeek(_) => LogKind::Zeek,
        }
    }

    /// Returns what follows a log of this kind.
    fn tail(&self, path: PathBuf, start: Start) -> Tail {
        let tail = Tail::new(path, start);
        match self {
            Self::Auth | Self::Access(_) => tail,
            Self::Suricata => tail.with_lines_of(IDS_LINE_BYTES_MAX),
            Self::Zeek(_) => tail.with_lines_of(IDS_LINE_BYTES_MAX).with_head(),
        }
    }

    /// Returns what a line comes to.
    fn take(
        &mut self,
        detector: &mut Detector,
        (now, utc_offset_secs): (Timestamp, i64),
        line: &[u8],
    ) -> Vec<Verdict> {
        let line = match self {
            Self::Auth => Line::Syslog(line, utc_offset_secs),
            Self::Access(format) => Line::Access(line, *format),
            Self::Suricata => Line::Suricata(line),
            Self::Zeek(log) => {
                let notice = log.take(line);
                let verdicts = notice.map(|it| detector.take(now, Line::Zeek(&it)));
                return verdicts.unwrap_or_default();
            }
        };
        detector.take(now, line)
    }
}

pub(super) struct Reader {
    config: LogsConfig,
    detector: Detector,
    tails: Vec<(Tail, Kind)>,
    followers: Vec<Follower>,
    watch: Watch,
    logins: Logins,
    events_tx: mpsc::Sender<LogEvent>,
    kept_path: PathBuf,
    kept: Kept,
    is_first_scan: bool,
    scanned_at: Timestamp,
    saved_at: Timestamp,
    utc_offset_secs: i64,
    progress: Progress,
    is_kept: bool, // what is remembered can be written
    found: Found,
}

/// What lines came to since it was told last.
#[derive(Default)]
struct Found {
    events: Vec<LogEvent>,
    reports: Vec<Report>,
}

impl Reader {
    pub(super) fn new(
        config: LogsConfig,
        kept_path: PathBuf,
        events_tx: mpsc::Sender<LogEvent>,
    ) -> Self {
        let kept = Kept::load(&kept_path);
        Self {
            detector: Detector::new(config.detector.clone()),
            config,
            tails: Vec::new(),
            followers: Vec::new(),
            watch: Watch::new(),
            logins: Logins::new(kept.logins.clone()),
            events_tx,
            kept_path,
            kept,
            is_first_scan: true,
            scanned_at: Timestamp::EPOCH,
            saved_at: Timestamp::EPOCH,
            utc_offset_secs: 0,
            progress: Progress::default(),
            is_kept: true,
            found: Found::default(),
        }
    }

    /// Runs until nobody listens any more.
    pub(super) fn run(mut self) {
        loop {
            let now = Clock.now();
            let is_due = now.since(self.scanned_at) >= SCAN_INTERVAL || now < self.scanned_at;
            if is_due {
                self.scan(now);
            }
            let is_more = self.read(now);
            let has_news = !self.found.reports.is_empty() || !self.found.events.is_empty();
            if self.tell().is_err() {
                self.save();
                return; // the node has ended
            }
            // What was reported is not reported again after a restart, however sudden.
            if has_news || now.since(self.saved_at) >= SAVE_INTERVAL || now < self.saved_at {
                self.saved_at = now;
                self.save();
                let news = self.progress.news();
                self.found.events.extend(news.map(LogEvent::Sources));
            }
            if is_more {
                continue;
            }
            std::thread::sleep(REST);
            let is_without_journal = self.followers.is_empty();
            self.watch.wait(if is_without_journal {
                SCAN_INTERVAL
            } else {
                JOURNAL_WAIT
            });
        }
    }

    /// Looks for logs that came since.
    fn scan(&mut self, now: Timestamp) {
        self.scanned_at = now;
        self.utc_offset_secs = utc_offset_secs(now);
        self.scan_journals(now);
        // Where the journal has what the server says, a file that has it too would count it twice.
        if self.followers.is_empty() {
            for pattern in self.config.auth.clone() {
                self.scan_files(&pattern, &Kind::Auth);
            }
        }
        for pattern in self.config.access.clone() {
            self.scan_files(&pattern, &Kind::Access(self.config.access_format));
        }
        self.scan_detectors();
        self.is_first_scan = false;
    }

    /// Looks for logs of other detectors, and for what they may have told of: this host.
    fn scan_detectors(&mut self) {
        for pattern in self.config.suricata.clone() {
            self.scan_files(&pattern, &Kind::Suricata);
        }
        for pattern in self.config.zeek.clone() {
            self.scan_files(&pattern, &Kind::Zeek(Box::default()));
        }
        let is_any = |kind: &Kind| matches!(kind, Kind::Suricata | Kind::Zeek(_));
        if self.tails.iter().any(|(_, kind)| is_any(kind)) {
            match own_addresses() {
                Ok(own) => self.detector.set_own(own),
                Err(error) => {
                    tracing::debug!(%error, "Own addresses not read, the last ones stand")
                }
            }
        }
    }

    fn scan_journals(&mut self, now: Timestamp) {
        let mut names = vec!["system.journal"];
        if self.is_first_scan {
            names.push("system@*.journal"); // archived while nobody read
        }
        let oldest_us = (now - JOURNAL_AGE_MAX).as_millis() * 1_000;
        for dir in self.config.journal.clone() {
            for (name, below) in names.iter().flat_map(|it| [(it, ""), (it, "*")]) {
                for path in expand(&dir.join(below).join(name)) {
                    let is_known = self.followers.iter().any(|it| it.path() == path);
                    if is_known || self.followers.len() >= LOGS_MAX {
                        continue;
                    }
                    let passed = self.followers.iter().map(Follower::passed_us);
                    let kept = self.kept.journals.values().copied().chain(passed).max();
                    let start = kept.unwrap_or(now.as_millis() * 1_000).max(oldest_us);
                    self.add_parents(&path);
                    tracing::info!(path = %path.display(), "Reading a journal");
                    self.progress.begin(&path, LogKind::Journal);
                    self.followers.push(Follower::new(path, start));
                }
            }
        }
    }

    fn scan_files(&mut self, pattern: &Path, kind: &Kind) {
        for path in expand(pattern) {
            let is_known = self.tails.iter().any(|(it, _)| it.path() == path);
            if is_known || self.tails.len() >= LOGS_MAX {
                continue;
            }
            let start = match self.kept.files.get(&path) {
                Some(mark) => Start::Mark(*mark),
                None if self.is_first_scan => Start::End,
                None => Start::Beginning,
            };
            self.add_parents(&path);
            tracing::info!(path = %path.display(), "Reading a log");
            self.progress.begin(&path, kind.word());
            self.tails.push((kind.tail(path, start), kind.clone()));
        }
    }

    /// Watches the directory of a log, and that of the file where the log is a link to one.
    fn add_parents(&mut self, path: &Path) {
        let real = path.canonicalize().ok();
        for dir in [Some(path), real.as_deref()].into_iter().flatten() {
            if let Some(dir) = dir.parent() {
                self.watch.add(dir.to_owned());
            }
        }
    }

    /// Reads what was written; returns whether there is more.
    fn read(&mut self, now: Timestamp) -> bool {
        let Self {
            detector,
            found,
            logins,
            progress,
            ..
        } = self;
        let (mut is_more, mut failed) = (false, Vec::new());
        for (tail, kind) in &mut self.tails {
            let at = (now, self.utc_offset_secs);
            let mut lines = 0;
            let polled = tail.poll(|line| {
                lines += 1;
                found.take(kind.take(detector, at, line), logins);
            });
            progress.read(now, tail.path(), lines);
            match polled {
                Ok(more) => is_more |= more,
                Err(error) => failed.push((tail.path().to_owned(), error.to_string())),
            }
        }
        for follower in &mut self.followers {
            let mut entries = 0;
            let polled = follower.poll(|entry| {
                entries += 1;
                if let Some(message) = sshd_message(entry) {
                    found.take(detector.take(now, Line::Sshd(entry.at(), message)), logins);
                }
            });
            progress.read(now, follower.path(), entries);
            match polled {
                Ok(more) => is_more |= more,
                Err(error) => {
                    let error = crate::daemon::dispatch::chain(&error);
                    failed.push((follower.path().to_owned(), error));
                }
            }
        }
        for (path, error) in failed {
            if progress.fail(&path, &error) {
                let shown = format!("the log {} cannot be read: {error}", path.display());
                found.events.push(LogEvent::Problem(shown));
            }
        }
        is_more
    }

    /// Hands on what was found; fails where nobody listens.
    fn tell(&mut self) -> Result<(), mpsc::error::SendError<LogEvent>> {
        let mut reports = mem::take(&mut self.found.reports);
        while !reports.is_empty() {
            let rest = reports.split_off(reports.len().min(REPORTS_MAX));
            self.events_tx.blocking_send(LogEvent::Reports(reports))?;
            reports = rest;
        }
        for event in mem::take(&mut self.found.events) {
            self.events_tx.blocking_send(event)?;
        }
        if self.events_tx.is_closed() {
            return Err(mpsc::error::SendError(LogEvent::Reports(Vec::new())));
        }
        Ok(())
    }

    fn save(&mut self) {
        let marks = self.tails.iter().filter_map(|(tail, _)| {
            let mark = tail.mark()?;
            Some((tail.path().to_owned(), mark))
        });
        let followers = self.followers.iter();
        let kept = Kept {
            files: marks.collect(),
            journals: followers
                .map(|it| (it.path().to_owned(), it.passed_us()))
                .collect::<BTreeMap<_, _>>(),
            logins: self.logins.addresses().clone(),
        };
        if kept == self.kept {
            return;
        }
        if let Err(error) = kept.save(&self.kept_path) {
            let problem = format!("how far logs were read cannot be kept: {error}");
            if mem::take(&mut self.is_kept) {
                self.found.events.push(LogEvent::Problem(problem));
            }
        }
        self.kept = kept;
    }
}

impl Found {
    fn take(&mut self, verdicts: Vec<Verdict>, logins: &mut Logins) {
        for verdict in verdicts {
            if let Verdict::LoggedIn { source, at } = verdict {
                logins.add(source, at);
                self.events.push(LogEvent::LoggedIn(source, at));
            }
            self.reports.extend(report::of(&verdict));
        }
    }
}
