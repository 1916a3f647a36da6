//! HTML that cannot hold an unescaped text: what is markup is written in the source, everything else
//! goes through an escape.

use std::fmt::{self, Display, Write as _};

/// Markup that is finished: literals of this program, and texts that were escaped.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Markup(String); // made by `literal` and `show` alone

impl Markup {
    /// Writes markup that stands in the source.
    pub(crate) fn literal(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// Writes a value: escaped, unless it is markup already.
    pub(crate) fn show(&mut self, value: &(impl Show + ?Sized)) {
        value.show_in(self);
    }

    /// Returns the text, for whoever sends it.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// What can be shown within markup.
pub(crate) trait Show {
    /// Writes it at the end of `out`.
    fn show_in(&self, out: &mut Markup);
}

impl Show for Markup {
    fn show_in(&self, out: &mut Markup) {
        out.0.push_str(&self.0);
    }
}

impl<T: Display + ?Sized> Show for T {
    fn show_in(&self, out: &mut Markup) {
        // Writing to a string does not fail; a `Display` that does has said what it could.
        let _ = write!(Escape(&mut out.0), "{self}");
    }
}

/// Escapes what is written for text and for quoted values of attributes.
struct Escape<'a>(&'a mut String);

impl fmt::Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for it in text.chars() {
            match it {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Seen, and without effect: a text may not turn round what stands beside it.
                _ if it.is_control() || is_invisible(it) => {
                    write!(self.0, "\u{fffd}{:04x}", u32::from(it))?;
                }
                _ => self.0.push(it),
            }
        }
        Ok(())
    }
}

/// Returns whether a character changes how others are shown and is not seen itself: marks of direction,
/// of width zero, of line and paragraph, and tags.
fn is_invisible(it: char) -> bool {
    matches!(
        it,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Writes markup and values by turns: string literals are markup, everything else is escaped.
macro_rules! html {
    ($out:expr $(,)?) => {};
    ($out:expr, $literal:literal $(, $($rest:tt)*)?) => {{
        $out.literal($literal);
        html!($out, $($($rest)*)?);
    }};
    ($out:expr, $value:expr $(, $($rest:tt)*)?) => {{
        $out.show(&$value);
        html!($out, $($($rest)*)?);
    }};
}

pub(crate) use html;

#[cfg(test)]
mod tests;
