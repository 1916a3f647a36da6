//! What agents and `cscli` send: alerts, read into what this node is asked to block.
//!
//! Reading is lenient about what is left out and strict about what is used: an indicator that
//! cannot be parsed asks for nothing, and says why.

use std::{fmt, sync::Arc, time::Duration};

use aegis_core::{Indicator, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess, Visitor},
};

use super::{duration::parse_duration, moment::parse_moment};

/// Alerts of one request: an agent sends some dozens at once.
const ALERTS_AT_ONCE_MAX: usize = 10_000;

/// Decisions of one request: as many as a node keeps.
const DECISIONS_AT_ONCE_MAX: usize = aegis_core::BLOCKS_MAX;

/// The longest scenario or message that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// An alert as it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IncomingAlert {
    /// What happened, in the agent's words.
    pub(super) scenario: Arc<str>,
    /// The version of the scenario.
    pub(super) scenario_version: Box<str>,
    /// The hash of the scenario.
    pub(super) scenario_hash: Box<str>,
    /// What happened, for a person.
    pub(super) message: Box<str>,
    /// How many log lines it rests on.
    pub(super) events_count: u32,
    /// The first of them.
    pub(super) started_at: Option<Timestamp>,
    /// The last of them.
    pub(super) stopped_at: Option<Timestamp>,
    /// Whether it is only tried out.
    pub(super) is_simulated: bool,
    /// Whether the agent wants something done about it.
    pub(super) wants_remediation: bool,
    /// Whom it is about.
    pub(super) source: Source,
    /// What is asked for; where there is nothing, this node decides by itself.
    pub(super) decisions: Vec<Wanted>,
}

/// Whom an alert is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Source {
    /// `Ip`, `Range`, or something that is no indicator.
    pub(super) scope: Box<str>,
    /// The address, prefix or other value.
    pub(super) value: Box<str>,
    /// Where it is, as the agent knows: country and autonomous system.
    pub(super) country: Box<str>,
    /// The number of the autonomous system, as text.
    pub(super) as_number: Box<str>,
    /// The name of the autonomous system.
    pub(super) as_name: Box<str>,
}

/// One decision that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// What to block, or why that is not possible.
    pub(super) indicator: Result<Indicator, Unusable>,
    /// For how long; `None` leaves it to this node.
    pub(super) block_for: Option<Duration>,
    /// Where it comes from, in the words of bouncers.
    pub(super) origin: &'static str,
    /// What the source did.
    pub(super) scenario: Arc<str>,
}

/// Why a decision asks for nothing that this node can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unusable {
    /// It is about something that is no address.
    #[error("its scope is neither ip nor range")]
    Scope,
    /// The value is no address and no prefix.
    #[error("its value is neither an address nor a prefix")]
    Value,
    /// It asks for something else than a block.
    #[error("its type is not ban")]
    Type,
    /// The duration cannot be read.
    #[error("its duration cannot be read")]
    Duration,
}

/// Reads the body of `POST /v1/alerts`.
pub(super) fn parse_alerts(body: &[u8]) -> Result<Vec<IncomingAlert>, String> {
    let raw: Vec<RawAlert> = serde_json::from_slice(body).map_err(|it| it.to_string())?;
    if raw.len() > ALERTS_AT_ONCE_MAX {
        return Err(format!("more than {ALERTS_AT_ONCE_MAX} alerts at once"));
    }
    Ok(raw.into_iter().map(RawAlert::parse).collect())
}

impl IncomingAlert {
    /// Returns what the alert asks this node to block.
    pub(super) fn wanted(&mut self) -> Vec<Wanted> {
        if self.is_simulated {
            return Vec::new();
        }
        let decisions = std::mem::take(&mut self.decisions);
        if !decisions.is_empty() || !self.wants_remediation {
            return decisions;
        }
        vec![Wanted {
            indicator: indicator(&self.source.scope, &self.source.value),
            block_for: None,
            origin: "crowdsec",
            scenario: Arc::clone(&self.scenario),
        }]
    }
}

