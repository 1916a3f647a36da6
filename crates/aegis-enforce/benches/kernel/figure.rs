//! Figures, and the tables that come of them.

use std::fmt;

use serde_json::{Value, json};

/// The median of several rounds, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Returns the spread of the samples of which there is at least one.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        Some(Self {
            median: *samples.get(samples.len() / 2)?,
            low: *samples.first()?,
            high: *samples.last()?,
        })
    }

    /// Returns what was measured once only.
    pub(crate) const fn single(value: f64) -> Self {
        Self {
            median: value,
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
    pub(crate) spread: Spread,
}

/// Everything that was measured, in order, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
    /// What was left out, and why.
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, table: &str, row: &str, column: &str, spread: Spread) {
        self.figures.push(Figure {
            table: table.to_owned(),
            row: row.to_owned(),
            column: column.to_owned(),
            spread,
        });
    }

    /// Notes, once, that something was left out.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Returns the median at a place, if it was measured.
    pub(crate) fn median(&self, table: &str, row: &str, column: &str) -> Option<f64> {
        let is_it = |it: &&Figure| it.table == table && it.row == row && it.column == column;
        self.figures.iter().find(is_it).map(|it| it.spread.median)
    }

    pub(crate) fn figures(&self) -> &[Figure] {
        &self.figures
    }

    pub(crate) fn to_json(&self) -> Value {
        let figure = |it: &Figure| {
            json!({
                "table": it.table, "row": it.row, "column": it.column,
                "median": it.spread.median, "low": it.spread.low, "high": it.spread.high,
            })
        };
        json!({
            "figures": self.figures.iter().map(figure).collect::<Vec<_>>(),
            "left_out": self.notes,
        })
    }
}

impl fmt::Display for Report {
    /// Writes Markdown: the median, and the lowest and highest round in parentheses.
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
                    figure.map_or_else(|| "–".to_owned(), |it| spelled(it.spread))
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

fn spelled(spread: Spread) -> String {
    let Spread { median, low, high } = spread;
    if low == high {
        return number(median);
    }
    format!("{} ({}…{})", number(median), number(low), number(high))
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
