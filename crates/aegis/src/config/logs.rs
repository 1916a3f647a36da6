//! Logs: what the file says of which are read and what is an attack, and what that means.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use aegis_core::{Indicator, ThreatType};
use aegis_intel::log::{AccessFormat, DetectorConfig, IdsConfig, Rule, Threshold};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::daemon::LogsConfig;

/// Paths and proxies of one kind at most.
const ENTRIES_MAX: usize = 64;

/// Words of other detectors that are given a meaning, and their length in bytes: more than Suricata
/// has categories and Zeek kinds of notices.
const MEANINGS_MAX: usize = 256;
const WORD_BYTES_MAX: usize = 256;

/// Which logs are read, and what is an attack.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLogs {
    pub enabled: bool,
    pub journal: Vec<String>,
    pub auth: Vec<String>,
    pub access: Vec<String>,
    pub access_format: RawAccessFormat,
    pub behind_proxy: Vec<String>,
    pub suricata: Vec<String>,
    pub zeek: Vec<String>,
    pub home_net: Vec<String>,
    pub ids_meanings: BTreeMap<String, String>,
    pub thresholds: BTreeMap<String, String>,
    pub protect_logins_for: String,
}

/// Which words a line of an access log begins with.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawAccessFormat {
    #[default]
    Auto,
    Combined,
    Vhost,
}

impl Default for RawLogs {
    fn default() -> Self {
        let paths = |paths: &[&str]| paths.iter().map(|it| (*it).to_owned()).collect();
        Self {
            enabled: true,
            journal: paths(&["/var/log/journal", "/run/log/journal"]),
            auth: paths(&["/var/log/auth.log", "/var/log/secure"]),
            access: paths(&[
                "/var/log/nginx/*access.log",
                "/var/log/apache2/*access.log",
                "/var/log/httpd/*access_log",
            ]),
            access_format: RawAccessFormat::default(),
            behind_proxy: Vec::new(),
            suricata: paths(&["/var/log/suricata/eve*.json"]),
            zeek: paths(&[
                "/opt/zeek/logs/current/notice.log",
                "/usr/local/zeek/logs/current/notice.log",
                "/var/log/zeek/current/notice.log",
                "/var/log/zeek/notice.log",
            ]),
            home_net: paths(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]),
            ids_meanings: BTreeMap::new(),
            thresholds: BTreeMap::new(),
            protect_logins_for: "12h".to_owned(),
        }
    }
}

pub(super) fn logs(raw: &RawLogs) -> Result<Option<LogsConfig>, ConfigError> {
    if !raw.enabled {
        return Ok(None);
    }
    let detector = DetectorConfig {
        thresholds: thresholds(&raw.thresholds)?,
        behind_proxy: indicators("logs.behind_proxy", &raw.behind_proxy)?,
        ids: IdsConfig {
            home: indicators("logs.home_net", &raw.home_net)?,
            meanings: meanings(&raw.ids_meanings)?,
        },
    };
    let protect_logins_for = duration(&raw.protect_logins_for)
        .filter(|it| *it <= Duration::from_secs(30 * 86_400))
        .ok_or_else(|| wrong("logs.protect_logins_for", "must be 0s to 30d"))?;
    Ok(Some(LogsConfig {
        journal: paths("logs.journal", &raw.journal)?,
        auth: paths("logs.auth", &raw.auth)?,
        access: paths("logs.access", &raw.access)?,
        access_format: match raw.access_format {
            RawAccessFormat::Auto => AccessFormat::Auto,
            RawAccessFormat::Combined => AccessFormat::Combined,
            RawAccessFormat::Vhost => AccessFormat::VirtualHost,
        },
        suricata: paths("logs.suricata", &raw.suricata)?,
        zeek: paths("logs.zeek", &raw.zeek)?,
        detector,
        protect_logins_for,
    }))
}

/// Returns what the detector is told, for whoever only explains.
pub(crate) fn detector_config(raw: &RawLogs) -> Result<DetectorConfig, ConfigError> {
    let raw = RawLogs {
        enabled: true,
        ..raw.clone()
    };
    Ok(logs(&raw)?.map(|it| it.detector).unwrap_or_default())
}

fn paths(key: &'static str, raw: &[String]) -> Result<Vec<PathBuf>, ConfigError> {
    let paths: Vec<PathBuf> = raw.iter().map(PathBuf::from).collect();
    if paths.len() > ENTRIES_MAX || !paths.iter().all(|it| it.is_absolute()) {
        return Err(wrong(key, "must be at most 64 absolute paths"));
    }
    Ok(paths)
}

fn indicators(key: &'static str, raw: &[String]) -> Result<Vec<Indicator>, ConfigError> {
    let indicators: Result<Vec<Indicator>, _> = raw.iter().map(|it| it.parse()).collect();
    let indicators = indicators.ok().filter(|it| it.len() <= ENTRIES_MAX);
    indicators.ok_or_else(|| wrong(key, "must be at most 64 addresses or prefixes"))
}

/// Reads what other detectors' words stand for; `off` is for what is not acted on.
fn meanings(
    raw: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Option<ThreatType>>, ConfigError> {
    let meaning = |(word, kind): (&String, &String)| {
        let kind = match kind.as_str() {
            "off" => None,
            kind => Some(kind.parse().ok()?),
        };
        (word.len() <= WORD_BYTES_MAX).then(|| (word.clone(), kind))
    };
    let meanings: Option<BTreeMap<_, _>> = raw.iter().map(meaning).collect();
    let meanings = meanings.filter(|it| it.len() <= MEANINGS_MAX);
    meanings.ok_or_else(|| {
        let expected = "must be at most 256 categories or kinds of notices with the kind of attack \
                        that they stand for, or \"off\"";
        wrong("logs.ids_meanings", expected)
    })
}

fn thresholds(raw: &BTreeMap<String, String>) -> Result<BTreeMap<Rule, Threshold>, ConfigError> {
    let of = |(name, text): (&String, &String)| {
        let rule = Rule::ALL.into_iter().find(|it| it.as_str() == name)?;
        Some((rule, threshold(text)?))
    };
    let names = Rule::ALL.map(Rule::as_str).join(", ");
    let expected =
        format!("must be rules ({names}) with thresholds such as \"5 in 10m\" or \"off\"");
    let thresholds: Option<_> = raw.iter().map(of).collect();
    thresholds.ok_or_else(|| wrong("logs.thresholds", &expected))
}

/// Reads `5 in 10m` or `off`.
fn threshold(text: &str) -> Option<Threshold> {
    if text == "off" {
        return Some(Threshold {
            events: 0,
            within: Duration::from_secs(1),
        });
    }
    let (events, within) = text.split_once(" in ")?;
    let events = events
        .parse()
        .ok()
        .filter(|it| (1..=100_000).contains(it))?;
    let within = duration(within)?;
    let is_long = (1..=86_400).contains(&within.as_secs());
    is_long.then_some(Threshold { events, within })
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

fn wrong(key: &'static str, problem: &str) -> ConfigError {
    super::resolve::wrong(key, problem)
}
