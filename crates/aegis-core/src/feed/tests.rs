//! Lists as people keep them are read, and what is no list is refused whole.

use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let feed = Feed::parse(text.as_bytes()).unwrap();
    let listed: Vec<String> = feed.entries().iter().map(ToString::to_string).collect();
    assert_eq!(listed, expected, "{text:?}");
}

#[track_caller]
fn refused(bytes: &[u8], expected: InvalidFeed) {
    assert_eq!(Feed::parse(bytes), Err(expected));
}

#[test]
fn lists_as_people_keep_them_are_read() {
    check("203.0.113.7", &["203.0.113.7"]);
    check(
        "203.0.113.7\r\n\r\n2001:db8::/48\r\n",
        &["203.0.113.7", "2001:db8::/48"],
    );
    check(
        "# a list\n; of two kinds\n203.0.113.7 # bad\n",
        &["203.0.113.7"],
    );
    check("198.51.100.0/24 ; SBL256894\n", &["198.51.100.0/24"]);
    check(
        "ip,seen,score\n203.0.113.7,2026-11-20,9\n",
        &["203.0.113.7"],
    );
    check(
        "\"ip\",\"score\"\n\"203.0.113.7\",\"9\"\n",
        &["203.0.113.7"],
    );
    check(
        "203.0.113.7\t9\n203.0.113.8 x\n",
        &["203.0.113.7", "203.0.113.8"],
    );
    check("\u{feff}203.0.113.7\n", &["203.0.113.7"]);
}

#[test]
fn entries_are_canonical_in_order_and_each_once() {
    check(
        "203.0.113.9\n198.51.100.7/24\n203.0.113.9/32\n::ffff:203.0.113.9\n",
        &["198.51.100.0/24", "203.0.113.9"],
    );
}

#[test]
fn what_is_no_list_is_refused_whole() {
    refused(b"", InvalidFeed::Empty);
    refused(b"# nothing\n\n;\n", InvalidFeed::Empty);
    refused(b"ip,score\n", InvalidFeed::Empty);
    let second = InvalidFeed::NoIndicator { line: 2 };
    refused(b"203.0.113.7\nip\n", second);
    refused(b"203.0.113.7\n203.0.113.256\n", second);
    refused(b"203.0.113.7\n203.0.113.8-203.0.113.9\n", second);
    refused(b"203.0.113.7\n203.0.113.0/33\n", second);
    refused(b"203.0.113.7\n,203.0.113.8\n", second);
    refused(b"ip\nscore\n203.0.113.7\n", second);
    let first = InvalidFeed::NoIndicator { line: 1 };
    refused(b"203.0.113.256\n203.0.113.7\n", first);
    refused(b"\xff\xfe\x00\n", first);
    refused(&[0; 100], first);
}

#[test]
fn a_list_has_bounds() {
    let long = [b'#'; LINE_BYTES_MAX + 1];
    refused(&long, InvalidFeed::LineTooLong { line: 1 });
    assert_eq!(Feed::parse(&long[1..]), Err(InvalidFeed::Empty));
    refused(&vec![b'\n'; FEED_BYTES_MAX + 1], InvalidFeed::TooLong);
    let line = |number: u32| format!("{}\n", std::net::Ipv4Addr::from_bits(0x0b00_0000 + number));
    let mut most: String = (0..FEED_ENTRIES_MAX as u32).map(line).collect();
    assert_eq!(
        Feed::parse(most.as_bytes()).unwrap().entries().len(),
        FEED_ENTRIES_MAX
    );
    most.push_str("203.0.113.7\n");
    refused(most.as_bytes(), InvalidFeed::TooMany);
}

#[test]
fn a_feed_stands_where_an_author_does() {
    let file = FileId::from_bytes([7; 32]);
    let feed = FeedId::of_file(file);
    assert_eq!(FeedId::of_author(feed.as_author()), feed);
    assert_eq!(feed.file(), file);
}

#[test]
fn a_feed_that_is_subscribed_to_has_its_name_in_its_id() {
    for name in ["a", "spamhaus-drop", "0123456789abcdef"] {
        let id = FeedId::subscribed(name).unwrap();
        assert_eq!(id.name(), Some(name));
        assert_eq!(FeedId::of_author(id.as_author()), id);
        assert_eq!(id.region(), None);
    }
    for name in ["", "0123456789abcdefg", "a b", "a\0", "ä"] {
        assert_eq!(FeedId::subscribed(name), None, "{name:?}");
    }
    let file = FileId::from_bytes([7; 32]);
    assert_eq!(FeedId::of_file(file).name(), None);
    let region = FeedId::of_region("DE".parse().unwrap(), 1);
    assert_eq!(region.name(), None);
}
