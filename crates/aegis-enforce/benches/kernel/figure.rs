//! Figures, and the tables that come of them.

use std::fmt;

use serde_json::{Value, json};

/// One slice in so many is shorter than the one that counts.
const SHORTER_ONE_IN: usize = 10;

/// What was measured, and how far single rounds lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Returns the median of the samples, of which there is at least one.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        Some(Self {
            value: *samples.get(samples.len() / 2)?,
            low: *samples.first()?,
            high: *samples.last()?,
        })
    }

    /// Returns by how much slices of one thing are longer than those of another, of which there are
    /// some of each round: of all rounds together the slices are compared that only a tenth are
    /// shorter than.
    ///
    /// A neighbour on the same core, or on the same cache, makes slices longer by as much again, for
    /// tenths of a second at a time; nothing makes them shorter. So it is the short ones that say
    /// what the thing itself costs, and a tenth of all is still too many for chance.
    pub(crate) fn above(floor: &[Vec<f64>], full: &[Vec<f64>]) -> Option<Self> {
        let all = |rounds: &[Vec<f64>]| short(rounds.concat());
        let each = floor.iter().zip(full);
        let each = each.map(|(floor, full)| Some(short(full.clone())? - short(floor.clone())?));
        let each = each.collect::<Option<Vec<f64>>>()?;
        Some(Self {
            value: all(full)? - all(floor)?,
            ..Self::of(each)?
        })
    }

    /// Returns what was measured once only.
    pub(crate) const fn single(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
        }
    }
}

/// A figure and its place: a row and a column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) column: String,
    /// One of each place where the kernel put what is measured.
    spreads: Vec<Spread>,
}

impl Figure {
    /// Returns what was measured; of several places the median of theirs counts, and how far they lie
    /// apart.
    pub(crate) fn spread(&self) -> Option<Spread> {
        match self.spreads[..] {
            [only] => Some(only),
            ref all => Spread::of(all.iter().map(|it| it.value).collect()),
        }
    }
}

/// Everything that was measured, in order, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
    /// What was left out, and why.
    notes: Vec<String>,
}

impl Report {
    /// Adds a figure, or another measurement of it, at another place in memory.
    pub(crate) fn add(&mut self, table: &str, row: &str, column: &str, spread: Spread) {
        let is_it = |it: &&mut Figure| it.table == table && it.row == row && it.column == column;
        if let Some(figure) = self.figures.iter_mut().find(is_it) {
            figure.spreads.push(spread);
            return;
        }
        self.figures.push(Figure {
            table: table.to_owned(),
            row: row.to_owned(),
            column: column.to_owned(),
            spreads: vec![spread],
        });
    }

    /// Notes, once, that something was left out.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Returns the value at a place, if it was measured.
    pub(crate) fn value(&self, table: &str, row: &str, column: &str) -> Option<f64> {
        let is_it = |it: &&Figure| it.table == table && it.row == row && it.column == column;
        let spread = self.figures.iter().find(is_it)?.spread()?;
        Some(spread.value)
    }

    pub(crate) fn figures(&self) -> &[Figure] {
        &self.figures
    }

    pub(crate) fn to_json(&self) -> Value {
        let figure = |it: &Figure| {
            let spread = it.spread()?;
            Some(json!({
                "table": it.table, "row": it.row, "column": it.column,
                "value": spread.value, "low": spread.low, "high": spread.high,
            }))
        };
        json!({
            "figures": self.figures.iter().filter_map(figure).collect::<Vec<_>>(),
            "left_out": self.notes,
        })
    }
}

impl fmt::Display for Report {
    /// Writes Markdown: the value, and the lowest and highest round in parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in distinct(self.figures.iter().map(|it| it.table.as_str())) {
            let figures: Vec<_> = self.figures.iter().filter(|it| it.table == table).collect();
            let columns = distinct(figures.iter().map(|it| it.column.as_str()));
            writeln!(f, "### {table}\n")?;
            writeln!(f, "| | {} |", columns.join(" | "))?;
            writeln!(f, "|---|{}", "---:|".repeat(columns.len()))?;
            for row in distinct(figures.iter().map(|it| it.row.as_str())) {
                let cell = |column: &&str| {
                    let is_it = |it: &&&Figure| it.row == row && it.column == **column;
                    let figure = figures.iter().find(is_it);
                    let spread = figure.and_then(|it| it.spread());
                    spread.map_or_else(|| "–".to_owned(), spelled)
                };
                let cells: Vec<_> = columns.iter().map(cell).collect();
                writeln!(f, "| {row} | {} |", cells.join(" | "))?;
            }
            writeln!(f)?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "### Left out\n")?;
        }
        for note in &self.notes {
            writeln!(f, "- {note}")?;
        }
        Ok(())
    }
}

/// Returns the slice that only a tenth are shorter than.
fn short(mut slices: Vec<f64>) -> Option<f64> {
    slices.sort_by(f64::total_cmp);
    slices.get(slices.len() / SHORTER_ONE_IN).copied()
}

fn spelled(spread: Spread) -> String {
    let Spread { value, low, high } = spread;
    if low == high {
        return number(value);
    }
    format!("{} ({}…{})", number(value), number(low), number(high))
}

/// Returns a number with as many digits as mean something.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        it if it >= 1000.0 => grouped(value.round() as i64),
        it if it >= 100.0 => format!("{value:.0}"),
        it if it >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// Returns a number with its thousands apart.
pub(crate) fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 {
        text.insert(0, '-');
    }
    text
}

/// Returns each text once, in the order of its first place.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}
