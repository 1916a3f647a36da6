//! Trends of every length fit a terminal, and a bar is as high as the trust.

use std::time::Duration;

use aegis_api::TrendPoint;

use super::{BARS_MAX, bar, trend};
use crate::sample::NOW;

#[test]
fn a_bar_is_as_high_as_the_trust() {
    let all: Vec<char> = (0..=100).map(bar).collect();
    assert!(all.is_sorted(), "{all:?}");
    for (percent, expected) in [
        (0, '▁'),
        (1, '▂'),
        (16, '▂'),
        (17, '▃'),
        (50, '▅'),
        (83, '▆'),
        (84, '▇'),
        (99, '▇'),
        (100, '█'),
        (255, '█'),
    ] {
        assert_eq!(bar(percent), expected, "{percent}");
    }
}

#[test]
fn a_peer_without_a_past_has_no_bars() {
    assert_eq!(trend(&[]), "Trend: none yet\n");
}

#[test]
fn a_long_past_shows_its_newest_part() {
    let point = |percent: u8| TrendPoint {
        at: NOW + Duration::from_secs(percent.into()),
        percent,
    };
    let all: Vec<TrendPoint> = (0..=100).map(point).collect();
    let text = trend(&all);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1].chars().count(), 2 + BARS_MAX);
    assert!(lines[1].ends_with("▇█"), "{text}");
    assert_eq!(
        lines[2],
        "  29 % at 2026-11-20T12:00:29Z, 100 % at 2026-11-20T12:01:40Z"
    );
}
