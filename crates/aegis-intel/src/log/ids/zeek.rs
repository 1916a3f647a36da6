//! Zeek's `notice.log`: rows between tabs, with the names of the columns before them, or one object of
//! JSON a line.
//!
//! Who a notice's `src` is depends on what the notice is about: of some he is the attacker, of others
//! the attacked. So only kinds that are known count, and those that the operator names.

use std::{borrow::Cow, net::IpAddr, time::Duration};

use aegis_core::{BlockDuration, Evidence, ThreatType, Timestamp};
use serde::Deserialize;

use super::{IdsAlert, IdsConfig, Ours, address, bounded, meaning};
use crate::log::{Rule, Stamp, Why};

/// Columns of a log at most; a notice has some thirty.
const COLUMNS_MAX: usize = 256;

/// How long somebody is blocked whose address may be forged: as on a peer's unproven word.
const UNPROVEN: Duration = Duration::from_secs(300);

/// Seconds since 1970 are less than this for three thousand years, milliseconds have been more since
/// 1973.
const SECS_MAX: f64 = 1e11;

/// A notice, as far as it is looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// When it was noticed.
    pub at: Timestamp,
    /// Its kind, such as `Scan::Port_Scan`.
    pub kind: String,
    /// What it says, in words of which strangers choose some.
    pub message: String,
    /// Whom it names first.
    pub source: Option<IpAddr>,
    /// Whom it names second.
    pub destination: Option<IpAddr>,
    /// Who began the connection that it is about, and with whom.
    pub connection: (Option<IpAddr>, Option<IpAddr>),
    /// How long Zeek says nothing more of the same.
    pub suppressed_for: Duration,
    /// Whether the site's policy is that nothing be done about it.
    pub is_ignored: bool,
}

/// A log that is read line by line: what its head says of the rest.
#[derive(Clone, Debug)]
pub struct ZeekLog {
    separator: u8,
    set_separator: String,
    empty: String,
    unset: String,
    columns: Vec<String>,
    is_of_notices: bool,
}

/// The values of a notice, wherever they stood.
#[derive(Deserialize)]
struct RawNotice<'a> {
    #[serde(borrow, default, rename = "_path")]
    path: Option<Cow<'a, str>>,
    ts: RawTime<'a>,
    #[serde(borrow)]
    note: Cow<'a, str>,
    #[serde(borrow, default)]
    msg: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    src: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dst: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "id.orig_h")]
    originator: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "id.resp_h")]
    responder: Option<Cow<'a, str>>,
    #[serde(default)]
    actions: Option<Vec<String>>,
    #[serde(default)]
    suppress_for: Option<f64>,
}

/// A time, as one of Zeek's settings or another writes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawTime<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Default for ZeekLog {
    fn default() -> Self {
        Self {
            separator: b'\t',
            set_separator: ",".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            columns: Vec::new(),
            is_of_notices: true,
        }
    }
}

impl ZeekLog {
    /// Reads a line; `None` for the log's head and end, and for what is no notice.
    pub fn take(&mut self, line: &[u8]) -> Option<Notice> {
        let line = std::str::from_utf8(line).ok()?;
        match line.as_bytes().first()? {
            b'#' => {
                self.head(line);
                None
            }
            b'{' => serde_json::from_str::<RawNotice<'_>>(line).ok()?.notice(),
            _ => self.row(line),
        }
    }

    fn head(&mut self, line: &str) {
        let separator = char::from(self.separator);
        let Some((key, value)) = line.split_once([' ', separator]) else {
            return;
        };
        match key {
            "#separator" => {
                let written = unescaped(value).into_bytes();
                if let [separator] = written[..] {
                    *self = Self {
                        separator,
                        ..Self::default()
                    };
                }
            }
            "#set_separator" => self.set_separator = value.to_owned(),
            "#empty_field" => self.empty = value.to_owned(),
            "#unset_field" => self.unset = value.to_owned(),
            "#path" => self.is_of_notices = value == "notice",
            "#fields" => {
                let columns = value.split(separator).map(str::to_owned);
                self.columns = columns.take(COLUMNS_MAX + 1).collect();
            }
            _ => {}
        }
    }

    /// Reads a row. One with more or fewer cells than there are columns is none of this log's.
    fn row(&self, line: &str) -> Option<Notice> {
        let cells = line.split(char::from(self.separator));
        let cells: Vec<&str> = cells.take(COLUMNS_MAX + 1).collect();
        let is_whole = cells.len() == self.columns.len() && cells.len() <= COLUMNS_MAX;
        if !is_whole || !self.is_of_notices {
            return None;
        }
        let cell = |name: &str| {
            let mut found = (0..cells.len()).filter(|it| self.columns[*it] == name);
            let (first, other) = (found.next()?, found.next());
            other.is_none().then(|| cells[first])
        };
        let value = |name: &str| {
            let cell = cell(name).filter(|it| *it != self.unset)?;
            Some(Cow::from(if cell == self.empty {
                String::new()
            } else {
                unescaped(cell)
            }))
        };
        let set = |name: &str| {
            let cell = cell(name).filter(|it| *it != self.unset)?;
            let is_empty = cell == self.empty || cell.is_empty();
            let members = cell.split(&*self.set_separator).map(unescaped);
            Some(members.filter(|_| !is_empty).collect())
        };
        let raw = RawNotice {
            path: None,
            ts: RawTime::Text(value("ts")?),
            note: value("note")?,
            msg: value("msg"),
            src: value("src"),
            dst: value("dst"),
            originator: value("id.orig_h"),
            responder: value("id.resp_h"),
            actions: set("actions"),
            suppress_for: value("suppress_for").and_then(|it| it.parse().ok()),
        };
        raw.notice()
    }
}

