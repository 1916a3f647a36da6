//! What was deflated is inflated, within its bound, and damage is told.

use miniz_oxide::deflate::compress_to_vec;

use super::*;

fn member(body: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    member.extend(compress_to_vec(body, 6));
    member.extend([0; 4]);
    member.extend((body.len() as u32).to_le_bytes());
    member
}

#[test]
fn members_are_inflated_one_behind_the_other() {
    let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(inflate(&member(&long), 1 << 21), Ok(long.clone()));
    let two = [member(b"203.0.113.7\n"), member(b"203.0.113.8\n")].concat();
    assert_eq!(
        inflate(&two, 24),
        Ok(b"203.0.113.7\n203.0.113.8\n".to_vec())
    );
    assert_eq!(inflate(&two, 23), Err(GzipError::TooLarge));
    assert_eq!(inflate(&member(b""), 0), Ok(Vec::new()));
}

#[test]
fn a_small_document_does_not_become_a_large_one() {
    let bomb = member(&vec![0; 10 << 20]);
    assert!(bomb.len() < 100_000);
    assert_eq!(inflate(&bomb, 1 << 20), Err(GzipError::TooLarge));
}

#[test]
fn a_document_of_nothing_but_members_is_left() {
    let most = member(b"x").repeat(MEMBERS_MAX);
    assert_eq!(inflate(&most, 1 << 20), Ok(vec![b'x'; MEMBERS_MAX]));
    let more = member(b"").repeat(MEMBERS_MAX + 1);
    assert_eq!(inflate(&more, 1 << 20), Err(GzipError::TooLarge));
}

#[test]
fn a_header_may_have_everything_and_a_part_is_not_the_whole() {
    let plain = member(b"x");
    let mut full = plain[..10].to_vec();
    full[3] = HAS_EXTRA | HAS_NAME | HAS_COMMENT | HAS_CHECKSUM;
    full.extend_from_slice(b"\x02\x00abname\0comment\0cc");
    full.extend_from_slice(&plain[10..]);
    assert_eq!(inflate(&full, 10), Ok(b"x".to_vec()));
    for length in 0..full.len() {
        assert_eq!(inflate(&full[..length], 10), Err(GzipError::Invalid));
    }
    let mut behind = plain.clone();
    behind.push(0);
    assert_eq!(inflate(&behind, 10), Err(GzipError::Invalid));
    let mut wrong = plain;
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    assert_eq!(inflate(&wrong, 10), Err(GzipError::Invalid), "its length");
}
