//! Why something is blocked, or is not: everything that speaks for and against, and the way to undo it.

use aegis_api::{
    ApiError, Block, Control, ErrorCode, EvidenceLine, HistoryQuery, HistoryScope, Indicator,
    Location, PageQuery, Reply, Request, Timestamp, Why,
};

use super::{
    View, forms,
    recent::{linked, peer_link, recent},
};
use crate::{
    country,
    desk::{Desk, asked},
    frame::Sheet,
    markup::{Markup, html},
    number::{Bytes, Counted, Encoded, ago, left},
};

/// What keeps others from blocking something again that the operator unblocked; its own detectors may.
const UNBLOCKED: &str = "unblocked";

/// Lines of what was seen and done about it.
const PAST: std::num::NonZeroU16 = std::num::NonZeroU16::new(20).unwrap();

/// Draws why something is blocked, or is not.
pub(super) async fn why<C: Control>(desk: &Desk<C>, view: &View<'_>) -> Result<Sheet, ApiError> {
    let (caller, now) = (view.looker.caller, desk.now());
    let asked_for = view.visit.query.value("ip").unwrap_or_default();
    let invalid = |it| ApiError::new(ErrorCode::InvalidRequest, format!("ip: {it}"));
    let indicator: Indicator = asked_for.parse().map_err(invalid)?;
    let why = *asked!(desk, caller, Request::Why(indicator), Reply::Why)?;
    let query = HistoryQuery {
        scope: HistoryScope {
            indicator: Some(indicator),
            ..HistoryScope::default()
        },
        page: PageQuery::first(PAST),
    };
    let past = asked!(desk, caller, Request::History(query), Reply::History);
    let past = past.map(|it| it.items).unwrap_or_default();
    let back = format!("/why?ip={}", Encoded(&indicator.to_string()));
    let mut body = Markup::default();
    html!(
        body,
        "<p class=\"crumb\"><a href=\"/decisions\">Decisions</a></p><div class=\"head\"><h1 ",
        "class=\"ip\">",
        indicator,
        "</h1><div class=\"undo\">",
        undo(view, &why, &back),
        "</div></div>",
        forms::news(&view.visit.query),
        verdict(&why, now),
        decisions(&why.decisions, now),
        evidence(&why, now),
        reports(&why),
        refusals(&why, now),
        opinion(&why),
        "<section><h2>What was seen and done</h2>",
        recent(&past, now),
        "</section>",
        commands(&why),
    );
    Ok(Sheet {
        title: format!("Why {indicator}"),
        part: "/decisions",
        body,
    })
}

fn undo(view: &View<'_>, why: &Why, back: &str) -> Markup {
    if why.blocked {
        return forms::undo(view.looker, &why.indicator, back);
    }
    let mut out = Markup::default();
    let is_exempt = |it: &aegis_api::Exempt| it.kind != UNBLOCKED;
    let is_allowed = why.exempt.as_ref().is_some_and(is_exempt);
    if !is_allowed && view.looker.may(aegis_api::Scope::Admin) {
        let what = ("/allow", "Allow");
        forms::button(&mut out, view.looker, what, (&why.indicator, back));
    }
    out
}

fn verdict(why: &Why, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    let (class, word) = match (why.blocked, &why.exempt) {
        (true, _) => ("bad", "Blocked"),
        (false, Some(it)) if it.kind == UNBLOCKED => ("good", "Unblocked"),
        (false, Some(_)) => ("good", "Never blocked"),
        (false, None) => ("quiet", "Not blocked"),
    };
    html!(
        out,
        "<section class=\"verdict ",
        class,
        "\"><h2>",
        word,
        "</h2><dl class=\"facts\">"
    );
    if let (true, Some(until)) = (why.blocked, why.expires_at) {
        html!(
            out,
            "<div><dt>Left</dt><dd>",
            left(until, now),
            "</dd></div>"
        );
    }
    if let Some(it) = &why.exempt {
        html!(out, "<div><dt>Because</dt><dd>", it.reason, "</dd></div>");
    }
    if let Some(it) = &why.location {
        html!(out, "<div><dt>Where</dt><dd>", place(it), "</dd></div>");
    }
    if let Some(it) = &why.kernel {
        let there = match (it.in_kernel, it.observing) {
            (true, true) => "yes, and let through: the node observes",
            (true, false) => "yes",
            (false, _) => "no",
        };
        html!(
            out,
            "<div><dt>In the kernel</dt><dd>",
            there,
            "</dd></div><div><dt>Dropped</dt><dd>",
            Counted(it.packets, "packet"),
            ", ",
            Bytes(it.bytes),
            "</dd></div>",
        );
    }
    if let Some(it) = &why.past {
        html!(
            out,
            "<div><dt>So far</dt><dd>blocked ",
            Counted(it.blocks, "time"),
            ", seen here ",
            Counted(it.detections, "time"),
            ", told by peers ",
            Counted(it.alerts, "time"),
            "</dd></div>",
        );
    }
    for it in &why.near {
        html!(
            out,
            "<div><dt>Near</dt><dd>",
            it.indicator,
            " ",
            it.reason,
            "</dd></div>"
        );
    }
    html!(out, "</dl></section>");
    out
}

