//! What lies over a view.

use aegis_ui::shown;
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
    widgets::{Block, Clear, Widget as _},
};

use super::Canvas;
use crate::{
    model::{BLOCK_FORM, Model, Popup, popup_size},
    paint::{Tone, put},
    text::{width, wrap},
};

pub(super) fn draw(model: &Model, popup: &Popup, buffer: &mut Buffer, canvas: Canvas) {
    match popup {
        Popup::Text { title, text, first } => {
            let columns = popup_size(model.size).width.into();
            let lines = wrap(text, columns);
            let room = usize::from(popup_size(model.size).height);
            let seen: Vec<_> = lines.iter().skip(*first).take(room).cloned().collect();
            let end = match lines.len() > room {
                true => format!(
                    "{}-{} of {}, arrows scroll, any other key closes",
                    first + 1,
                    first + seen.len(),
                    lines.len()
                ),
                false => "any key closes".to_owned(),
            };
            frame(model, (title, &end), &seen, (buffer, canvas));
        }
        Popup::Confirm { question, .. } => {
            let lines = wrap(&shown(question), popup_size(model.size).width.into());
            frame(model, ("Sure?", "y yes  n no"), &lines, (buffer, canvas));
        }
        Popup::Form { line, problem } => {
            let mut lines = vec![
                BLOCK_FORM.to_owned(),
                String::new(),
                format!("{}_", shown(line)),
                String::new(),
            ];
            let note = match problem {
                Some(problem) => format!("! {}", shown(problem)),
                None => {
                    "1h and brute_force unless you say otherwise; other nodes hear of it".to_owned()
                }
            };
            lines.extend(wrap(&note, popup_size(model.size).width.into()));
            let keys = ("Block an address", "Enter block it  Esc leave it");
            frame(model, keys, &lines, (buffer, canvas));
        }
    }
}

/// Draws lines in a frame in the middle of the screen.
fn frame(
    model: &Model,
    (title, end): (&str, &str),
    lines: &[String],
    (buffer, canvas): (&mut Buffer, Canvas),
) {
    let (screen, theme) = canvas;
    let Size { width: room, .. } = popup_size(model.size);
    let wanted = lines.iter().map(|it| width(it)).max().unwrap_or(0);
    let wanted = wanted.max(width(title) + 2).max(width(end) + 2);
    let columns = u16::try_from(wanted).unwrap_or(room).min(room);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let (outer_width, outer_height) = (columns + 4, rows.saturating_add(2));
    let area = Rect {
        x: screen.x + screen.width.saturating_sub(outer_width) / 2,
        y: screen.y + screen.height.saturating_sub(outer_height) / 2,
        width: outer_width.min(screen.width),
        height: outer_height.min(screen.height),
    };
    Clear.render(area, buffer);
    let block = Block::bordered()
        .border_set(theme.border())
        .title(format!(" {} ", shown(title)))
        .title_bottom(format!(" {end} "));
    let inner = block.inner(area);
    block.render(area, buffer);
    for (row, text) in (0u16..).zip(lines) {
        put(buffer, (inner, theme), (1, row), (text, Tone::Plain));
    }
}
