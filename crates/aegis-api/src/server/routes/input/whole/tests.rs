//! What is written anew, and what is left alone.

use super::written_as_such;

#[test]
fn a_whole_number_is_written_as_such_and_nothing_else_is_touched() {
    check("60.0", Some("60"));
    check("[6e1, 1.5, -0.0, 7]", Some("[60, 1.5, 0, 7]"));
    check(r#"{"a":2.0,"a":3.00E2}"#, Some(r#"{"a":2,"a":300}"#));
    check(
        r#"{"1.0":"2.0","\"":"\\","x":3.0}"#,
        Some(r#"{"1.0":"2.0","\"":"\\","x":3}"#),
    );
    check("9007199254740992.0", Some("9007199254740992"));
}

#[test]
fn what_is_no_whole_number_stays_as_it_is() {
    for json in [
        "",
        "60",
        "-60.0",
        "60.5",
        "1e300",
        "9007199254740994.0",
        "01.0",
        "1.",
        "-",
        "1e",
        "\"1.0\"",
        "\"1.0",
        "\"\\",
        "18446744073709551615",
        "[true,null]",
        "1.0.0",
    ] {
        check(json, None);
    }
}

#[track_caller]
fn check(json: &str, expected: Option<&str>) {
    let written = written_as_such(json.as_bytes());
    let written = written.map(|it| String::from_utf8(it).expect("texts are cut nowhere"));
    assert_eq!(written.as_deref(), expected, "{json}");
}
