//! The key file: whose it is, and what becomes of a broken one.

use super::*;

#[track_caller]
fn file(bytes: &[u8], mode: u32) -> Result<Identity, IdentityError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    Identity::load_or_create(&path)
}

#[test]
fn a_key_is_read_from_its_file() {
    let read = file(&[7; 32], 0o600).unwrap();
    assert_eq!(read.node_id(), Identity::from_secret([7; 32]).node_id());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    for mode in [0o644, 0o640, 0o660, 0o700, 0o400] {
        match file(&[7; 32], mode) {
            Err(IdentityError::Permissions { mode: it, .. }) => assert_eq!(it, mode),
            other => panic!("{mode:o}: {other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_no_key_is_refused() {
    for bytes in [[7; 64].as_slice(), &[7; 31], &[7; 33], b""] {
        let read = file(bytes, 0o600);
        assert!(
            matches!(read, Err(IdentityError::Malformed { .. })),
            "{bytes:?}"
        );
    }
}

#[test]
fn a_key_cannot_be_made_where_there_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let made = Identity::load_or_create(&folder.path().join("no").join("key"));
    assert!(matches!(made, Err(IdentityError::Open { .. })));
}

#[test]
fn identities_differ_and_do_not_show_their_secret() {
    let (a, b) = (Identity::generate(), Identity::generate());
    assert_ne!(a.node_id(), b.node_id());
    assert_eq!(format!("{a:?}"), format!("Identity({})", a.node_id()));
}

#[test]
fn libp2p_knows_the_node_by_the_same_name() {
    let identity = Identity::generate();
    let peer = identity.keypair().public().to_peer_id();
    assert_eq!(peer.to_string(), identity.node_id().to_string());
}
