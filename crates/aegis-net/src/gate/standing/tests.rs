//! Standing: what points lead to, and how they are forgiven.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn peer(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

#[track_caller]
fn check(points: f64, after: Duration, expected: Conduct) {
    let mut standings = Standings::new(10);
    standings.charge(NOW, peer(1), points);
    assert_eq!(
        standings.conduct(NOW + after, peer(1)),
        expected,
        "{points} {after:?}"
    );
}

#[test]
fn points_lead_to_throttling_and_then_to_the_door() {
    check(0.0, Duration::ZERO, Conduct::Good);
    check(44.9, Duration::ZERO, Conduct::Good);
    check(45.0, Duration::ZERO, Conduct::Throttled);
    check(89.9, Duration::ZERO, Conduct::Throttled);
    check(90.0, Duration::ZERO, Conduct::CutOff);
}

#[test]
fn half_is_forgiven_in_ten_minutes() {
    check(89.9, Duration::from_secs(590), Conduct::Throttled);
    check(89.9, Duration::from_secs(600), Conduct::Good);
    check(1e300, Duration::from_secs(1201), Conduct::Good);
}

#[test]
fn peers_stand_each_for_itself() {
    let mut standings = Standings::new(10);
    standings.charge(NOW, peer(1), 100.0);
    assert_eq!(standings.conduct(NOW, peer(2)), Conduct::Good);
}
