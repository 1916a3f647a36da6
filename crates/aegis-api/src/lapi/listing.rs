//! Alerts as `cscli` lists them: one for each decision that holds, and those without one that came in
//! lately.

use std::{sync::Arc, time::Duration};

use aegis_core::{Indicator, Timestamp};
use serde::Serialize;

use super::{
    board::{DecisionBoard, Posted},
    duration::parse_duration,
    filter::{Filter, Pairs},
    moment::GoMoment,
    shelf::{Shelf, Shelved},
    stream::{DecisionText, scope},
};

/// Alerts of one reply where nobody says how many.
const ALERTS_DEFAULT: usize = 100;

/// Alerts of one reply at most.
const ALERTS_MAX: usize = 20_000;

/// Decisions looked through at a time.
const PAGE: usize = 500;

/// Which alerts are asked for.
#[derive(Clone, Debug)]
pub(super) struct AlertQuery {
    pub(super) filter: Filter,
    is_active: Option<bool>,
    pub(super) indicator: Option<Indicator>,
    covers: bool,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: usize,
}

/// An alert in JSON. Nothing in it may be left out: clients read what they expect.
#[derive(Debug, Serialize)]
pub(super) struct AlertText {
    id: u64,
    machine_id: Box<str>,
    created_at: String,
    scenario: String,
    scenario_version: Box<str>,
    scenario_hash: Box<str>,
    message: String,
    events_count: u32,
    start_at: String,
    stop_at: String,
    capacity: u32,
    leakspeed: &'static str,
    simulated: bool,
    remediation: bool,
    source: SourceText,
    labels: [&'static str; 0],
    events: [&'static str; 0],
    meta: [&'static str; 0],
    decisions: Vec<DecisionText>,
}

#[derive(Debug, Serialize)]
struct SourceText {
    scope: Box<str>,
    value: Box<str>,
    ip: String,
    range: String,
    cn: Box<str>,
    as_number: Box<str>,
    as_name: Box<str>,
    latitude: f32,
    longitude: f32,
}

impl AlertQuery {
    /// Reads what the pairs ask for, at `now`; says what cannot be read.
    pub(super) fn of(pairs: &Pairs, now: Timestamp) -> Result<Self, &'static str> {
        let ago = |name: &str| match pairs.find(name) {
            Some(text) => match parse_duration(text) {
                Some(it) => Ok(Some(before(now, it))),
                None => Err("since and until must be durations, as in 4h"),
            },
            None => Ok(None),
        };
        let limit = match pairs.find("limit").map(str::parse::<usize>) {
            None => ALERTS_DEFAULT,
            Some(Ok(0)) => ALERTS_MAX,
            Some(Ok(it)) => it.min(ALERTS_MAX),
            Some(Err(_)) => return Err("limit must be a number"),
        };
        Ok(Self {
            filter: Filter::of(pairs),
            is_active: pairs.find("has_active_decision").map(|it| it == "true"),
            indicator: indicator(pairs)?,
            covers: !pairs.says("contains", "false"),
            since: ago("since")?,
            until: ago("until")?,
            limit,
        })
    }

    /// Returns whether an alert about `indicator` that came in at `at` is asked for.
    fn asks_for(&self, indicator: Option<&Indicator>, at: Timestamp) -> bool {
        let is_in_time =
            self.since.is_none_or(|it| it <= at) && self.until.is_none_or(|it| at <= it);
        let is_about = match (&self.indicator, indicator) {
            (None, _) => true,
            (Some(asked), Some(it)) if self.covers => it.contains(asked),
            (Some(asked), Some(it)) => asked.contains(it),
            (Some(_), None) => false,
        };
        is_in_time && is_about
    }

    /// Returns whether the alert of a decision is asked for.
    pub(super) fn asks_for_posted(&self, posted: &Posted) -> bool {
        self.filter.lets_through(posted)
            && self.asks_for(Some(&posted.indicator), posted.decided_at)
    }
}

/// Returns the address or prefix that the pairs name.
pub(super) fn indicator(pairs: &Pairs) -> Result<Option<Indicator>, &'static str> {
    let named = ["ip", "range", "value"]
        .into_iter()
        .find_map(|it| pairs.find(it));
    let parsed = named.map(str::parse).transpose();
    parsed.map_err(|_| "neither an address nor a prefix")
}

/// Returns the alerts that are asked for, those with decisions first, the newest first.
pub(super) fn alerts(
    query: &AlertQuery,
    board: &DecisionBoard,
    shelf: &Shelf,
    now: Timestamp,
) -> Vec<AlertText> {
    let mut alerts = Vec::new();
    let (mut before, mut shown) = (None, std::collections::BTreeSet::new());
    while query.is_active != Some(false) && alerts.len() < query.limit {
        let page = board.latest(before, PAGE);
        let Some((seq, _)) = page.last() else { break };
        before = Some(*seq);
        let asked = page
            .iter()
            .filter(|(_, posted)| query.asks_for_posted(posted));
        for (_, posted) in asked.take(query.limit - alerts.len()) {
            let shelved = shelf.about(&posted.indicator);
            shown.extend(shelved.as_ref().map(|it| it.id));
            alerts.push(AlertText::of_posted(posted, shelved, now));
        }
    }
    if query.is_active == Some(true) {
        return alerts;
    }
    let rest = shelf.newest_first().filter(|it| {
        !shown.contains(&it.id) && query.asks_for(it.indicator.as_ref(), it.created_at)
    });
    let left = query.limit.saturating_sub(alerts.len());
    alerts.extend(
        rest.take(left)
            .map(|it| AlertText::of_shelved(it, Vec::new())),
    );
    alerts
}

/// Returns the alert with this number, or the one of the decision with this number.
pub(super) fn alert(
    id: u64,
    board: &DecisionBoard,
    shelf: &Shelf,
    now: Timestamp,
) -> Option<AlertText> {
    if let Some(shelved) = shelf.newest_first().find(|it| it.id == id) {
        let posted = shelved.indicator.and_then(|it| board.exactly(&it));
        let decisions = posted.iter().map(|it| DecisionText::of(it, now)).collect();
        return Some(AlertText::of_shelved(shelved, decisions));
    }
    let posted = board.with_id(id)?;
    Some(AlertText::of_posted(&posted, None, now))
}

impl AlertText {
    fn of_posted(posted: &Posted, shelved: Option<Arc<Shelved>>, now: Timestamp) -> Self {
        let decision = DecisionText::of(posted, now);
        if let Some(it) = shelved {
            return Self::of_shelved(&it, vec![decision]);
        }
        let at = GoMoment(posted.decided_at).to_string();
        let value = posted.indicator.to_string();
        Self {
            id: posted.id,
            machine_id: "aegis".into(),
            created_at: posted.decided_at.to_string(),
            scenario: posted.naming.scenario.to_string(),
            scenario_version: "".into(),
            scenario_hash: "".into(),
            message: format!("{value}: {}", posted.naming.scenario),
            events_count: 1,
            start_at: at.clone(),
            stop_at: at,
            capacity: 0,
            leakspeed: "0",
            simulated: false,
            remediation: true,
            source: SourceText::of(&posted.indicator),
            labels: [],
            events: [],
            meta: [],
            decisions: vec![decision],
        }
    }

