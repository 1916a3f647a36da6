//! Decisions of CrowdSec: what `cscli decisions list` prints as JSON or CSV, and what
//! `cscli decisions import` takes in these forms.

use std::fmt::Display;

use aegis_api::{ImportEntry, Indicator};
use anyhow::Context as _;
use serde::Deserialize;

use super::{Found, csv, left, threat_type};

/// How long a decision lasts that does not say it, as for `cscli`: four hours.
const DEFAULT_SECS: u64 = 4 * 3600;

/// A decision, or an alert with decisions of its own. Whatever else is in either is left aside.
#[derive(Deserialize)]
struct RawDecision {
    #[serde(default)]
    decisions: Option<Vec<Self>>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default, alias = "reason")]
    scenario: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

/// Reads decisions in whichever of the forms they are.
pub fn read(text: &str) -> anyhow::Result<Found> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['[', '{']) || text.trim() == "null" {
        read_json(text)
    } else {
        read_csv(text)
    }
}

fn read_json(text: &str) -> anyhow::Result<Found> {
    let raw: Option<Vec<RawDecision>> =
        serde_json::from_str(text).context("it is no list of decisions in JSON")?;
    let mut found = Found::default();
    for (number, it) in (1..).zip(raw.unwrap_or_default()) {
        match it.decisions {
            Some(decisions) => {
                for (at, decision) in (1..).zip(&decisions) {
                    add(
                        &mut found,
                        format_args!("alert {number}, decision {at}"),
                        decision,
                    );
                }
            }
            None => add(&mut found, format_args!("decision {number}"), &it),
        }
    }
    Ok(found)
}

fn read_csv(text: &str) -> anyhow::Result<Found> {
    let mut lines = (1..).zip(text.lines());
    let mut found = Found::default();
    let Some((_, heading)) = lines.next() else {
        return Ok(found);
    };
    let heading = csv::fields(heading);
    let column = |names: [&str; 2]| {
        let is_it = |it: &String| {
            names
                .iter()
                .any(|name| it.trim().eq_ignore_ascii_case(name))
        };
        heading.iter().position(is_it)
    };
    let value = column(["value", "ip"]);
    let value = value.context("the first line names no column `value` or `ip`")?;
    let (duration, scope) = (
        column(["duration", "expiration"]),
        column(["scope", "scope"]),
    );
    let (scenario, kind) = (column(["scenario", "reason"]), column(["type", "action"]));
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let fields = csv::fields(line);
        let field = |at: Option<usize>| {
            let text = at
                .and_then(|at| fields.get(at))
                .map(|it| it.trim().to_owned());
            text.filter(|it| !it.is_empty())
        };
        let decision = RawDecision {
            decisions: None,
            duration: field(duration),
            scenario: field(scenario),
            scope: field(scope),
            kind: field(kind),
            value: field(Some(value)),
        };
        add(&mut found, format_args!("line {number}"), &decision);
    }
    Ok(found)
}

fn add(found: &mut Found, place: impl Display, decision: &RawDecision) {
    match entry(decision) {
        Ok(entry) => found.entries.push(entry),
        Err(why) => found.skip(place, why),
    }
}

/// Returns what a decision blocks, or why it blocks nothing here.
fn entry(decision: &RawDecision) -> Result<ImportEntry, String> {
    let value = decision.value.as_deref().ok_or("it names no value")?;
    let (scope, value) = split_scope(decision.scope.as_deref(), value);
    if !["ip", "range"]
        .iter()
        .any(|it| scope.eq_ignore_ascii_case(it))
    {
        return Err(format!(
            "the scope {scope:?} is neither an address nor a range"
        ));
    }
    let kind = decision.kind.as_deref().unwrap_or("ban");
    if !kind.eq_ignore_ascii_case("ban") {
        return Err(format!("a decision of the type {kind:?} blocks nothing"));
    }
    let indicator: Indicator = value.parse().map_err(|it| format!("{value:?}: {it}"))?;
    let secs = match decision.duration.as_deref() {
        Some(text) => go_secs(text).ok_or_else(|| format!("{text:?} is no duration"))?,
        None => DEFAULT_SECS,
    };
    Ok(ImportEntry {
        indicator,
        duration_secs: left(secs).ok_or("its time is over")?,
        threat_type: threat_type(decision.scenario.as_deref().unwrap_or("crowdsec")),
    })
}

/// Returns scope and value, which one column may hold together: `Ip:192.0.2.1`.
fn split_scope<'a>(scope: Option<&'a str>, value: &'a str) -> (&'a str, &'a str) {
    match (scope, value.split_once(':')) {
        (Some(scope), _) => (scope, value),
        (None, Some((scope, rest))) if scope.chars().all(char::is_alphabetic) && rest.len() > 1 => {
            let is_ipv6 = value.parse::<Indicator>().is_ok(); // such as fe:: and so on
            if is_ipv6 {
                ("ip", value)
            } else {
                (scope, rest)
            }
        }
        (None, _) => ("ip", value),
    }
}

/// Returns the seconds, rounded up, that a duration as Go writes it has: `3h59m59.5s`; 0 for a negative one.
fn go_secs(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    if let Some(text) = text.strip_prefix('-') {
        return go_secs(text).map(|_| 0);
    }
    let (mut rest, mut secs) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let units = [
            ("ms", 0.001),
            ("us", 1e-6),
            ("µs", 1e-6),
            ("ns", 1e-9),
            ("h", 3600.0),
            ("m", 60.0),
            ("s", 1.0),
            ("d", 86_400.0),
        ];
        let (unit, factor) = units
            .into_iter()
            .find(|(unit, _)| rest[end..].starts_with(unit))?;
        secs += number * factor;
        rest = &rest[end + unit.len()..];
    }
    // Beyond what fits it saturates.
    (!text.is_empty()).then_some(f64::ceil(secs) as u64)
}
