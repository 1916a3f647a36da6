//! What is blocked.

use aegis_api::Block;
use aegis_ui::span;
use ratatui::buffer::Buffer;

use super::{Canvas, list::List, location, moment};
use crate::{model::Model, paint::Column, text::thousands};

/// From this width on it is shown whose word a block rests on, and where the source is.
const WIDE: u16 = 100;

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let list = List {
        title: "Blocks",
        is_empty: "nothing is blocked",
        has_none: "no block has this text: Esc shows all",
        columns: columns(canvas.0.width),
        cells,
    };
    list.draw((model, &model.blocks), buffer, canvas);
}

fn columns(width: u16) -> Vec<Column> {
    let fixed = [
        Column::left("ORIGIN", 9),
        Column::left("THREAT", 14),
        Column::right("SEV", 3),
        Column::right("LEFT", 8),
        Column::right("PACKETS", 11),
    ];
    let wide = [
        Column::left("SINCE", 11),
        Column::left("BY", 12),
        Column::left("WHERE", 20),
    ];
    let wide = wide.into_iter().take(if width >= WIDE { 3 } else { 0 });
    let mut columns: Vec<Column> = fixed.into_iter().chain(wide).collect();
    let taken: u16 = columns.iter().map(|it| it.width + 1).sum();
    let room = width.saturating_sub(taken + 2).clamp(15, 43);
    columns.insert(0, Column::left("SOURCE", room));
    columns
}

fn cells(it: &Block, model: &Model) -> Vec<String> {
    vec![
        it.indicator.to_string(),
        it.origin.to_string(),
        it.threat_type.to_string(),
        it.severity.to_string(),
        span(it.ttl_secs),
        thousands(it.packets),
        moment(it.decided_at, model.now),
        by(it),
        location(it.location.as_ref()),
    ]
}

/// Returns whose word it rests on: the end of a peer's ID, the beginning of a list's, a region.
fn by(it: &Block) -> String {
    if let Some(region) = it.region {
        return region.to_string();
    }
    if let Some(feed) = &it.feed {
        return aegis_ui::shown(feed);
    }
    if let Some(file) = it.file {
        return file.to_string().chars().take(8).collect();
    }
    match it.origin {
        aegis_api::Origin::Peers => super::peers::short(&it.author),
        aegis_api::Origin::Import
        | aegis_api::Origin::Feed
        | aegis_api::Origin::Detector
        | aegis_api::Origin::Operator => "this node".to_owned(),
    }
}