impl RawNotice<'_> {
    fn notice(self) -> Option<Notice> {
        if self.path.is_some_and(|it| it != "notice") {
            return None;
        }
        let ends = |text: Option<Cow<'_, str>>| match text.as_deref() {
            None | Some("") => Some(None),
            Some(text) => address(text).map(Some), // what cannot be read is not passed over
        };
        let suppressed_for = self.suppress_for.filter(|it| it.is_finite() && *it > 0.0);
        Some(Notice {
            at: self.ts.time()?,
            kind: self.note.into_owned(),
            message: self.msg.unwrap_or_default().into_owned(),
            source: ends(self.src)?,
            destination: ends(self.dst)?,
            connection: (ends(self.originator)?, ends(self.responder)?),
            suppressed_for: Duration::from_secs_f64(suppressed_for.unwrap_or_default().min(1e9)),
            is_ignored: self.actions.is_some_and(|actions| {
                let acts = |it: &String| !it.ends_with("ACTION_NONE");
                !actions.iter().any(acts)
            }),
        })
    }
}

impl RawTime<'_> {
    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Number(it) => moment(*it),
            Self::Text(it) => match Stamp::rfc3339(it) {
                Some(stamp) => Some(stamp.resolve(Timestamp::EPOCH, 0)), // it has its zone
                None => moment(it.parse().ok()?),
            },
        }
    }
}

impl Notice {
    /// Returns what it holds against whom, or why it holds nothing against anybody.
    pub(in crate::log) fn judge(&self, ours: &Ours, config: &IdsConfig) -> Result<IdsAlert, Why> {
        if self.is_ignored {
            return Err(Why::Harmless);
        }
        let threat_type: ThreatType = meaning(config, &self.kind, threat_type)?;
        let source = self.source(ours)?;
        let suppressed_for = self.suppressed_for;
        let (evidence, longest) = if is_of_connections(&self.kind) {
            (Evidence::Verified, Duration::from_secs(86_400))
        } else {
            (Evidence::Spoofable, UNPROVEN)
        };
        // Zeek says nothing of it again for so long, so a shorter block would leave a gap.
        let block_for = match evidence {
            Evidence::Spoofable => Some(longest),
            Evidence::Verified if suppressed_for.is_zero() => None,
            Evidence::Verified => Some(suppressed_for.min(longest)),
        };
        Ok(IdsAlert {
            source,
            rule: Rule::ZeekNotice,
            threat_type,
            severity: None,
            evidence,
            block_for: block_for.map(BlockDuration::clamped),
            at: self.at,
            words: bounded(&format!("{}: {}", self.kind, self.message)),
        })
    }

    /// Returns who did it, if that can be told and may be held against him.
    fn source(&self, ours: &Ours) -> Result<IpAddr, Why> {
        let (originator, responder) = self.connection;
        let source = self.source.or(originator).ok_or(Why::Unclear)?;
        // A script that names another than who began the connection means something of its own.
        if originator.is_some_and(|it| it != source) {
            return Err(Why::Unclear);
        }
        let victim = self.destination.or(responder);
        if responder.is_some_and(|it| Some(it) != victim) || victim == Some(source) {
            return Err(Why::Unclear);
        }
        ours.blame(source, victim)
    }
}

fn moment(value: f64) -> Option<Timestamp> {
    let millis = if value < SECS_MAX { value * 1e3 } else { value };
    let is_time = (0.0..=SECS_MAX * 1e3).contains(&millis); // nor NaN
    is_time.then(|| Timestamp::from_millis(millis.round() as u64))
}

/// Returns what a cell holds: Zeek writes bytes that would be taken for its own as `\x09`.
fn unescaped(cell: &str) -> String {
    if !cell.contains('\\') {
        return cell.to_owned();
    }
    let (bytes, mut out, mut at) = (cell.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let escaped = cell.get(at..at + 4).and_then(|it| it.strip_prefix("\\x"));
        let byte = escaped.filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
        match byte.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None if bytes[at..].starts_with(b"\\\\") => {
                out.push(b'\\');
                at += 2;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns the kind of attack that `src` of such a notice made; `None` where it is another's doing,
/// or nobody's.
fn threat_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Scan::Port_Scan" | "Scan::Address_Scan" | "Scan::Random_Scan" => "port_scan",
        "SSH::Password_Guessing" | "FTP::Bruteforcing" => "brute_force",
        "HTTP::SQL_Injection_Attacker" => "sql_injection",
        _ => return None,
    })
}

/// Returns whether such a notice comes of connections that came about, and not of packets that
/// anybody may send in another's name.
fn is_of_connections(kind: &str) -> bool {
    let kinds = [
        "SSH::Password_Guessing",
        "FTP::Bruteforcing",
        "HTTP::SQL_Injection_Attacker",
    ];
    kinds.contains(&kind)
}

#[cfg(test)]
mod tests;
