//! Comma-separated values, as far as lists of decisions have them: fields in double quotes or without.

/// Returns the fields of a line.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(it) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match it {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            it => field.push(it),
        }
    }
    fields
}
