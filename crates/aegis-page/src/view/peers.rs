//! Peers: who they are, how far each is trusted and was over the last days.

use std::{collections::BTreeMap, num::NonZeroU16};

use aegis_api::{
    ApiError, ChartReply, ChartRequest, Control, NodeId, PageQuery, Peer, Reply, Request,
    Timestamp, TrustChart,
};

use super::{View, recent::peer_link};
use crate::{
    desk::{Desk, asked, unfit},
    draw::spark,
    frame::Sheet,
    markup::{Markup, html},
    number::{Count, Encoded, ago},
};

/// Peers on a page.
const PAGE: NonZeroU16 = NonZeroU16::new(100).unwrap();

/// Draws the peers.
pub(super) async fn peers<C: Control>(desk: &Desk<C>, view: &View<'_>) -> Result<Sheet, ApiError> {
    let caller = view.looker.caller;
    let mut query = PageQuery::first(PAGE);
    let after = view
        .visit
        .query
        .value("after")
        .and_then(|it| it.parse().ok());
    if let Some(after) = after {
        query = query.after(after);
    }
    let page = asked!(desk, caller, Request::Peers(query), Reply::Peers)?;
    let charts = charts(desk, view, query).await?;
    let mut body = Markup::default();
    let counts = view.status.peers;
    html!(
        body,
        "<div class=\"head\"><h1>Peers</h1><p>",
        Count(counts.connected),
        " connected, ",
        Count(counts.known),
        " known</p></div>",
    );
    if page.items.is_empty() {
        html!(
            body,
            "<p class=\"empty\">This node knows no other. Nodes of one LAN find each other by ",
            "themselves; elsewhere <code>aegis ticket</code> there and <code>aegis join</code> here ",
            "bring two together.</p>",
        );
    } else {
        html!(
            body,
            "<div data-live=\"peers\">",
            table(&page.items, &charts, desk.now()),
            "</div>"
        );
    }
    if let Some(next) = &page.next {
        html!(
            body,
            "<nav class=\"turning\" aria-label=\"Pages\"><a rel=\"next\" href=\"/peers?after=",
            Encoded(next),
            "\">Next</a></nav>",
        );
    }
    Ok(Sheet {
        title: "Peers".to_owned(),
        part: "/peers",
        body,
    })
}

/// Returns the charts of those peers that are on the same page.
pub(super) async fn charts<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
    query: PageQuery<NodeId>,
) -> Result<BTreeMap<NodeId, TrustChart>, ApiError> {
    let request = Request::Chart(ChartRequest::Trust(query));
    let found = match asked!(desk, view.looker.caller, request, Reply::Chart)? {
        ChartReply::Trust(it) => it.items,
        ChartReply::Traffic(_) => return Err(unfit()),
    };
    Ok(found.into_iter().map(|it| (it.peer, it)).collect())
}

fn table(peers: &[Peer], charts: &BTreeMap<NodeId, TrustChart>, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<table class=\"lines peers\"><caption class=\"unseen\">Peers</caption><thead><tr>",
        "<th scope=\"col\">Peer</th><th scope=\"col\">Met as</th>",
        "<th scope=\"col\" class=\"wide\">Place</th><th scope=\"col\" class=\"n\">Trust</th>",
        "<th scope=\"col\" class=\"wide\">Over 7 days</th>",
        "<th scope=\"col\" class=\"n wide\">Right</th><th scope=\"col\" class=\"n wide\">Wrong</th>",
        "<th scope=\"col\" class=\"n wide\">Alerts</th><th scope=\"col\">Seen</th></tr></thead><tbody>",
    );
    for it in peers {
        let class = if it.connected { "on" } else { "off" };
        html!(
            out,
            "<tr><td><span class=\"dot ",
            class,
            "\"></span>",
            peer_link(&it.peer.to_string()),
            names(it),
            "</td><td>",
            it.class,
            "</td><td class=\"wide\">",
            place(it),
            "</td><td class=\"n\">",
            it.weight_percent,
            " %</td><td class=\"wide\">",
        );
        if let Some(chart) = charts.get(&it.peer) {
            html!(out, spark(&chart.points, now));
        }
        html!(
            out,
            "</td><td class=\"n wide\">",
            Count(it.right),
            "</td><td class=\"n wide\">",
            Count(it.wrong),
            "</td><td class=\"n wide\">",
            Count(it.alerts_accepted),
            "</td>",
            "<td class=\"when\">",
        );
        if it.connected {
            html!(out, "connected");
        } else {
            html!(out, ago(it.last_seen_at, now));
        }
        html!(out, "</td></tr>");
    }
    html!(out, "</tbody></table>");
    out
}

/// Names the organisations that a peer belongs to, and what is special about it.
fn names(peer: &Peer) -> Markup {
    let mut out = Markup::default();
    for it in peer.organisations.iter().take(3) {
        let name = it.name.as_ref().map(ToString::to_string);
        html!(
            out,
            "<span class=\"tag\">",
            name.unwrap_or_else(|| "member".to_owned()),
            "</span>"
        );
    }
    if let Some(standing) = &peer.standing {
        html!(out, "<span class=\"place\">", standing, "</span>");
    }
    out
}

fn place(peer: &Peer) -> Markup {
    let mut out = Markup::default();
    let location = peer.location.as_ref();
    let words = [
        location.and_then(|it| it.country.clone()),
        location.and_then(|it| it.asn_name.clone()),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() {
        html!(out, "–");
    } else {
        html!(out, words.join(" "));
    }
    out
}
