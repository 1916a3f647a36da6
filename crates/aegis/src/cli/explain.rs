//! `aegis explain`: what lines of a log tell of attacks, and what would follow.
//!
//! The very detector that the daemon has takes them, at the times that they were written.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
};

use aegis_core::{Indicator, Policy, Timestamp};
use aegis_enforce::host::{own_addresses, utc_offset_secs};
use aegis_intel::log::{
    AccessFormat, AccessLine, Detector, EveAlert, IDS_LINE_BYTES_MAX, IdsAlert, LINE_BYTES_MAX,
    Line, Notice, SshEvent, SyslogLine, Verdict, ZeekLog,
};
use aegis_ui::{Outcome, shown};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::finish;
use crate::{
    config::{FILE_DEFAULT, RawConfig, RawLogs, detector_config},
    daemon::Clock,
};

/// What to explain.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// Log to read, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// What kind of log it is [default: by each line]
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Configuration file with the thresholds [default: the one of the daemon, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A kind of log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Lines of syslog's, as in /var/log/auth.log
    Auth,
    /// Messages of the SSH server alone, as `journalctl -o cat -u ssh` prints them
    Sshd,
    /// A web server's access log
    Access,
    /// Suricata's eve.json
    Suricata,
    /// Zeek's notice.log
    Zeek,
}

/// What a line comes to.
#[derive(Serialize)]
struct Explained {
    line: u64,
    kind: Option<Kind>,
    says: String,
    verdicts: Vec<Told>,
}

/// One thing that a line comes to.
#[derive(Default, Serialize)]
struct Told {
    outcome: &'static str,
    source: Option<String>,
    rule: Option<&'static str>,
    events: Option<u32>,
    of: Option<u32>,
    why: Option<&'static str>,
    threat_type: Option<String>,
    severity: Option<u8>,
    block_secs: Option<u64>,
}

/// Runs `aegis explain`. An attack that is found is a negative answer.
pub(super) fn run(args: &ExplainArgs, is_json: bool) -> anyhow::Result<Outcome> {
    let raw = logs_config(args.config.as_deref())?;
    let mut detector = Detector::new(detector_config(&raw)?);
    detector.set_own(own_addresses().context("read this host's addresses")?);
    let mut zeek = ZeekLog::default();
    let mut lines = BufReader::new(open(&args.log)?);
    let mut out = io::stdout().lock();
    let (mut number, mut attacks, mut bytes) = (0, 0, Vec::new());
    loop {
        bytes.clear();
        let read = read_line(&mut lines, &mut bytes).context("read the log")?;
        if !read {
            break;
        }
        number += 1;
        let explained = explain((&mut detector, &mut zeek), number, &bytes, args.kind);
        attacks += explained
            .verdicts
            .iter()
            .filter(|it| it.outcome == "attack")
            .count();
        let text = if is_json {
            serde_json::to_string(&explained)? + "\n"
        } else {
            paragraph(&explained, &bytes)
        };
        if let Err(error) = out.write_all(text.as_bytes()) {
            return finish(Err(error));
        }
    }
    finish(out.flush())?;
    Ok(if attacks > 0 {
        Outcome::Negative
    } else {
        Outcome::Done
    })
}

fn logs_config(path: Option<&Path>) -> anyhow::Result<RawLogs> {
    let default = Path::new(FILE_DEFAULT);
    let path = path.or_else(|| default.exists().then_some(default));
    Ok(match path {
        Some(path) => RawConfig::read(path)?.logs,
        None => RawLogs::default(),
    })
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    Ok(Box::new(file))
}

/// Reads a line without its end, of a long one no more than is looked at; returns whether there was one.
fn read_line(lines: &mut impl io::BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let most = IDS_LINE_BYTES_MAX as u64 + 1;
    if lines.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.pop_if(|it| *it == b'\n').is_none() && line.len() as u64 == most {
        let mut rest = Vec::new();
        while lines.by_ref().take(most).read_until(b'\n', &mut rest)? > 0 && !rest.ends_with(b"\n")
        {
            rest.clear();
        }
        line.clear(); // as the daemon does: what is cut could end in words of somebody's choice
    }
    line.pop_if(|it| *it == b'\r');
    let is_of_detector = line.starts_with(b"{") || line.contains(&b'\t');
    if line.len() > LINE_BYTES_MAX && !is_of_detector {
        line.clear();
    }
    Ok(true)
}

fn explain(
    (detector, zeek): (&mut Detector, &mut ZeekLog),
    number: u64,
    line: &[u8],
    kind: Option<Kind>,
) -> Explained {
    let now = Clock.now();
    let offset = utc_offset_secs(now);
    let syslog = SyslogLine::parse(line);
    let access = AccessLine::parse(line, AccessFormat::Auto);
    let by_line = || match (syslog, access, SshEvent::parse(line)) {
        (Some(_), _, _) => Some(Kind::Auth),
        (None, Some(_), _) => Some(Kind::Access),
        (None, None, Some(_)) => Some(Kind::Sshd),
        (None, None, None) => of_detector(line),
    };
    let found = kind.or_else(by_line);
    let (says, verdicts) = match found {
        Some(Kind::Auth) => {
            let at = syslog.map_or(now, |it| it.stamp.resolve(now, offset));
            let event = syslog.and_then(|it| SshEvent::parse(it.message));
            (of_ssh(event), detector.take(at, Line::Syslog(line, offset)))
        }
        Some(Kind::Sshd) => {
            let event = SshEvent::parse(line);
            (of_ssh(event), detector.take(now, Line::Sshd(now, line)))
        }
        Some(Kind::Access) => {
            let at = access.map_or(now, |it| it.stamp.resolve(now, 0));
            let says = access.map(|it| of_request(&it)).unwrap_or_default();
            (
                says,
                detector.take(at, Line::Access(line, AccessFormat::Auto)),
            )
        }
        Some(Kind::Suricata) => {
            let alert = EveAlert::parse(line);
            let at = alert.as_ref().map_or(now, |it| it.at);
            let says = alert.as_ref().map(of_alert).unwrap_or_default();
            (says, detector.take(at, Line::Suricata(line)))
        }
        Some(Kind::Zeek) => match zeek.take(line) {
            Some(it) => (of_notice(&it), detector.take(it.at, Line::Zeek(&it))),
            None => (String::new(), vec![Verdict::Nothing]),
        },
        None => (String::new(), vec![Verdict::Nothing]),
    };
    Explained {
        line: number,
        kind: found,
        says,
        verdicts: verdicts.iter().map(told).collect(),
    }
}

