//! One peer: how far it is trusted, what that was earned with, and over the last days.

use aegis_api::{
    ApiError, Control, ErrorCode, NodeId, PageQuery, PeerTrust, Reply, Request, Timestamp,
    TrendPoint,
};

use super::{View, recent::linked};
use crate::{
    desk::{Desk, asked},
    draw::steps,
    frame::Sheet,
    markup::{Markup, html},
    number::{Count, Counted, ago},
};

/// Draws what is thought of one peer.
pub(super) async fn peer<C: Control>(desk: &Desk<C>, view: &View<'_>) -> Result<Sheet, ApiError> {
    let (caller, now) = (view.looker.caller, desk.now());
    let id = view.visit.query.value("id").unwrap_or_default();
    let invalid = |it| ApiError::new(ErrorCode::InvalidRequest, format!("id: {it}"));
    let id: NodeId = id.parse().map_err(invalid)?;
    let trust = *asked!(desk, caller, Request::Trust(id), Reply::PeerTrust)?;
    let points = points(desk, view, id).await?;
    let mut body = Markup::default();
    html!(
        body,
        "<p class=\"crumb\"><a href=\"/peers\">Peers</a></p><h1 class=\"id\">",
        id,
        "</h1>",
    );
    if !trust.known {
        html!(
            body,
            "<p class=\"empty\">This node knows nothing of such a peer.</p>"
        );
    }
    html!(
        body,
        facts(&trust),
        "<section><div class=\"head\"><h2>Trust over 7 days</h2><p>now ",
        trust.trust_percent,
        " %</p></div>",
        drawn(&points, now),
        "</section><section><h2>What proved true</h2>",
        judged(&trust, now),
        "</section>",
    );
    Ok(Sheet {
        title: "Peer".to_owned(),
        part: "/peers",
        body,
    })
}

fn drawn(points: &[TrendPoint], now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if points.is_empty() {
        html!(out, "<p class=\"empty\">Nothing was recorded yet.</p>");
        return out;
    }
    html!(
        out,
        "<div class=\"plot\"><span class=\"max\">100 %</span>",
        steps(points, now),
        "</div><div class=\"axis\" aria-hidden=\"true\"><span>7 days ago</span><span>now</span></div>",
        "<details class=\"as-table\"><summary>The same as a table</summary><table><thead><tr>",
        "<th scope=\"col\">From</th><th scope=\"col\" class=\"n\">Trust</th></tr></thead><tbody>",
    );
    for it in points.iter().rev() {
        html!(
            out,
            "<tr><td>",
            it.at,
            "</td><td class=\"n\">",
            it.percent,
            " %</td></tr>"
        );
    }
    html!(out, "</tbody></table></details>");
    out
}

/// Tells what the peer said of what is known for certain.
fn judged(trust: &PeerTrust, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if trust.judged.is_empty() {
        html!(
            out,
            "<p class=\"empty\">Nothing it said was verified yet.</p>"
        );
        return out;
    }
    html!(
        out,
        "<table class=\"lines\"><thead><tr><th scope=\"col\">About</th><th scope=\"col\">It said</th>",
        "<th scope=\"col\">It is</th><th scope=\"col\">When</th></tr></thead><tbody>",
    );
    for it in &trust.judged {
        let said = if it.said.value() > 0.0 {
            "malicious"
        } else {
            "benign"
        };
        let class = if said == it.truth.as_str() {
            "good"
        } else {
            "bad"
        };
        html!(
            out,
            "<tr><td>",
            linked(&it.indicator.to_string()),
            "</td><td>",
            said,
            "</td><td><span class=\"tag ",
            class,
            "\">",
            it.truth,
            "</span></td><td class=\"when\">",
            ago(it.at, now),
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table>");
    out
}

fn facts(trust: &PeerTrust) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<dl class=\"figures\"><div><dt>Trust</dt><dd>",
        trust.trust_percent,
        " %</dd>",
        "<dd class=\"by\">",
        trust.pretrust_percent,
        " % in advance",
    );
    if trust.fixed {
        html!(out, ", fixed");
    }
    html!(
        out,
        "</dd></div><div><dt>Right</dt><dd>",
        Count(trust.right),
        "</dd><dd class=\"by\">verified ",
        "cases</dd></div><div><dt>Wrong</dt><dd>",
        Count(trust.wrong),
        "</dd><dd class=\"by\">",
        Counted(trust.misdeeds, "time"),
        " against the protocol</dd></div>",
        "<div><dt>Open</dt><dd>",
        Count(trust.open),
        "</dd><dd class=\"by\">not verified yet</dd></div>",
        "</dl><p class=\"hint\">",
        trust.addresses.join(" "),
        "</p>",
    );
    out
}

/// Returns the chart of one peer: the first of those that begin with it.
async fn points<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
    id: NodeId,
) -> Result<Vec<TrendPoint>, ApiError> {
    let mut query = PageQuery::default();
    loop {
        let charts = super::peers::charts(desk, view, query).await?;
        if let Some(found) = charts.get(&id) {
            return Ok(found.points.clone());
        }
        let Some((last, _)) = charts.last_key_value().filter(|(last, _)| **last < id) else {
            return Ok(Vec::new());
        };
        query = PageQuery::default().after(*last);
    }
}
