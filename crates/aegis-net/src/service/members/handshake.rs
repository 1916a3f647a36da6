//! The handshake: each end proves to the other that it has the secret, without showing it.
//!
//! | who | says |
//! |---|---|
//! | dialer | 32 random bytes |
//! | listener | 32 random bytes, its proof (32) |
//! | dialer | its proof (32) |
//! | listener | 1, once it serves the dialer |
//!
//! A proof is BLAKE3, keyed with a key derived from the secret, over: a byte for the side that proves
//! (0 dialer, 1 listener), both sides' random bytes, the dialer's first, and both ends' peer IDs, the
//! dialer's first, each after its length in one byte. The connection proves the peer IDs. So a proof
//! is of no use on another connection, in the other direction, or between other nodes.

use std::io;

use libp2p::{
    PeerId,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
};

use crate::{Identity, NetworkSecret};

const NONCE_BYTES: usize = 32;
const PROOF_BYTES: usize = 32;

/// What a listener says that serves the dialer.
const WELCOME: u8 = 1;

/// Which end of a connection a node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Dialer,
    Listener,
}

/// Why a peer is no member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::service) enum Stranger {
    /// It has no secret: it does not know the handshake.
    NoSecret,
    /// It has another secret.
    OtherSecret,
    /// It did not say what it had to in time.
    Silent,
}

impl Stranger {
    /// Returns it in words for a log.
    pub(in crate::service) const fn as_str(self) -> &'static str {
        match self {
            Self::NoSecret => "it has no network secret",
            Self::OtherSecret => "it has another network secret",
            Self::Silent => "it does not prove that it has the network secret",
        }
    }
}

/// What one end needs to prove and to check.
#[derive(Clone)]
pub(super) struct Handshake {
    key: [u8; 32],
    side: Side,
    ids: Vec<u8>, // both, the dialer's first
}

/// What is left to do for a dialer that knows its peer to be a member.
pub(super) struct Proof([u8; PROOF_BYTES]);

impl Handshake {
    pub(super) fn new(secret: &NetworkSecret, side: Side, own: PeerId, peer: PeerId) -> Self {
        let (dialer, listener) = match side {
            Side::Dialer => (own, peer),
            Side::Listener => (peer, own),
        };
        let mut ids = Vec::new();
        for id in [dialer.to_bytes(), listener.to_bytes()] {
            // No peer ID has more than 44 bytes.
            ids.push(id.len() as u8);
            ids.extend(id);
        }
        Self {
            key: secret.handshake_key(),
            side,
            ids,
        }
    }

    pub(super) const fn side(&self) -> Side {
        self.side
    }

    /// Does the dialer's part up to where the listener is known to be a member.
    pub(super) async fn dial<T>(&self, io: &mut T) -> Result<Proof, Stranger>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let own = nonce();
        say(io, &own).await?;
        let theirs: [u8; NONCE_BYTES] = hear(io).await?;
        let proof: [u8; PROOF_BYTES] = hear(io).await?;
        if self.proof(Side::Listener, (&own, &theirs)) != proof {
            return Err(Stranger::OtherSecret);
        }
        Ok(Proof(self.proof(Side::Dialer, (&own, &theirs)).into()))
    }

    /// Does the rest of the dialer's part; the listener serves it then.
    pub(super) async fn prove<T>(io: &mut T, proof: Proof) -> Result<(), Stranger>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        say(io, &proof.0).await?;
        match hear(io).await? {
            [WELCOME] => Ok(()),
            [_] => Err(Stranger::Silent),
        }
    }

    /// Does the listener's part up to where the dialer is known to be a member.
    pub(super) async fn listen<T>(&self, io: &mut T) -> Result<(), Stranger>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let own = nonce();
        let theirs: [u8; NONCE_BYTES] = hear(io).await?;
        let proof = self.proof(Side::Listener, (&theirs, &own));
        say(io, &[&own[..], proof.as_bytes()].concat()).await?;
        let proof: [u8; PROOF_BYTES] = hear(io).await?;
        if self.proof(Side::Dialer, (&theirs, &own)) != proof {
            return Err(Stranger::OtherSecret);
        }
        Ok(())
    }

    /// Does the rest of the listener's part, once the dialer is served.
    pub(super) async fn welcome<T>(io: &mut T) -> Result<(), Stranger>
    where
        T: AsyncWrite + Unpin,
    {
        say(io, &[WELCOME]).await?;
        io.close().await.map_err(|_| Stranger::Silent)
    }

    /// Returns a proof; two of them are compared in constant time.
    fn proof(
        &self,
        of: Side,
        (dialer, listener): (&[u8; NONCE_BYTES], &[u8; NONCE_BYTES]),
    ) -> blake3::Hash {
        let side = match of {
            Side::Dialer => 0,
            Side::Listener => 1,
        };
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&[side]);
        hasher.update(dialer).update(listener).update(&self.ids);
        hasher.finalize()
    }
}

/// Returns bytes that nobody had before: those of a fresh public key, hashed.
fn nonce() -> [u8; NONCE_BYTES] {
    blake3::hash(Identity::generate().node_id().public_key()).into()
}

async fn say<T: AsyncWrite + Unpin>(io: &mut T, bytes: &[u8]) -> Result<(), Stranger> {
    let said = async {
        io.write_all(bytes).await?;
        io.flush().await
    };
    let said: io::Result<()> = said.await;
    said.map_err(|_| Stranger::Silent)
}

async fn hear<const N: usize, T: AsyncRead + Unpin>(io: &mut T) -> Result<[u8; N], Stranger> {
    let mut bytes = [0; N];
    let heard = io.read_exact(&mut bytes).await;
    heard.map(|()| bytes).map_err(|_| Stranger::Silent)
}
