//! What is filled in, and what counts as the same.

use super::{filled, like};

#[test]
fn a_block_shows_its_section_and_nothing_else() {
    let document = "before\n```console two\nold\n```\nafter\n";
    let transcript = "@ one\n# a\n\n@ two\n# b\nanswer  \n\n@ three\n# c\n";
    let fresh = filled(document, transcript).unwrap();
    assert_eq!(fresh, "before\n```console two\n# b\nanswer\n```\nafter\n");
    assert!(filled("```console four\n```\n", transcript).is_err());
}

#[test]
fn numbers_and_names_differ_from_run_to_run_and_words_do_not() {
    check("203.0.113.7  4m 59s left", "203.0.113.7 5m 1s left", true);
    check("node 12D3KooWabc up", "node 12D3KooWxyz up", true);
    check("at 2026-11-26T12:00:00Z", "at 2027-01-01T00:00:00Z", true);
    check("4000 dropped", "3 dropped", true);
    check("4000 dropped", "4000 passed", false);
    check("mode observe", "mode enforce", false);
}

#[track_caller]
fn check(a: &str, b: &str, is_alike: bool) {
    assert_eq!(like(a) == like(b), is_alike, "{:?} {:?}", like(a), like(b));
}
