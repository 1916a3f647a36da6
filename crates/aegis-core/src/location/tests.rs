//! Tests that regions are read as they are written, and found again in the feeds that they are.

use super::*;
use crate::file::FileId;

#[test]
fn regions_are_read_as_they_are_written() {
    for (text, written) in [
        ("de", "DE"),
        ("DE", "DE"),
        ("AS64500", "AS64500"),
        ("as1", "AS1"),
        ("64500", "AS64500"),
        ("AS4294967295", "AS4294967295"),
    ] {
        let region: Region = text.parse().expect("a region");
        assert_eq!(region.to_string(), written);
        assert_eq!(written.parse(), Ok(region));
    }
    for text in [
        "",
        "D",
        "DEU",
        "D1",
        "AS-1",
        "AS4294967296",
        "ASx",
        "+1",
        "\u{e4}",
    ] {
        assert_eq!(text.parse::<Region>(), Err(InvalidRegion), "{text:?}");
    }
}

#[test]
fn a_region_is_found_again_in_its_feed_and_a_file_is_none() {
    for text in ["DE", "AS64500", "AS0"] {
        let region: Region = text.parse().expect("a region");
        let feed = FeedId::of_region(region, 77);
        assert_eq!(
            FeedId::of_author(feed.as_author()).region(),
            Some((region, 77))
        );
        assert_ne!(feed, FeedId::of_region(region, 78));
    }
    for byte in [0, 7, 255] {
        let file = FileId::from_bytes([byte; 32]);
        assert_eq!(FeedId::of_file(file).region(), None);
    }
}
