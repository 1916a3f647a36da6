//! The host's logs: what they tell of attacks, and who was logged in.
//!
//! A thread of its own reads them and counts (`reader`); what it finds comes to the loop as reports,
//! which are this node's own word. Nothing of a log but an address goes any further.

mod glob;
mod journal;
mod kept;
mod logins;
mod progress;
mod reader;
mod report;
mod tail;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use aegis_api::{LogSource, LoginLine, LoginList, Reply};
use aegis_core::{HostFacts, Input, Report, Timestamp};
use aegis_intel::log::{AccessFormat, DetectorConfig};
use tokio::sync::mpsc;

use super::Node;
use logins::Logins;
use reader::Reader;

/// What waits between the reader and the loop; a reader with more waits, and the logs keep the rest.
const EVENTS_MAX: usize = 64;

/// How often it is looked at whose protection is over.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Which logs are read, and how.
#[derive(Clone, Debug)]
pub struct LogsConfig {
    /// Directories of journals.
    pub journal: Vec<PathBuf>,
    /// Files of syslog's in which the SSH server speaks; read where there is no journal.
    pub auth: Vec<PathBuf>,
    /// Access logs of web servers; stars stand for any characters but a slash.
    pub access: Vec<PathBuf>,
    /// Which words their lines begin with.
    pub access_format: AccessFormat,
    /// Where Suricata writes its events; stars as above.
    pub suricata: Vec<PathBuf>,
    /// Where Zeek writes its notices; stars as above.
    pub zeek: Vec<PathBuf>,
    /// What is an attack.
    pub detector: DetectorConfig,
    /// How long nothing blocks the address of whoever was logged in.
    pub protect_logins_for: Duration,
}

/// What the reader says.
#[derive(Clone, Debug)]
pub(super) enum LogEvent {
    /// Somebody attacks.
    Reports(Vec<Report>),
    /// Somebody was logged in.
    LoggedIn(IpAddr, Timestamp),
    /// What is read, and how far.
    Sources(Vec<LogSource>),
    /// Something cannot be read.
    Problem(String),
}

/// The loop's side of it: who was logged in, and what is protected for that.
#[derive(Default)]
pub(super) struct Logs {
    protect_for: Duration,
    logins: Logins,
    sources: Option<Vec<LogSource>>, // none where no log is asked for
    facts: HostFacts,                // as the host gave them
    protected: BTreeSet<IpAddr>,
    looked_at: Timestamp,
}

impl Logs {
    /// Starts reading; the thread ends when the receiver is dropped.
    pub(super) fn start(
        config: Option<&LogsConfig>,
        state_dir: &Path,
    ) -> std::io::Result<(Self, Option<mpsc::Receiver<LogEvent>>)> {
        let Some(config) = config else {
            return Ok((Self::default(), None));
        };
        let kept_path = state_dir.join("logs.json");
        let kept = kept::Kept::load(&kept_path);
        let (events_tx, events_rx) = mpsc::channel(EVENTS_MAX);
        let reader = Reader::new(config.clone(), kept_path, events_tx);
        thread::Builder::new()
            .name("logs".into())
            .spawn(|| reader.run())?;
        let logs = Self {
            protect_for: config.protect_logins_for,
            logins: Logins::new(kept.logins),
            sources: Some(Vec::new()),
            ..Self::default()
        };
        Ok((logs, Some(events_rx)))
    }

    /// Returns what is read; `None` where nothing is asked for.
    pub(super) fn sources(&self) -> Option<Vec<LogSource>> {
        self.sources.clone()
    }

    /// Returns who logged in within so long before `now`, and when last.
    pub(super) fn last_logins(
        &self,
        now: Timestamp,
        within: Duration,
    ) -> BTreeMap<IpAddr, Timestamp> {
        let logins = self.logins.addresses().iter();
        let logins = logins.map(|(address, it)| {
            let at = Timestamp::from_millis(it.last_ms);
            (address.to_canonical(), at)
        });
        logins.filter(|(_, at)| now.since(*at) < within).collect()
    }
}

/// Waits for the reader, for ever where there is none.
pub(super) async fn next_log_event(events_rx: &mut Option<mpsc::Receiver<LogEvent>>) -> LogEvent {
    if let Some(receiver) = events_rx {
        match receiver.recv().await {
            Some(event) => return event,
            None => *events_rx = None,
        }
        return LogEvent::Problem("the logs are not read any more".to_owned());
    }
    std::future::pending().await
}

impl Node {
    /// Takes in what the reader found.
    pub(super) fn handle_log_event(&mut self, event: LogEvent) {
        match event {
            LogEvent::Reports(reports) => self.handle(Input::Reported(reports)),
            LogEvent::LoggedIn(address, at) => {
                self.logs.logins.add(address, at);
                if !self.logs.protected.contains(&address) {
                    self.protect_logins();
                }
            }
            LogEvent::Sources(sources) => self.logs.sources = Some(sources),
            LogEvent::Problem(problem) => self.degraded(problem),
        }
    }

    /// Takes in the host's facts, and has whoever was logged in lately among the sessions.
    pub(super) fn handle_host_facts(&mut self, facts: HostFacts) {
        self.logs.facts = facts;
        self.protect_logins();
    }

    /// Ends the protection of whoever was logged in long ago.
    pub(super) fn look_after_logins(&mut self) {
        let now = self.now();
        if now.since(self.logs.looked_at) < LOOK_INTERVAL {
            return;
        }
        self.logs.looked_at = now;
        let within = self.logs.protect_for;
        if self.logs.logins.protected(now, within) != self.logs.protected {
            self.protect_logins();
        }
    }

    fn protect_logins(&mut self) {
        let within = self.logs.protect_for;
        self.logs.protected = self.logs.logins.protected(self.now(), within);
        let mut facts = self.logs.facts.clone();
        facts.sessions.extend(&self.logs.protected);
        self.handle(Input::HostChanged(facts));
    }

    /// Returns who was logged in here, the last first.
    pub(super) fn logins(&self) -> Reply {
        let addresses = self.logs.logins.addresses().iter();
        let mut logins: Vec<LoginLine> = addresses
            .map(|(address, it)| LoginLine {
                address: *address,
                last_at: Timestamp::from_millis(it.last_ms),
                count: it.count,
            })
            .collect();
        logins.sort_by_key(|it| std::cmp::Reverse(it.last_at));
        Reply::Logins(LoginList { logins })
    }
}
