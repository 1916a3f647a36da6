//! Who may have the socket, and what it leaves behind.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{BindError, Listener};

#[tokio::test]
async fn the_socket_is_for_owner_and_group_in_a_directory_that_all_may_enter() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("run/aegis/control.sock");
    let _listener = Listener::bind(&path).expect("binds");
    assert_eq!(mode(&path), 0o660);
    assert_eq!(mode(path.parent().expect("a parent")), 0o755);
    let names: Vec<_> = fs::read_dir(path.parent().expect("a parent"))
        .expect("readable")
        .map(|it| it.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["control.sock"], "nothing unfinished is left");
}

#[tokio::test]
async fn a_socket_that_nobody_answers_on_is_replaced() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
    assert!(path.exists(), "the stale socket is there");
    let _listener = Listener::bind(&path).expect("replaces it");
    tokio::net::UnixStream::connect(&path)
        .await
        .expect("somebody listens");
}

#[tokio::test]
async fn a_socket_that_somebody_answers_on_is_refused() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("control.sock");
    let first = Listener::bind(&path).expect("binds");
    let refused = Listener::bind(&path).expect_err("is in use");
    assert!(matches!(refused, BindError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("another node already answers"));
    drop(first);
    assert!(!path.exists(), "the first removes its socket");
}

#[tokio::test]
async fn a_file_in_the_way_is_left_alone() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("control.sock");
    fs::write(&path, "precious").expect("written");
    let refused = Listener::bind(&path).expect_err("is in the way");
    assert!(matches!(refused, BindError::NotASocket { .. }), "{refused}");
    assert_eq!(fs::read(&path).expect("still there"), b"precious");
}

#[tokio::test]
async fn a_successors_socket_is_left_alone() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("control.sock");
    let first = Listener::bind(&path).expect("binds");
    fs::remove_file(&path).expect("somebody tidied up");
    let _second = Listener::bind(&path).expect("binds");
    drop(first);
    assert!(path.exists(), "the second keeps its socket");
}

#[track_caller]
fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("it exists");
    metadata.permissions().mode() & 0o777
}
