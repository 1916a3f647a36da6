//! The dial plan: who dials, when, and for how long.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

fn address(port: u16) -> Address {
    Address::tcp([127, 0, 0, 1].into(), port)
}

fn due(dialer: &mut Dialer, millis: u64) -> Vec<NodeId> {
    let now = NOW + Duration::from_millis(millis);
    dialer
        .due(now, |_| false)
        .into_iter()
        .map(|(peer, _)| peer)
        .collect()
}

#[test]
fn of_two_that_find_each_other_the_smaller_dials_at_once() {
    for via in [Via::Mdns, Via::RuntimeDir] {
        let (mut small, mut great) = (Dialer::new(node(1)), Dialer::new(node(2)));
        assert!(small.learn(NOW, node(2), address(1), via));
        assert!(great.learn(NOW, node(1), address(1), via));
        assert_eq!(due(&mut small, 0), [node(2)]);
        assert_eq!(due(&mut great, 749), []);
        assert_eq!(due(&mut great, 750), [node(1)]);
    }
}

#[test]
fn a_configured_peer_is_dialled_at_once_whoever_is_smaller() {
    let mut dialer = Dialer::new(node(2));
    dialer.learn(NOW, node(1), address(1), Via::Configured);
    assert_eq!(due(&mut dialer, 0), [node(1)]);
}

#[test]
fn the_wait_doubles_up_to_a_minute() {
    let mut dialer = Dialer::new(node(1));
    dialer.learn(NOW, node(2), address(1), Via::Configured);
    let mut tries = Vec::new();
    for secs in 0..300 {
        if !due(&mut dialer, secs * 1000).is_empty() {
            tries.push(secs);
        }
    }
    assert_eq!(tries, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[test]
fn who_is_not_named_by_the_operator_is_given_up() {
    for (via, tries) in [(Via::Known, 5), (Via::Dht, 3)] {
        let mut dialer = Dialer::new(node(1));
        dialer.learn(NOW, node(2), address(1), via);
        let tried = (0..10_000).filter(|secs| !due(&mut dialer, secs * 1000).is_empty());
        assert_eq!(tried.count(), tries, "{via:?}");
    }
}

#[test]
fn a_lost_peer_is_dialled_again_soon() {
    let mut dialer = Dialer::new(node(1));
    dialer.learn(NOW, node(2), address(1), Via::Configured);
    for secs in 0..100 {
        due(&mut dialer, secs * 1000);
    }
    dialer.connected(NOW + Duration::from_secs(100), &node(2));
    assert_eq!(due(&mut dialer, 100_999), []);
    assert_eq!(due(&mut dialer, 101_000), [node(2)]);
}

#[test]
fn who_was_lost_is_tried_every_two_seconds_for_an_hour_and_then_as_rarely_as_others() {
    for via in [Via::Configured, Via::Mdns, Via::Dht] {
        let mut dialer = Dialer::new(node(1));
        dialer.learn(NOW, node(2), address(1), via);
        dialer.connected(NOW, &node(2));
        dialer.forget(NOW, &node(2), Via::Mdns);
        let tries = |dialer: &mut Dialer, secs: std::ops::Range<u64>| {
            secs.filter(|secs| !due(dialer, secs * 1000).is_empty())
                .count()
        };
        assert!(tries(&mut dialer, 600..700) >= 49, "{via:?}");
        assert!(tries(&mut dialer, 3500..3600) >= 49, "{via:?}");
        let later = tries(&mut dialer, 4000..4600);
        let expected = if via == Via::Configured { 10 } else { 0 };
        assert_eq!(later, expected, "{via:?}");
    }
}

#[test]
fn everybody_is_tried_at_once_when_the_host_is_connected_again() {
    let mut dialer = Dialer::new(node(9));
    for n in 1..=3 {
        dialer.learn(NOW, node(n), address(1), Via::Mdns);
    }
    dialer.hurry(NOW);
    assert_eq!(due(&mut dialer, 0), [node(1), node(2), node(3)]);
}

#[test]
fn connected_peers_and_this_node_are_not_dialled() {
    let mut dialer = Dialer::new(node(1));
    assert!(!dialer.learn(NOW, node(1), address(1), Via::Configured));
    dialer.learn(NOW, node(2), address(1), Via::Configured);
    assert!(dialer.due(NOW, |it| *it == node(2)).is_empty());
}

#[test]
fn addresses_are_bounded_and_the_newest_stay() {
    let mut dialer = Dialer::new(node(1));
    for port in 1..=100 {
        dialer.learn(NOW, node(2), address(port), Via::Mdns);
    }
    let (_, addresses) = dialer.due(NOW, |_| false).remove(0);
    assert_eq!(addresses.len(), ADDRESSES_MAX);
    assert!(addresses.contains(&address(100)));
}

#[test]
fn the_operator_s_word_counts_more_than_an_announcement() {
    let mut dialer = Dialer::new(node(1));
    dialer.learn(NOW, node(2), address(1), Via::Mdns);
    assert!(!dialer.learn(NOW, node(2), address(1), Via::Configured));
    dialer.learn(NOW, node(2), address(1), Via::Dht);
    dialer.forget(NOW, &node(2), Via::Mdns);
    assert_eq!(due(&mut dialer, 0), [node(2)]);
    dialer.forget(NOW, &node(2), Via::Configured);
    assert_eq!(due(&mut dialer, 100_000), []);
}

#[test]
fn the_most_important_are_dialled_first() {
    let mut dialer = Dialer::new(node(0));
    for n in 1..=50 {
        dialer.learn(NOW, node(n), address(1), Via::Dht);
    }
    dialer.learn(NOW, node(51), address(1), Via::Configured);
    let first = due(&mut dialer, 0);
    assert_eq!((first.len(), first[0]), (DIALS_MAX, node(51)));
}
