//! Keys: given out, listed, taken back.

use aegis_core::{KeyName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Scope,
    encoding::{text, time},
};

/// What can be asked about keys.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyRequest {
    /// Answered by [`KeyReply::Created`].
    Create(KeyCreateRequest),
    /// Answered by [`KeyReply::List`].
    List,
    /// Answered by [`KeyReply::Revoked`].
    Revoke(KeyName),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum KeyReply {
    /// To [`KeyRequest::Create`].
    Created(KeyCreated),
    /// To [`KeyRequest::List`].
    List(KeyList),
    /// To [`KeyRequest::Revoke`].
    Revoked(KeyRevoked),
}

/// Gives out a key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyCreateRequest {
    /// What it is called; there is no other of that name.
    #[serde(with = "text")]
    pub name: KeyName,
    /// What it may do.
    pub scope: Scope,
}

/// A key was given out. Its secret is shown this once.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub struct KeyCreated {
    /// What it is called.
    #[serde(with = "text")]
    pub name: KeyName,
    /// What it may do.
    pub scope: Scope,
    /// What whoever uses it shows. Nobody can find it out again.
    pub secret: String,
}

impl std::fmt::Debug for KeyCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyCreated({}, {}, …)", self.name, self.scope)
    }
}

/// The keys that are given out: 256 at most.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeyList {
    /// In the order of their names.
    pub keys: Vec<KeyLine>,
}

/// A key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeyLine {
    /// What it is called.
    #[serde(with = "text")]
    pub name: KeyName,
    /// What it may do.
    pub scope: Scope,
    /// When it was given out.
    #[serde(with = "time")]
    pub created_at: Timestamp,
}

/// A key opens nothing any more.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeyRevoked {
    /// Which.
    #[serde(with = "text")]
    pub name: KeyName,
    /// Whether it was there.
    pub was_there: bool,
}
