//! The detector: takes lines of logs one by one, and says when somebody attacks.

mod ids;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use aegis_core::{Indicator, Timestamp};

use self::ids::Told;
use super::{
    AccessFormat, AccessLine, IdsAlert, IdsConfig, Notice, Rule, SshEvent, SshKind, SyslogLine,
    Threshold,
    bucket::{Buckets, Level},
    web,
};

/// Older lines tell of what is over: they are read, and not held against anybody.
const AGE_MAX: Duration = Duration::from_secs(600);

/// How far a log's clock may be ahead of this host's.
const AHEAD_MAX: Duration = Duration::from_secs(300);

/// The programs whose lines in a log of syslog's are those of OpenSSH's server.
pub(super) const SSH_PROGRAMS: [&str; 3] = ["sshd", "sshd-session", "sshd-auth"];

/// Which part of a bad connection came last, so that one attempt is counted once.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    port: u16,
    kind: SshKind,
}

/// Sources whose last attempt is remembered; all are forgotten when there are more.
const ATTEMPTS_MAX: usize = 10_000;

/// What the detector is told at its start.
#[derive(Clone, Debug, Default)]
pub struct DetectorConfig {
    /// Thresholds that are not the default.
    pub thresholds: BTreeMap<Rule, Threshold>,
    /// Proxies: what they ask for, somebody behind them wants, so they are never reported.
    pub behind_proxy: Vec<Indicator>,
    /// What is believed of other detectors.
    pub ids: IdsConfig,
}

/// Counts what lines tell of, by source and rule, within bounds.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    config: DetectorConfig,
    buckets: Buckets,
    attempts: BTreeMap<IpAddr, Attempt>,
    told: Told,
}

/// A line of some log.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// A message of OpenSSH's server, vouched for by the journal, and when it was written.
    Sshd(Timestamp, &'a [u8]),
    /// A line of syslog's, on a host whose wall clock is so many seconds before UTC.
    Syslog(&'a [u8], i64),
    /// A line of a web server's access log.
    Access(&'a [u8], AccessFormat),
    /// A line of Suricata's `eve.json`.
    Suricata(&'a [u8]),
    /// A notice of Zeek's, as its log was read.
    Zeek(&'a Notice),
}

/// What a line comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It tells nothing about anybody.
    Nothing,
    /// It tells of somebody, but it is not held against him.
    Passed {
        /// Of whom.
        source: IpAddr,
        /// Why it is not.
        why: Why,
    },
    /// It is the so-manieth of so many.
    Counted {
        /// Of whom.
        source: IpAddr,
        /// What it is a sign of.
        rule: Rule,
        /// How many there are.
        events: u32,
        /// How many it takes.
        of: u32,
    },
    /// It makes an attack.
    Attack {
        /// By whom.
        indicator: Indicator,
        /// What kind.
        rule: Rule,
        /// How many events there were.
        events: u32,
    },
    /// Alerts of another detector make an attack.
    Alerted {
        /// By whom.
        indicator: Indicator,
        /// How many alerts there were.
        events: u32,
        /// The last of them.
        alert: Box<IdsAlert>,
    },
    /// Somebody was logged in.
    LoggedIn {
        /// From where.
        source: IpAddr,
        /// When.
        at: Timestamp,
    },
}

/// Why a line is not held against anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// It is older than ten minutes, or from the future.
    Stale,
    /// It is of a proxy.
    Proxy,
    /// It is another word about what was counted before.
    Again,
    /// Its rule is turned off.
    Off,
    /// It is an ordinary request.
    Harmless,
    /// Too many sources are counted already.
    NoRoom,
    /// It blames an address of this host or of the home network.
    Ours,
    /// Neither end is this host's, or of the home network.
    Foreign,
    /// It cannot be told which of two addresses attacked.
    Unclear,
    /// Its category or kind is not one that is acted on.
    Unmapped,
}

impl Why {
    /// Returns why, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stale => "too old, or from the future",
            Self::Proxy => "a proxy (logs.behind_proxy)",
            Self::Again => "counted already",
            Self::Off => "the rule is turned off",
            Self::Harmless => "harmless",
            Self::NoRoom => "too many sources are counted already",
            Self::Ours => "an address of this host's or of logs.home_net",
            Self::Foreign => "neither end is this host's, or of logs.home_net",
            Self::Unclear => "it cannot be told who attacked whom",
            Self::Unmapped => "not a kind that is acted on (logs.ids_meanings)",
        }
    }
}

impl Detector {
    /// Returns a detector that has counted nothing.
    pub fn new(config: DetectorConfig) -> Self {
        Self {
            told: Told::new(config.ids.home.clone()),
            config,
            ..Self::default()
        }
    }