#[derive(Deserialize)]
struct RawAlert {
    scenario: Option<String>,
    scenario_version: Option<String>,
    scenario_hash: Option<String>,
    message: Option<String>,
    events_count: Option<i64>,
    start_at: Option<String>,
    stop_at: Option<String>,
    simulated: Option<bool>,
    remediation: Option<bool>,
    source: Option<RawSource>,
    decisions: Option<Decisions>,
    /// Log lines may hold what is nobody's business: they are read over.
    #[serde(rename = "events")]
    _events: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct RawSource {
    scope: Option<String>,
    value: Option<String>,
    ip: Option<String>,
    range: Option<String>,
    cn: Option<String>,
    as_number: Option<String>,
    as_name: Option<String>,
}

#[derive(Deserialize)]
struct RawDecision {
    origin: Option<String>,
    r#type: Option<String>,
    scope: Option<String>,
    value: Option<String>,
    duration: Option<String>,
    scenario: Option<String>,
    simulated: Option<bool>,
}

/// Decisions, each made small as it is read: there may be a hundred thousand.
struct Decisions(Vec<Wanted>);

impl RawAlert {
    fn parse(self) -> IncomingAlert {
        let moment = |it: Option<String>| it.and_then(|it| parse_moment(&it));
        IncomingAlert {
            scenario: Arc::from(kept(self.scenario)),
            scenario_version: kept(self.scenario_version),
            scenario_hash: kept(self.scenario_hash),
            message: kept(self.message),
            events_count: u32::try_from(self.events_count.unwrap_or(0)).unwrap_or(0),
            started_at: moment(self.start_at),
            stopped_at: moment(self.stop_at),
            is_simulated: self.simulated.unwrap_or(false),
            wants_remediation: self.remediation.unwrap_or(false),
            source: self.source.unwrap_or_default().parse(),
            decisions: self.decisions.map(|it| it.0).unwrap_or_default(),
        }
    }
}

impl RawSource {
    fn parse(self) -> Source {
        let scope = kept(self.scope);
        let spare = match scope.eq_ignore_ascii_case("range") {
            true => self.range,
            false => self.ip,
        };
        let value = self.value.filter(|it| !it.is_empty()).or(spare);
        Source {
            scope,
            value: kept(value),
            country: kept(self.cn),
            as_number: kept(self.as_number),
            as_name: kept(self.as_name),
        }
    }
}

impl RawDecision {
    /// `last` is the scenario of the decision before: they mostly share one.
    fn parse(self, last: &mut Arc<str>) -> Option<Wanted> {
        if self.simulated == Some(true) {
            return None;
        }
        let scenario = self.scenario.as_deref().map_or("", cut);
        if **last != *scenario {
            *last = Arc::from(scenario);
        }
        let is_ban = self.r#type.is_none_or(|it| it.eq_ignore_ascii_case("ban"));
        let block_for = self.duration.as_deref().map(parse_duration);
        let scope = self.scope.as_deref().unwrap_or_default();
        let value = self.value.as_deref().unwrap_or_default();
        let indicator = match block_for {
            _ if !is_ban => Err(Unusable::Type),
            Some(None) => Err(Unusable::Duration),
            Some(Some(_)) | None => indicator(scope, value),
        };
        Some(Wanted {
            indicator,
            block_for: block_for.flatten(),
            origin: origin(self.origin.as_deref().unwrap_or_default()),
            scenario: Arc::clone(last),
        })
    }
}

impl<'de> Deserialize<'de> for Decisions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Decisions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of decisions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Decisions, A::Error> {
                let (mut decisions, mut last) = (Vec::new(), Arc::from(""));
                while let Some(raw) = from.next_element::<RawDecision>()? {
                    if decisions.len() == DECISIONS_AT_ONCE_MAX {
                        return Err(de::Error::custom("too many decisions at once"));
                    }
                    decisions.extend(raw.parse(&mut last));
                }
                Ok(Decisions(decisions))
            }
        }
        from.deserialize_seq(Reader)
    }
}

/// Returns the indicator of a scope and a value. Without a scope the value says what it is.
pub(super) fn indicator(scope: &str, value: &str) -> Result<Indicator, Unusable> {
    let is = |name: &str| scope.eq_ignore_ascii_case(name);
    if !(scope.is_empty() || is("ip") || is("range")) {
        return Err(Unusable::Scope);
    }
    value.parse().map_err(|_| Unusable::Value)
}

/// Returns the short name of an origin, one of few: bouncers keep a set for each.
fn origin(name: &str) -> &'static str {
    let known = ["cscli", "crowdsec", "cscli-import", "lists", "console"];
    let known = known.into_iter().find(|it| name.eq_ignore_ascii_case(it));
    known.unwrap_or("crowdsec")
}

fn kept(text: Option<String>) -> Box<str> {
    cut(text.as_deref().unwrap_or_default()).into()
}

/// Returns the beginning of a text, no longer than is kept.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

#[cfg(test)]
mod tests;
