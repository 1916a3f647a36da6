//! What happened, event by event.

use aegis_ui::{line, shown};
use ratatui::buffer::Buffer;

use super::{Canvas, caption, filtered, moment, place};
use crate::{
    model::Model,
    paint::{Column, Tone, put, put_row},
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let (area, _) = canvas;
    let log = &model.log;
    // The same rows as a table has, so that a page is a page everywhere.
    let height = usize::from(area.height.saturating_sub(2));
    let len = log.shown().count();
    let top = log.cursor.top;
    let seen = len.saturating_sub(top).min(height);
    let newest = match (log.held, log.follows) {
        (0, true) => ", the newest below".to_owned(),
        (0, false) => ", G goes to the newest".to_owned(),
        (held, _) => format!(", {held} came since you paused"),
    };
    let text = format!(" Log{newest}{}", filtered(&log.text));
    caption(buffer, canvas, &text, &place(top, seen, len));
    if let Some(problem) = &log.problem {
        let text = format!("no events: {}", shown(problem));
        put(buffer, canvas, (1, 1), (&text, Tone::Bad));
    }
    if len == 0 {
        let text = match log.text.is_empty() {
            true => "nothing happened yet",
            false => "no event has this text: Esc shows all",
        };
        put(buffer, canvas, (1, 2), (text, Tone::Plain));
    }
    let columns = [
        Column::left("", 11),
        Column::left("", area.width.saturating_sub(14)),
    ];
    for ((row, at), event) in (2..).zip(top..top + seen).zip(log.shown().skip(top)) {
        let tone = match at == log.cursor.selected {
            true => Tone::Selected,
            false => Tone::Plain,
        };
        let cells = [moment(event.at, model.now), line(event)];
        put_row(buffer, canvas, row, (&columns, &cells, tone));
    }
}
