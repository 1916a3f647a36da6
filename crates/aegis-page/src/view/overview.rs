//! The overview: what the node does, whether the kernel agrees, what is wrong, and what happened last.

use std::{num::NonZeroU16, time::Duration};

use aegis_api::{
    ApiError, Control, HistoryLine, HistoryQuery, HistoryScope, Metrics, NodeMode, PageQuery,
    Reply, Request, Status,
};

use super::{View, recent::recent};
use crate::{
    desk::{Desk, asked},
    draw::{DrawnSpan, timeline},
    frame::Sheet,
    gather::{Hour, Place, almanac},
    markup::{Markup, html},
    number::{Bytes, Count, Counted, Short, ago},
};

/// Lines of what happened last.
const RECENT: NonZeroU16 = NonZeroU16::new(12).unwrap();

/// Lines of what there was most of.
const MOST: usize = 6;

/// Draws the overview.
pub(super) async fn overview<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
) -> Result<Sheet, ApiError> {
    let (caller, now) = (view.looker.caller, desk.now());
    let metrics = desk.metrics(caller).await?;
    let traffic = desk.traffic(caller).await?;
    let query = HistoryQuery {
        scope: HistoryScope::default(),
        page: PageQuery::first(RECENT),
    };
    let past = asked!(desk, caller, Request::History(query), Reply::History);
    let past: Vec<HistoryLine> = past.map(|it| it.items).unwrap_or_default();
    let gathered = almanac(desk, caller).await;
    let span = DrawnSpan::Day;
    let columns = span.cut(now, &gathered.value, &traffic.points);
    let day = gathered.value.sum(span.since(now));
    let dropped: u64 = columns.iter().map(|it| it.dropped).sum();
    let spared: u64 = columns.iter().map(|it| it.spared).sum();
    let mut body = Markup::default();
    html!(
        body,
        "<h1 class=\"unseen\">Overview</h1>",
        super::forms::news(&view.visit.query),
        "<div class=\"live-part\" data-live=\"figures\">",
        standing(&view.status),
        troubles(&view.status),
        figures(&metrics, &day, (dropped, spared)),
        "</div><section data-live=\"day\"><div class=\"head\">",
        "<h2>The last 24 hours</h2><a href=\"/attacks\">Where from, and the last 7 days</a></div>",
        timeline(span, &columns),
        "</section><div class=\"columns\" data-live=\"most\"><section>",
        "<h2>What they do</h2>",
        threats(&day),
        "</section><section><h2>Where they come from</h2>",
        places(&day),
        "</section></div><section data-live=\"recent\"><h2>What happened last</h2>",
        recent(&past, now),
        "</section>",
    );
    if !gathered.is_whole {
        html!(
            body,
            "<p class=\"hint\">The history is still being counted.</p>"
        );
    }
    Ok(Sheet {
        title: "Overview".to_owned(),
        part: "/",
        body,
    })
}

/// Tells what the node does, and what it wants of the kernel beside what is there.
fn standing(status: &Status) -> Markup {
    let mut out = Markup::default();
    let ruleset = status.ruleset;
    html!(out, "<section class=\"standing\"><div><h2>");
    match (status.mode, &status.confirmation) {
        (NodeMode::Enforce, None) => html!(
            out,
            "Enforcing</h2><p>Packets of ",
            Counted(status.blocks_active, "blocked source"),
            " are dropped in the kernel.</p>",
        ),
        (NodeMode::Enforce, Some(_)) => html!(
            out,
            "Enforcing on trial</h2><p>The node observes again unless <code>aegis confirm</code> ",
            "comes from a login made since.</p>",
        ),
        (NodeMode::Observe, _) => html!(
            out,
            "Observing</h2><p>Nothing is dropped. To drop, with a way back: ",
            "<code>aegis enforce --confirm 2m</code></p>",
        ),
    }
    html!(out, "<ul class=\"interfaces\">");
    for it in &status.interfaces {
        html!(
            out,
            "<li title=\"",
            it.reason,
            "\"><strong>",
            it.name,
            "</strong> ",
            it.mode,
            "</li>",
        );
    }
    html!(
        out,
        "</ul></div><table class=\"compare\"><caption>Blocks, as intended and in the kernel</caption>",
        "<thead><tr>",
    );
    let counts = [
        ("Intended", ruleset.intended, ""),
        ("In the kernel", ruleset.actual, ""),
        ("Missing", ruleset.missing, bad_if(ruleset.missing)),
        ("Unwanted", ruleset.surplus, bad_if(ruleset.surplus)),
        ("Wrong expiry", ruleset.misdated, bad_if(ruleset.misdated)),
    ];
    for (name, _, class) in counts {
        html!(
            out,
            "<th scope=\"col\" class=\"n ",
            class,
            "\">",
            name,
            "</th>"
        );
    }
    html!(out, "</tr></thead><tbody><tr>");
    for (_, count, class) in counts {
        html!(out, "<td class=\"n ", class, "\">", Count(count), "</td>");
    }
    let now = status.started_at + Duration::from_secs(status.uptime_secs);
    html!(
        out,
        "</tr></tbody><tfoot><tr><td colspan=\"5\">Read back ",
        ago(ruleset.checked_at, now),
        ", generation ",
        Count(ruleset.generation),
        "</td></tr></tfoot></table></section>",
    );
    out
}

/// Returns how a count is shown that is to be nothing.
const fn bad_if(count: u64) -> &'static str {
    if count > 0 { "bad" } else { "quiet" }
}

