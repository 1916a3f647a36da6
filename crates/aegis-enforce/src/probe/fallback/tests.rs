//! Programs that are there, and that are not.

use super::super::State;
use super::super::tests::is_whole;
use super::*;

#[test]
fn tells_whether_nft_is_there() {
    let there = nft(Some(Path::new("/usr/sbin/nft")));
    assert_eq!((there.state, there.detail.as_str()), {
        (State::Ok, "/usr/sbin/nft is there")
    });
    let missing = nft(None);
    assert_eq!(missing.state, State::Note);
    assert!(missing.fix.is_some());
    is_whole(&missing);
}

#[test]
fn finds_files_in_absolute_folders_only() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    std::fs::create_dir_all(one.join("tool")).unwrap(); // a folder of the name is no program
    std::fs::create_dir(&two).unwrap();
    std::fs::write(two.join("tool"), "").unwrap();
    let folders = || [PathBuf::from("."), PathBuf::new(), one.clone(), two.clone()].into_iter();
    assert_eq!(find("tool", folders()), Some(two.join("tool")));
    assert_eq!(find("none", folders()), None);
}
