//! The secret that the nodes of a closed network share.
//!
//! It is 32 random bytes and nothing that a person thought of: whoever meets a node can try what it
//! answers to against guesses, as often as wanted.

use std::{fmt, str::FromStr};

/// How many hexadecimal digits a secret is written with.
const DIGITS: usize = 64;

/// What the key of the handshake is derived under.
const HANDSHAKE_CONTEXT: &str = "aegis 1 network handshake";

/// What the network's name is derived under.
const NAME_CONTEXT: &str = "aegis 1 network name";

/// Bytes of a network's name: too many for two networks to share one by accident.
const NAME_BYTES: usize = 8;

/// The secret of a closed network. It does not show itself.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct NetworkSecret([u8; 32]);

/// A text that is no network secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not {DIGITS} hexadecimal digits, as `openssl rand -hex 32` prints them")]
pub struct InvalidNetworkSecret;

impl NetworkSecret {
    /// Returns the secret with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes. They are not for anybody's eyes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the name of the network: its members know it, and nothing follows from it.
    pub fn network_name(&self) -> String {
        let name = blake3::derive_key(NAME_CONTEXT, &self.0);
        name[..NAME_BYTES]
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect()
    }

    /// Returns the key that members prove to each other that they have.
    pub(crate) fn handshake_key(&self) -> [u8; 32] {
        blake3::derive_key(HANDSHAKE_CONTEXT, &self.0)
    }
}

impl FromStr for NetworkSecret {
    type Err = InvalidNetworkSecret;

    fn from_str(text: &str) -> Result<Self, InvalidNetworkSecret> {
        let digits = text.as_bytes();
        if digits.len() != DIGITS {
            return Err(InvalidNetworkSecret);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let digit = |it: u8| char::from(it).to_digit(16).ok_or(InvalidNetworkSecret);
            let value = digit(pair[0])? << 4 | digit(pair[1])?;
            *byte = u8::try_from(value).map_err(|_| InvalidNetworkSecret)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for NetworkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkSecret(…)")
    }
}

#[cfg(test)]
mod tests;