/// Tells what is wrong, and how to mend it.
fn troubles(status: &Status) -> Markup {
    let mut out = Markup::default();
    let mut all: Vec<(String, &'static str)> = Vec::new();
    if !status.ruleset.in_agreement {
        let what = "The kernel does not hold what it is to hold.";
        all.push((
            what.to_owned(),
            "The node puts that right by itself within a minute; if it stays: \
                                    aegis doctor",
        ));
    }
    if status.interfaces.is_empty() {
        let what = "No interface is defended.";
        all.push((what.to_owned(), "aegis doctor says what this host lacks"));
    }
    all.extend(
        status
            .problems
            .iter()
            .map(|it| (it.clone(), "aegis doctor")),
    );
    for it in status.logs.iter().flatten() {
        let Some(problem) = &it.problem else { continue };
        let what = format!("{} cannot be read: {problem}", it.path.display());
        all.push((
            what,
            "let the node's user read it: usermod -aG adm,systemd-journal aegis",
        ));
    }
    if status.logs.as_ref().is_some_and(Vec::is_empty) {
        let what = "No log is read: attacks on SSH and web servers are not seen.";
        all.push((
            what.to_owned(),
            "name the logs of this host under [logs] in the configuration",
        ));
    }
    if let Some(problem) = status.mirror.as_ref().and_then(|it| it.problem.as_ref()) {
        all.push((
            format!("The mirror is not current: {problem}"),
            "look whether its server answers",
        ));
    }
    if all.is_empty() {
        return out;
    }
    html!(
        out,
        "<section id=\"problems\" class=\"notice bad\"><h2>What is wrong</h2><ul>",
    );
    for (what, mend) in &all {
        html!(
            out,
            "<li>",
            what,
            " <span class=\"mend\">",
            mend,
            "</span></li>"
        );
    }
    html!(out, "</ul></section>");
    out
}

fn figures(metrics: &Metrics, day: &Hour, (dropped, spared): (u64, u64)) -> Markup {
    let mut out = Markup::default();
    let total: u64 = metrics.decisions.iter().map(|(_, it)| it).sum();
    html!(
        out,
        "<dl class=\"figures\"><div><dt>Blocked now</dt><dd>",
        Count(total),
        "</dd><dd class=\"by\">",
    );
    for (at, (origin, count)) in metrics
        .decisions
        .iter()
        .filter(|(_, it)| *it > 0)
        .enumerate()
    {
        if at > 0 {
            html!(out, " · ");
        }
        html!(out, origin, " ", Short(*count));
    }
    let stats = &metrics.stats;
    html!(
        out,
        "</dd></div><div><dt>Attacks seen, 24 h</dt><dd>",
        Count(day.detections),
        "</dd><dd class=\"by\">",
        Count(day.alerts),
        " more told by peers</dd></div>",
        "<div><dt>Packets dropped, 24 h</dt><dd>",
        Short(dropped),
        "</dd><dd class=\"by\">",
        would_have(spared),
        Short(stats.dropped.packets),
        " (",
        Bytes(stats.dropped.bytes),
        ") since the start</dd></div>",
        "<div><dt>Alerts that count</dt><dd>",
        Count(metrics.alerts_live),
        "</dd><dd class=\"by\">",
        Count(stats.alerts.published),
        " shared by this node</dd></div>",
        "<div><dt>Never blocked</dt><dd>",
        Count(metrics.allowlist_entries),
        "</dd><dd class=\"by\">on the allowlist</dd></div></dl>",
    );
    out
}

/// Tells how many packets were only spared because the node observed.
fn would_have(spared: u64) -> Markup {
    let mut out = Markup::default();
    if spared > 0 {
        html!(out, Short(spared), " would have been; ");
    }
    out
}

fn threats(day: &Hour) -> Markup {
    let mut all: Vec<(String, u64)> = day
        .by_threat
        .iter()
        .map(|(threat, count)| (threat.to_string(), *count))
        .collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    bars(&all)
}

fn places(day: &Hour) -> Markup {
    let mut all: Vec<(String, u64)> = day
        .by_place
        .iter()
        .map(|(place, count)| (place_name(place), *count))
        .collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    bars(&all)
}

/// Returns what a place is called.
pub(super) fn place_name(place: &Place) -> String {
    match place {
        Place::System(asn, Some(name)) => format!("{name} (AS{asn})"),
        Place::System(asn, None) => format!("AS{asn}"),
        Place::Network(network) => network.to_string(),
    }
}

/// Draws the greatest of some counts, each with a bar.
pub(super) fn bars(counts: &[(String, u64)]) -> Markup {
    let mut out = Markup::default();
    let Some(max) = counts.iter().map(|(_, count)| *count).max() else {
        html!(
            out,
            "<p class=\"empty\">Nobody attacked in the last 24 hours.</p>"
        );
        return out;
    };
    html!(out, "<table class=\"bars\"><tbody>");
    for (name, count) in counts.iter().take(MOST) {
        let share = 100 * count / max.max(1);
        html!(
            out,
            "<tr><th scope=\"row\">",
            name,
            "</th><td><svg viewBox=\"0 0 100 8\" ",
            "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"",
            share.max(1),
            "\" height=\"8\"/></svg></td><td class=\"n\">",
            Count(*count),
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table>");
    let rest: u64 = counts.iter().skip(MOST).map(|(_, count)| count).sum();
    if rest > 0 {
        html!(
            out,
            "<p class=\"hint\">",
            Count((counts.len() - MOST) as u64),
            " more with ",
            Count(rest),
            "</p>",
        );
    }
    out
}
