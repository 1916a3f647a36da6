//! What lies over a view: a text to read, a question to answer, a line to type.

use ratatui::layout::Size;

use crate::{ask::Ask, text::wrap};

/// The widest text, for reading.
const WIDTH_MAX: u16 = 100;

/// What lies over a view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Popup {
    /// A text, scrolled to a line.
    Text {
        title: String,
        text: String,
        first: usize,
    },
    /// A question: yes does it.
    Confirm { question: String, ask: Box<Ask> },
    /// A line that is typed, and what is wrong with it.
    Form {
        line: String,
        problem: Option<String>,
    },
}

impl Popup {
    pub(crate) fn text(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Text {
            title: title.into(),
            text: text.into(),
            first: 0,
        }
    }
}

/// Returns the room for text in a pop-up on a screen.
pub(crate) fn popup_size(screen: Size) -> Size {
    Size {
        width: screen.width.saturating_sub(4).clamp(1, WIDTH_MAX),
        height: screen.height.saturating_sub(6).max(1),
    }
}

/// Returns how many lines a text has in a pop-up.
pub(super) fn lines(text: &str, screen: Size) -> usize {
    wrap(text, popup_size(screen).width.into()).len()
}
