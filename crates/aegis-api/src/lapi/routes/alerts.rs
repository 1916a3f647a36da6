//! Alerts: what machines saw and ask for, listed and taken back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aegis_core::{BlockDuration, Indicator};
use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use futures::{StreamExt as _, stream::FuturesUnordered};

use super::{Head, LARGE_BYTES_MAX, Lapi, SMALL_BYTES_MAX, decisions::Deleted};
use crate::{
    ApiError, BlockRequest, Caller, Control, ErrorCode, EventKind, Evidence, KeyGrant, REPORTS_MAX,
    Reply, ReportRequest, Request, Scope,
    lapi::{
        CALLS_AT_ONCE, LapiSetup,
        alert::{IncomingAlert, Wanted, parse_alerts},
        board::Naming,
        listing::{AlertQuery, alert, alerts},
        reply::{Failure, empty, json},
        scenario::threat_of,
        shelf::Shelved,
    },
};

/// Where what `cscli decisions import` sends comes from.
const IMPORT_ORIGIN: &str = "cscli-import";

/// Refused indicators that a remark names; the history has them all.
const NAMED_MAX: usize = 3;

/// Alerts about one source that still make the next block longer.
const DOUBLINGS_MAX: usize = 6;

/// A block that is asked for: by which alert, of what, and how.
pub(super) type Asked<'a> = (usize, Indicator, &'a Wanted);

/// What of an alert is not done, with how often and whom first.
#[derive(Default)]
pub(super) struct Refusals(BTreeMap<String, (usize, Vec<String>)>);

