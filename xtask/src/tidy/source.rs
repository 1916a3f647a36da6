//! Rust text with comments and literals blanked out, line for line.
//!
//! Good enough for rules over identifiers; it does not parse.

use std::iter::Peekable;
use std::str::Chars;

/// Returns the text with every comment and the inside of every literal replaced by blanks.
pub(super) fn code_only(text: &str) -> String {
    let mut scanner = Scanner {
        rest: text.chars().peekable(),
        code: String::new(),
    };
    while let Some(next) = scanner.rest.next() {
        scanner.take(next);
    }
    scanner.code
}

struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    code: String,
}

impl Scanner<'_> {
    fn take(&mut self, next: char) {
        match (next, self.rest.peek().copied()) {
            ('/', Some('/')) => self.blank_line_comment(),
            ('/', Some('*')) => self.blank_block_comment(),
            ('"', _) => self.blank_string(),
            ('\'', _) => self.blank_char(),
            ('r', Some('"' | '#')) if !self.is_in_word() => self.blank_raw_string(),
            _ => self.code.push(next),
        }
    }

    /// Returns whether the last character belongs to an identifier; `b` and `c` prefixes do not.
    fn is_in_word(&self) -> bool {
        let mut last = self.code.chars().rev();
        match last.next() {
            Some('b' | 'c') => last.next().is_some_and(is_word),
            Some(other) => is_word(other),
            None => false,
        }
    }

    fn blank(&mut self, character: char) {
        self.code.push(if character == '\n' { '\n' } else { ' ' });
    }

    fn blank_line_comment(&mut self) {
        self.blank('/');
        while let Some(next) = self.rest.next_if(|next| *next != '\n') {
            self.blank(next);
        }
    }

    fn blank_block_comment(&mut self) {
        let mut depth = 0;
        let mut last = '/';
        self.blank(last);
        while let Some(next) = self.rest.next() {
            self.blank(next);
            match (last, next) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    last = next;
                    continue;
                }
            }
            last = ' '; // `/*/` opens once and does not close
            if depth == 0 {
                return;
            }
        }
    }

    fn blank_string(&mut self) {
        self.code.push('"');
        while let Some(next) = self.rest.next() {
            match next {
                '"' => {
                    self.code.push('"');
                    return;
                }
                '\\' => {
                    self.blank(next);
                    let escaped = self.rest.next().unwrap_or(' ');
                    self.blank(escaped);
                }
                _ => self.blank(next),
            }
        }
    }

    /// Blanks `'x'` and `'\n'`; `'a` alone is a lifetime and stays.
    fn blank_char(&mut self) {
        self.code.push('\'');
        let mut ahead = self.rest.clone();
        let first = ahead.next();
        let is_literal = first == Some('\\') || ahead.next() == Some('\'');
        if !is_literal {
            return;
        }
        let mut is_escaped = false;
        while let Some(next) = self.rest.next() {
            if next == '\'' && !is_escaped {
                self.code.push('\'');
                return;
            }
            is_escaped = next == '\\' && !is_escaped;
            self.blank(next);
        }
    }

    fn blank_raw_string(&mut self) {
        self.code.push('r');
        let mut ahead = self.rest.clone();
        let hashes = std::iter::from_fn(|| ahead.next_if_eq(&'#')).count();
        if ahead.next() != Some('"') {
            return; // `r#type`: a raw identifier
        }
        for _ in 0..=hashes {
            self.code.extend(self.rest.next());
        }
        let mut seen = None; // how many hashes have followed the last quote
        while let Some(next) = self.rest.next() {
            self.blank(next);
            seen = match (next, seen) {
                ('"', _) => Some(0),
                ('#', Some(count)) => Some(count + 1),
                _ => None,
            };
            if seen == Some(hashes) {
                return;
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests;
