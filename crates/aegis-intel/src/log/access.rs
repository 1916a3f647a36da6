//! Lines of web servers' access logs: common, combined, and both with the virtual host before them.
//!
//! The client's address is what the server saw, not what a header says. It stands before anything
//! that a stranger chose, except for the name of the virtual host where the server writes the one
//! that was asked for: so where it cannot be told which of two addresses is whose, neither is taken.

use std::net::IpAddr;

use super::{LINE_BYTES_MAX, Stamp};

/// Which words a line begins with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccessFormat {
    /// Whichever of both it is, if that is beyond doubt.
    #[default]
    Auto,
    /// The client's address first.
    Combined,
    /// The virtual host, then the client's address.
    VirtualHost,
}

/// One request as a log tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccessLine<'a> {
    /// Who asked.
    pub client: IpAddr,
    /// When.
    pub stamp: Stamp,
    /// What was asked for, as it was logged.
    pub request: Request<'a>,
    /// Whether the client said a user's name.
    pub has_user: bool,
    /// The server's answer.
    pub status: u16,
    /// What the client says it is.
    pub agent: &'a [u8],
}

/// The first line of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request<'a> {
    /// The method; empty where the line is none of HTTP's.
    pub method: &'a [u8],
    /// The path with its query.
    pub target: &'a [u8],
}

impl<'a> AccessLine<'a> {
    /// Reads a line.
    pub fn parse(line: &'a [u8], format: AccessFormat) -> Option<Self> {
        let line = &line[..line.len().min(LINE_BYTES_MAX)];
        let (client, rest) = client(line, format)?;
        let quote = unescaped_quote(rest)?;
        // A user's name may hold brackets; the time is in the last ones before the request.
        let head = rest[..quote].strip_suffix(b"] ")?;
        let bracket = head.iter().rposition(|it| *it == b'[')?;
        let stamp = Stamp::access(std::str::from_utf8(&head[bracket + 1..]).ok()?)?;
        let (request, rest) = quoted(&rest[quote..])?;
        let rest = rest.strip_prefix(b" ")?;
        let status = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()?;
        if rest.get(3).is_some_and(|it| *it != b' ') {
            return None;
        }
        Some(Self {
            client,
            stamp,
            request: Request::parse(request),
            has_user: head[..bracket].trim_ascii_end() != b"-",
            status,
            agent: agent(rest).unwrap_or_default(),
        })
    }
}

impl<'a> Request<'a> {
    fn parse(line: &'a [u8]) -> Self {
        let first = line.iter().position(|it| *it == b' ');
        let last = line.iter().rposition(|it| *it == b' ');
        match (first, last) {
            (Some(first), Some(last)) if first < last && line[last + 1..].starts_with(b"HTTP/") => {
                Self {
                    method: &line[..first],
                    target: &line[first + 1..last],
                }
            }
            _ => Self {
                method: b"",
                target: line,
            },
        }
    }
}

/// Returns the client's address and what follows the words before the user's name.
fn client(line: &[u8], format: AccessFormat) -> Option<(IpAddr, &[u8])> {
    let (first, rest) = word(line)?;
    let (second, after_second) = word(rest)?;
    let (third, after_third) = word(after_second)?;
    let combined = || address(first).map(|it| (it, after_second));
    let behind_host = || address(second).map(|it| (it, after_third));
    match format {
        // The word behind the client is that of RFC 1413, which no server asks for any more.
        AccessFormat::Combined if second == b"-" => combined(),
        AccessFormat::VirtualHost if third == b"-" => behind_host(),
        AccessFormat::Auto if second == b"-" => combined(),
        AccessFormat::Auto if third == b"-" && address(first).is_none() => behind_host(),
        AccessFormat::Auto | AccessFormat::Combined | AccessFormat::VirtualHost => None,
    }
}

fn address(word: &[u8]) -> Option<IpAddr> {
    let address: IpAddr = std::str::from_utf8(word).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|it| *it == b' ')?;
    Some((&text[..end], &text[end + 1..]))
}

/// Returns where the first quote is that no backslash makes a part of a text.
fn unescaped_quote(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|it| {
        let is_quote = *it == b'"' && !is_escaped;
        is_escaped = *it == b'\\' && !is_escaped;
        is_quote
    })
}

/// Returns what stands between the quote that `text` begins with and the next, and what follows.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let end = unescaped_quote(text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// Returns the second text in quotes: behind status and size there are the referrer and the agent.
fn agent(rest: &[u8]) -> Option<&[u8]> {
    let at = unescaped_quote(rest)?;
    let (_, rest) = quoted(&rest[at..])?;
    let (agent, _) = quoted(rest.strip_prefix(b" ")?)?;
    Some(agent)
}

#[cfg(test)]
mod tests;
