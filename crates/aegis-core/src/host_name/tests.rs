//! Tests that a host name is one.

use super::*;

#[test]
fn names_are_read_in_lower_case_and_without_the_root() {
    for (text, name) in [
        ("office.example", "office.example"),
        ("Office.EXAMPLE.", "office.example"),
        ("localhost", "localhost"),
        ("_srv.a-b.example", "_srv.a-b.example"),
        ("1.2.3.example", "1.2.3.example"),
    ] {
        let read: HostName = text.parse().expect("a name");
        assert_eq!(read.as_str(), name);
    }
}

#[test]
fn what_is_no_name_or_might_be_an_address_is_none() {
    let long = ["a".repeat(63).as_str(); 4].join(".");
    for text in [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a b",
        "a/24",
        "192.0.2.1",
        "192.0.2",
        "0x7f000001",
        "1",
        "2001:db8::1",
        "a\u{e9}.example",
        "a\n",
        &long,
        &"a".repeat(64),
    ] {
        assert_eq!(text.parse::<HostName>(), Err(InvalidHostName), "{text:?}");
    }
}