fn place(it: &Location) -> Markup {
    let mut out = Markup::default();
    let code = it.country.as_deref();
    let known = code.and_then(|it| it.as_bytes().try_into().ok());
    match (known.as_ref().and_then(country::find), code) {
        (Some(country), _) => html!(out, country.name),
        (None, Some(code)) => html!(out, code),
        (None, None) => {}
    }
    if let Some(asn) = it.asn {
        let name = it.asn_name.as_deref().unwrap_or_default();
        html!(out, " AS", asn, " ", name);
    }
    out
}

fn decisions(decisions: &[Block], now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if decisions.is_empty() {
        return out;
    }
    html!(
        out,
        "<section><h2>Decisions that hold</h2><table class=\"lines\"><thead><tr>",
        "<th scope=\"col\">What</th><th scope=\"col\">Because of</th><th scope=\"col\">Threat type</th>",
        "<th scope=\"col\" class=\"n wide\">Severity</th><th scope=\"col\" class=\"wide\">Evidence</th>",
        "<th scope=\"col\">Left</th></tr></thead><tbody>",
    );
    for it in decisions {
        html!(
            out,
            "<tr><td>",
            linked(&it.indicator.to_string()),
            "</td><td>",
            cause(it),
            "</td><td>",
            it.threat_type.as_str().to_owned(),
            "</td><td class=\"n wide\">",
            it.severity.value(),
            "</td><td class=\"wide\">",
            it.evidence,
            "</td><td class=\"when\">",
            left(it.expires_at, now),
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table></section>");
    out
}

/// Writes who caused a decision; of a feed or a region also which.
fn cause(it: &Block) -> Markup {
    let mut out = Markup::default();
    html!(out, it.origin);
    if let Some(region) = it.region {
        html!(out, " ", region);
    }
    if let Some(feed) = &it.feed {
        html!(out, " ", feed);
    }
    if let Some(file) = it.file {
        html!(out, ", the shared file ", file);
    }
    out
}

fn evidence(why: &Why, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if why.evidence.is_empty() {
        return out;
    }
    html!(
        out,
        "<section><h2>Who says so</h2><table class=\"lines\"><thead><tr><th scope=\"col\">Who</th>",
        "<th scope=\"col\">What</th><th scope=\"col\" class=\"n wide\">Severity</th>",
        "<th scope=\"col\" class=\"n\">Weight</th><th scope=\"col\" class=\"wide\">When</th>",
        "<th scope=\"col\">Came to</th></tr></thead><tbody>",
    );
    for it in &why.evidence {
        html!(
            out,
            "<tr><td>",
            author(it),
            "</td><td>",
            it.threat_type.as_str().to_owned()
        );
        if let Some(words) = &it.description {
            html!(
                out,
                "<q class=\"words\">",
                words.as_str().to_owned(),
                "</q>"
            );
        }
        html!(
            out,
            "</td><td class=\"n wide\">",
            it.severity.value(),
            "</td><td class=\"n\">",
            it.weight_percent,
            " %</td><td class=\"wide when\">",
            ago(it.stated_at, now),
            "</td><td>",
            it.outcome,
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table></section>");
    out
}

fn author(it: &EvidenceLine) -> Markup {
    let mut out = Markup::default();
    if it.own {
        html!(out, "this node");
    } else {
        html!(out, peer_link(&it.author.to_string()));
    }
    out
}

fn reports(why: &Why) -> Markup {
    let mut out = Markup::default();
    if why.reports.is_empty() {
        return out;
    }
    html!(
        out,
        "<section><h2>Reported on this host</h2><ul class=\"plain-list\">"
    );
    for it in &why.reports {
        let source = it.source.as_str();
        html!(
            out,
            "<li>",
            source,
            ": ",
            it.threat_type,
            ", ",
            Counted(it.events.into(), "event")
        );
        if let Some(reason) = &it.reason {
            let reason = reason.as_str();
            html!(out, "<q class=\"words\">", reason, "</q>");
        }
        html!(out, "</li>");
    }
    html!(out, "</ul></section>");
    out
}

fn refusals(why: &Why, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if why.refusals.is_empty() {
        return out;
    }
    html!(
        out,
        "<section><h2>Asked for and refused</h2><ul class=\"plain-list\">"
    );
    for it in &why.refusals {
        html!(out, "<li>", ago(it.at, now), ": ", it.message, "</li>");
    }
    html!(out, "</ul></section>");
    out
}

fn opinion(why: &Why) -> Markup {
    let mut out = Markup::default();
    let Some(it) = &why.opinion else { return out };
    let percent = (it.probability.value() * 100.0).round();
    html!(
        out,
        "<section><h2>What the network thinks</h2><p>",
        it.stance,
        ": ",
        percent,
        " % likely malicious, by ",
        Counted(it.voices_total, "voice"),
        " that count as ",
        format!("{:.1}", it.independent_voices),
        " independent ones.</p></section>",
    );
    out
}

fn commands(why: &Why) -> Markup {
    let mut out = Markup::default();
    let all = why.undo.iter().chain(&why.commands);
    let all: Vec<&String> = all.collect();
    if all.is_empty() {
        return out;
    }
    html!(out, "<section><h2>The same in a shell</h2><pre><code>");
    for it in all {
        html!(out, it, "<br>");
    }
    html!(out, "</code></pre></section>");
    out
}
