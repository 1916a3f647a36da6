//! A long list of which the node tells a part: what is drawn of it whatever its rows are.

use std::fmt::Display;

use ratatui::buffer::Buffer;

use super::{Canvas, caption, filtered, place};
use crate::{
    model::{Model, Row, Rows, Sort},
    paint::{Column, Tone, put, put_row, put_titles},
    text::thousands,
};

/// What a list is, in words and columns.
pub(super) struct List<T> {
    pub(super) title: &'static str,
    /// What is said where there is nothing, and where nothing has the text looked for.
    pub(super) is_empty: &'static str,
    pub(super) has_none: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) cells: fn(&T, &Model) -> Vec<String>,
}

impl<T: Row> List<T> {
    pub(super) fn draw<S: Sort + Display>(
        &self,
        (model, rows): (&Model, &Rows<T, S>),
        buffer: &mut Buffer,
        canvas: Canvas,
    ) {
        let (area, _) = canvas;
        let height = usize::from(area.height.saturating_sub(2));
        let top = rows.cursor.top;
        let seen = rows.matching.saturating_sub(top).min(height);
        let way = if rows.reversed { ", reversed" } else { "" };
        let text = format!(
            " {} {}  by {}{way}{}",
            self.title,
            thousands(rows.total as u64),
            rows.sort,
            filtered(&model.filter_text())
        );
        caption(buffer, canvas, &text, &place(top, seen, rows.matching));
        put_titles(buffer, canvas, 1, &self.columns);
        if rows.matching == 0 {
            let text = match (rows.is_known, &rows.text) {
                (false, _) => "asking the node …",
                (true, None) => self.is_empty,
                (true, Some(_)) => self.has_none,
            };
            put(buffer, canvas, (1, 2), (text, Tone::Plain));
        }
        for (line, at) in (2..).zip(top..top + seen) {
            let tone = match at == rows.cursor.selected {
                true => Tone::Selected,
                false => Tone::Plain,
            };
            let cells = rows.at(at);
            let cells = cells.map_or_else(Vec::new, |it| (self.cells)(it, model));
            put_row(buffer, canvas, line, (&self.columns, &cells, tone));
        }
    }
}