impl<C: Control> Lapi<C> {
    /// Takes alerts in, and asks the node for what they ask for.
    ///
    /// That some of it is refused is no error: an agent would say it again for ever.
    pub(super) async fn take_alerts(&self, head: &Head, body: Body) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        let read = self.read(head, body, LARGE_BYTES_MAX).await?;
        let parsed = if read.bytes.len() > SMALL_BYTES_MAX {
            let parse = move || {
                let parsed = parse_alerts(&read.bytes);
                (parsed, read.permit)
            };
            let (parsed, _permit) = tokio::task::spawn_blocking(parse).await.map_err(|_| {
                Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the body cannot be read")
            })?;
            parsed
        } else {
            parse_alerts(&read.bytes)
        };
        let mut incoming = parsed.map_err(Failure::invalid)?;
        let wanted: Vec<Vec<Wanted>> = incoming.iter_mut().map(IncomingAlert::wanted).collect();
        let refusals = self.ask_for(grant, &incoming, &wanted).await?;
        let mut ids = Vec::with_capacity(incoming.len());
        let now = self.now();
        let mut state = self.state();
        for ((alert, wanted), refusals) in incoming.into_iter().zip(&wanted).zip(&refusals) {
            let one = match &wanted[..] {
                [one] => one.indicator.ok(),
                [] => alert.source.value.parse().ok(),
                _ => None,
            };
            let shelved = Shelved {
                id: 0, // it gets its own
                created_at: now,
                machine: grant.name.as_str().into(),
                remark: refusals.remark(),
                indicator: one,
                alert,
            };
            ids.push(state.shelf.put(shelved).to_string());
        }
        Ok(json(StatusCode::CREATED, &ids))
    }

    /// Asks the node for what is wanted; returns what of each alert was refused.
    async fn ask_for(
        &self,
        grant: KeyGrant,
        alerts: &[IncomingAlert],
        wanted: &[Vec<Wanted>],
    ) -> Result<Vec<Refusals>, Failure> {
        let mut refusals: Vec<Refusals> = alerts.iter().map(|_| Refusals::default()).collect();
        let mut reports = Vec::new();
        for (index, wanted) in wanted.iter().enumerate() {
            for it in wanted {
                match it.indicator {
                    Ok(indicator) => reports.push((index, indicator, it)),
                    Err(why) => refusals[index].note(&alerts[index].source.value, &why.to_string()),
                }
            }
        }
        if grant.scope == Scope::Admin {
            let (mut imports, orders): (Vec<_>, Vec<_>) = reports
                .into_iter()
                .partition(|(_, _, it)| it.origin == IMPORT_ORIGIN);
            imports.sort_by_key(|(_, indicator, _)| *indicator); // as lists are, which costs the node least
            self.import(grant, alerts, &imports, &mut refusals).await?;
            self.order(grant, alerts, &orders, &mut refusals).await?;
            return Ok(refusals);
        }
        let granted = self.allowance(grant, reports.len());
        for (index, indicator, _) in reports.drain(granted..) {
            let most = self.setup().config.decisions_per_hour_max;
            let why = format!("more than {most} blocks of this machine within an hour");
            refusals[index].note(&indicator.to_string(), &why);
        }
        for chunk in reports.chunks(REPORTS_MAX) {
            self.report(grant, alerts, chunk, &mut refusals).await?;
        }
        Ok(refusals)
    }

    /// Says as a source on this host what a machine saw.
    async fn report(
        &self,
        grant: KeyGrant,
        alerts: &[IncomingAlert],
        chunk: &[Asked<'_>],
        refusals: &mut [Refusals],
    ) -> Result<(), Failure> {
        let requests = chunk
            .iter()
            .map(|asked| self.report_of(grant, &alerts[asked.0], asked));
        let request = Request::Report(requests.collect::<Result<_, _>>()?);
        let Reply::Reported(outcomes) = self.call(grant, request).await? else {
            return Err(unexpected());
        };
        for ((index, indicator, _), outcome) in chunk.iter().zip(outcomes.reports) {
            if let Some(refused) = outcome.refused {
                let why = format!("{}: {}", refused.code.as_str(), refused.message);
                refusals[*index].note(&indicator.to_string(), &why);
            }
        }
        Ok(())
    }

    /// Orders as the operator what the operator's own key asks for.
    async fn order(
        &self,
        grant: KeyGrant,
        alerts: &[IncomingAlert],
        asked: &[Asked<'_>],
        refusals: &mut [Refusals],
    ) -> Result<(), Failure> {
        let mut calls = FuturesUnordered::new();
        let mut left = asked.iter();
        loop {
            while calls.len() < CALLS_AT_ONCE
                && let Some((index, indicator, wanted)) = left.next()
            {
                let scenario = Arc::clone(scenario(&alerts[*index], wanted));
                let naming = Naming {
                    origin: wanted.origin,
                    scenario,
                };
                let block_for = self.block_for(indicator, wanted);
                let order = self
                    .clone()
                    .order_one(grant, (*indicator, block_for), naming);
                let index = *index;
                calls.push(async move { (index, order.await) });
            }
            match calls.next().await {
                None => return Ok(()),
                Some((_, (_, Ok(())))) => {}
                // Not the node's word on this indicator, but on all: it is said again later.
                Some((_, (_, Err(error)))) if is_passing(error.code) => return Err(error.into()),
                Some((index, (indicator, Err(error)))) => {
                    refusals[index].note_error(&indicator, &error);
                }
            }
        }
    }

    async fn order_one(
        self,
        grant: KeyGrant,
        (indicator, block_for): (Indicator, Duration),
        naming: Naming,
    ) -> (Indicator, Result<(), ApiError>) {
        let (threat_type, severity) = threat_of(&naming.scenario);
        let request = Request::Block(BlockRequest {
            indicator,
            duration_secs: BlockDuration::clamped(block_for),
            threat_type,
            severity,
            evidence: None,
            description: None,
            to: None,
            publish: false,
            force: false,
        });
        let LapiSetup { board, control, .. } = self.setup();
        board.expect(indicator, naming);
        let done = control.call(Caller::Key(grant), request).await;
        if done.is_err() {
            board.unexpect(&indicator);
        }
        (indicator, done.map(|_| ()))
    }

    /// Returns how many of so many blocks a machine may ask for now.
    fn allowance(&self, grant: KeyGrant, wanted: usize) -> usize {
        let most = self.setup().config.decisions_per_hour_max;
        let now = self.now();
        let machine = grant.name.as_str();
        let granted = (self.state().allowances).take_decisions(now, machine, (wanted, most));
        if granted < wanted {
            let over = wanted - granted;
            tracing::warn!(machine, over, "A machine asks for more blocks than it may");
            let message = format!(
                "crowdsec/{machine} asks for more than {most} blocks within an hour: {over} were refused"
            );
            let events = self.setup().control.events();
            events.publish(now, EventKind::Degraded { message });
        }
        granted
    }

    fn report_of(
        &self,
        grant: KeyGrant,
        alert: &IncomingAlert,
        (_, indicator, wanted): &Asked<'_>,
    ) -> Result<ReportRequest, Failure> {
        let scenario = scenario(alert, wanted);
        let (threat_type, _) = threat_of(scenario);
        let block_for = self.block_for(indicator, wanted);
        let source = format!("{}/{}", wanted.origin, grant.name);
        Ok(ReportRequest {
            indicator: *indicator,
            threat_type,
            severity: None, // as this node rates the kind of attack
            duration_secs: Some(BlockDuration::clamped(block_for)),
            // An agent reads logs of servers that have talked to whom it reports.
            evidence: Some(Evidence::Verified),
            source: source.parse().map_err(|_| {
                Failure::invalid("the machine's name is too long to be the source of a report")
            })?,
            events: alert.events_count.max(1),
            reason: scenario.parse().ok(),
            share: true,
            restored: false,
        })
    }

    /// Returns for how long to block: as it asks or, longer each time, as this node is told to.
    pub(super) fn block_for(&self, indicator: &Indicator, wanted: &Wanted) -> Duration {
        wanted.block_for.unwrap_or_else(|| {
            let state = self.state();
            let about = |it: &&Arc<Shelved>| it.indicator == Some(*indicator);
            let earlier = state.shelf.newest_first().filter(about);
            let earlier = earlier.take(DOUBLINGS_MAX).count();
            self.setup().config.block_for * (1 << earlier)
        })
    }

    /// Lists alerts.
    pub(super) fn alerts(&self, head: &Head) -> Result<Response, Failure> {
        self.machine(head)?;
        if head.method == Method::HEAD {
            return Ok(empty(StatusCode::OK));
        }
        let now = self.now();
        let query = AlertQuery::of(&head.pairs, now).map_err(Failure::invalid)?;
        let listed = alerts(&query, &self.setup().board, &self.state().shelf, now);
        match listed.is_empty() {
            true => Ok(json(StatusCode::OK, &())), // null, as everywhere
            false => Ok(json(StatusCode::OK, &listed)),
        }
    }

    /// Shows one alert.
    pub(super) fn alert(&self, head: &Head, id: &str) -> Result<Response, Failure> {
        self.machine(head)?;
        let shown = id.parse().ok().and_then(|id| {
            let state = self.state();
            alert(id, &self.setup().board, &state.shelf, self.now())
        });
        let shown = shown.ok_or_else(|| not_there(id))?;
        match head.method {
            Method::HEAD => Ok(empty(StatusCode::OK)),
            _ => Ok(json(StatusCode::OK, &shown)),
        }
    }

    /// Takes alerts back, and ends what was blocked for them.
    pub(super) async fn delete_alerts(&self, head: &Head) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        let query = AlertQuery::of(&head.pairs, self.now()).map_err(Failure::invalid)?;
        let is_meant = |it: &Shelved| match (&query.indicator, &it.indicator) {
            (Some(asked), Some(about)) => asked == about,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let taken = self.state().shelf.take(is_meant);
        self.end(grant, &taken).await
    }

    /// Takes one alert back, and ends what was blocked for it.
    pub(super) async fn delete_alert(&self, head: &Head, id: &str) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        let number: u64 = id.parse().map_err(|_| not_there(id))?;
        let taken = self.state().shelf.take(|it| it.id == number);
        if taken.is_empty() {
            return Err(not_there(id));
        }
        self.end(grant, &taken).await
    }

    async fn end(&self, grant: KeyGrant, taken: &[Arc<Shelved>]) -> Result<Response, Failure> {
        let board = &self.setup().board;
        let meant = taken.iter().filter_map(|it| it.indicator);
        let meant: Vec<_> = meant.filter(|it| board.exactly(it).is_some()).collect();
        self.unblock_all(grant, &meant).await?;
        let count = taken.len().to_string();
        Ok(json(StatusCode::OK, &Deleted { count }))
    }
}

