//! Tests of `roster`.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// A peer of whom only its experience is kept.
#[derive(Clone, Debug, PartialEq)]
struct Veteran(u64);

impl Remember for Veteran {
    fn experience(&self) -> u64 {
        self.0
    }

    fn write(&self, writer: &mut Writer) {
        writer.put_u64(self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.take_u64().map(Veteran)
    }
}

#[test]
fn whoever_has_been_through_least_gives_way_and_of_those_the_oldest() {
    let mut roster = Roster::default();
    roster.insert(node(0), stranger(5, 0));
    roster.insert(node(1), stranger(0, 2));
    roster.insert(node(2), stranger(0, 1));
    for place in 3..ROSTER_PEERS_MAX {
        roster.insert(node(place), stranger(1, 3));
    }
    roster.insert(node(5000), stranger(0, 9));
    assert!(roster.find(&node(2)).is_none());
    roster.insert(node(5001), stranger(0, 9));
    assert!(roster.find(&node(1)).is_none());
    roster.insert(node(5002), stranger(0, 9));
    assert!(roster.find(&node(5000)).is_none());
    assert!(roster.find(&node(0)).is_some());
    assert_eq!(roster.iter().count(), ROSTER_PEERS_MAX);
}

#[test]
fn whom_the_operator_named_gives_way_to_nobody_else() {
    let mut roster = Roster::default();
    for place in 0..ROSTER_PEERS_MAX {
        roster.insert(node(place), introduced(0));
    }
    roster.insert(node(5000), stranger(100, 9));
    assert!(roster.find(&node(5000)).is_none());
    roster.insert(node(5001), introduced(9));
    assert!(roster.find(&node(5001)).is_some());
    assert_eq!(roster.iter().count(), ROSTER_PEERS_MAX);
}

#[test]
fn a_flood_of_names_leaves_who_has_a_history() {
    let mut roster = Roster::default();
    for place in 0..100 {
        roster.insert(node(place), stranger(1, 0));
    }
    for place in 10_000..20_000 {
        roster.insert(node(place), stranger(0, 1));
    }
    assert!((0..100).all(|place| roster.find(&node(place)).is_some()));
    assert_eq!(roster.iter().count(), ROSTER_PEERS_MAX);
}

#[test]
fn bytes_of_another_version_are_not_read() {
    let mut roster = Roster::default();
    roster.insert(node(1), stranger(7, 3));
    let saved = roster.save(2, &node(1)).unwrap();
    assert_eq!(Roster::read(2, &saved), Some(stranger(7, 3)));
    assert_eq!(Roster::<Veteran>::read(1, &saved), None);
    assert_eq!(Roster::<Veteran>::read(2, &saved[1..]), None);
    assert_eq!(roster.save(2, &node(2)), None);
}

fn stranger(experience: u64, met_secs: u64) -> Known<Veteran> {
    Known {
        met_at: NOW + std::time::Duration::from_secs(met_secs),
        introduction: Introduction::default(),
        peer: Veteran(experience),
    }
}

fn introduced(met_secs: u64) -> Known<Veteran> {
    Known {
        introduction: Introduction {
            pretrust: Confidence::HALF,
            is_fixed: false,
        },
        ..stranger(0, met_secs)
    }
}

fn node(place: usize) -> NodeId {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(place as u64).to_be_bytes());
    NodeId::from_public_key(key)
}
