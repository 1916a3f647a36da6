//! Tests of `indicator`.

use super::*;

#[test]
fn parses_into_canonical_form() {
    check("192.0.2.1", Some("192.0.2.1"));
    check("192.0.2.1/32", Some("192.0.2.1"));
    check("192.0.2.129/25", Some("192.0.2.128/25"));
    check("0.0.0.0", Some("0.0.0.0"));
    check("0.0.0.0/0", Some("0.0.0.0/0"));
    check("255.255.255.255", Some("255.255.255.255"));
    check("10.0.0.1", Some("10.0.0.1"));
    check("127.0.0.1", Some("127.0.0.1"));
    check("2001:DB8:0:0::1", Some("2001:db8::1"));
    check("2001:db8:0:1:ffff::/48", Some("2001:db8::/48"));
    check("::", Some("::"));
    check("::/0", Some("::/0"));
}

#[test]
fn a_mapped_address_is_ipv4() {
    check("::ffff:192.0.2.1", Some("192.0.2.1"));
    check("::ffff:192.0.2.1/128", Some("192.0.2.1"));
    check("::ffff:192.0.2.1/120", Some("192.0.2.0/24"));
    check("::ffff:0:0/96", Some("0.0.0.0/0"));
    check("::ffff:0:0/95", Some("::fffe:0:0/95"));
}

#[test]
fn refuses_everything_else() {
    for text in [
        "",
        " ",
        "/",
        "1",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/+8",
        "1.2.3.4/08",
        "1.2.3.4/8/8",
        " 1.2.3.4",
        "1.2.3.4\n",
        "::/129",
        "fe80::1%eth0",
        "[::1]",
        "example.org",
        "1.2.3.4:80",
    ] {
        check(text, None);
    }
    check(&"1".repeat(1_000_000), None);
}

#[test]
fn contains_what_lies_inside() {
    let wide: Indicator = "192.0.2.0/24".parse().unwrap();
    let inside: Indicator = "192.0.2.7".parse().unwrap();
    let outside: Indicator = "192.0.3.7".parse().unwrap();
    assert!(wide.contains(&inside) && wide.contains(&wide) && !inside.contains(&wide));
    assert!(wide.overlaps(&inside) && inside.overlaps(&wide) && !wide.overlaps(&outside));
    assert!(!wide.contains(&"::/0".parse().unwrap()));
}

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let written = text.parse::<Indicator>().ok().map(|it| it.to_string());
    assert_eq!(written.as_deref(), expected, "{text:?}");
}
