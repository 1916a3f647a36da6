//! What is blocked.

use aegis_api::Block;
use aegis_ui::span;
use ratatui::buffer::Buffer;

use super::{Canvas, caption, filtered, location, moment, place};
use crate::{
    model::Model,
    paint::{Column, Tone, put, put_row, put_titles},
    text::thousands,
};

/// From this width on it is shown whose word a block rests on, and where the source is.
const WIDE: u16 = 100;

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let (area, _) = canvas;
    let rows = &model.blocks;
    let height = usize::from(area.height.saturating_sub(2));
    let columns = columns(area.width);
    let top = rows.cursor.top;
    let seen = rows.matching.saturating_sub(top).min(height);
    let way = if rows.reversed { ", reversed" } else { "" };
    let text = format!(
        " Blocks {}  by {}{way}{}",
        thousands(rows.total as u64),
        rows.sort,
        filtered(&model.filter_text())
    );
    caption(buffer, canvas, &text, &place(top, seen, rows.matching));
    put_titles(buffer, canvas, 1, &columns);
    if rows.matching == 0 {
        let text = match (rows.is_known, &rows.text) {
            (false, _) => "asking the node …",
            (true, None) => "nothing is blocked",
            (true, Some(_)) => "no block has this text: Esc shows all",
        };
        put(buffer, canvas, (1, 2), (text, Tone::Plain));
    }
    for (line, at) in (2..).zip(top..top + seen) {
        let tone = match at == rows.cursor.selected {
            true => Tone::Selected,
            false => Tone::Plain,
        };
        let cells = rows.at(at).map_or_else(Vec::new, |it| cells(it, model));
        put_row(buffer, canvas, line, (&columns, &cells, tone));
    }
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
