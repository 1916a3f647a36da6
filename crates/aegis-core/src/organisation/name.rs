//! What people call an organisation on this node; the key alone says which one it is.

use std::str::FromStr;

/// A name for people: 1 to 64 bytes, no control characters, no blanks at its ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrganisationName(Box<str>);

/// A text that cannot be such a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("name must have 1 to 64 bytes, no control characters, and no blanks at its ends")]
pub struct InvalidOrganisationName;

impl OrganisationName {
    /// The longest name in bytes of UTF-8.
    pub const BYTES_MAX: usize = 64;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrganisationName {
    type Err = InvalidOrganisationName;

    fn from_str(text: &str) -> Result<Self, InvalidOrganisationName> {
        let fits = (1..=Self::BYTES_MAX).contains(&text.len()) && text.trim() == text;
        if !fits || text.chars().any(char::is_control) {
            return Err(InvalidOrganisationName);
        }
        Ok(Self(text.into()))
    }
}

impl std::fmt::Display for OrganisationName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
