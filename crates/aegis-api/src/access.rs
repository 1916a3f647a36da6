//! Who may do what: scopes, keys, and who asks.
//!
//! A caller on this host is known by the user id that the kernel vouches for, anybody else by a key. A
//! key has a name, a scope and a secret of 256 random bits; the node keeps a hash of the secret and
//! shows the secret itself once. No slow hash is needed: those make guessing of what people choose
//! dear, and nobody guesses 256 random bits however fast the hash. A fast one lets every request be
//! checked.

use std::{fmt, sync::Arc};

use aegis_core::{AccessKey, KeyName, Operator};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{
    ApiError, ErrorCode, FeedRequest, FileRequest, KeyRequest, Request, SafetyRequest,
    network::NetworkRequest, organisation::OrganisationRequest,
};

/// What the hash is for, so that no other hash of the same bytes is one of a secret.
const HASH_CONTEXT: &str = "aegis 2026-11 secret of an access key";

/// What every secret begins with, so that people and scanners know one when they see it.
const SECRET_PREFIX: &str = "aegis_";

/// How long a secret is in bytes: the prefix and 64 hexadecimal digits.
pub const SECRET_BYTES: usize = SECRET_PREFIX.len() + 64;

/// What a caller may do; each scope includes those before it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See what the node knows and does.
    Read,
    /// Decide what is blocked, and what other nodes hear of it.
    Decide,
    /// Everything, also who else may do what.
    Admin,
}

impl Scope {
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

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// A person or program on this host that may use the control socket.
    Local {
        /// The user id that the kernel vouches for.
        uid: u32,
        /// The process that connected, where the kernel knows it and can name it here.
        pid: Option<u32>,
    },
    /// Whoever showed the secret of a key.
    Key(KeyGrant),
}

impl Caller {
    /// Returns what the caller may do. Who may use the control socket may do everything.
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Local { .. } => Scope::Admin,
            Self::Key(grant) => grant.scope,
        }
    }

    /// Denies what needs a wider scope than the caller has.
    pub fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scope() >= scope {
            return Ok(());
        }
        let has = self.scope();
        let message = format!("this needs a key of the scope `{scope}`, and this one has `{has}`");
        Err(ApiError::new(ErrorCode::Denied, message))
    }

    /// Returns the process that asks, where the kernel knows it.
    pub const fn pid(&self) -> Option<u32> {
        match self {
            Self::Local { pid, .. } => *pid,
            Self::Key(_) => None,
        }
    }

    /// Returns what the audit log calls the caller.
    pub const fn operator(&self) -> Operator {
        match self {
            Self::Local { uid, .. } => Operator::User(*uid),
            Self::Key(grant) => Operator::Key(grant.name),
        }
    }
}

impl Request {
    /// Returns what a caller must be able to do to ask for this.
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Status
            | Self::Stats
            | Self::Metrics
            | Self::Logins
            | Self::Preview(_)
            | Self::Safety(
                SafetyRequest::Protected
                | SafetyRequest::Summary(_)
                | SafetyRequest::AllowNames
                | SafetyRequest::Regions,
            )
            | Self::Blocks(_)
            | Self::Check(_)
            | Self::Why(_)
            | Self::Peers(_)
            | Self::View(_)
            | Self::AllowEntries(_)
            | Self::Trust(_)
            | Self::History(_)
            | Self::HistoryGroups(_)
            | Self::VerifyAudit
            | Self::Feed(FeedRequest::List)
            | Self::File(FileRequest::List(_) | FileRequest::Show(_))
            | Self::Organisation(OrganisationRequest::List | OrganisationRequest::Members(_))
            | Self::Network(NetworkRequest::Invitations | NetworkRequest::HowFar(_)) => Scope::Read,
            Self::Block(_)
            | Self::Publish(_)
            | Self::Unblock(_)
            | Self::Report(_)
            | Self::WithdrawReport(_)
            | Self::Import(_)
            | Self::Ask(_) => Scope::Decide,
            Self::Allow(_)
            | Self::Disallow(_)
            | Self::ReloadConfig
            | Self::Safety(
                SafetyRequest::Enforce(_)
                | SafetyRequest::Confirm
                | SafetyRequest::Observe
                | SafetyRequest::AllowName(_)
                | SafetyRequest::DisallowName(_)
                | SafetyRequest::BlockRegion(_)
                | SafetyRequest::UnblockRegion(_),
            )
            | Self::SetTrust(_)
            | Self::ForgetTrust(_)
            | Self::Feed(FeedRequest::Add(_) | FeedRequest::Refresh(_) | FeedRequest::Remove(_))
            | Self::File(FileRequest::Forget(_) | FileRequest::Fetch(_) | FileRequest::Apply(_))
            | Self::Organisation(
                OrganisationRequest::Create(_)
                | OrganisationRequest::Sign(_)
                | OrganisationRequest::Join(_)
                | OrganisationRequest::Leave(_)
                | OrganisationRequest::Trust(_)
                | OrganisationRequest::Distrust(_)
                | OrganisationRequest::Revoke(_),
            )
            | Self::Network(
                NetworkRequest::Print(_) | NetworkRequest::TakeBack(_) | NetworkRequest::Join(_),
            )
            | Self::Key(KeyRequest::Create(_) | KeyRequest::List | KeyRequest::Revoke(_)) => {
                Scope::Admin
            }
        }
    }
}

