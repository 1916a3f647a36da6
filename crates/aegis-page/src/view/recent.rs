//! What was seen and done last, as lines of a table.

use aegis_api::{HistoryKind, HistoryLine, Timestamp};

use crate::{
    markup::{Markup, html},
    number::{Encoded, ago},
};

/// Draws lines of the history, the newest first.
pub(super) fn recent(lines: &[HistoryLine], now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if lines.is_empty() {
        html!(out, "<p class=\"empty\">Nothing was seen or done yet.</p>");
        return out;
    }
    html!(
        out,
        "<table class=\"lines\"><thead><tr><th scope=\"col\">When</th><th scope=\"col\">What</th>",
        "<th scope=\"col\">About</th><th scope=\"col\" class=\"wide\">Threat</th>",
        "<th scope=\"col\" class=\"wide\">By</th></tr></thead><tbody>",
    );
    for it in lines {
        html!(
            out,
            "<tr><td class=\"when\">",
            ago(it.at, now),
            "</td><td><span class=\"tag ",
            tone(it.kind),
            "\">",
            word(it.kind),
            "</span></td><td>",
        );
        match &it.indicator {
            Some(indicator) => html!(out, linked(&indicator.to_string())),
            None => html!(out, it.detail),
        }
        html!(out, "</td><td class=\"wide\">");
        match &it.threat_type {
            Some(threat) => html!(out, threat.as_str()),
            None => html!(out, "–"),
        }
        html!(
            out,
            "</td><td class=\"wide\">",
            actor(&it.actor),
            "</td></tr>"
        );
    }
    html!(out, "</tbody></table>");
    out
}

/// Writes an address as a link to why it is blocked, or is not.
pub(super) fn linked(indicator: &str) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<a class=\"ip\" href=\"/why?ip=",
        Encoded(indicator),
        "\">",
        indicator,
        "</a>",
    );
    out
}

/// Writes who did it; a peer as the end of its id, which tells peers apart.
pub(super) fn actor(actor: &str) -> Markup {
    let mut out = Markup::default();
    match actor.strip_prefix("peer:") {
        Some(peer) => html!(out, "peer ", peer_link(peer)),
        None => html!(out, actor),
    }
    out
}

/// Writes a peer as a link to what is thought of it, by the end of its id.
pub(super) fn peer_link(peer: &str) -> Markup {
    let mut out = Markup::default();
    let end = peer.len().saturating_sub(8);
    let end = peer.get(end..).unwrap_or(peer);
    html!(
        out,
        "<a class=\"id\" href=\"/peer?id=",
        Encoded(peer),
        "\" title=\"",
        peer,
        "\">…",
        end,
        "</a>",
    );
    out
}

fn word(kind: HistoryKind) -> &'static str {
    match kind {
        HistoryKind::Detected => "attack",
        HistoryKind::Alert => "alert",
        HistoryKind::Answer => "answer",
        HistoryKind::Blocked => "blocked",
        HistoryKind::Ended => "ended",
        HistoryKind::Unblocked => "unblocked",
        HistoryKind::Allowed => "allowed",
        HistoryKind::Disallowed => "disallowed",
        HistoryKind::Published => "shared",
        HistoryKind::Withdrawn => "withdrawn",
        HistoryKind::Trusted => "trusted",
        HistoryKind::Forgotten => "forgotten",
        HistoryKind::Started => "started",
        HistoryKind::Stopped => "stopped",
    }
}

fn tone(kind: HistoryKind) -> &'static str {
    match kind {
        HistoryKind::Detected => "bad",
        HistoryKind::Alert | HistoryKind::Answer => "warn",
        HistoryKind::Blocked => "accent",
        HistoryKind::Unblocked | HistoryKind::Allowed => "good",
        HistoryKind::Ended
        | HistoryKind::Disallowed
        | HistoryKind::Published
        | HistoryKind::Withdrawn
        | HistoryKind::Trusted
        | HistoryKind::Forgotten
        | HistoryKind::Started
        | HistoryKind::Stopped => "",
    }
}