    fn of_shelved(shelved: &Shelved, decisions: Vec<DecisionText>) -> Self {
        let alert = &shelved.alert;
        let moment = |it: Option<Timestamp>| GoMoment(it.unwrap_or(shelved.created_at)).to_string();
        let message = match &*shelved.remark {
            "" => alert.message.to_string(),
            remark => format!("{} [{remark}]", alert.message),
        };
        Self {
            id: shelved.id,
            machine_id: shelved.machine.clone(),
            created_at: shelved.created_at.to_string(),
            scenario: alert.scenario.to_string(),
            scenario_version: alert.scenario_version.clone(),
            scenario_hash: alert.scenario_hash.clone(),
            message,
            events_count: alert.events_count,
            start_at: moment(alert.started_at),
            stop_at: moment(alert.stopped_at),
            capacity: 0,
            leakspeed: "0",
            simulated: alert.is_simulated,
            remediation: alert.wants_remediation,
            source: SourceText::of_alert(shelved),
            labels: [],
            events: [],
            meta: [],
            decisions,
        }
    }
}

impl SourceText {
    fn of(indicator: &Indicator) -> Self {
        let value = indicator.to_string();
        let (ip, range) = match indicator.is_host() {
            true => (value.clone(), String::new()),
            false => (String::new(), value.clone()),
        };
        Self {
            scope: scope(indicator).into(),
            value: value.into(),
            ip,
            range,
            cn: "".into(),
            as_number: "".into(),
            as_name: "".into(),
            latitude: 0.0,
            longitude: 0.0,
        }
    }

    fn of_alert(shelved: &Shelved) -> Self {
        let source = &shelved.alert.source;
        let known = shelved.indicator.as_ref().map(Self::of);
        let text = known.unwrap_or_else(|| Self {
            scope: source.scope.clone(),
            value: source.value.clone(),
            ip: String::new(),
            range: String::new(),
            cn: "".into(),
            as_number: "".into(),
            as_name: "".into(),
            latitude: 0.0,
            longitude: 0.0,
        });
        Self {
            cn: source.country.clone(),
            as_number: source.as_number.clone(),
            as_name: source.as_name.clone(),
            ..text
        }
    }
}

fn before(now: Timestamp, ago: Duration) -> Timestamp {
    let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(ago))
}
