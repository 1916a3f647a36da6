//! STIX patterns, as far as an address can be taken from one: any of these, and never these together.
//!
//! A pattern is read without recursion, word by word. Whatever makes a match depend on more than the
//! address (`AND`, `FOLLOWEDBY`, `NOT`, a comparison other than of equality) makes the whole pattern
//! conditional: a ban would reach further than its author meant. The one exception is a port or a
//! protocol beside the address of the same traffic: blocking the address is what that is for.

use aegis_core::Indicator;

use super::super::gather::{indicator, url_host};

/// Words of a pattern that are looked at.
const TOKENS_MAX: usize = 4096;

/// What a pattern comes to.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Meaning {
    /// Any of these addresses and prefixes, and perhaps what is no address.
    Any(Vec<Indicator>),
    /// More than an address must be true.
    Conditional,
    /// It is no pattern.
    Malformed,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Open,
    Close,
    Text(String),
    /// An object path, a keyword, a number.
    Word(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, a comma, a parenthesis.
    Sign(&'static str),
}

/// What one comparison is about.
enum Compared {
    Addresses(Vec<Indicator>),
    /// Ports and protocols.
    Traffic,
    Other,
}

/// Reads a pattern.
pub(super) fn read(text: &str) -> Meaning {
    let Some(tokens) = tokens(text) else {
        return Meaning::Malformed;
    };
    let (mut found, mut rest, mut is_conditional) = (Vec::new(), &tokens[..], false);
    if !rest.contains(&Token::Open) {
        return Meaning::Malformed;
    }
    while let Some((token, after)) = rest.split_first() {
        match token {
            Token::Open => {
                let Some(end) = after.iter().position(|it| *it == Token::Close) else {
                    return Meaning::Malformed;
                };
                match bracket(&after[..end]) {
                    Meaning::Any(some) => found.extend(some),
                    Meaning::Conditional => is_conditional = true,
                    Meaning::Malformed => return Meaning::Malformed,
                }
                rest = &after[end + 1..];
            }
            Token::Word(it) if matches!(it.as_str(), "AND" | "FOLLOWEDBY") => {
                is_conditional = true;
                rest = after;
            }
            // OR, and the qualifiers: when it was seen, and how often.
            Token::Word(_) | Token::Text(_) | Token::Sign("(" | ")") => rest = after,
            Token::Close | Token::Sign(_) => return Meaning::Malformed,
        }
    }
    if is_conditional {
        return Meaning::Conditional;
    }
    Meaning::Any(found)
}

/// Reads what stands between brackets.
fn bracket(tokens: &[Token]) -> Meaning {
    let (mut found, mut has_other, mut has_and) = (Vec::new(), false, false);
    let mut comparisons = 0;
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            Token::Sign("(" | ")") => {}
            Token::Word(it) if it == "AND" => has_and = true,
            Token::Word(it) if it == "OR" => {}
            Token::Word(it) if it == "NOT" => return Meaning::Conditional,
            Token::Word(path) if path.contains(':') => {
                let Some((compared, after)) = comparison(path, after) else {
                    return Meaning::Malformed;
                };
                rest = after;
                match compared {
                    Some(Compared::Addresses(some)) => {
                        comparisons += 1;
                        found.extend(some);
                    }
                    Some(Compared::Traffic) => {}
                    Some(Compared::Other) => has_other = true,
                    None => return Meaning::Conditional,
                }
            }
            Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::Open | Token::Close => {
                return Meaning::Malformed;
            }
        }
    }
    if has_and && (has_other || comparisons != 1) {
        return Meaning::Conditional;
    }
    Meaning::Any(found)
}

