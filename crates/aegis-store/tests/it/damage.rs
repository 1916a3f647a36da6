//! A damaged file is told as such; it never makes the node panic.

use std::{fs, path::Path, sync::LazyLock};

use aegis_store::{Store, StoreError};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::fixture::{NOW, alert_added, audited, one_of_each, place};

#[test]
fn garbage_is_not_a_store() {
    check_damaged(b"x");
    check_damaged(&[b'x'; 511]);
    check_damaged(&[b'x'; 512]);
    check_damaged(&[0; 8192]);
    check_damaged(&b"garbage!".repeat(1000));
}

#[test]
fn a_store_cut_short_is_damaged_wherever_it_was_cut() {
    let whole = &*STORE_BYTES;
    for kept in [
        1,
        100,
        511,
        512,
        4095,
        4096,
        whole.len() / 2,
        whole.len() - 4096,
    ] {
        check_damaged(&whole[..kept]);
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_directory, path) = place();
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    Store::open(&path).unwrap().apply(&one_of_each()).unwrap();
    let snapshot = Store::open(&path).unwrap().load(NOW).unwrap();
    assert_eq!(snapshot.decisions.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn wrong_bytes_anywhere_are_survived(edits in vec((any::<Index>(), any::<u8>()), 1..8)) {
        let mut bytes = STORE_BYTES.clone();
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let (_directory, path) = place();
        put(&path, &bytes);
        // Errors are fine, as is a store that lost a row: what must not be is a panic.
        if let Ok(mut store) = Store::open(&path) {
            let _ = store.load(NOW);
            let _ = store.audit_tail(100);
            let _ = store.audit_verify();
            let _ = store.apply(&one_of_each());
            let _ = store.prune(NOW);
        }
    }
}

/// The bytes of a store of some ten pages, closed in good order.
static STORE_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    let records: Vec<_> = (0..200)
        .flat_map(|it| [alert_added(it), audited(it)])
        .collect();
    store.apply(&records).unwrap();
    store.apply(&one_of_each()).unwrap();
    drop(store);
    fs::read(&path).unwrap()
});

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[track_caller]
fn check_damaged(bytes: &[u8]) {
    let (_directory, path) = place();
    put(&path, bytes);
    let error = Store::open(&path).unwrap_err();
    let told = matches!(
        error,
        StoreError::Damaged { .. } | StoreError::Foreign { .. }
    );
    assert!(told, "{} bytes: {error:?}", bytes.len());
    assert!(error.to_string().contains("store.db"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "left as it was found");
}
