//! Colours, and texts put where they belong.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};

use crate::{
    model::Settings,
    text::{fit, width},
};

/// Bars from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The same on a terminal that knows ASCII alone.
const ASCII_BARS: [char; 8] = ['.', ':', '-', '=', '+', 'x', '#', '@'];

/// How something is meant. Where there are no colours it is said by other means, too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Plain,
    Faint,
    Title,
    Good,
    Warn,
    Bad,
    Selected,
}

/// What a terminal can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    colour: bool,
    unicode: bool,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) width: u16,
    pub(crate) is_right: bool,
}

impl Column {
    pub(crate) const fn left(title: &'static str, width: u16) -> Self {
        Self {
            title,
            width,
            is_right: false,
        }
    }

    pub(crate) const fn right(title: &'static str, width: u16) -> Self {
        Self {
            title,
            width,
            is_right: true,
        }
    }
}

impl Theme {
    pub(crate) const fn of(settings: &Settings) -> Self {
        Self {
            colour: settings.colour,
            unicode: settings.unicode,
        }
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let coloured = |colour| if self.colour { plain.fg(colour) } else { plain };
        match tone {
            Tone::Plain => plain,
            Tone::Faint if self.colour => plain.fg(Color::DarkGray),
            Tone::Faint => plain,
            Tone::Title => coloured(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Good => coloured(Color::Green),
            Tone::Warn => coloured(Color::Yellow).add_modifier(Modifier::BOLD),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Selected => plain.add_modifier(Modifier::REVERSED),
        }
    }

    /// Returns a text as the terminal can show it.
    fn plain(self, text: &str) -> String {
        let ascii = |it: char| match it {
            '…' => '~',
            it if it.is_ascii() => it,
            _ => '?',
        };
        match self.unicode {
            true => text.to_owned(),
            false => text.chars().map(ascii).collect(),
        }
    }

    /// Returns what stands for the rest of a text.
    pub(crate) const fn ellipsis(self) -> char {
        if self.unicode { '…' } else { '~' }
    }

    /// Returns what points out a line.
    pub(crate) const fn bullet(self) -> char {
        if self.unicode { '•' } else { '*' }
    }

    /// Draws numbers as bars, the highest of them as the highest.
    pub(crate) fn bars(self, numbers: impl Iterator<Item = u64> + Clone) -> String {
        let bars = if self.unicode { BARS } else { ASCII_BARS };
        let highest = numbers.clone().max().unwrap_or(0).max(1);
        numbers
            .map(|it| match it {
                0 => ' ',
                it => {
                    let place = u128::from(it) * 7 / u128::from(highest);
                    bars[usize::try_from(place).unwrap_or(7).min(7)]
                }
            })
            .collect()
    }

    pub(crate) fn border(self) -> ratatui::symbols::border::Set<'static> {
        if self.unicode {
            return ratatui::symbols::border::PLAIN;
        }
        ratatui::symbols::border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        }
    }
}

/// Puts a text on a line of an area, cut off where that ends; returns the column behind it.
pub(crate) fn put(
    buffer: &mut Buffer,
    (area, theme): (Rect, Theme),
    (column, line): (u16, u16),
    (text, tone): (&str, Tone),
) -> u16 {
    let area = area.intersection(buffer.area);
    if line >= area.height || column >= area.width {
        return area.width;
    }
    let room = area.width - column;
    let text = theme.plain(&fit(text, room.into(), theme.ellipsis()));
    let (x, y) = (area.x + column, area.y + line);
    let (end, _) = buffer.set_stringn(x, y, &text, room.into(), theme.style(tone));
    end - area.x
}

/// Puts a row of a table on a line of an area.
pub(crate) fn put_row(
    buffer: &mut Buffer,
    (area, theme): (Rect, Theme),
    line: u16,
    (columns, cells, tone): (&[Column], &[String], Tone),
) {
    let mut at = 1;
    for (column, cell) in columns.iter().zip(cells) {
        let room = column.width.min(area.width.saturating_sub(at));
        let text = fit(cell, room.into(), theme.ellipsis());
        let spare = usize::from(room).saturating_sub(width(&text));
        let indent = if column.is_right { spare } else { 0 };
        let start = at + u16::try_from(indent).unwrap_or(0);
        put(buffer, (area, theme), (start, line), (&text, tone));
        at = at.saturating_add(column.width).saturating_add(1);
    }
    if tone == Tone::Selected {
        let line = Rect {
            y: area.y.saturating_add(line),
            height: 1,
            ..area
        };
        let line = line.intersection(area).intersection(buffer.area);
        buffer.set_style(line, theme.style(tone));
    }
}

/// Puts the titles of a table on a line of an area.
pub(crate) fn put_titles(
    buffer: &mut Buffer,
    canvas: (Rect, Theme),
    line: u16,
    columns: &[Column],
) {
    let titles: Vec<_> = columns.iter().map(|it| it.title.to_owned()).collect();
    put_row(buffer, canvas, line, (columns, &titles, Tone::Title));
}
