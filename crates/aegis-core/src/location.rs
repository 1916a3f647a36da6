//! Locations: where an address is, as a database that the operator keeps has it.
//!
//! Such a database is a guess of somebody's: it is shown, and the operator may block by it; nothing is
//! ever concluded from it by itself.

use std::{fmt, str::FromStr};

use crate::FeedId;

#[cfg(test)]
mod tests;

/// A country by its two letters (ISO 3166-1), or a continent by its two.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CountryCode([u8; 2]); // two of A-Z

/// What addresses are blocked by that lie together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Region {
    /// All of a country.
    Country(CountryCode),
    /// All of an autonomous system (RFC 4271), by its number.
    Asn(u32),
}

/// Where an address is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Location {
    /// The continent.
    pub continent: Option<CountryCode>,
    /// The country.
    pub country: Option<CountryCode>,
    /// The autonomous system that announces it.
    pub asn: Option<u32>,
    /// What that calls itself, as somebody wrote it.
    pub asn_name: Option<String>,
}

/// A text that names no region.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "must be the two letters of a country, or the number of an autonomous system as in AS64500"
)]
pub struct InvalidRegion;

/// What the id of a feed begins with that is a region: no hash does.
const MARK: &[u8; 16] = b"aegis region \0\0\0";

impl FromStr for CountryCode {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        match *text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(InvalidRegion),
        }
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0.map(char::from);
        write!(f, "{a}{b}")
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        if let Ok(country) = text.parse() {
            return Ok(Self::Country(country));
        }
        let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as"));
        let digits = digits.unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        let number = is_number.then(|| digits.parse().ok()).flatten();
        number.map(Self::Asn).ok_or(InvalidRegion)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(it) => it.fmt(f),
            Self::Asn(it) => write!(f, "AS{it}"),
        }
    }
}

impl Location {
    /// Returns whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether it lies in a region.
    pub fn is_in(&self, region: Region) -> bool {
        match region {
            Region::Country(it) => self.country == Some(it),
            Region::Asn(it) => self.asn == Some(it),
        }
    }
}

impl FeedId {
    /// Returns the feed that a region is, as a database has it that `generation` tells from others.
    pub fn of_region(region: Region, generation: u64) -> Self {
        let mut bytes = [0; 32];
        let (mark, rest) = bytes.split_at_mut(MARK.len());
        mark.copy_from_slice(MARK);
        let (kind, number) = match region {
            Region::Country(CountryCode([a, b])) => (0, u32::from_be_bytes([0, 0, a, b])),
            Region::Asn(number) => (1, number),
        };
        rest[3] = kind;
        rest[4..8].copy_from_slice(&number.to_be_bytes());
        rest[8..].copy_from_slice(&generation.to_be_bytes());
        Self::from_bytes(bytes)
    }

    /// Returns the region that a feed is, and its generation, where it is one.
    pub fn region(self) -> Option<(Region, u64)> {
        let bytes = self.as_author();
        let rest = bytes.public_key().strip_prefix(MARK)?;
        let number = u32::from_be_bytes(*rest.get(4..)?.first_chunk()?);
        let generation = u64::from_be_bytes(*rest.get(8..)?.first_chunk()?);
        let region = match rest.first_chunk()? {
            [0, 0, 0, 0] => {
                let [_, _, a, b] = number.to_be_bytes();
                let text = [a, b].map(char::from);
                Region::Country(String::from_iter(text).parse().ok()?)
            }
            [0, 0, 0, 1] => Region::Asn(number),
            _ => return None,
        };
        Some((region, generation))
    }
}
