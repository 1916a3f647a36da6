//! Who gives orders: people and programs on this host, and whoever holds a key that the node gave out.
//!
//! What a key is stays outside: here are its name, what it may do, and the hash it is known again by.

use std::{fmt, str::FromStr};

use crate::Timestamp;

/// Keys that a node gives out at most: each is compared with what a caller shows, and a person keeps
/// track of no more.
pub const ACCESS_KEYS_MAX: usize = 256;

/// Who gives an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operator {
    /// A person or program on this host, by the user id that the kernel vouches for.
    User(u32),
    /// Whoever holds the key of this name.
    Key(KeyName),
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(uid) => write!(f, "user:{uid}"),
            Self::Key(name) => write!(f, "key:{name}"),
        }
    }
}

/// What tells keys apart: 1 to 64 letters, digits, `.`, `_`, `-` and `@`, a letter or digit first.
///
/// Kept in place, so that whoever carries an order about carries no allocation.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName {
    bytes: [u8; Self::BYTES_MAX], // ASCII, zeros behind its end, so that the order is that of texts
    len: u8,
}

/// A text that cannot be the name of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be 1 to 64 letters, digits, `.`, `_`, `-` or `@`, a letter or digit first")]
pub struct InvalidKeyName;

impl KeyName {
    /// The longest name in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        // Cannot fail because only ASCII goes in.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<Self, InvalidKeyName> {
        let is_word = |it: u8| it.is_ascii_alphanumeric() || b"._-@".contains(&it);
        let begins_well = text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric);
        if !begins_well || text.len() > Self::BYTES_MAX || !text.bytes().all(is_word) {
            return Err(InvalidKeyName);
        }
        let mut bytes = [0; Self::BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let len = text.len() as u8; // at most 64
        Ok(Self { bytes, len })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({self})")
    }
}

/// What a key may do; each includes those before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AccessScope {
    /// See what the node knows and does.
    Read,
    /// Decide what is blocked and what others hear of it.
    Decide,
    /// Everything, also who else may do what.
    Admin,
}

impl AccessScope {
    /// Every scope, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Decide, Self::Admin];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Decide => "decide",
            Self::Admin => "admin",
        }
    }
}

/// A key that the node gave out. Its secret is nowhere here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccessKey {
    /// What it is called.
    pub name: KeyName,
    /// What it may do.
    pub scope: AccessScope,
    /// What its secret is known again by: a hash that tells nothing of it.
    pub secret_hash: [u8; 32],
    /// When it was given out.
    pub created_at: Timestamp,
}

/// A change of the keys that are given out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessRecord {
    /// A key was given out; in place of one of the same name, if there is one.
    Granted(AccessKey),
    /// A key is taken back.
    Revoked(KeyName),
}

#[cfg(test)]
mod tests;
