//! Texts for a person: what others wrote made harmless, spans of time and amounts made readable.

use aegis_api::Score;

/// Returns a text that others wrote, fit for a terminal: what would move the cursor, turn the
/// direction of reading or hide itself is shown as `\u{…}`.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_deceptive(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns a text of ours that quotes others, with its line breaks as they are.
pub fn shown_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(shown).collect();
    lines.join("\n")
}

/// Returns whether a character does something else than show itself: controls, and those of
/// Unicode's format characters, separators and fillers that are invisible or turn the line.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns a span of time in its two largest units, as in `4m 59s`.
pub fn span(secs: u64) -> String {
    const UNITS: [(u64, &str, u64, &str); 3] = [
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ];
    for (large, large_name, small, small_name) in UNITS {
        let rest = secs % large / small;
        match secs / large {
            0 => {}
            count if rest == 0 => return format!("{count}{large_name}"),
            count => return format!("{count}{large_name} {rest}{small_name}"),
        }
    }
    format!("{secs}s")
}

/// Returns a number of bytes in the unit that fits it, as in `1.5 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let unit = (count.ilog2() / 10).saturating_sub(1) as usize;
    let tenths = (u128::from(count) * 10) >> (10 * (unit + 1));
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Returns a score with its sign, as in `+0.75`; what is nearly 0 has none.
pub(crate) fn signed(score: Score) -> String {
    match rounded(score.value()) {
        0.0 => "0.00".into(),
        score => format!("{score:+.2}"),
    }
}

/// Returns a number that need not be whole, as in `1.50`; a very large one only as such.
pub(crate) fn amount(number: f64) -> String {
    const SHOWN_MAX: f64 = 1_000_000.0;
    if number.abs() > SHOWN_MAX {
        return format!("over {SHOWN_MAX}");
    }
    format!("{:.2}", rounded(number))
}

/// Returns a number in whole hundredths, 0 without a sign.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0 + 0.0 // -0 + 0 is 0
}

/// Returns a number and its noun, as in `1 packet` and `2 packets`.
pub fn count(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

#[cfg(test)]
mod tests;
