//! Batches: many whole messages in one compressed piece, for handing over what is still true.
//!
//! Unpacked, a batch is a row of messages, each after its length in two bytes (big-endian). Packed,
//! it is that row as a zlib stream. Both sizes are bounded, so a few bytes cannot unpack to many.

use std::sync::Arc;

use aegis_core::ALERT_BYTES_MAX;
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};

/// The most bytes a batch has on the wire.
pub const BATCH_BYTES_MAX: usize = 32 * 1024;

/// The most bytes a batch unpacks to.
pub const UNPACKED_BYTES_MAX: usize = 256 * 1024;

/// What a message is preceded by.
const LENGTH_BYTES: usize = 2;

/// How hard to compress: level 6 halves texts of alerts; more costs time and gains 1 %.
const LEVEL: u8 = 6;

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// It is too long to be looked at.
    #[error("batch has {bytes} bytes, at most {BATCH_BYTES_MAX} are allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It does not unpack, or to more than allowed.
    #[error("batch does not unpack to at most {UNPACKED_BYTES_MAX} bytes")]
    Unpack,
    /// What it unpacks to is not a row of messages.
    #[error("batch holds something other than whole messages")]
    Content,
}

/// Packs messages into as few batches as the limits allow, in order.
///
/// A message longer than any alert may be is left out.
pub fn pack<'a>(messages: impl IntoIterator<Item = &'a Arc<[u8]>>) -> Vec<Vec<u8>> {
    let mut row = Vec::new();
    let mut batches = Vec::new();
    for message in messages {
        let Some(length) = length_of(message) else {
            continue;
        };
        if row.len() + LENGTH_BYTES + message.len() > UNPACKED_BYTES_MAX {
            compress(&mut row, &mut batches);
        }
        row.extend_from_slice(&length);
        row.extend_from_slice(message);
    }
    compress(&mut row, &mut batches);
    batches
}

/// Unpacks a batch into its messages, each still to be checked.
pub fn unpack(bytes: &[u8]) -> Result<Vec<Arc<[u8]>>, BatchError> {
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(BatchError::TooLong { bytes: bytes.len() });
    }
    let row = decompress_to_vec_zlib_with_limit(bytes, UNPACKED_BYTES_MAX)
        .map_err(|_| BatchError::Unpack)?;
    split(&row).ok_or(BatchError::Content)
}

/// Returns the length in the form a message is preceded by, `None` for none or too many bytes.
fn length_of(message: &[u8]) -> Option<[u8; LENGTH_BYTES]> {
    let fits = (1..=ALERT_BYTES_MAX).contains(&message.len());
    let length = u16::try_from(message.len()).ok().filter(|_| fits)?;
    Some(length.to_be_bytes())
}

fn split(mut row: &[u8]) -> Option<Vec<Arc<[u8]>>> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = row.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=ALERT_BYTES_MAX).contains(&length) {
            return None;
        }
        let (message, rest) = rest.split_at_checked(length)?;
        messages.push(Arc::from(message));
        row = rest;
    }
    row.is_empty().then_some(messages)
}

/// Empties `row` into one batch, or into two or more where one would be too long.
fn compress(row: &mut Vec<u8>, batches: &mut Vec<Vec<u8>>) {
    let mut rows = vec![std::mem::take(row)];
    while let Some(row) = rows.pop().filter(|it| !it.is_empty()) {
        let packed = compress_to_vec_zlib(&row, LEVEL);
        if packed.len() <= BATCH_BYTES_MAX {
            batches.push(packed);
            continue;
        }
        let (first, second) = halves(&row);
        // The first half is compressed next, so that the order stays.
        rows.push(second.to_vec());
        rows.push(first.to_vec());
    }
}

/// Cuts a row of two or more messages between two of them, near the middle.
fn halves(row: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < row.len() / 2 {
        let length = u16::from_be_bytes([row[at], row[at + 1]]);
        at += LENGTH_BYTES + usize::from(length);
    }
    row.split_at(at)
}

#[cfg(test)]
mod tests;
