//! Fields are read as browsers write them, whatever else is sent.

use super::Fields;

#[test]
fn fields_are_read_as_browsers_write_them() {
    check("ip=2001%3adb8%3A%3A1&x=a+b%2B", "ip", Some("2001:db8::1"));
    check("ip=2001%3adb8%3A%3A1&x=a+b%2B", "x", Some("a b+"));
    check("x=1&x=2", "x", Some("1"));
    check("x=+%20", "x", None);
    check("x", "x", None);
    check("", "x", None);
}

#[test]
fn what_is_no_encoding_stands_for_itself() {
    check("x=100%", "x", Some("100%"));
    check("x=%zz%4", "x", Some("%zz%4"));
    check("x=%+1", "x", Some("% 1"));
    check("x=%ff", "x", Some("\u{fffd}"));
    check("x=%ü", "x", Some("%ü"));
}

#[test]
fn more_fields_than_any_form_has_are_left_out() {
    let many = "a=1&".repeat(64) + "b=2";
    assert!(Fields::parse(&many).has("a"));
    assert!(!Fields::parse(&many).has("b"));
}

#[track_caller]
fn check(text: &str, name: &str, expected: Option<&str>) {
    assert_eq!(Fields::parse(text).value(name), expected, "{text}");
}