    /// Takes a line at `now`; returns everything that it comes to, never nothing at all.
    pub fn take(&mut self, now: Timestamp, line: Line<'_>) -> Vec<Verdict> {
        match line {
            Line::Sshd(at, message) => vec![self.sshd(now, at, message)],
            Line::Syslog(line, offset_secs) => vec![self.syslog(now, line, offset_secs)],
            Line::Access(line, format) => self.access(now, line, format),
            Line::Suricata(line) => vec![self.suricata(now, line)],
            Line::Zeek(notice) => vec![self.zeek(now, notice)],
        }
    }

    fn syslog(&mut self, now: Timestamp, line: &[u8], offset_secs: i64) -> Verdict {
        let parsed = SyslogLine::parse(line);
        let Some(line) = parsed.filter(|it| SSH_PROGRAMS.contains(&it.program)) else {
            return Verdict::Nothing;
        };
        self.sshd(now, line.stamp.resolve(now, offset_secs), line.message)
    }

    fn sshd(&mut self, now: Timestamp, at: Timestamp, message: &[u8]) -> Verdict {
        let Some(event) = SshEvent::parse(message) else {
            return Verdict::Nothing;
        };
        let source = event.address.to_canonical();
        if is_stale(now, at) {
            let why = Why::Stale;
            return Verdict::Passed { source, why };
        }
        match event.kind {
            SshKind::Accepted => {
                self.buckets.forgive(source, Rule::SshBruteForce);
                self.attempts.remove(&source);
                Verdict::LoggedIn { source, at }
            }
            SshKind::Probe => self.count(at, source, Rule::SshProbe),
            SshKind::Failed | SshKind::InvalidUser | SshKind::GaveUp => {
                if self.is_again(source, event) {
                    let why = Why::Again;
                    return Verdict::Passed { source, why };
                }
                self.count(at, source, Rule::SshBruteForce)
            }
        }
    }

    /// Returns whether an event tells again of the attempt that the last one told of: of a user that
    /// there is not, then that the password was wrong, then that the connection ended.
    fn is_again(&mut self, source: IpAddr, event: SshEvent) -> bool {
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.clear();
        }
        let attempt = Attempt {
            port: event.port,
            kind: event.kind,
        };
        let last = self.attempts.insert(source, attempt);
        let last = last.filter(|it| event.port != 0 && it.port == event.port);
        let Some(last) = last else { return false };
        match event.kind {
            SshKind::Failed => last.kind == SshKind::InvalidUser,
            SshKind::InvalidUser => false,
            SshKind::GaveUp | SshKind::Probe | SshKind::Accepted => true,
        }
    }

    fn access(&mut self, now: Timestamp, line: &[u8], format: AccessFormat) -> Vec<Verdict> {
        let Some(line) = AccessLine::parse(line, format) else {
            return vec![Verdict::Nothing];
        };
        let source = line.client;
        let passed = |why| vec![Verdict::Passed { source, why }];
        let at = line.stamp.resolve(now, 0);
        if is_stale(now, at) {
            return passed(Why::Stale);
        }
        let signs = web::signs(&line);
        if signs.is_empty() {
            return passed(Why::Harmless);
        }
        signs
            .into_iter()
            .map(|it| self.count(at, source, it))
            .collect()
    }

    fn count(&mut self, at: Timestamp, source: IpAddr, rule: Rule) -> Verdict {
        let threshold = self.threshold(rule);
        if let Some(why) = self.exempt(source, rule) {
            return Verdict::Passed { source, why };
        }
        match self.buckets.add(at, (source, rule), threshold) {
            Level::Counted(events) => Verdict::Counted {
                source,
                rule,
                events,
                of: threshold.events,
            },
            Level::Full(indicator, events) => Verdict::Attack {
                indicator,
                rule,
                events,
            },
            Level::NoRoom => {
                let why = Why::NoRoom;
                Verdict::Passed { source, why }
            }
        }
    }

    /// Returns why nothing of a kind is held against somebody, if so.
    fn exempt(&self, source: IpAddr, rule: Rule) -> Option<Why> {
        let host = Indicator::host(source);
        let is_proxy = self.config.behind_proxy.iter().any(|it| it.contains(&host));
        match (is_proxy, self.threshold(rule).events) {
            (true, _) => Some(Why::Proxy),
            (false, 0) => Some(Why::Off),
            (false, _) => None,
        }
    }

    fn threshold(&self, rule: Rule) -> Threshold {
        let configured = self.config.thresholds.get(&rule).copied();
        configured.unwrap_or_else(|| rule.default_threshold())
    }
}

fn is_stale(now: Timestamp, at: Timestamp) -> bool {
    now.since(at) > AGE_MAX || at.since(now) > AHEAD_MAX
}

#[cfg(test)]
mod tests;