impl Refusals {
    fn note(&mut self, what: &str, why: &str) {
        let (count, named) = self.0.entry(why.to_owned()).or_default();
        *count += 1;
        if named.len() < NAMED_MAX {
            named.push(what.to_owned());
        }
    }

    /// Notes what the node does not do about an indicator, and why.
    pub(super) fn note_error(&mut self, indicator: &Indicator, error: &ApiError) {
        let why = format!("{}: {}", error.code.as_str(), error.message);
        self.note(&indicator.to_string(), &why);
    }

    /// Returns what a person reads of them.
    fn remark(&self) -> String {
        let parts = self.0.iter().map(|(why, (count, named))| {
            let more = count - named.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("refused {}{more}: {why}", named.join(", "))
        });
        parts.collect::<Vec<_>>().join("; ")
    }
}

/// Returns what a block is for: what it says itself, or the alert it came with.
pub(super) fn scenario<'a>(alert: &'a IncomingAlert, wanted: &'a Wanted) -> &'a Arc<str> {
    match &*wanted.scenario {
        "" => &alert.scenario,
        _ => &wanted.scenario,
    }
}

/// Returns whether an error says nothing of what was asked, and later there may be none.
pub(super) fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Busy
            | ErrorCode::Unavailable
            | ErrorCode::Timeout
            | ErrorCode::Internal
            | ErrorCode::Denied
    )
}

pub(super) fn unexpected() -> Failure {
    let message = "the answer does not fit the question";
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

fn not_there(id: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("there is no alert {id}"))
}