/// Returns which other detector wrote a line, by its looks.
fn of_detector(line: &[u8]) -> Option<Kind> {
    let is_json = line.starts_with(b"{");
    let is_event = line.windows(12).any(|it| it == b"\"event_type\"");
    match (is_json, is_event) {
        (true, true) => Some(Kind::Suricata),
        (true, false) => Some(Kind::Zeek),
        (false, _) => (line.starts_with(b"#") || line.contains(&b'\t')).then_some(Kind::Zeek),
    }
}

fn of_alert(alert: &EveAlert<'_>) -> String {
    let (sender, receiver) = alert.packet;
    format!(
        "{} ({}, severity {}): a packet of {sender} to {receiver}",
        alert.signature, alert.category, alert.severity
    )
}

fn of_notice(notice: &Notice) -> String {
    format!("{}: {}", notice.kind, notice.message)
}

fn of_ssh(event: Option<SshEvent>) -> String {
    let Some(SshEvent {
        kind,
        address,
        port,
    }) = event
    else {
        return String::new();
    };
    match port {
        0 => format!("{} ({address})", kind.as_str()),
        port => format!("{} ({address}, port {port})", kind.as_str()),
    }
}

fn of_request(line: &AccessLine<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (method, target) = (text(line.request.method), text(line.request.target));
    format!(
        "{} asked for {method} {target}: {}",
        line.client, line.status
    )
}

fn told(verdict: &Verdict) -> Told {
    match verdict {
        Verdict::Nothing => Told {
            outcome: "nothing",
            ..Told::default()
        },
        Verdict::Passed { source, why } => Told {
            outcome: "passed",
            source: Some(source.to_string()),
            why: Some(why.as_str()),
            ..Told::default()
        },
        Verdict::Counted {
            source,
            rule,
            events,
            of,
        } => Told {
            outcome: "counted",
            source: Some(source.to_string()),
            rule: Some(rule.as_str()),
            events: Some(*events),
            of: Some(*of),
            ..Told::default()
        },
        Verdict::Attack {
            indicator,
            rule,
            events,
        } => {
            let policy = Policy::default();
            let severity = policy.severity_of_type(&rule.threat_type());
            Told {
                outcome: "attack",
                source: Some(indicator.to_string()),
                rule: Some(rule.as_str()),
                events: Some(*events),
                threat_type: Some(rule.threat_type().to_string()),
                severity: Some(severity.value()),
                block_secs: Some(policy.block_time(severity, 1).as_secs()),
                ..Told::default()
            }
        }
        Verdict::Alerted {
            indicator,
            events,
            alert,
        } => alerted(*indicator, *events, alert),
        Verdict::LoggedIn { source, at } => Told {
            outcome: if *at > Timestamp::EPOCH {
                "logged_in"
            } else {
                "passed"
            },
            source: Some(source.to_string()),
            ..Told::default()
        },
    }
}

fn alerted(indicator: Indicator, events: u32, alert: &IdsAlert) -> Told {
    let policy = Policy::default();
    let by_type = policy.severity_of_type(&alert.threat_type);
    let severity = alert.severity.unwrap_or(by_type);
    let by_policy = || policy.block_time(severity, 1);
    Told {
        outcome: "attack",
        source: Some(indicator.to_string()),
        rule: Some(alert.rule.as_str()),
        events: Some(events),
        threat_type: Some(alert.threat_type.to_string()),
        severity: Some(severity.value()),
        block_secs: Some(alert.block_for.unwrap_or_else(by_policy).as_secs()),
        ..Told::default()
    }
}

/// Returns what a person reads. Whatever stands in the log is somebody's choice.
fn paragraph(explained: &Explained, line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let mut text = format!("{:>4}  {}\n", explained.line, shown(&line));
    if !explained.says.is_empty() {
        text.push_str(&format!("      recognised: {}\n", shown(&explained.says)));
    }
    for told in &explained.verdicts {
        let of = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let (source, rule) = (of(told.source.as_deref()), of(told.rule));
        let (events, most) = (told.events.unwrap_or_default(), told.of.unwrap_or_default());
        let line = match told.outcome {
            "counted" => format!("counted: {rule} by {source}, {events} of {most}"),
            "attack" => format!(
                "attack: {rule} by {source}, {}: reported as {}, severity {}, blocked for {} s at \
                 first",
                aegis_ui::count(events.into(), "event"),
                of(told.threat_type.as_deref()),
                told.severity.unwrap_or_default(),
                told.block_secs.unwrap_or_default()
            ),
            "passed" => format!("passed: {source}: {}", of(told.why)),
            "logged_in" => format!("logged in: {source} is protected, and what it did is forgiven"),
            _ => "nothing is recognised".to_owned(),
        };
        text.push_str(&format!("      {line}\n"));
    }
    text
}
