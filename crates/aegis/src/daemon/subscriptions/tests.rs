//! What is subscribed to, what of a list is taken, and what is kept of it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use aegis_api::{ErrorCode, FeedAddRequest};
use aegis_intel::feed::{BUILT_IN, Format, Warninglists};

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn request(name: &str) -> FeedAddRequest {
    FeedAddRequest {
        name: name.into(),
        ..FeedAddRequest::default()
    }
}

fn subscription(definition: Definition) -> Subscription {
    Subscription {
        definition,
        course: Course {
            etag: Some("\"7\"".into()),
            tried_at: Some(T0),
            succeeded_at: Some(T0),
            next_at: T0 + HOUR,
            entries: 100,
            alarm: Some(Alarm::Shrunk { from: 100, to: 3 }),
            ..Course::default()
        },
        last: Some(FeedLast {
            entries: 100,
            blocked: 98,
            left_out: [("protected".to_owned(), 2)].into(),
            ..FeedLast::default()
        }),
        attribution: Some("(c) Example".into()),
        made_at: Some(T0),
        holds_until: T0 + HOUR * 48,
        number: 1,
        is_under_way: false,
        is_accepted: false,
        cancel_tx: None,
        pending: None,
        told: BTreeSet::new(),
        events: Events::default(),
    }
}

fn plain() -> Definition {
    let request = FeedAddRequest {
        url: Some("https://lists.example/bad.txt?key=secret".into()),
        ..request("mine")
    };
    answer::definition(request).expect("a definition")
}

#[test]
fn a_built_in_feed_needs_its_name_alone_and_another_its_address() {
    for it in BUILT_IN.iter().filter(|it| it.key_header.is_none()) {
        let definition = answer::definition(request(it.name)).expect(it.name);
        assert_eq!(
            (
                definition.url.as_str(),
                definition.interval,
                definition.trust
            ),
            (it.url, it.interval, it.trust)
        );
        assert_eq!(definition.key_header, None);
    }
    let definition = plain();
    assert_eq!((definition.interval, definition.trust), (HOUR, 75));
    assert_eq!(definition.kind.as_str(), "plain");
}

#[test]
fn what_cannot_be_subscribed_to_is_refused_with_the_field() {
    let url = |url: &str| FeedAddRequest {
        url: Some(url.into()),
        ..request("mine")
    };
    let good = "https://lists.example/x";
    for (request, says) in [
        (request("Mine"), "name: a feed's name has 1 to 16"),
        (request("mine"), "url: mine is not built in"),
        (request("otx"), "key_file: this feed needs a key"),
        (url("ftp://lists.example/"), "url: a feed's address begins"),
        (
            url("https://user:word@lists.example/"),
            "url: a feed's address",
        ),
        (
            FeedAddRequest {
                kind: Some("xml".into()),
                ..url(good)
            },
            "kind: no such format; there are plain",
        ),
        (
            FeedAddRequest {
                kind: Some("taxii".into()),
                ..url(good)
            },
            "url: the address of a TAXII feed is that of a collection",
        ),
        (
            FeedAddRequest {
                interval_secs: Some(59),
                ..url(good)
            },
            "interval_secs: this feed is fetched every 1 to 10080 minutes",
        ),
        (
            FeedAddRequest {
                trust: Some(0),
                ..url(good)
            },
            "trust: trust is 1 to 100 percent",
        ),
        (
            FeedAddRequest {
                key_file: Some("key".into()),
                ..url(good)
            },
            "key_file: must be an absolute path",
        ),
        (
            FeedAddRequest {
                key_file: Some("/nowhere".into()),
                key_header: Some("a: b".into()),
                ..url(good)
            },
            "key_header: a header's name",
        ),
    ] {
        let error = answer::definition(request).expect_err(says);
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert!(error.message.starts_with(says), "{}", error.message);
    }
}

#[test]
fn a_key_is_one_line_that_nobody_else_may_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key");
    fs::write(&path, "hunter2\n").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    let open = key::read(&path).expect_err("others read it");
    assert!(open.contains("others must have none (0600)"), "{open}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    assert_eq!(
        key::read(&path),
        Ok(aegis_fetch::Secret::new("hunter2").expect("a key"))
    );
    let request = FeedAddRequest {
        key_file: Some(path.display().to_string()),
        ..request("threatfox")
    };
    let definition = answer::definition(request).expect("a definition");
    assert_eq!(definition.key_header.as_deref(), Some("Auth-Key"));
    // No other file of the host goes out as a key.
    for text in ["", "root:x:0:0\nhunter2:x:1:1\n", "hunter2\0"] {
        fs::write(&path, text).expect("written");
        let none = key::read(&path).expect_err("no key");
        assert!(
            none.contains("one line") && !none.contains("hunter2"),
            "{none}"
        );
    }
    assert!(key::read(dir.path()).is_err_and(|it| it.contains("is no file")));
}

