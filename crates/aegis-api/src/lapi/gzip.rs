//! Request bodies in gzip (RFC 1952), inflated to no more than is allowed.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8]; // and the one method there is
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;

/// Why a body is not inflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GzipError {
    /// It is not gzip, or damaged.
    Invalid,
    /// It would be larger than allowed.
    TooLarge,
}

/// Inflates one gzip member to at most `bytes_max` bytes.
pub(crate) fn inflate(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, GzipError> {
    let deflated = deflated(body).ok_or(GzipError::Invalid)?;
    let data_end = deflated
        .len()
        .checked_sub(TRAILER_BYTES)
        .ok_or(GzipError::Invalid)?;
    let (data, trailer) = deflated.split_at(data_end);
    let inflated = decompress_to_vec_with_limit(data, bytes_max);
    let inflated = inflated.map_err(|error| {
        if error.status == TINFLStatus::HasMoreOutput {
            GzipError::TooLarge
        } else {
            GzipError::Invalid
        }
    })?;
    let expected = [
        checksum(&inflated).to_le_bytes(),
        (inflated.len() as u32).to_le_bytes(), // modulo 2³², as the format has it
    ];
    if trailer == expected.as_flattened() {
        Ok(inflated)
    } else {
        Err(GzipError::Invalid)
    }
}

/// Returns what follows the header.
fn deflated(body: &[u8]) -> Option<&[u8]> {
    if !body.starts_with(&MAGIC) {
        return None;
    }
    let flags = *body.get(3)?;
    let mut rest = body.get(HEADER_BYTES..)?;
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

/// Returns the CRC-32 of RFC 1952, section 8.
fn checksum(bytes: &[u8]) -> u32 {
    checksum_on(0, bytes)
}

/// Returns the checksum of what has the checksum `before` with `bytes` behind it.
pub(crate) fn checksum_on(before: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| TABLE[usize::from((crc as u8) ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!before, step)
}

const fn table() -> [u32; 256] {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
pub(super) mod tests;