/// Reads what follows a path; `Some(None)` where it is not equality.
fn comparison<'a>(path: &str, tokens: &'a [Token]) -> Option<(Option<Compared>, &'a [Token])> {
    let (operator, rest) = tokens.split_first()?;
    let (values, rest) = match operator {
        Token::Word(it) if it == "IN" => values(rest)?,
        Token::Word(it) if it == "ISSUBSET" => one(rest)?,
        Token::Sign("=") => one(rest)?,
        Token::Word(it) if matches!(it.as_str(), "LIKE" | "MATCHES" | "ISSUPERSET") => {
            let (_, rest) = one(rest)?;
            return Some((Some(Compared::Other), rest));
        }
        Token::Word(it) if matches!(it.as_str(), "NOT" | "EXISTS") => return Some((None, rest)),
        Token::Sign("!=" | "<" | "<=" | ">" | ">=") => {
            let (_, rest) = one(rest)?;
            return Some((None, rest));
        }
        Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::Open | Token::Close => {
            return None;
        }
    };
    let compared = match path {
        "ipv4-addr:value"
        | "ipv6-addr:value"
        | "network-traffic:dst_ref.value"
        | "network-traffic:src_ref.value" => {
            let found: Option<Vec<Indicator>> = values.iter().map(|it| indicator(it)).collect();
            Compared::Addresses(found?)
        }
        "url:value" => match values.iter().map(|it| url_host(it)).collect() {
            Some(found) => Compared::Addresses(found),
            None => Compared::Other,
        },
        "network-traffic:dst_port"
        | "network-traffic:src_port"
        | "network-traffic:dst_ref.type"
        | "network-traffic:src_ref.type" => Compared::Traffic,
        _ if path.starts_with("network-traffic:protocols[") => Compared::Traffic,
        _ => Compared::Other,
    };
    Some((Some(compared), rest))
}

/// Takes one value.
fn one(tokens: &[Token]) -> Option<(Vec<&str>, &[Token])> {
    match tokens.split_first()? {
        (Token::Text(it) | Token::Word(it), rest) => Some((vec![it], rest)),
        (Token::Sign(_) | Token::Open | Token::Close, _) => None,
    }
}

/// Takes values between parentheses.
fn values(tokens: &[Token]) -> Option<(Vec<&str>, &[Token])> {
    let rest = tokens.strip_prefix(&[Token::Sign("(")])?;
    let end = rest.iter().position(|it| *it == Token::Sign(")"))?;
    let mut values = Vec::new();
    for (index, token) in rest[..end].iter().enumerate() {
        match (index % 2, token) {
            (0, Token::Text(it) | Token::Word(it)) => values.push(it.as_str()),
            (1, Token::Sign(",")) => {}
            _ => return None,
        }
    }
    (end % 2 == 1).then_some((values, &rest[end + 1..]))
}

/// Splits a pattern into its words; `None` where it cannot be one.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS_MAX {
            return None;
        }
        let (token, after) = match first {
            '\'' => quoted(&rest[1..])?,
            '[' => (Token::Open, &rest[1..]),
            ']' => (Token::Close, &rest[1..]),
            _ => sign(rest).or_else(|| word(rest))?,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

fn sign(text: &str) -> Option<(Token, &str)> {
    let signs = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ","];
    let sign = signs.into_iter().find(|it| text.starts_with(it))?;
    Some((Token::Sign(sign), &text[sign.len()..]))
}

/// Takes a word: `t'…'` is a time and stands for one; an index in brackets belongs to its path, and so
/// does a part in quotes after a dot.
fn word(text: &str) -> Option<(Token, &str)> {
    if let Some(quote) = text.strip_prefix("t'") {
        return quoted(quote);
    }
    let (mut is_in_brackets, mut is_in_quotes, mut before) = (false, false, ' ');
    let is_over = |character: char| {
        let may_stand = match character {
            '\'' => is_in_quotes || before == '.',
            _ if is_in_quotes => true,
            '[' => !is_in_brackets,
            ']' => is_in_brackets,
            _ => character.is_ascii_alphanumeric() || "_-.:*".contains(character),
        };
        match character {
            '\'' => is_in_quotes = !is_in_quotes,
            '[' => is_in_brackets = true,
            ']' => is_in_brackets = false,
            _ => {}
        }
        before = character;
        !may_stand
    };
    let end = text.find(is_over).unwrap_or(text.len());
    (end > 0).then(|| (Token::Word(text[..end].to_owned()), &text[end..]))
}

/// Takes what stands before the closing quote.
fn quoted(text: &str) -> Option<(Token, &str)> {
    let (mut value, mut is_escaped) = (String::new(), false);
    for (index, character) in text.char_indices() {
        match character {
            _ if is_escaped => {
                value.push(character);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '\'' => return Some((Token::Text(value), &text[index + 1..])),
            _ => value.push(character),
        }
    }
    None
}
