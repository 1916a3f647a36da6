//! Lists: title, lines for the items of a page, and what is said where there are none.

use aegis_api::{AllowEntry, Block, Peer, Route};

use super::{
    organisation::affiliations,
    region::{full_place, place},
    table::Table,
    why::by,
};
use crate::text::{amount, count, shown, span};

/// How a list is shown.
pub(crate) struct List<T> {
    /// Said first.
    pub(crate) title: &'static str,
    /// Said where there are none.
    pub(crate) none: &'static str,
    /// Returns the lines of some items.
    pub(crate) lines: fn(&[T]) -> String,
}

/// Blocks, one line each.
pub(crate) const BLOCKS: List<Block> = List {
    title: "=== Blocklisted IPs ===",
    none: "No IPs are blocklisted.",
    lines: block_lines,
};

/// Peers, a few lines each.
pub(crate) const PEERS: List<Peer> = List {
    title: "=== Peers ===",
    none: "No peers are known.",
    lines: peer_lines,
};

/// The allowlist, one line each.
pub(crate) const ALLOW_ENTRIES: List<AllowEntry> = List {
    title: "=== Allowlisted IPs ===",
    none: "No IPs are allowlisted.",
    lines: allow_lines,
};

fn block_lines(blocks: &[Block]) -> String {
    let mut table = Table::with_widths(&[15, 12, 11, 11]);
    for block in blocks {
        table.row([
            block.indicator.to_string(),
            format!("{} left", span(block.ttl_secs)),
            block.threat_type.to_string(),
            format!("severity {}", block.severity),
            format!("{} {}", by(block), place(block.location.as_ref()))
                .trim_end()
                .to_owned(),
        ]);
    }
    table.render(0)
}

fn allow_lines(entries: &[AllowEntry]) -> String {
    let mut table = Table::with_widths(&[15, 12]);
    for entry in entries {
        let left = entry.ttl_secs.map(|it| format!("{} left", span(it)));
        let comment = entry.comment.as_ref().map(|it| shown(it.as_str()));
        table.row([
            entry.indicator.to_string(),
            left.unwrap_or_else(|| "for ever".into()),
            comment.unwrap_or_default(),
        ]);
    }
    table.render(0)
}

fn peer_lines(peers: &[Peer]) -> String {
    peers.iter().map(peer_block).collect()
}

/// The id alone takes most of a line, so the rest has lines of its own.
fn peer_block(peer: &Peer) -> String {
    let state = match (peer.connected, peer.route) {
        (true, Some(Route::Relayed)) => "connected over a relay",
        (true, Some(Route::Direct) | None) => "connected",
        (false, _) => "not connected",
    };
    let mut text = format!("{}\n", peer.peer);
    text.push_str(&format!(
        "  {}, {state}, weight {} %, {} accepted, {} refused\n",
        peer.class,
        peer.weight_percent,
        count(peer.alerts_accepted, "alert"),
        peer.alerts_refused,
    ));
    text.push_str(&format!(
        "  {} right, {} wrong, may move a verdict by {} nats\n",
        peer.right,
        peer.wrong,
        amount(peer.influence)
    ));
    text.push_str(&affiliations(&peer.organisations, "  "));
    text.push_str(&format!(
        "  first seen {}, last {}\n",
        peer.first_seen_at, peer.last_seen_at
    ));
    if let Some(location) = &peer.location {
        text.push_str(&format!("  in {}\n", full_place(location)));
    }
    for address in &peer.addresses {
        text.push_str(&format!("  {}\n", shown(address)));
    }
    if let Some(standing) = &peer.standing {
        text.push_str(&format!("  {}\n", shown(standing)));
    }
    text
}
