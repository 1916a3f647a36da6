//! One node per store, whatever way leads to it, and nobody else reads it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use aegis_store::{Store, StoreError};

use crate::fixture::{alert_added, one_of_each, place};

#[test]
fn the_files_are_the_owners_alone() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.apply(&[alert_added(1)]).unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = format!("{}{suffix}", path.display());
        assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
    }
}

#[test]
fn a_store_that_others_could_read_is_closed_to_them() {
    let (_directory, path) = place();
    drop(Store::open(&path).unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let _store = Store::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn two_nodes_never_share_a_store() {
    let (_directory, path) = place();
    let first = Store::open(&path).unwrap();
    check_in_use(&path);
    let other_way = path.with_file_name("other-way.db");
    symlink(&path, &other_way).unwrap();
    check_in_use(&other_way);
    check_in_use(&path.parent().unwrap().join("../node/store.db"));
    drop(first);
    Store::open(&other_way).unwrap();
}

#[test]
fn an_attempt_on_a_store_in_use_does_not_disturb_it() {
    let (_directory, path) = place();
    let mut first = Store::open(&path).unwrap();
    check_in_use(&path);
    first.apply(&one_of_each()).unwrap();
    drop(first);
    let line_count = Store::open(&path).unwrap().audit_tail(9).unwrap().len();
    assert_eq!(line_count, 1);
}

#[test]
fn a_place_where_no_store_can_be_is_named() {
    let (directory, path) = place();
    check_open_error(directory.path());
    fs::write(directory.path().join("node"), "a file, not a directory").unwrap();
    check_open_error(&path);
    check_open_error(Path::new("/"));
}

#[track_caller]
fn check_in_use(path: &Path) {
    let error = Store::open(path).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("store.db"), "{error}");
}

#[track_caller]
fn check_open_error(path: &Path) {
    let error = Store::open(path).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    let named = error.to_string().contains(&path.display().to_string());
    assert!(named, "{error}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
