//! Names that depend on what they name alone: UUIDs of version 5 (RFC 9562).

use std::fmt;

use sha1::{Digest as _, Sha1};

/// What every name of ours lies in, and no other's: its own is of version 4.
const NAMESPACE: [u8; 16] = [
    0x3b, 0x1d, 0x5c, 0x0a, 0x8f, 0x52, 0x4e, 0x67, 0x9a, 0x41, 0xd2, 0x07, 0x6e, 0xb3, 0x58, 0xc4,
];

/// A UUID.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// Returns the name of what `parts` make up together: the same for the same parts.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha1::new();
        hasher.update(NAMESPACE);
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}
