//! What is asked of servers, and what follows of their answers.

use std::time::Duration;

use aegis_core::Timestamp;

use super::{Request, Response, Session, Step, retry_after};
use crate::feed::{
    BUILT_IN, BuiltIn, Course, Definition, Fault, Format, InvalidDefinition, Kind, UnknownFormat,
};

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn a_document_is_asked_for_once_and_conditionally() {
    let course = Course {
        etag: Some("\"7\"".to_owned()),
        last_modified: Some("Thu, 19 Nov 2026 08:00:00 GMT".to_owned()),
        ..Course::default()
    };
    let definition = definition(Kind::Document(Format::Plain), "http://feed.example/list");
    let mut session = Session::new(&definition, &course, NOW);
    let request = session.start();
    assert_eq!(request.url, "http://feed.example/list");
    let says = |name: &str| request.headers.iter().any(|it| it.0 == name);
    assert!(says("If-None-Match") && says("If-Modified-Since"));
    assert_eq!(session.take(&status(304)), Ok(Step::Unchanged));

    let mut session = Session::new(&definition, &Course::default(), NOW);
    assert_eq!(session.start().headers.len(), 1);
    assert_eq!(
        session.take(&status(304)),
        Err(Fault::Status(304)),
        "nobody asked"
    );
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let response = Response {
        etag: Some("\"8\"".to_owned()),
        ..body("203.0.113.7\n")
    };
    let Ok(Step::Done { listing, etag, .. }) = session.take(&response) else {
        panic!("one document is all");
    };
    assert_eq!((listing.entries.len(), etag.as_deref()), (1, Some("\"8\"")));
}

#[test]
fn answers_that_are_none_say_why() {
    let definition = definition(Kind::Document(Format::Plain), "http://feed.example/list");
    for (response, expected) in [
        (status(401), Fault::Unauthorised(401)),
        (status(403), Fault::Unauthorised(403)),
        (status(404), Fault::Status(404)),
        (
            Response {
                retry_after: Some("120".to_owned()),
                ..status(429)
            },
            Fault::Busy {
                status: 429,
                retry_after: Some(Duration::from_secs(120)),
            },
        ),
    ] {
        let mut session = Session::new(&definition, &Course::default(), NOW);
        assert_eq!(session.take(&response), Err(expected));
    }
}

#[test]
fn servers_say_when_to_come_back_in_seconds_or_by_date() {
    assert_eq!(retry_after(" 5 ", NOW), Some(Duration::from_secs(5)));
    let date = "Fri, 20 Nov 2026 12:01:00 GMT";
    assert_eq!(retry_after(date, NOW), Some(Duration::from_secs(60)));
    assert_eq!(
        retry_after("Fri, 20 Nov 2026 11:01:00 GMT", NOW),
        Some(Duration::ZERO)
    );
    assert_eq!(retry_after("soon", NOW), None);
}