/// A key whose secret somebody showed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct KeyGrant {
    /// What the key is called.
    pub name: KeyName,
    /// What it may do.
    pub scope: Scope,
    secret_hash: [u8; 32], // tells it from a later key of the same name
}

impl fmt::Debug for KeyGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyGrant({}, {})", self.name, self.scope)
    }
}

impl From<&AccessKey> for KeyGrant {
    fn from(key: &AccessKey) -> Self {
        Self {
            name: key.name,
            scope: key.scope.into(),
            secret_hash: key.secret_hash,
        }
    }
}

/// The keys that are given out, for whoever has to know whether a caller holds one.
///
/// Clones see every change at once.
#[derive(Clone, Debug)]
pub struct KeyRing {
    keys_rx: watch::Receiver<Arc<[AccessKey]>>,
}

impl KeyRing {
    /// Returns the keys that a sender tells of, now and after each change.
    pub const fn new(keys_rx: watch::Receiver<Arc<[AccessKey]>>) -> Self {
        Self { keys_rx }
    }

    /// Returns the key whose secret this is.
    pub fn verify(&self, secret: &str) -> Option<KeyGrant> {
        self.find(secret, |_| true)
    }

    /// Returns the key of this name if this is its secret.
    pub fn verify_named(&self, name: &str, secret: &str) -> Option<KeyGrant> {
        self.find(secret, |key| key.name.as_str() == name)
    }

    /// Returns whether a key that was shown earlier is still given out.
    pub fn holds(&self, grant: &KeyGrant) -> bool {
        holds(&self.keys_rx.borrow(), grant)
    }

    /// Waits until a key is given out no more.
    pub async fn revoked(mut self, grant: KeyGrant) {
        // An error: nobody gives out keys any more, so nobody holds one.
        let _ = self.keys_rx.wait_for(|keys| !holds(keys, &grant)).await;
    }

    /// Compares with every key, each in constant time, so that how long it takes tells nothing.
    fn find(&self, secret: &str, is_meant: impl Fn(&AccessKey) -> bool) -> Option<KeyGrant> {
        if secret.len() != SECRET_BYTES {
            return None;
        }
        let hash = blake3::Hash::from_bytes(secret_hash(secret));
        let keys = self.keys_rx.borrow();
        let mut found = None;
        for key in keys.iter() {
            let is_it = blake3::Hash::from_bytes(key.secret_hash) == hash;
            if is_it && is_meant(key) {
                found = Some(key.into());
            }
        }
        found
    }
}

fn holds(keys: &[AccessKey], grant: &KeyGrant) -> bool {
    keys.iter().any(|key| KeyGrant::from(key) == *grant)
}

/// Returns the secret that these random bytes make.
pub fn secret(random: &[u8; 32]) -> String {
    let digits = random.iter().map(|it| format!("{it:02x}"));
    std::iter::once(SECRET_PREFIX.to_owned())
        .chain(digits)
        .collect()
}

/// Returns what a secret is known again by.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    blake3::derive_key(HASH_CONTEXT, secret.as_bytes())
}

impl From<aegis_core::AccessScope> for Scope {
    fn from(scope: aegis_core::AccessScope) -> Self {
        match scope {
            aegis_core::AccessScope::Read => Self::Read,
            aegis_core::AccessScope::Decide => Self::Decide,
            aegis_core::AccessScope::Admin => Self::Admin,
        }
    }
}

impl From<Scope> for aegis_core::AccessScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Decide => Self::Decide,
            Scope::Admin => Self::Admin,
        }
    }
}

#[cfg(test)]
mod tests;
