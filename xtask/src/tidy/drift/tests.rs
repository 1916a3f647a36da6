//! Tests of comparing generated files.

use super::{compare, unknown};

#[test]
fn names_the_first_line_that_differs() {
    assert_eq!(compare("a.toml", "a\nb\n", "a\nb\n"), None);
    assert_eq!(compare("a.toml", "a\nb\n", "a\nc\n").unwrap().line, Some(2));
    assert_eq!(compare("a.toml", "", "a\n").unwrap().line, Some(1));
    assert_eq!(compare("a.toml", "a\n", "a\nb\n").unwrap().line, Some(2));
    assert!(compare("a.toml", "a", "a\n").is_some());
}

#[test]
fn notices_a_page_of_a_command_that_is_gone() {
    let files = [
        "docs/help/block.txt".to_owned(),
        "docs/help/gone.txt".to_owned(),
    ];
    let findings = unknown(&files, &["docs/help/block.txt", "docs/aegis.toml"]);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].file, "docs/help/gone.txt");
}
