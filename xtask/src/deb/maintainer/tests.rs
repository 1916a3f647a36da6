//! Names and addresses as Debian's tools take them.

use super::spelled;

#[track_caller]
fn check(name: Option<&str>, email: Option<&str>, expected: Option<&str>) {
    let said = spelled(name, email).ok();
    assert_eq!(said.as_deref(), expected, "{name:?} {email:?}");
}

#[test]
fn who_is_named_answers_for_it() {
    let ada = Some("Ada King <ada@example.org>");
    check(Some("Ada King"), Some("ada@example.org"), ada);
    check(None, Some("Ada King <ada@example.org>"), ada);
    check(Some("Ada King"), Some("Somebody <ada@example.org>"), ada);
    check(
        None,
        Some("<ada@example.org>"),
        Some("The AEGIS authors <ada@example.org>"),
    );
}

#[test]
fn nobody_named_is_no_stranger() {
    check(None, None, Some("The AEGIS authors <root@localhost>"));
    check(Some("Ada King"), None, Some("Ada King <root@localhost>"));
}

#[test]
fn what_would_be_another_field_is_refused() {
    check(Some("Ada\nDepends: x"), None, None);
    check(Some("Ada, Bob"), None, None);
    check(Some("Ada <x>"), None, None);
    check(Some(""), None, None);
    check(None, Some("nowhere"), None);
    check(None, Some("a@b c"), None);
    check(None, Some("@example.org"), None);
    check(None, Some("a@b\nDepends: x"), None);
}
