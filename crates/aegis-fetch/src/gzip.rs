//! Documents in gzip (RFC 1952), inflated to no more than is allowed.

use miniz_oxide::{
    DataFormat, MZFlush, MZStatus,
    inflate::stream::{InflateState, inflate as step},
};

/// How a member begins: the format, and the one method that there is.
pub(crate) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8; // a checksum and the length
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;

/// What is inflated at a time.
const STEP_BYTES: usize = 64 * 1024;

/// Members of a document: each costs far more than the twenty bytes that it may have. What compresses by the
/// block has some hundreds.
const MEMBERS_MAX: usize = 4_096;

/// Why a document is not inflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GzipError {
    /// It is not gzip, or damaged.
    Invalid,
    /// It would be larger than allowed.
    TooLarge,
}

/// Inflates all members of a document to at most `bytes_max` bytes. Checksums are not computed: what
/// carried the document has checked its bytes, as it does for one that is not compressed.
pub(crate) fn inflate(mut rest: &[u8], bytes_max: usize) -> Result<Vec<u8>, GzipError> {
    let mut document = Vec::new();
    let mut buffer = vec![0; STEP_BYTES];
    for _ in 0..MEMBERS_MAX {
        rest = deflated(rest).ok_or(GzipError::Invalid)?;
        let begins_at = document.len();
        let mut state = InflateState::new_boxed(DataFormat::Raw);
        loop {
            let done = step(&mut state, rest, &mut buffer, MZFlush::None);
            rest = rest.get(done.bytes_consumed..).unwrap_or_default();
            if document.len() + done.bytes_written > bytes_max {
                return Err(GzipError::TooLarge);
            }
            document.extend_from_slice(&buffer[..done.bytes_written]);
            match done.status {
                Ok(MZStatus::StreamEnd) => break,
                Ok(_) if done.bytes_consumed + done.bytes_written > 0 => {}
                Ok(_) | Err(_) => return Err(GzipError::Invalid),
            }
        }
        let (trailer, behind) = rest
            .split_first_chunk::<TRAILER_BYTES>()
            .ok_or(GzipError::Invalid)?;
        let length = (document.len() - begins_at) as u32; // modulo 2³², as the format has it
        if trailer[4..] != length.to_le_bytes() {
            return Err(GzipError::Invalid);
        }
        if behind.is_empty() {
            return Ok(document);
        }
        rest = behind;
    }
    Err(GzipError::TooLarge)
}

/// Returns what follows the header of a member.
fn deflated(member: &[u8]) -> Option<&[u8]> {
    if !member.starts_with(&MAGIC) {
        return None;
    }
    let flags = *member.get(3)?;
    let mut rest = member.get(HEADER_BYTES..)?;
    if flags & HAS_EXTRA != 0 {
        let length = rest.first_chunk::<2>().map(|it| u16::from_le_bytes(*it))?;
        rest = rest.get(2 + usize::from(length)..)?;
    }
    for _ in 0..(flags & (HAS_NAME | HAS_COMMENT)).count_ones() {
        let end = rest.iter().position(|it| *it == 0)?;
        rest = rest.get(end + 1..)?;
    }
    if flags & HAS_CHECKSUM != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests;
