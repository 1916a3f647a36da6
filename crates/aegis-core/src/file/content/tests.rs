//! Identities of files, sizes, and manifests.

use super::*;

fn size(bytes: u64) -> FileSize {
    FileSize::new(bytes).unwrap()
}

fn manifest(bytes: u64, seed: u8) -> Manifest {
    let hashes = (0..size(bytes).chunks()).map(|it| ChunkHash::of(&[seed, it as u8]));
    Manifest::new(size(bytes), hashes.collect()).unwrap()
}

#[test]
fn a_file_has_from_one_byte_to_two_gibibytes() {
    assert_eq!(FileSize::new(0), None);
    assert_eq!(FileSize::new(FILE_BYTES_MAX + 1), None);
    assert_eq!(size(FILE_BYTES_MAX).chunks(), CHUNKS_MAX);
    assert_eq!(FILE_BYTES_MAX, 2 << 30);
}

#[test]
fn every_chunk_is_whole_but_the_last() {
    check_chunks(1, &[1]);
    check_chunks(CHUNK_BYTES, &[CHUNK_BYTES]);
    check_chunks(CHUNK_BYTES + 1, &[CHUNK_BYTES, 1]);
    check_chunks(2 * CHUNK_BYTES, &[CHUNK_BYTES, CHUNK_BYTES]);
}

#[track_caller]
fn check_chunks(bytes: u64, expected: &[u64]) {
    let size = size(bytes);
    assert_eq!(size.chunks() as usize, expected.len());
    for (chunk, bytes) in (0..).zip(expected) {
        assert_eq!(size.chunk_bytes(chunk), Some(*bytes as usize));
    }
    assert_eq!(size.chunk_bytes(size.chunks()), None);
}

#[test]
fn the_id_changes_with_the_size_and_with_every_hash_and_their_order() {
    let one = manifest(2 * CHUNK_BYTES, 1);
    assert_eq!(one.id(), manifest(2 * CHUNK_BYTES, 1).id());
    assert_ne!(one.id(), manifest(2 * CHUNK_BYTES, 2).id());
    assert_ne!(one.id(), manifest(2 * CHUNK_BYTES - 1, 1).id());
    let mut turned = one.hashes().to_vec();
    turned.reverse();
    assert_ne!(one.id(), Manifest::new(one.size(), turned).unwrap().id());
}

/// Worked out once with another implementation of BLAKE3; written into `docs/protocol.md`.
#[test]
fn the_id_is_the_one_that_the_documents_say() {
    let manifest = Manifest::new(size(5), vec![ChunkHash::of(b"hello")]).unwrap();
    assert_eq!(
        manifest.id().to_string(),
        "e9b321861654ca67fa4f271fd35f9981a92e5b7610fb8326dbec4eb9c40b9715"
    );
}

#[test]
fn a_manifest_has_a_hash_for_each_chunk() {
    assert!(Manifest::new(size(CHUNK_BYTES + 1), vec![ChunkHash::of(b"")]).is_none());
    assert!(Manifest::new(size(1), vec![ChunkHash::of(b""); 2]).is_none());
}

#[test]
fn only_its_own_bytes_are_a_chunk() {
    let manifest = Manifest::new(size(5), vec![ChunkHash::of(b"hello")]).unwrap();
    assert!(manifest.is_chunk(0, b"hello"));
    assert!(!manifest.is_chunk(0, b"hellp"));
    assert!(!manifest.is_chunk(1, b"hello"));
    assert!(!manifest.is_chunk(0, b"hello "));
}

#[test]
fn an_id_is_read_as_it_is_written_and_in_no_other_way() {
    let id = manifest(7, 9).id();
    let text = id.to_string();
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(text.to_uppercase().parse::<FileId>(), Err(InvalidFileId));
    assert_eq!(text[1..].parse::<FileId>(), Err(InvalidFileId));
    assert_eq!("é".repeat(32).parse::<FileId>(), Err(InvalidFileId));
}