#[test]
fn of_a_list_only_what_is_believed_and_on_no_warninglist_is_taken() {
    let list =
        "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n";
    let listing = Format::Feodo.parse(list.as_bytes(), T0).expect("a list");
    let none = sift(listing, 90, &Warninglists::default());
    assert_eq!(none, Sifted::default());
    let list = "203.0.113.9\nno address\n8.8.8.0/24\n203.0.113.7\n203.0.113.9\n";
    let listing = || Format::Plain.parse(list.as_bytes(), T0).expect("a list");
    let sifted = sift(listing(), 75, &Warninglists::default());
    let texts: Vec<String> = sifted.entries.iter().map(|it| it.0.to_string()).collect();
    assert_eq!(texts, ["203.0.113.7", "203.0.113.9"]);
    assert_eq!(sifted.left_out, [("on a warninglist".to_owned(), 1)].into());
    assert_eq!(sifted.malformed_lines, ["2: no address or prefix"]);
    let doubted = sift(listing(), 49, &Warninglists::default());
    assert_eq!(doubted.entries, []);
    assert_eq!(doubted.left_out.get("doubted"), Some(&3));
}

#[test]
fn a_feed_that_says_until_when_is_blocked_until_the_latest_of_it() {
    let stix = |until: &str| {
        format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{until}","modified":"2026-01-01T00:00:00Z",
            "pattern":"[ipv4-addr:value = '203.0.113.7']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z",
            "valid_until":"{until}T00:00:00Z"}}"#
        )
    };
    let bundle = format!(
        r#"{{"type":"bundle","objects":[{},{}]}}"#,
        stix("2027-03-01"),
        stix("2027-05-01")
    );
    let listing = Format::Stix.parse(bundle.as_bytes(), T0).expect("a bundle");
    assert_eq!(listing.entries.len(), 2);
    let sifted = sift(listing, 100, &Warninglists::default());
    let [(_, Some(until))] = sifted.entries[..] else {
        panic!("{sifted:?}");
    };
    assert_eq!(until.to_string(), "2027-05-01T00:00:00Z");
}

#[test]
fn what_is_subscribed_to_and_how_it_goes_is_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(kept::read(dir.path()).expect("nothing there"), []);
    let feed = subscription(plain());
    let feeds = BTreeMap::from([(feed.definition.name.clone(), feed)]);
    kept::write(dir.path(), &feeds).expect("written");
    let mode = fs::metadata(kept::file(dir.path()))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "an address may hold a key");
    let [(definition, before)] = &kept::read(dir.path()).expect("readable")[..] else {
        panic!("one feed");
    };
    let feed = feeds.values().next().expect("one");
    assert_eq!(*definition, feed.definition);
    assert_eq!(before.course, feed.course);
    assert_eq!(
        (&before.last, before.holds_until),
        (&feed.last, feed.holds_until)
    );
    assert_eq!(
        (&before.attribution, before.made_at),
        (&feed.attribution, feed.made_at)
    );
    // A list that is being applied is not kept as one that is blocked.
    let mut feed = subscription(plain());
    feed.pending = Some(FeedLast::default());
    let feeds = BTreeMap::from([(feed.definition.name.clone(), feed)]);
    kept::write(dir.path(), &feeds).expect("written");
    let course = kept::read(dir.path())
        .expect("readable")
        .swap_remove(0)
        .1
        .course;
    assert_eq!((course.etag.clone(), course.is_due(T0)), (None, true));
    fs::write(kept::file(dir.path()), "[{}]").expect("written");
    assert!(kept::read(dir.path()).is_err());
}

#[tokio::test]
async fn nothing_is_free_because_what_is_subscribed_to_cannot_be_read() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(kept::file(dir.path()), "[{}]").expect("written");
    let (config, dir) = (FeedsConfig::default(), dir.path().to_owned());
    let (mut subscriptions, mut ends) = Subscriptions::open(config, dir, EventHub::new(), 0);
    subscriptions.resume().await;
    assert!(ends.orders_rx.try_recv().is_err());
    let health = ends.health_rx.borrow().clone();
    assert!(health.problems[0].contains("feeds.json is no use"));
}

#[test]
fn what_is_shown_hides_the_query_and_says_what_to_do() {
    let feed = subscription(plain());
    let line = show::line(T0, &feed);
    assert_eq!(line.url, "https://lists.example/bad.txt");
    assert_eq!(line.alarms, ["shrunk"]);
    let feeds = BTreeMap::from([(feed.definition.name.clone(), feed)]);
    let health = show::health(T0, &feeds, Some("the disk is full"));
    let shrunk = "feed mine is shrunk: it lists 3 in place of 100; what it listed before stands; \
                  `aegis feed refresh mine --accept` if that is right";
    assert_eq!(health.problems, ["the disk is full", shrunk]);
}

#[test]
fn what_is_blocked_is_blocked_for_longer_when_half_of_it_is_over() {
    let mut feed = subscription(plain());
    feed.hold(T0 + HOUR * 23);
    assert_eq!(feed.holds_until, T0 + HOUR * 48, "not each time");
    assert_eq!(
        feed.conditions(T0 + HOUR * 23).etag.as_deref(),
        Some("\"7\"")
    );
    let later = T0 + HOUR * 24;
    assert_eq!(feed.conditions(later).etag, None, "it is needed whole");
    feed.hold(later);
    assert_eq!(feed.holds_until, later + HOUR * 48);
    feed.definition.interval = HOUR * 24;
    assert_eq!(feed.hold_for(), HOUR * 96);
}

#[test]
fn help_names_every_format_and_every_feed_that_is_built_in() {
    let mut kinds = aegis_ui::FEED_KINDS;
    let mut formats = Format::ALL.map(Format::as_str);
    kinds.sort_unstable();
    formats.sort_unstable();
    assert_eq!(kinds, formats);
    let help = include_str!("../../../../../docs/help.md");
    for it in BUILT_IN {
        assert!(help.contains(it.name), "{}", it.name);
    }
}
