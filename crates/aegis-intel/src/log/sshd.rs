//! What OpenSSH's server says.
//!
//! A user name is whatever a stranger typed, blanks and all: `x from 192.0.2.1 port 22 ssh2` is one.
//! So the address is read from the end of the line, where the server wrote it, and a line counts only
//! if everything behind the name is exactly what the server writes.

use std::net::IpAddr;

/// What happened, by whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SshEvent {
    /// What.
    pub kind: SshKind,
    /// Where the connection comes from.
    pub address: IpAddr,
    /// Its port there; 0 where the server did not say.
    pub port: u16,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SshKind {
    /// A password was wrong, or the like.
    Failed,
    /// Somebody asked for a user that there is not.
    InvalidUser,
    /// Somebody gave up before he was logged in.
    GaveUp,
    /// Somebody connected and never tried.
    Probe,
    /// Somebody was logged in.
    Accepted,
}

impl SshKind {
    /// Returns what it is in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "a login failed",
            Self::InvalidUser => "no such user",
            Self::GaveUp => "gave up before being logged in",
            Self::Probe => "connected without trying to log in",
            Self::Accepted => "logged in",
        }
    }
}

/// The longest message that counts. The server cuts longer ones than 1023 bytes, and whoever chooses
/// the length of a name chooses where: what is left would end in words of his.
const MESSAGE_BYTES_MAX: usize = 900;

/// Messages whose name is followed by ` from ADDRESS port PORT ssh2`.
const FROM: [(&str, SshKind); 8] = [
    ("Failed password for ", SshKind::Failed),
    ("Failed keyboard-interactive/pam for ", SshKind::Failed),
    ("Failed keyboard-interactive for ", SshKind::Failed),
    (
        "error: maximum authentication attempts exceeded for ",
        SshKind::Failed,
    ),
    ("Accepted password for ", SshKind::Accepted),
    ("Accepted publickey for ", SshKind::Accepted),
    ("Accepted keyboard-interactive/pam for ", SshKind::Accepted),
    ("Accepted gssapi-with-mic for ", SshKind::Accepted),
];

/// Messages whose name is followed by ` ADDRESS port PORT`.
const BEHIND: [&str; 8] = [
    "Connection closed by authenticating user ",
    "Connection closed by invalid user ",
    "Connection reset by authenticating user ",
    "Connection reset by invalid user ",
    "Disconnected from authenticating user ",
    "Disconnected from invalid user ",
    "Disconnecting authenticating user ",
    "Disconnecting invalid user ",
];

/// Messages without a name, which begin with the address.
const PROBES: [&str; 6] = [
    "Did not receive identification string from ",
    "Unable to negotiate with ",
    "banner exchange: Connection from ",
    "error: banner exchange: Connection from ",
    "Connection closed by ",
    "Connection reset by ",
];

impl SshEvent {
    /// Reads a message, without the header that a log puts before it.
    pub fn parse(message: &[u8]) -> Option<Self> {
        if message.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(message).ok()?.trim_end();
        Self::from_name(text)
            .or_else(|| Self::invalid_user(text))
            .or_else(|| Self::not_allowed(text))
            .or_else(|| Self::behind_name(text))
            .or_else(|| Self::probe(text))
    }

    fn from_name(text: &str) -> Option<Self> {
        let (rest, kind) = FROM
            .iter()
            .find_map(|(prefix, kind)| Some((text.strip_prefix(prefix)?, *kind)))?;
        let rest = rest.strip_suffix(" [preauth]").unwrap_or(rest);
        let (_, tail) = rest.rsplit_once(" from ")?;
        let (place, protocol) = tail
            .split_once(" ssh2")
            .or_else(|| tail.split_once(" ssh1"))?;
        // Behind it there is nothing, or of a key its kind and fingerprint.
        let is_whole = protocol.is_empty() || protocol.starts_with(": ");
        let (address, port) = place_of(place).filter(|_| is_whole)?;
        Some(Self {
            kind,
            address,
            port,
        })
    }

    fn invalid_user(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("Invalid user ")?;
        let (_, tail) = rest.rsplit_once(" from ")?;
        let kind = SshKind::InvalidUser;
        if let Ok(address) = tail.parse() {
            return Some(Self {
                kind,
                address,
                port: 0,
            }); // before OpenSSH 7.5
        }
        let (address, port) = place_of(tail)?;
        Some(Self {
            kind,
            address,
            port,
        })
    }

    fn not_allowed(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("User ")?;
        let (head, _) = rest.rsplit_once(" not allowed because ")?;
        let (_, address) = head.rsplit_once(" from ")?;
        let address = address.parse().ok()?;
        let kind = SshKind::Failed;
        Some(Self {
            kind,
            address,
            port: 0,
        })
    }

    fn behind_name(text: &str) -> Option<Self> {
        let rest = BEHIND.iter().find_map(|it| text.strip_prefix(it))?;
        let rest = rest.strip_suffix(" [preauth]")?;
        let rest = rest
            .strip_suffix(": Too many authentication failures")
            .unwrap_or(rest);
        let mut words = rest.rsplitn(4, ' ');
        let (port, word, address) = (words.next()?, words.next()?, words.next()?);
        words.next()?; // there is a name, if an empty one
        let (address, port) = (address.parse().ok()?, number(port)?);
        let kind = SshKind::GaveUp;
        (word == "port").then_some(Self {
            kind,
            address,
            port,
        })
    }

    fn probe(text: &str) -> Option<Self> {
        let rest = PROBES.iter().find_map(|it| text.strip_prefix(it))?;
        let mut words = rest.splitn(4, ' ');
        let (address, word, port) = (words.next()?, words.next()?, words.next()?);
        let port = number(port.trim_end_matches(':'))?;
        // "Connection closed by" also ends what went well, but only before the login with this mark.
        let is_ended = text.starts_with("Connection ");
        let is_probe = !is_ended || words.next() == Some("[preauth]");
        let address = address.parse().ok()?;
        let kind = SshKind::Probe;
        (word == "port" && is_probe).then_some(Self {
            kind,
            address,
            port,
        })
    }
}

/// Reads `ADDRESS port PORT` and nothing else.
fn place_of(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(" port ")?;
    Some((address.parse().ok()?, number(port)?))
}

fn number(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
