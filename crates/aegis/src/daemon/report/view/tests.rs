//! A window shows what sorting everything and cutting it out would; peers come in the order asked for.

use std::{num::NonZeroU16, time::Duration};

use aegis_api::{BlockSort, PeerSort, ViewQuery};
use aegis_core::{NodeId, Peer, PeerClass, Timestamp};

use super::{Weighed, by_peer, window};

#[test]
fn a_window_is_what_is_there_of_the_sorted_whole() {
    // 37 and 100 have no common divisor, so each number from 0 to 99 is there once.
    let items: Vec<u32> = (0..100).map(|it| it * 37 % 100).collect();
    for (offset, limit) in [
        (0, 10),
        (0, 100),
        (0, 500),
        (5, 1),
        (90, 10),
        (95, 10),
        (99, 1),
    ] {
        for reversed in [false, true] {
            let query = ViewQuery {
                sort: BlockSort::Source,
                reversed,
                text: None,
                offset,
                limit: NonZeroU16::new(limit),
            };
            let mut whole: Vec<u32> = (0..100).collect();
            if reversed {
                whole.reverse();
            }
            let expected: Vec<u32> = whole
                .into_iter()
                .skip(offset as usize)
                .take(limit.into())
                .collect();
            assert_eq!(
                window(items.clone(), &query, u32::cmp),
                expected,
                "{query:?}"
            );
        }
    }
}

#[test]
fn behind_the_end_there_is_nothing() {
    for offset in [3, 4, u32::MAX] {
        let query = ViewQuery::<BlockSort> {
            offset,
            ..ViewQuery::default()
        };
        assert_eq!(window(vec![1, 2, 3], &query, i32::cmp), [0; 0]);
    }
}

#[test]
fn peers_come_in_the_order_asked_for() {
    // Who is connected, trusted so far in percent, was heard so often, met as, seen last.
    let peers = [
        peer(0, (true, 3, PeerClass::Dht, 10)),
        peer(1, (false, 9, PeerClass::Configured, 30)),
        peer(2, (true, 5, PeerClass::Lan, 20)),
    ];
    let percents = [20, 80, 50];
    for (sort, expected) in [
        (PeerSort::Connected, [2, 0, 1]),
        (PeerSort::Trust, [1, 2, 0]),
        (PeerSort::Alerts, [1, 2, 0]),
        (PeerSort::Class, [1, 2, 0]),
        (PeerSort::Seen, [2, 0, 1]),
    ] {
        let weighed = peers.iter().zip(percents);
        let mut weighed: Vec<_> = weighed
            .map(|(peer, percent)| Weighed { peer, percent })
            .collect();
        weighed.sort_by(|a, b| by_peer(sort, a, b));
        let ids: Vec<_> = weighed.iter().map(|it| it.peer.peer).collect();
        assert_eq!(ids, expected.map(node), "{sort:?}");
    }
}

fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

fn peer(number: u8, (is_connected, alerts, class, seen): (bool, u64, PeerClass, u64)) -> Peer {
    Peer {
        peer: node(number),
        class,
        is_connected,
        address: String::new(),
        ip: None,
        first_seen_at: Timestamp::EPOCH,
        last_seen_at: Timestamp::EPOCH + Duration::from_secs(seen),
        alerts_accepted: alerts,
        alerts_refused: 0,
    }
}
