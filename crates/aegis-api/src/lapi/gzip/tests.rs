//! Tests of inflating.

use miniz_oxide::deflate::compress_to_vec;

use super::{GzipError, HAS_CHECKSUM, HAS_COMMENT, HAS_EXTRA, HAS_NAME, checksum, inflate};

#[test]
fn inflates_what_was_deflated_and_checks_it() {
    let body = b"[{\"scenario\":\"crowdsecurity/ssh-bf\"}]".repeat(100);
    assert_eq!(inflate(&gzip(&body), 1 << 20), Ok(body.clone()));
    let mut damaged = gzip(&body);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    assert_eq!(inflate(&damaged, 1 << 20), Err(GzipError::Invalid));
}

#[test]
fn a_small_body_does_not_become_a_large_one() {
    let bomb = gzip(&vec![0; 10 << 20]);
    assert!(bomb.len() < 100_000);
    assert_eq!(inflate(&bomb, 1 << 20), Err(GzipError::TooLarge));
}

#[test]
fn a_header_may_have_everything_that_there_is() {
    let plain = gzip(b"x");
    let mut full = plain[..10].to_vec();
    full[3] = HAS_EXTRA | HAS_NAME | HAS_COMMENT | HAS_CHECKSUM;
    full.extend_from_slice(b"\x02\x00abname\0comment\0cc");
    full.extend_from_slice(&plain[10..]);
    assert_eq!(inflate(&full, 10), Ok(b"x".to_vec()));
    for length in 0..full.len() {
        assert_eq!(inflate(&full[..length], 10), Err(GzipError::Invalid));
    }
}

#[test]
fn the_checksum_is_the_one_of_the_standard() {
    assert_eq!(checksum(b"123456789"), 0xcbf4_3926); // the check value of CRC-32
}

/// Returns `body` as one gzip member.
pub(in crate::lapi) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    member.extend(compress_to_vec(body, 6));
    member.extend(checksum(body).to_le_bytes());
    member.extend((body.len() as u32).to_le_bytes());
    member
}
