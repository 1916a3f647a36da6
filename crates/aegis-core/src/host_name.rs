//! Host names, as the operator may put them on the allowlist.

use std::{fmt, str::FromStr};

#[cfg(test)]
mod tests;

/// A name of a host in the DNS: labels of letters, digits, `-` and `_`, in lower case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostName(Box<str>); // never looks like an address

/// A text that is no host name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be a host name: labels of 1 to 63 of a-z, 0-9, '-' and '_', 253 characters in all")]
pub struct InvalidHostName;

impl HostName {
    /// The longest name in characters (RFC 1035).
    pub const CHARS_MAX: usize = 253;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = InvalidHostName;

    fn from_str(text: &str) -> Result<Self, InvalidHostName> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_allowed = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(is_allowed)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // No top-level domain is a number, but an address ends with one.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|it| it.is_ascii_digit()) || last.starts_with("0x");
        let is_name = name.len() <= Self::CHARS_MAX && name.split('.').all(is_label);
        if is_name && !is_number {
            Ok(Self(name.into()))
        } else {
            Err(InvalidHostName)
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
