//! The node's identity: one Ed25519 key, kept in a file that only its owner can read.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use aegis_core::NodeId;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use libp2p::identity::Keypair;

/// What the key file holds: the 32 bytes of an Ed25519 secret key (RFC 8032), nothing else.
const KEY_BYTES: usize = 32;

/// The only permissions a key file may have.
const KEY_FILE_MODE: u32 = 0o600;

/// The key that this node signs with, and that others know it by.
#[derive(Clone)]
pub struct Identity(SigningKey);

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The key file can neither be read nor made.
    #[error("cannot open the key file {path}")]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than its owner can read or write the key file.
    #[error("key file {path} has permissions {mode:04o}, it must have 0600")]
    Permissions {
        /// Where it is.
        path: PathBuf,
        /// What it has.
        mode: u32,
    },
    /// The file is not a key.
    #[error("key file {path} does not hold a key of {KEY_BYTES} bytes")]
    Malformed {
        /// Where it is.
        path: PathBuf,
    },
}

impl Identity {
    /// Returns a new identity that nobody had before.
    pub fn generate() -> Self {
        // libp2p draws the key from the operating system; its 64 bytes are secret, then public.
        let secret = Keypair::generate_ed25519()
            .try_into_ed25519()
            .ok()
            .and_then(|it| SigningKey::from_keypair_bytes(&it.to_bytes()).ok());
        #[expect(
            clippy::expect_used,
            reason = "cannot fail because the key pair was just made as Ed25519"
        )]
        Self(secret.expect("a fresh Ed25519 key pair is one"))
    }

    /// Returns the identity with this secret key.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// Reads the key file, or makes key and file at the first start.
    ///
    /// The file appears whole or not at all; of two nodes that start at once one makes it and
    /// both read it.
    pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
        let open = |source| IdentityError::Open {
            path: path.to_owned(),
            source,
        };
        match fs::File::open(path) {
            Ok(file) => return Self::read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(open(error)),
        }
        create(path, Self::generate().0.as_bytes()).map_err(open)?;
        Self::read(path, fs::File::open(path).map_err(open)?)
    }

    /// Returns the name that others know this node by.
    pub fn node_id(&self) -> NodeId {
        NodeId::from_public_key(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn into_signing_key(self) -> SigningKey {
        self.0
    }

    /// Returns what only this node and whoever has the secret of the key `theirs` can know; `None`
    /// where everybody could.
    pub(crate) fn shared_with(&self, theirs: &[u8; 32]) -> Option<[u8; 32]> {
        crate::organisation::agree(&self.0, theirs)
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        self.0.sign(bytes)
    }

    pub(crate) fn keypair(&self) -> Keypair {
        let mut secret = self.0.to_bytes();
        #[expect(
            clippy::expect_used,
            reason = "cannot fail because every 32 bytes are an Ed25519 secret key"
        )]
        Keypair::ed25519_from_bytes(&mut secret).expect("32 bytes are a secret key")
    }

    fn read(path: &Path, file: fs::File) -> Result<Self, IdentityError> {
        let path = path.to_owned();
        let mode = match file.metadata() {
            Ok(it) => it.permissions().mode() & 0o7777,
            Err(source) => return Err(IdentityError::Open { path, source }),
        };
        if mode != KEY_FILE_MODE {
            return Err(IdentityError::Permissions { path, mode });
        }
        let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
        if let Err(source) = file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes) {
            return Err(IdentityError::Open { path, source });
        }
        match bytes.try_into() {
            Ok(secret) => Ok(Self::from_secret(secret)),
            Err(_) => Err(IdentityError::Malformed { path }),
        }
    }
}

impl fmt::Debug for Identity {
    /// Shows who it is and never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.node_id())
    }
}

/// Writes the key beside `path` and links it there, which fails where a file already is: that
/// one was made by another node that started at the same time, and is the one to read.
fn create(path: &Path, secret: &[u8; KEY_BYTES]) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(KEY_FILE_MODE)
        .open(&draft)?;
    let written = file.write_all(secret).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = fs::remove_file(&draft);
    linked
}

#[cfg(test)]
mod tests;
