//! Who a node is: its Ed25519 public key, written as a libp2p peer ID.

use std::{fmt, str::FromStr};

/// Bytes before the key in a peer ID: identity multihash (0x00) of 36 bytes holding a protobuf
/// `PublicKey { type: Ed25519 (1), data: 32 bytes }` (libp2p specification, "Peer Ids and Keys").
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// A peer ID text of an Ed25519 key has 52 characters; no text longer than this is decoded.
const TEXT_BYTES_MAX: usize = 64;

/// The identity of a node: the 32 bytes of its Ed25519 public key.
///
/// Its text is the libp2p peer ID (`12D3KooW…`). Whether the bytes are a point of the curve is
/// for the signature check to find out.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId([u8; 32]);

/// A text that is not the peer ID of an Ed25519 key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not the peer ID of an Ed25519 key")]
pub struct InvalidNodeId;

impl NodeId {
    /// Returns the node whose public key this is.
    pub const fn from_public_key(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Returns the Ed25519 public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the peer ID as bytes (a multihash), as libp2p writes it on the wire.
    pub fn to_peer_id_bytes(self) -> [u8; 38] {
        let mut bytes = [0; 38];
        bytes[..6].copy_from_slice(&PREFIX);
        bytes[6..].copy_from_slice(&self.0);
        bytes
    }

    /// Reads the bytes of a peer ID; `None` unless it holds an Ed25519 key.
    pub fn from_peer_id_bytes(bytes: &[u8]) -> Option<Self> {
        let key = bytes.strip_prefix(&PREFIX)?;
        Some(Self(key.try_into().ok()?))
    }
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, InvalidNodeId> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidNodeId);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| InvalidNodeId)?;
        Self::from_peer_id_bytes(&bytes).ok_or(InvalidNodeId)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.to_peer_id_bytes()).into_string())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

#[cfg(test)]
mod tests;
