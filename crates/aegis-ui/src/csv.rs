//! Comma-separated values (RFC 4180) that no spreadsheet takes for anything but text.

/// What a spreadsheet takes for the start of a formula, in any of the scripts it knows.
const FORMULA_STARTS: [char; 10] = [
    '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Returns a line with its end.
pub(crate) fn line<const N: usize>(fields: [String; N]) -> String {
    let mut line = fields.map(|it| field(&it)).join(",");
    line.push_str("\r\n");
    line
}

/// Returns a field: with an apostrophe in front where it could be a formula, in quotes where it
/// must be.
fn field(text: &str) -> String {
    let is_formula =
        text.trim_start().starts_with(FORMULA_STARTS) || text.starts_with(FORMULA_STARTS);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\r', '\n', '\'']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests;
