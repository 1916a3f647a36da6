//! Where somebody is in a list or a text.

use crate::key::Step;

/// The row that is selected, and the first that is seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cursor {
    pub(crate) selected: usize,
    pub(crate) top: usize,
}

impl Cursor {
    /// Moves through `len` rows, of which `height` are seen at a time.
    pub(crate) fn go(&mut self, step: Step, len: usize, height: usize) {
        let page = height.saturating_sub(1).max(1);
        self.selected = match step {
            Step::Up => self.selected.saturating_sub(1),
            Step::Down => self.selected + 1,
            Step::PageUp => self.selected.saturating_sub(page),
            Step::PageDown => self.selected + page,
            Step::Home => 0,
            Step::End => len,
        };
        self.keep_within(len, height);
    }

    /// Stays in a list that has `len` rows now, and in sight.
    pub(crate) fn keep_within(&mut self, len: usize, height: usize) {
        let height = height.max(1);
        self.selected = self.selected.min(len.saturating_sub(1));
        let lowest = self.selected.saturating_sub(height - 1);
        self.top = self.top.clamp(lowest, self.selected);
        self.top = self.top.min(len.saturating_sub(height));
    }

    /// Follows the selected row to its place of now; what is seen moves along.
    pub(crate) fn follow(&mut self, place: usize) {
        let above = self.selected - self.top.min(self.selected);
        self.selected = place;
        self.top = place.saturating_sub(above);
    }
}

/// How far a text is scrolled; returns the line that is first then.
pub(crate) fn scroll(first: usize, step: Step, lines: usize, height: usize) -> usize {
    let page = height.saturating_sub(1).max(1);
    let moved = match step {
        Step::Up => first.saturating_sub(1),
        Step::Down => first + 1,
        Step::PageUp => first.saturating_sub(page),
        Step::PageDown => first + page,
        Step::Home => 0,
        Step::End => lines,
    };
    moved.min(lines.saturating_sub(height))
}
