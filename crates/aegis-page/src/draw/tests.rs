//! Drawings have what was counted, and nothing that is no number.

use std::time::Duration;

use aegis_api::{Timestamp, TrafficPoint, TrendPoint};

use super::{At, DrawnSpan, HeatRow, heat, spark, timeline};
use crate::gather::Almanac;

const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);

#[test]
fn coordinates_are_short() {
    for (number, text) in [
        (0.0, "0"),
        (-0.04, "0"),
        (1.25, "1.3"),
        (10.0, "10"),
        (-3.46, "-3.5"),
    ] {
        assert_eq!(At(number).to_string(), text);
    }
}

#[test]
fn a_point_counts_in_the_step_that_it_ends() {
    let point = |secs, dropped_packets| TrafficPoint {
        at: NOW.floor_to_secs() - Duration::from_secs(secs),
        packets: 9,
        dropped_packets,
        dropped_bytes: 0,
        spared_packets: 0,
    };
    // At noon sharp the step from eleven to twelve ends.
    let points = [point(0, 5), point(3_600, 7), point(86_400, 9)];
    let columns = DrawnSpan::Day.cut(NOW, &Almanac::default(), &points);
    let dropped: Vec<u64> = columns.iter().map(|it| it.dropped).collect();
    assert_eq!(dropped.len(), 24);
    assert_eq!(dropped.get(21..), Some(&[7, 5, 0][..]));
    assert_eq!(dropped.iter().sum::<u64>(), 12, "yesterday's is not drawn");
}

#[test]
fn a_timeline_of_nothing_says_so_and_one_of_a_packet_is_drawn() {
    for span in [DrawnSpan::Day, DrawnSpan::Week] {
        let nothing = span.cut(NOW, &Almanac::default(), &[]);
        let drawn = timeline(span, &nothing).into_text();
        assert!(
            drawn.contains("Quiet") && !drawn.contains("<svg"),
            "{drawn}"
        );
        let packet = TrafficPoint {
            at: NOW,
            packets: 1,
            dropped_packets: 1,
            dropped_bytes: 60,
            spared_packets: 0,
        };
        let columns = span.cut(NOW, &Almanac::default(), &[packet]);
        let drawn = timeline(span, &columns).into_text();
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        assert_eq!(drawn.matches("<tr>").count(), 1 + span.columns());
        assert_eq!(drawn.matches("<rect class=\"dropped\"").count(), 1);
    }
}

#[test]
fn heat_goes_by_orders_of_magnitude() {
    let columns = DrawnSpan::Day.cut(NOW, &Almanac::default(), &[]);
    let row = HeatRow {
        name: "<x>".to_owned(),
        counts: vec![0, 1, 10, 100, 1_000, 10_000],
    };
    let drawn = heat((DrawnSpan::Day, &columns), "network", &[row]).into_text();
    let steps: Vec<_> = drawn
        .split("<td class=\"h")
        .skip(1)
        .map(|it| &it[..1])
        .collect();
    assert_eq!(steps, ["0", "1", "2", "3", "4", "5"]);
    assert!(
        drawn.contains("&lt;x&gt;") && !drawn.contains("<x>"),
        "{drawn}"
    );
}

#[test]
fn trust_is_drawn_in_steps_from_what_held_before() {
    let point = |days: u64, percent| TrendPoint {
        at: NOW - Duration::from_secs(days * 86_400),
        percent,
    };
    let points = [point(20, 10), point(9, 50), point(7, 100), point(0, 0)];
    let drawn = spark(&points, NOW).into_text();
    assert!(drawn.contains("d=\"M0 1.5H120V22.5H120\""), "{drawn}");
    assert!(!spark(&[], NOW).into_text().contains("line"));
}
