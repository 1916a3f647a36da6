//! Whole numbers that are written as fractions. To JSON Schema, and so to the document of this contract, 60.0
//! and 6e1 are integers as 60 is; some clients have no other way to write them.

/// The largest number up to which floating-point numbers tell all whole ones apart: 2⁵³.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Returns valid JSON with its whole numbers written as such, or `None` where they are already.
pub(super) fn written_as_such(json: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(json.len());
    let (mut rest, mut has_changed) = (json, false);
    while let Some(first) = rest.first() {
        let is_number = first.is_ascii_digit() || *first == b'-';
        let length = match first {
            b'"' => string_length(rest),
            _ if is_number => number_length(rest),
            _ => 1,
        };
        let (token, behind) = rest.split_at(length);
        match whole(token).filter(|_| is_number) {
            Some(number) => {
                has_changed = true;
                written.extend_from_slice(number.to_string().as_bytes());
            }
            None => written.extend_from_slice(token),
        }
        rest = behind;
    }
    has_changed.then_some(written)
}

/// Returns the length of a string that begins here, its quotes included.
fn string_length(json: &[u8]) -> usize {
    let mut is_escaped = true; // the opening quote ends nothing
    let end = json.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(json.len(), |it| it + 1)
}

fn number_length(json: &[u8]) -> usize {
    let is_part = |it: &u8| it.is_ascii_digit() || b"+-.eE".contains(it);
    let end = json.iter().position(|it| !is_part(it));
    end.unwrap_or(json.len())
}

/// Returns the whole number that a fraction of JSON is, if it is one.
fn whole(token: &[u8]) -> Option<u64> {
    if !token.iter().any(|it| b".eE".contains(it)) {
        return None;
    }
    let number: f64 = serde_json::from_slice(token).ok()?;
    let is_whole = number.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(&number);
    is_whole.then_some(number as u64) // exact within these bounds
}

#[cfg(test)]
mod tests;
