//! The runtime directory: who is alive, and what a file may say.

use super::*;

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

fn address(port: u16) -> Address {
    Address::tcp([127, 0, 0, 1].into(), port)
}

#[test]
fn nodes_see_each_other_while_they_live() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = RuntimeDir::join(folder.path(), node(1)).unwrap();
    let mut b = RuntimeDir::join(folder.path(), node(2)).unwrap();
    b.announce(vec![address(1), address(2)]).unwrap();
    b.announce(vec![address(3)]).unwrap();
    let seen = a.scan().unwrap();
    assert_eq!(seen, BTreeMap::from([(node(2), vec![address(3)])]));
    b.leave();
    assert_eq!(a.scan().unwrap(), BTreeMap::new());
}

#[test]
fn a_file_whose_node_died_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = RuntimeDir::join(folder.path(), node(1)).unwrap();
    let mut b = RuntimeDir::join(folder.path(), node(2)).unwrap();
    b.announce(vec![address(1)]).unwrap();
    drop(b); // the lock ends, as it does with a process that was killed
    let path = folder.path().join(format!("nodes/{}.json", node(2)));
    assert!(path.exists());
    assert_eq!(a.scan().unwrap(), BTreeMap::new());
    assert!(!path.exists());
}

#[test]
fn a_dead_node_s_place_can_be_taken_and_a_live_one_s_cannot() {
    let folder = tempfile::tempdir().unwrap();
    drop(RuntimeDir::join(folder.path(), node(1)).unwrap());
    let again = RuntimeDir::join(folder.path(), node(1)).unwrap();
    let twin = RuntimeDir::join(folder.path(), node(1)).unwrap_err();
    assert_eq!(twin.kind(), io::ErrorKind::AlreadyExists);
    again.leave();
}

#[test]
fn a_file_that_was_removed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = RuntimeDir::join(folder.path(), node(1)).unwrap();
    let mut b = RuntimeDir::join(folder.path(), node(2)).unwrap();
    b.announce(vec![address(1)]).unwrap();
    fs::remove_dir_all(folder.path().join("nodes")).unwrap();
    fs::create_dir(folder.path().join("nodes")).unwrap();
    b.scan().unwrap();
    assert_eq!(a.scan().unwrap()[&node(2)], [address(1)]);
}

/// Writes a live node's file by hand.
fn plant(folder: &Path, name: &str, text: &str) -> File {
    let path = folder.join("nodes").join(name);
    fs::write(&path, text).unwrap();
    let file = File::options().read(true).open(path).unwrap();
    file.try_lock().unwrap();
    file
}

#[test]
fn what_a_file_says_is_bounded_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = RuntimeDir::join(folder.path(), node(1)).unwrap();
    let here = network_namespace();
    let name = |n: u8| format!("{}.json", node(n));
    let many = format!("[{}\"x\"]", "\"/ip4/127.0.0.1/tcp/1\",".repeat(100));
    let long = "x".repeat(FILE_BYTES_MAX as usize);
    let files = [
        (
            name(2),
            format!(r#"{{"addresses":{many},"network":"{here}"}}"#),
        ),
        (
            name(3),
            format!(r#"{{"addresses":["{long}"],"network":"{here}"}}"#),
        ),
        (
            name(4),
            r#"{"addresses":["/ip4/127.0.0.1/tcp/1"],"network":"other"}"#.to_owned(),
        ),
        (name(5), "{".to_owned()),
        (
            "12D3KooW.json".to_owned(),
            format!(r#"{{"addresses":[],"network":"{here}"}}"#),
        ),
        (
            name(6),
            format!(r#"{{"addresses":["nonsense",""],"network":"{here}"}}"#),
        ),
    ];
    let held: Vec<File> = files
        .map(|(name, text)| plant(folder.path(), &name, &text))
        .into();
    let seen = a.scan().unwrap();
    let expected = [
        (node(2), vec![address(1); ADDRESSES_MAX]),
        (node(6), vec![]),
    ];
    assert_eq!(seen, BTreeMap::from(expected));
    drop(held);
}
