//! Tests of what is asked for, of what a client has already, and of gzip.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::lapi::inflate;

#[test]
fn a_query_says_which_entries_are_wanted() {
    let all = ExportFilter::default();
    let check = |query: &str, expected: Option<ExportFilter>| {
        assert_eq!(read_export_query(query), expected, "{query}");
    };
    check("", Some(all));
    check(
        "ipv4only",
        Some(ExportFilter {
            ipv4_only: true,
            ..all
        }),
    );
    check(
        "ipv6only=true&ipv4only=false",
        Some(ExportFilter {
            ipv6_only: true,
            ..all
        }),
    );
    let peers = Some(Origin::Peers);
    check(
        "origin=peers",
        Some(ExportFilter {
            origin: peers,
            ..all
        }),
    );
    let min_severity = Severity::new(10);
    check(
        "min_severity=10",
        Some(ExportFilter {
            min_severity,
            ..all
        }),
    );
    for query in [
        "ipv4only=1",
        "ipv4only=TRUE",
        "origin=",
        "origin=Peers",
        "origin=everybody",
        "min_severity=0",
        "min_severity=11",
        "min_severity=+5",
        "min_severity=",
        "nosort",
        "origin=peers&origin=feed",
    ] {
        check(query, None);
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("a value");
        (HeaderName::from_static(name), value)
    };
    pairs.iter().map(pair).collect()
}

#[test]
fn what_a_client_has_is_known_by_its_tag_or_else_by_its_time() {
    let changed_at = Timestamp::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT
    let now = Timestamp::from_secs(1_800_000_005);
    let version = ExportVersion {
        tag: 0xab,
        changed_at,
        now,
    };
    let check = |pairs: &[(&'static str, &str)], expected: bool| {
        let headers = headers(pairs);
        assert_eq!(Conditions(&headers).has(&version), expected, "{pairs:?}");
    };
    const OWN: &str = "\"00000000000000ab\"";
    check(&[], false);
    check(&[("if-none-match", OWN)], true);
    check(&[("if-none-match", &format!("\"x\", W/{OWN}"))], true);
    check(&[("if-none-match", "*")], true);
    check(&[("if-none-match", "\"x\"")], false);
    check(
        &[("if-modified-since", "Fri, 15 Jan 2027 08:00:00 GMT")],
        true,
    );
    check(
        &[("if-modified-since", "Fri, 15 Jan 2027 07:59:59 GMT")],
        false,
    );
    check(&[("if-modified-since", "yesterday")], false);
    // Where a tag is shown, the time says nothing.
    let later = ("if-modified-since", "Fri, 15 Jan 2027 09:00:00 GMT");
    check(&[("if-none-match", "\"x\""), later], false);
    let mut told = HeaderMap::new();
    version.describe(&mut told);
    assert_eq!(told["etag"], format!("W/{OWN}"));
    assert_eq!(told["last-modified"], "Fri, 15 Jan 2027 08:00:00 GMT");
}

#[test]
fn within_the_second_of_a_change_the_time_told_is_the_one_before() {
    let changed_at = Timestamp::from_millis(1_800_000_000_100);
    let now = Timestamp::from_millis(1_800_000_000_900);
    let version = ExportVersion {
        tag: 1,
        changed_at,
        now,
    };
    let mut told = HeaderMap::new();
    version.describe(&mut told);
    let since = told["last-modified"].to_str().expect("text").to_owned();
    assert_eq!(since, "Fri, 15 Jan 2027 07:59:59 GMT");
    let headers = headers(&[("if-modified-since", &since)]);
    assert!(!Conditions(&headers).has(&version));
}

#[test]
fn gzip_is_for_who_takes_it() {
    let check = |accept: &str, expected: bool| {
        let headers = headers(&[("accept-encoding", accept)]);
        assert_eq!(Conditions(&headers).takes_gzip(), expected, "{accept}");
    };
    check("gzip", true);
    check("br, GZIP;q=0.5", true);
    check("deflate, br", false);
    check("gzip;q=0", false);
    check("", false);
}

proptest! {
    #[test]
    fn what_is_deflated_in_pieces_is_inflated_whole(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70_000), 0..5),
    ) {
        let whole = pieces.concat();
        let deflated: Vec<u8> = Deflating::new(pieces.into_iter()).flatten().collect();
        prop_assert_eq!(inflate(&deflated, whole.len() + 1).ok(), Some(whole));
    }

    #[test]
    fn no_query_breaks_anything(query in ".{0,80}") {
        read_export_query(&query);
    }
}
