//! What was seen and done.

use aegis_api::{HistoryBy, HistoryGroup, HistoryLine};
use aegis_ui::shown;
use ratatui::buffer::Buffer;

use super::{Canvas, caption, filtered, moment, place};
use crate::{
    model::{LINES_MAX, Model},
    paint::{Column, Tone, put, put_row, put_titles},
    text::thousands,
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    match model.evidence.by {
        None => entries(model, buffer, canvas),
        Some(by) => groups(model, by, buffer, canvas),
    }
}

fn entries(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let it = &model.evidence;
    let end = match (it.has_older(), it.len() >= LINES_MAX) {
        (true, true) => ", older ones by their address",
        (true, false) => ", older ones below",
        (false, _) => "",
    };
    let text = format!(" Evidence  newest first{end}{}", filtered(&it.text));
    let columns = entry_columns(canvas.0.width);
    let rows = it.shown().map(|it| entry(it, model));
    table(model, (&text, &columns), rows, (buffer, canvas));
}

fn groups(model: &Model, by: HistoryBy, buffer: &mut Buffer, canvas: Canvas) {
    let it = &model.evidence;
    let text = format!(
        " Evidence  of 7 days, counted by {}{}",
        by.as_str(),
        filtered(&it.text)
    );
    let columns = group_columns(canvas.0.width);
    let rows = it.shown_groups().map(|it| group(it, model));
    table(model, (&text, &columns), rows, (buffer, canvas));
}

fn table(
    model: &Model,
    (text, columns): (&str, &[Column]),
    rows: impl Iterator<Item = Vec<String>>,
    (buffer, canvas): (&mut Buffer, Canvas),
) {
    let it = &model.evidence;
    let height = usize::from(canvas.0.height.saturating_sub(2));
    let (top, len) = (it.cursor.top, it.len());
    let seen = len.saturating_sub(top).min(height);
    caption(buffer, canvas, text, &place(top, seen, len));
    put_titles(buffer, canvas, 1, columns);
    if seen == 0 {
        let text = match (it.is_known, it.text.is_empty()) {
            (false, _) => "asking the node …",
            (true, true) => "nothing was seen yet",
            (true, false) => "nothing here has this text: Esc shows all",
        };
        put(buffer, canvas, (1, 2), (text, Tone::Plain));
    }
    for ((line, at), cells) in (2..).zip(top..top + seen).zip(rows.skip(top)) {
        let tone = match at == it.cursor.selected {
            true => Tone::Selected,
            false => Tone::Plain,
        };
        put_row(buffer, canvas, line, (columns, &cells, tone));
    }
}

fn entry_columns(width: u16) -> Vec<Column> {
    let source = if width >= 100 { 39 } else { 18 };
    let mut columns = vec![
        Column::left("WHEN", 11),
        Column::left("WHAT", 9),
        Column::left("SOURCE", source),
        Column::left("THREAT", 12),
    ];
    let taken: u16 = columns.iter().map(|it| it.width + 1).sum();
    columns.push(Column::left("WHO, WHY", width.saturating_sub(taken + 2)));
    columns
}

fn entry(it: &HistoryLine, model: &Model) -> Vec<String> {
    let text = |it: Option<String>| it.unwrap_or_default();
    let severity = it.severity.map(|it| format!(", severity {it}"));
    let why = format!(
        "{}{} {}",
        shown(&it.actor),
        text(severity),
        shown(&it.detail)
    );
    vec![
        moment(it.at, model.now),
        it.kind.to_string(),
        text(it.indicator.map(|it| it.to_string())),
        text(it.threat_type.as_ref().map(ToString::to_string)),
        why,
    ]
}

fn group_columns(width: u16) -> Vec<Column> {
    let fixed = [
        Column::right("ENTRIES", 8),
        Column::right("SEEN", 8),
        Column::right("ALERTS", 8),
        Column::right("BLOCKS", 8),
        Column::right("SOURCES", 8),
        Column::left("LAST", 11),
    ];
    let taken: u16 = fixed.iter().map(|it| it.width + 1).sum();
    let room = width.saturating_sub(taken + 2).clamp(12, 60);
    std::iter::once(Column::left("WHAT", room))
        .chain(fixed)
        .collect()
}

fn group(it: &HistoryGroup, model: &Model) -> Vec<String> {
    vec![
        shown(&it.key),
        thousands(it.entries),
        thousands(it.detections),
        thousands(it.alerts),
        thousands(it.blocks),
        thousands(it.indicators),
        moment(it.last_at, model.now),
    ]
}
