//! Charts keep the last days, in bounds, over restarts.

use std::time::Duration;

use aegis_api::{PageQuery, TRAFFIC_POINTS_MAX, TRUST_POINTS_MAX};
use aegis_core::{NodeId, Timestamp};

use super::{Chart, PEERS_MAX, Totals, replaced};

const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_000);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn packets_are_counted_by_interval() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut chart = Chart::open(directory.path(), NOW);
    assert_eq!(chart.is_due(NOW), (true, true));
    chart.count(NOW, totals(100, 10));
    assert!(!chart.is_due(NOW + Duration::from_secs(299)).0);
    assert!(chart.is_due(NOW + Duration::from_secs(300)).0);
    chart.count(NOW + Duration::from_secs(300), totals(150, 30));
    // The kernel program was loaded anew meanwhile.
    chart.count(NOW + Duration::from_secs(600), totals(7, 3));
    let drawn = chart.traffic(NOW + Duration::from_secs(700), totals(9, 4));
    let counted: Vec<_> = drawn
        .points
        .iter()
        .map(|it| (it.packets, it.dropped_packets))
        .collect();
    assert_eq!(counted, [(50, 20), (7, 3), (2, 1)]);
}

#[test]
fn no_more_is_kept_than_seven_days() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut chart = Chart::open(directory.path(), NOW);
    for step in 0..=(TRAFFIC_POINTS_MAX as u32 + 10) {
        chart.count(
            NOW + Duration::from_secs(300) * step,
            totals(step.into(), 0),
        );
    }
    assert!(chart.traffic.len() <= TRAFFIC_POINTS_MAX);
    for hour in 0..400_u32 {
        chart.look(
            NOW + HOUR * hour,
            [(peer(1), (hour % 100) as u8)].into_iter(),
        );
    }
    chart.prune(NOW + HOUR * 400);
    assert!(chart.trust[&peer(1)].len() <= TRUST_POINTS_MAX);
    chart.prune(NOW + HOUR * 10_000);
    assert_eq!(chart.trust[&peer(1)].len(), 1, "what holds still stays");
}

#[test]
fn a_large_change_of_trust_is_noted_at_once_and_a_small_one_in_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut chart = Chart::open(directory.path(), NOW);
    let minute = Duration::from_secs(60);
    for (step, percent) in [
        (0, 50),
        (1, 55),
        (2, 61),
        (3, 60),
        (60, 59),
        (61, 58),
        (120, 58),
    ] {
        chart.look(NOW + minute * step, [(peer(1), percent)].into_iter());
    }
    let percents: Vec<u8> = chart.trust[&peer(1)].iter().map(|it| it.percent).collect();
    assert_eq!(percents, [50, 61, 59, 58]);
}

#[test]
fn of_more_peers_than_there_is_room_for_the_latest_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut chart = Chart::open(directory.path(), NOW);
    for number in 0..=PEERS_MAX as u32 {
        let at = NOW + Duration::from_millis(number.into());
        chart.look(at, [(peer(number), 50)].into_iter());
    }
    assert_eq!(chart.trust.len(), PEERS_MAX);
    assert!(!chart.trust.contains_key(&peer(0)));
    let page = chart.trust(&PageQuery::default());
    assert_eq!((page.items.len(), page.next.is_some()), (1_000, true));
}

#[test]
fn it_outlives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut chart = Chart::open(directory.path(), NOW);
    chart.count(NOW, totals(1, 1));
    chart.count(NOW + HOUR, totals(5, 2));
    chart.look(NOW + HOUR, [(peer(1), 70)].into_iter());
    chart.save(NOW + HOUR).expect("it is written");
    let again = Chart::open(directory.path(), NOW + HOUR);
    assert_eq!(
        (&again.traffic, &again.trust),
        (&chart.traffic, &chart.trust)
    );
    assert_eq!(again.problem, None);
    let late = Chart::open(directory.path(), NOW + HOUR * 300);
    assert!(late.traffic.is_empty());
}

#[test]
fn what_is_no_chart_is_told_and_begins_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(replaced::path(directory.path(), "chart"), "{").expect("written");
    let chart = Chart::open(directory.path(), NOW);
    assert!(
        chart
            .problem
            .is_some_and(|it| it.contains("chart.json is no use"))
    );
}

fn totals(packets: u64, dropped_packets: u64) -> Totals {
    Totals {
        packets,
        dropped_packets,
        ..Totals::default()
    }
}

fn peer(number: u32) -> NodeId {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_public_key(key)
}
