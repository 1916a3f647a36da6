//! The shelf: what is kept, what is found again, and what is swept.

use std::sync::Arc;

use aegis_core::file::{ChunkHash, FileSize};
use tempfile::TempDir;

use super::*;

/// Returns a file of so many bytes, no two chunks alike, as its manifest and chunks.
fn content(bytes: u64) -> (Manifest, Vec<Vec<u8>>) {
    let size = FileSize::new(bytes).unwrap();
    let chunk = |chunk: u32| {
        let bytes = size.chunk_bytes(chunk).unwrap();
        (0..bytes).map(|it| (it as u32 ^ chunk) as u8).collect()
    };
    let chunks: Vec<Vec<u8>> = (0..size.chunks()).map(chunk).collect();
    let hashes = chunks.iter().map(|it| ChunkHash::of(it)).collect();
    (Manifest::new(size, hashes).unwrap(), chunks)
}

fn shelf() -> (TempDir, Shelf) {
    let dir = tempfile::tempdir().unwrap();
    let (shelf, found) = Shelf::open(dir.path()).unwrap();
    assert!(found.is_empty());
    (dir, shelf)
}

fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut kinds: Vec<String> = names
        .map(|it| {
            it.rsplit_once('.')
                .map_or_else(|| it.clone(), |it| it.1.to_owned())
        })
        .collect();
    kinds.sort();
    kinds
}

#[test]
fn what_came_in_is_given_back_chunk_by_chunk() {
    let (dir, shelf) = shelf();
    let (manifest, chunks) = content(2 * CHUNK_BYTES + 7);
    let incoming = shelf.incoming().unwrap();
    for (place, chunk) in (0..).zip(&chunks) {
        incoming.write(place, chunk).unwrap();
    }
    shelf.put(incoming, &manifest).unwrap();
    for (place, chunk) in (0..).zip(&chunks) {
        assert_eq!(shelf.read(&manifest, place).as_ref(), Some(chunk));
    }
    assert_eq!(shelf.read(&manifest, 3), None);
    assert_eq!(names(&dir), ["data", "manifest"]);
    let (_, found) = Shelf::open(dir.path()).unwrap();
    assert!(found.len() == 1 && found[0].is_whole && found[0].manifest == manifest);
    shelf.remove(manifest.id());
    assert_eq!(names(&dir), [""; 0]);
}

#[test]
fn what_the_disk_spoilt_is_not_given_back() {
    let (dir, shelf) = shelf();
    let (manifest, chunks) = content(CHUNK_BYTES + 1);
    let incoming = shelf.incoming().unwrap();
    for (place, chunk) in (0..).zip(&chunks) {
        incoming.write(place, chunk).unwrap();
    }
    shelf.put(incoming, &manifest).unwrap();
    let data = dir.path().join(format!("{}.data", manifest.id()));
    let data = OpenOptions::new().write(true).open(data).unwrap();
    data.write_all_at(&[0xff], CHUNK_BYTES).unwrap();
    assert!(shelf.read(&manifest, 0).is_some());
    assert_eq!(shelf.read(&manifest, 1), None);
}

#[test]
fn a_file_on_its_way_goes_on_with_what_is_right_of_what_was_written() {
    let (dir, shelf) = shelf();
    let (manifest, chunks) = content(10 * CHUNK_BYTES);
    let part = shelf.open_part(&manifest).unwrap();
    assert!(part.have.is_empty());
    for place in [0, 3, 9] {
        part.body.write(place, &chunks[place as usize]).unwrap();
    }
    drop(part);
    // One of them is spoilt, and one mark says more than there is.
    let path = |kind| dir.path().join(format!("{}.{kind}", manifest.id()));
    let data = OpenOptions::new().write(true).open(path("part")).unwrap();
    data.write_all_at(&[0xff; 9], 3 * CHUNK_BYTES).unwrap();
    let marks = OpenOptions::new().write(true).open(path("have")).unwrap();
    marks.write_all_at(&[0b1001_1000], 0).unwrap();
    let (again, found) = Shelf::open(dir.path()).unwrap();
    assert!(found.len() == 1 && !found[0].is_whole);
    let part = again.open_part(&manifest).unwrap();
    assert_eq!(part.have.iter().collect::<Vec<_>>(), [0, 9]);
    assert!(
        again.finish(&manifest, &part.body).is_err(),
        "it is not whole"
    );
    for (place, chunk) in (0..).zip(&chunks) {
        part.body.write(place, chunk).unwrap();
    }
    again.finish(&manifest, &part.body).unwrap();
    assert_eq!(names(&dir), ["data", "manifest"]);
    assert_eq!(again.read(&manifest, 3).as_ref(), Some(&chunks[3]));
}

#[test]
fn what_is_not_known_is_removed_at_the_start() {
    let (dir, shelf) = shelf();
    let (manifest, _) = content(1);
    let other = FileId::from_bytes([7; 32]);
    shelf.write_manifest(&manifest).unwrap();
    // The hashes of another file, a body without hashes, and what was being shared.
    fs::copy(
        dir.path().join(format!("{}.manifest", manifest.id())),
        dir.path().join(format!("{other}.manifest")),
    )
    .unwrap();
    fs::write(dir.path().join(format!("{other}.data")), b"x").unwrap();
    fs::write(dir.path().join("incoming-3"), b"x").unwrap();
    fs::write(dir.path().join("what"), b"x").unwrap();
    let (_, found) = Shelf::open(dir.path()).unwrap();
    assert!(found.len() == 1 && !found[0].is_whole && found[0].file == manifest.id());
    assert_eq!(names(&dir), ["manifest"]);
}

#[test]
fn threads_that_write_at_once_lose_no_mark() {
    let (_dir, shelf) = shelf();
    let (manifest, chunks) = content(64 * CHUNK_BYTES);
    let part = Arc::new(shelf.open_part(&manifest).unwrap());
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (part, chunks) = (Arc::clone(&part), &chunks);
            scope.spawn(move || {
                for place in (start..64).step_by(4) {
                    part.body.write(place, &chunks[place as usize]).unwrap();
                }
            });
        }
    });
    drop(part);
    assert!(shelf.open_part(&manifest).unwrap().have.is_full());
}
