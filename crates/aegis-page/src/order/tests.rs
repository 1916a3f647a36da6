//! Nobody is sent elsewhere than to a page of this site.

use aegis_api::Fields;

use super::back;

#[test]
fn the_way_back_stays_on_this_site() {
    for (asked, expected) in [
        ("/decisions", "/decisions"),
        ("/why?ip=192.0.2.1", "/why?ip=192.0.2.1"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/v1/status", "/"),
        ("/decisions?a\r\nx: y", "/"),
        ("", "/"),
    ] {
        let form = format!("back={}", crate::number::Encoded(asked));
        assert_eq!(back(&Fields::parse(&form)), expected, "{asked}");
    }
}
