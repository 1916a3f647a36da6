//! Plain tables: columns as wide as their widest cell, two spaces between them.

/// Rows of cells, written with aligned columns.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>, // of each column, in characters
    right: &'static [usize],
}

impl Table {
    /// Returns a table whose columns `right` are aligned to the right.
    pub(super) fn with_right(right: &'static [usize]) -> Self {
        Self {
            right,
            ..Self::default()
        }
    }

    /// Returns a table whose columns are at least this wide, so that several look like one.
    pub(super) fn with_widths(widths: &[usize]) -> Self {
        Self {
            widths: widths.to_vec(),
            ..Self::default()
        }
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        for (column, cell) in cells.iter().enumerate() {
            let width = cell.chars().count();
            match self.widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => self.widths.push(width),
            }
        }
        self.rows.push(cells.into());
    }

    /// Writes the rows, each behind `indent` spaces, without spaces at the end.
    pub(super) fn render(&self, indent: usize) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (column, cell) in row.iter().enumerate() {
                let width = self.widths[column];
                let padded = if self.right.contains(&column) {
                    format!("{cell:>width$}  ")
                } else {
                    format!("{cell:<width$}  ")
                };
                line.push_str(&padded);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
