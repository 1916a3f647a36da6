//! Splits a line into words as a shell does: blanks between words, quotes and backslashes.

/// Why a line cannot be split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unfinished {
    /// A quote has no end.
    Quote,
    /// A backslash has nothing behind it.
    Backslash,
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quote => "a quote is not closed",
            Self::Backslash => "nothing follows the backslash",
        })
    }
}

/// Returns the words of `line`.
///
/// Between `'` everything stands for itself; between `"` a backslash keeps what follows it.
pub(super) fn split(line: &str) -> Result<Vec<String>, Unfinished> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or(Unfinished::Quote)? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or(Unfinished::Quote)? {
                        '"' => break,
                        '\\' => word.push(characters.next().ok_or(Unfinished::Quote)?),
                        other => word.push(other),
                    }
                }
            }
            '\\' => {
                let kept = characters.next().ok_or(Unfinished::Backslash)?;
                word.get_or_insert_default().push(kept);
            }
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests;
