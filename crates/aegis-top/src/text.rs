//! Texts brought to a width: by what a terminal makes of a character, not by how many there are.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Returns how many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Returns a text that takes `columns` at most; where it is cut off, that shows.
pub(crate) fn fit(text: &str, columns: usize, ellipsis: char) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let (mut fitting, mut taken) = (String::new(), 0);
    for it in text.chars() {
        taken += it.width().unwrap_or(0);
        if taken > room {
            break;
        }
        fitting.push(it);
    }
    if columns > 0 {
        fitting.push(ellipsis);
    }
    fitting
}

/// Returns the lines of a text, each broken into as many as `columns` ask for, between words where
/// there are any; what follows a break is indented as its beginning.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    text.lines().flat_map(|it| wrap_line(it, columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let indent = " ".repeat(indent.min(columns / 2));
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while width(&rest) > columns {
        let end = end_of_first(&rest, columns, indent.len());
        let (first, behind) = rest.split_at(end);
        let (first, behind) = (first.trim_end_matches(' '), behind.trim_start_matches(' '));
        let indented = format!("{indent}{behind}");
        let behind = match indented.len() < rest.len() {
            true => indented,
            false => behind.to_owned(), // no room for the indent
        };
        // What cannot become shorter, as a wide character in a single column, stays as it is.
        if behind.len() >= rest.len() {
            break;
        }
        lines.extend(Some(first.to_owned()).filter(|it| !it.is_empty()));
        rest = behind;
    }
    lines.push(rest);
    lines
}

/// Returns where the first line of a text ends that takes more than `columns`.
fn end_of_first(text: &str, columns: usize, indent: usize) -> usize {
    let (mut taken, mut end, mut blank) = (0, text.len(), None);
    for (at, it) in text.char_indices() {
        taken += it.width().unwrap_or(0);
        if taken > columns {
            end = at;
            break;
        }
        if it == ' ' && at > indent {
            blank = Some(at);
        }
    }
    let at_word = text[end..].starts_with(' ').then_some(end).or(blank);
    let first = text.chars().next().map_or(0, char::len_utf8);
    at_word.unwrap_or(end).max(first)
}

/// Returns a number with its thousands apart and its noun, as in `1 peer` and `1,234 peers`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number))
}

/// Returns a number with its thousands apart, as in `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