#[test]
fn pulses_are_followed_from_page_to_page_but_never_to_another_server() {
    let definition = definition(
        Kind::Otx,
        "https://otx.example/api/v1/pulses/subscribed?limit=50",
    );
    let page = |next: &str| body(&format!(r#"{{"results":[],"next":{next}}}"#));
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let next = "https://otx.example/api/v1/pulses/subscribed?limit=50&page=2";
    let step = session.take(&page(&format!("\"{next}\"")));
    assert_eq!(asked(step).url, next);
    assert!(matches!(session.take(&page("null")), Ok(Step::Done { .. })));
    for other in [
        "https://evil.example/",
        "http://otx.example/x",
        "https://otx.example:444/",
    ] {
        let mut session = Session::new(&definition, &Course::default(), NOW);
        let step = session.take(&page(&format!("\"{other}\"")));
        assert_eq!(step, Err(Fault::Astray(other.to_owned())));
    }
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let mut pages = 0;
    while session.take(&page(&format!("\"{next}\""))).is_ok() {
        pages += 1;
        assert!(pages < 1_000, "it ends");
    }
}

#[test]
fn a_collection_is_asked_in_its_own_words() {
    let definition = definition(Kind::Taxii, "http://taxii.example/root/collections/abc/");
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let first = session.start();
    let objects = "http://taxii.example/root/collections/abc/objects/";
    assert_eq!(
        first.url,
        format!("{objects}?match%5Btype%5D=indicator&limit=1000")
    );
    assert_eq!(
        first.headers,
        [("Accept", "application/taxii+json;version=2.1".to_owned())]
    );
    let page = body(r#"{"more":true,"next":"a b/2","objects":[]}"#);
    let second = asked(session.take(&page));
    assert_eq!(second.url, format!("{}&next=a%20b%2F2", first.url));
    assert!(matches!(session.take(&body("{}")), Ok(Step::Done { .. })));
    assert_eq!(
        checked(Kind::Taxii, "http://taxii.example/root/"),
        Err(InvalidDefinition::Collection)
    );
}

#[test]
fn a_misp_feed_is_its_manifest_and_then_its_events_newest_first() {
    let uuid = |digit: u8| format!("{digit:08}-0000-4000-8000-000000000000");
    let manifest = format!(
        r#"{{"{}":{{"timestamp":"5"}},"{}":{{"timestamp":9}},"../../etc/passwd":{{}}}}"#,
        uuid(1),
        uuid(2)
    );
    for url in [
        "http://misp.example/feed",
        "http://misp.example/feed/manifest.json",
    ] {
        let definition = definition(Kind::Misp, url);
        let mut session = Session::new(&definition, &Course::default(), NOW);
        assert_eq!(
            session.start().url,
            "http://misp.example/feed/manifest.json"
        );
        let newest = asked(session.take(&body(&manifest)));
        assert_eq!(
            newest.url,
            format!("http://misp.example/feed/{}.json", uuid(2))
        );
        let event =
            r#"{"Event":{"Attribute":[{"type":"ip-dst","value":"203.0.113.7","to_ids":true}]}}"#;
        let oldest = asked(session.take(&body(event)));
        assert_eq!(
            oldest.url,
            format!("http://misp.example/feed/{}.json", uuid(1))
        );
        let Ok(Step::Done { listing, .. }) = session.take(&body(event)) else {
            panic!("all is there");
        };
        assert_eq!((listing.entries.len(), listing.malformed_count), (2, 1));
    }
}

#[test]
fn every_built_in_feed_can_be_subscribed_to() {
    for it in &BUILT_IN {
        let without = Definition::of(it, None);
        let expected = it.key_header.map(|_| InvalidDefinition::NoKey);
        assert_eq!(without.err(), expected, "{}", it.name);
        let definition = Definition::of(it, Some("/etc/aegis/key".to_owned())).unwrap();
        assert_eq!(definition.terms(), Some(it.terms));
        assert!(definition.interval >= it.kind.interval_min());
        assert_eq!(it.kind.as_str().parse(), Ok(it.kind));
    }
    let spamhaus = BuiltIn::named("spamhaus-drop").unwrap();
    assert!(
        spamhaus.kind.interval_min() >= Duration::from_secs(3_600),
        "or one is shut out"
    );
}

#[test]
fn what_cannot_be_a_feed_is_refused() {
    let plain = Kind::Document(Format::Plain);
    for url in [
        "ftp://a/",
        "file:///etc/passwd",
        "https://",
        "http://u:p@a/",
        "http://a /",
        "a",
    ] {
        assert_eq!(checked(plain, url), Err(InvalidDefinition::Url), "{url}");
    }
    for name in ["", "Upper", "a b", "a/b", "12345678901234567"] {
        assert_eq!(
            name.parse::<crate::feed::FeedName>(),
            Err(InvalidDefinition::Name)
        );
    }
    assert_eq!(
        "nonsense".parse::<Kind>(),
        Err(InvalidDefinition::Kind(UnknownFormat))
    );
}

fn checked(kind: Kind, url: &str) -> Result<Definition, InvalidDefinition> {
    Definition {
        name: "test".parse()?,
        kind,
        url: url.to_owned(),
        interval: Duration::from_secs(86_400),
        trust: 50,
        key_header: None,
        key_file: None,
    }
    .checked()
}

fn definition(kind: Kind, url: &str) -> Definition {
    checked(kind, url).unwrap()
}

#[track_caller]
fn asked(step: Result<Step, Fault>) -> Request {
    match step {
        Ok(Step::Ask(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn status(status: u16) -> Response {
    Response {
        status,
        ..Response::default()
    }
}

fn body(text: &str) -> Response {
    Response {
        body: text.as_bytes().to_vec(),
        ..status(200)
    }
}

#[test]
fn of_a_feed_in_pages_that_was_had_only_what_is_new_is_asked_for_first() {
    let taxii = "https://taxii.example/api/collections/1/";
    let otx = "https://otx.example/pulses?limit=50";
    for (kind, url, at, asks, empty, full) in [
        (
            Kind::Taxii,
            taxii,
            "2026-11-19T08:00:00.000Z",
            "&added_after=2026-11-19T08%3A00%3A00.000Z",
            "{}",
            r#"{"objects":[{"type":"x"}]}"#,
        ),
        (
            Kind::Otx,
            otx,
            "2026-11-19T08:00:00Z",
            "&modified_since=2026-11-19T08%3A00%3A00Z",
            r#"{"results":[]}"#,
            r#"{"results":[{}]}"#,
        ),
    ] {
        let definition = definition(kind, url);
        let course = Course {
            last_modified: Some(at.to_owned()),
            ..Course::default()
        };
        let mut session = Session::new(&definition, &course, NOW);
        let request = session.start();
        assert!(request.url.ends_with(asks), "{}", request.url);
        assert_eq!(session.take(&body(empty)), Ok(Step::Unchanged));

        let mut session = Session::new(&definition, &course, NOW);
        let Ok(Step::Ask(request)) = session.take(&body(full)) else {
            panic!("all of it is asked for");
        };
        let whole = Session::new(&definition, &Course::default(), NOW).start();
        assert_eq!(request, whole);
        let last = Response {
            last_modified: Some("2026-11-20T08:00:00.000Z".to_owned()),
            ..body(empty)
        };
        let Ok(Step::Done { last_modified, .. }) = session.take(&last) else {
            panic!("that is all");
        };
        let expected = match kind {
            Kind::Taxii => "2026-11-20T08:00:00.000Z",
            Kind::Otx | Kind::Misp | Kind::Document(_) => "2026-11-20T12:00:00Z",
        };
        assert_eq!(last_modified.as_deref(), Some(expected));
    }
}

#[test]
fn of_a_misp_feed_only_events_that_changed_are_asked_for_again() {
    let definition = definition(Kind::Misp, "https://misp.example/feed/");
    let uuid = |digit: u8| format!("0000000{digit}-0000-4000-8000-000000000000");
    let manifest = |at: [u64; 2]| {
        let line = |digit: u8, at: u64| format!(r#""{}":{{"timestamp":"{at}"}}"#, uuid(digit));
        body(&format!("{{{},{}}}", line(1, at[0]), line(2, at[1])))
    };
    let event = |address: &str| {
        let attribute = format!(r#"{{"type":"ip-dst","value":"{address}","to_ids":true}}"#);
        body(&format!(r#"{{"Event":{{"Attribute":[{attribute}]}}}}"#))
    };
    let names = |request: &Request, digit: u8| {
        assert_eq!(
            request.url,
            format!("https://misp.example/feed/{}.json", uuid(digit))
        );
    };
    let mut session = Session::new(&definition, &Course::default(), NOW);
    names(&asked(session.take(&manifest([5, 6]))), 2);
    names(&asked(session.take(&event("203.0.113.2"))), 1);
    let Ok(Step::Done { listing, .. }) = session.take(&event("203.0.113.1")) else {
        panic!("that is all");
    };
    assert_eq!(listing.entries.len(), 2);

    let known = session.into_events();
    let mut session = Session::new(&definition, &Course::default(), NOW).knowing(known.clone());
    names(&asked(session.take(&manifest([7, 6]))), 1);
    let Ok(Step::Done { listing, .. }) = session.take(&event("203.0.113.3")) else {
        panic!("only one changed");
    };
    let texts = listing.entries.iter().map(|it| it.indicator.to_string());
    assert_eq!(texts.collect::<Vec<_>>(), ["203.0.113.2", "203.0.113.3"]);
    assert_ne!(session.into_events(), known);

    let mut session = Session::new(&definition, &Course::default(), NOW).knowing(known.clone());
    let Ok(Step::Done { listing, .. }) = session.take(&manifest([5, 6])) else {
        panic!("none changed");
    };
    assert_eq!(listing.entries.len(), 2);
    assert_eq!(session.into_events(), known);
}
