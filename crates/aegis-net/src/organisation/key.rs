//! An organisation's secret key and the file it lies in, which Iris reads and writes as well.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use aegis_core::OrganisationId;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::Identity;

/// How a libp2p private key begins: a protobuf `PrivateKey { type: Ed25519 (1), data: 64 bytes }`.
const HEAD: [u8; 4] = [0x08, 0x01, 0x12, 0x40];

/// The head, the 32 secret bytes, and the 32 public ones.
const FILE_BYTES: usize = HEAD.len() + 64;

/// The permissions of a key file that is written here.
const KEY_FILE_MODE: u32 = 0o600;

/// The key with which an organisation vouches for its members.
#[derive(Clone)]
pub struct OrganisationKey(SigningKey);

/// Why there is no such key.
#[derive(Debug, thiserror::Error)]
pub enum OrganisationKeyError {
    /// The file can neither be read nor written.
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
    /// The file holds something else.
    #[error("key file {path} does not hold an Ed25519 key as libp2p writes it")]
    Malformed {
        /// Where it is.
        path: PathBuf,
    },
}

impl OrganisationKey {
    /// Returns a key that nobody had before.
    pub fn generate() -> Self {
        Self(Identity::generate().into_signing_key())
    }

    /// Returns the key with these secret bytes.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// Returns whose key it is.
    pub fn id(&self) -> OrganisationId {
        OrganisationId::from_public_key(self.0.verifying_key().to_bytes())
    }

    /// Reads a key file that only its owner can read.
    pub fn load(path: &Path) -> Result<Self, OrganisationKeyError> {
        let file = fs::File::open(path).map_err(|source| open(path, source))?;
        let metadata = file.metadata().map_err(|source| open(path, source))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode != KEY_FILE_MODE {
            let path = path.to_owned();
            return Err(OrganisationKeyError::Permissions { path, mode });
        }
        Self::read(path, file)
    }

    /// Reads a key file whoever may read it, as Iris writes them.
    pub fn load_as_iris(path: &Path) -> Result<Self, OrganisationKeyError> {
        let file = fs::File::open(path).map_err(|source| open(path, source))?;
        Self::read(path, file)
    }

    /// Writes a new key file that only its owner can read; one that is there is left alone.
    pub fn save(&self, path: &Path) -> Result<(), OrganisationKeyError> {
        self.write(path, fs::OpenOptions::new().create_new(true))
    }

    /// Writes a key file that only its owner can read, in place of one that is there.
    pub fn save_over(&self, path: &Path) -> Result<(), OrganisationKeyError> {
        self.write(path, fs::OpenOptions::new().create(true).truncate(true))
    }

    /// Signs `bytes` under `domain` and puts the signature behind them.
    pub(super) fn signed(&self, domain: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
        let signature = self.0.sign(&[domain, &bytes].concat());
        bytes.extend_from_slice(&signature.to_bytes());
        bytes
    }

    /// Returns the secret bytes, to derive other keys from.
    pub(super) fn secret(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Signs bytes as they are, as only Iris' format wants it.
    pub(super) fn sign_bare(&self, bytes: &[u8; 32]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }

    fn read(path: &Path, file: fs::File) -> Result<Self, OrganisationKeyError> {
        let mut bytes = Vec::with_capacity(FILE_BYTES + 1);
        let read = file.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| open(path, source))?;
        let pair = bytes.strip_prefix(&HEAD);
        let pair: Option<&[u8; 64]> = pair.and_then(|it| it.try_into().ok());
        // This checks that the public half is that of the secret one.
        let key = pair.and_then(|it| SigningKey::from_keypair_bytes(it).ok());
        let path = path.to_owned();
        key.map(Self)
            .ok_or(OrganisationKeyError::Malformed { path })
    }

    fn write(
        &self,
        path: &Path,
        options: &mut fs::OpenOptions,
    ) -> Result<(), OrganisationKeyError> {
        let options = options.write(true).mode(KEY_FILE_MODE);
        let written = options.open(path).and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(KEY_FILE_MODE))?;
            file.write_all(&HEAD)?;
            file.write_all(&self.0.to_keypair_bytes())?;
            file.sync_all()
        });
        written.map_err(|source| open(path, source))
    }
}

impl fmt::Debug for OrganisationKey {
    /// Shows whose it is and never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrganisationKey({})", self.id())
    }
}

fn open(path: &Path, source: io::Error) -> OrganisationKeyError {
    OrganisationKeyError::Open {
        path: path.to_owned(),
        source,
    }
}
