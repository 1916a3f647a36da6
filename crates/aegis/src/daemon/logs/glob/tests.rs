//! What a star stands for.

use super::*;

#[test]
fn a_star_stands_for_any_characters() {
    for (pattern, name, is_it) in [
        ("*access.log", "access.log", true),
        ("*access.log", "site-access.log", true),
        ("*access.log", "access.log.1", false),
        ("a*b*c", "abc", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "acb", false),
        ("*", "", true),
        ("**", "anything", true),
        ("plain", "plain", true),
        ("plain", "plainer", false),
        ("ab*ba", "aba", false),
    ] {
        assert_eq!(
            matches(pattern.as_bytes(), name.as_bytes()),
            is_it,
            "{pattern} {name}"
        );
    }
}

#[test]
fn directories_may_have_stars_too() {
    let dir = tempfile::tempdir().unwrap();
    for site in ["a", "b"] {
        fs::create_dir_all(dir.path().join(site).join("log")).unwrap();
        fs::write(dir.path().join(site).join("log/access.log"), "").unwrap();
    }
    let found = expand(&dir.path().join("*/log/*.log"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(expand(&dir.path().join("c/*.log")).is_empty());
}
