//! What two nodes say to each other before they dial: DCUtR's messages, in protobuf.

use std::io;

use libp2p::{
    Multiaddr,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
};

/// The most bytes of a message after its length, as the specification has it.
const BYTES_MAX: usize = 4096;

/// Addresses of a message that are looked at: what is beyond is not dialled anyway.
const ADDRESSES_MAX: usize = 32;

/// Bytes of the longest number: 64 bits, seven to a byte.
const NUMBER_BYTES_MAX: usize = 10;

const TYPE_FIELD: u64 = 1;
const ADDRESS_FIELD: u64 = 2;

const CONNECT: u64 = 100;
const SYNC: u64 = 300;

/// How a field is written: what follows its number.
const NUMBER: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// One message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Message {
    /// Where the speaker may be got through to.
    Connect(Vec<Multiaddr>),
    /// It is time to dial.
    Sync,
}

impl Message {
    pub(super) async fn write(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let body = self.to_bytes();
        let mut bytes = Vec::new();
        push_number(&mut bytes, body.len() as u64);
        bytes.extend(body);
        stream.write_all(&bytes).await?;
        stream.flush().await
    }

    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut length = Vec::new();
        let length = loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).await?;
            length.extend(byte);
            match take_number(&mut &length[..]) {
                Some(it) => break usize::try_from(it).unwrap_or(usize::MAX),
                None if length.len() < NUMBER_BYTES_MAX => {}
                None => return Err(io::ErrorKind::InvalidData.into()),
            }
        };
        if length > BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Self::from_bytes(&body).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (kind, addresses) = match self {
            Self::Connect(addresses) => (CONNECT, &addresses[..]),
            Self::Sync => (SYNC, &[][..]),
        };
        let mut bytes = Vec::new();
        push_number(&mut bytes, TYPE_FIELD << 3 | NUMBER);
        push_number(&mut bytes, kind);
        for address in addresses {
            push_number(&mut bytes, ADDRESS_FIELD << 3 | BYTES);
            push_number(&mut bytes, address.len() as u64);
            bytes.extend(address.as_ref());
        }
        bytes
    }

    /// Reads a message; `None` for what is none. An address that is none is left out, as others
    /// may know kinds of addresses that this node does not.
    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let (mut kind, mut addresses) = (None, Vec::new());
        while !bytes.is_empty() {
            let tag = take_number(&mut bytes)?;
            let (field, how) = (tag >> 3, tag & 7);
            let mut number = 0;
            let mut text: &[u8] = &[];
            match how {
                NUMBER => number = take_number(&mut bytes)?,
                EIGHT_BYTES => bytes = bytes.get(8..)?,
                FOUR_BYTES => bytes = bytes.get(4..)?,
                BYTES => {
                    let length = usize::try_from(take_number(&mut bytes)?).ok()?;
                    (text, bytes) = bytes.split_at_checked(length)?;
                }
                _ => return None,
            }
            if (field, how) == (TYPE_FIELD, NUMBER) {
                kind = Some(number);
            }
            if (field, how) == (ADDRESS_FIELD, BYTES)
                && addresses.len() < ADDRESSES_MAX
                && let Ok(address) = Multiaddr::try_from(text.to_vec())
            {
                addresses.push(address);
            }
        }
        match kind? {
            CONNECT => Some(Self::Connect(addresses)),
            SYNC => Some(Self::Sync),
            _ => None,
        }
    }
}

/// Appends a number, seven bits to a byte, the lowest first.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the front; `None` where it is not whole, or too long.
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let length = 1 + bytes.iter().position(|it| it & 0x80 == 0)?;
    if length > NUMBER_BYTES_MAX {
        return None;
    }
    let (number, rest) = bytes.split_at(length);
    *bytes = rest;
    let parts = number.iter().enumerate();
    Some(parts.fold(0, |sum, (at, byte)| {
        sum | (u64::from(byte & 0x7f) << (7 * at))
    }))
}

#[cfg(test)]
mod tests;
