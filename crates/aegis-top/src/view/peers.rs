//! The other nodes.

use aegis_api::{NodeId, Peer};
use aegis_ui::shown;
use ratatui::buffer::Buffer;

use super::{Canvas, list::List, location, moment};
use crate::{model::Model, paint::Column, text::thousands};

/// From this width on it is shown where a peer is reached.
const WIDE: u16 = 100;

/// Characters of a peer ID that tell it from others: its end, as all begin alike.
const ID_CHARS: usize = 10;

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let list = List {
        title: "Peers",
        is_empty: "no other node is known: `aegis ticket` there, `aegis join` here",
        has_none: "no peer has this text: Esc shows all",
        columns: columns(canvas.0.width),
        cells,
    };
    list.draw((model, &model.peers), buffer, canvas);
}

fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![
        Column::left("PEER", 11),
        Column::left("STATE", 11),
        Column::left("CLASS", 10),
        Column::right("TRUST", 5),
        Column::right("RIGHT", 6),
        Column::right("WRONG", 6),
        Column::right("ALERTS", 8),
        Column::right("REFUSED", 8),
    ];
    if width >= WIDE {
        let taken: u16 = columns.iter().map(|it| it.width + 1).sum();
        columns.push(Column::left("ADDRESS", width.saturating_sub(taken + 2)));
    }
    columns
}

fn cells(it: &Peer, model: &Model) -> Vec<String> {
    let state = match (it.connected, it.route) {
        (true, Some(aegis_api::Route::Relayed)) => "relayed".to_owned(),
        (true, _) => "connected".to_owned(),
        (false, _) => moment(it.last_seen_at, model.now),
    };
    let first = it.addresses.first().map(|it| shown(it));
    let location = location(it.location.as_ref());
    vec![
        short(&it.peer),
        state,
        it.class.to_string(),
        it.weight_percent.to_string(),
        it.right.to_string(),
        it.wrong.to_string(),
        thousands(it.alerts_accepted),
        thousands(it.alerts_refused),
        format!("{}  {location}", first.unwrap_or_default()),
    ]
}

/// Returns what people tell a peer by: the end of its ID.
pub(super) fn short(peer: &NodeId) -> String {
    let id = peer.to_string();
    let start = id.len().saturating_sub(ID_CHARS);
    format!("…{}", id.get(start..).unwrap_or(&id))
}
