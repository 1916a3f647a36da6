//! What JSON of others needs: fields that are a number here and a text there, and objects of which
//! one may be broken without the rest being so.

use serde::{Deserialize, de::IgnoredAny};

use super::InvalidListing;

/// An object as it should be, or whatever else stands in its place.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Lenient<T> {
    /// As it should be.
    Whole(T),
    /// Something else.
    Broken(IgnoredAny),
}

/// A number, a truth or a text that spells one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Loose {
    Flag(bool),
    Number(u64),
    Text(String),
    Other(IgnoredAny),
}

impl Loose {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(it) => Some(*it),
            Self::Text(it) => it.trim().parse().ok(),
            Self::Flag(_) | Self::Other(_) => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Flag(it) => *it,
            Self::Number(it) => *it == 1,
            Self::Text(it) => matches!(it.trim(), "1" | "true" | "True"),
            Self::Other(_) => false,
        }
    }
}

/// Reads a whole document.
pub(super) fn document<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, InvalidListing> {
    serde_json::from_slice(bytes)
        .map_err(|error| InvalidListing::NotTheFormat { line: error.line() })
}
