//! When a node tries to get through to a peer, by what, and when not.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use libp2p::{
    core::ConnectedPoint,
    swarm::{ConnectionClosed, DialError, DialFailure, behaviour::ConnectionEstablished},
};

use super::*;

const START_MILLIS: u64 = 1_763_640_000_000;

/// One end, whose time stands still unless it is moved.
struct End {
    punch: Punch,
    millis: Arc<AtomicU64>,
}

fn peer(n: u8) -> PeerId {
    let key = libp2p::identity::Keypair::ed25519_from_bytes([n; 32]).unwrap();
    key.public().to_peer_id()
}

/// Returns two peers, the one with the smaller ID first.
fn two() -> [PeerId; 2] {
    let mut two = [peer(1), peer(2)];
    two.sort();
    two
}

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn tcp(n: u8) -> Multiaddr {
    at(&format!("/ip4/203.0.113.{n}/tcp/9001"))
}

fn quic(n: u8) -> Multiaddr {
    at(&format!("/ip4/203.0.113.{n}/udp/9001/quic-v1"))
}

fn id(n: usize) -> ConnectionId {
    ConnectionId::new_unchecked(n)
}

impl End {
    /// Returns one that others see at host 1 by both transports.
    fn new(own: PeerId) -> Self {
        let millis = Arc::new(AtomicU64::new(START_MILLIS));
        let clock: Clock = {
            let millis = Arc::clone(&millis);
            Arc::new(move || Timestamp::from_millis(millis.load(Relaxed)))
        };
        let mut punch = Punch::new(own, clock);
        punch.set_seen_at(vec![tcp(1), quic(1)]);
        Self { punch, millis }
    }

    fn pass(&mut self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.millis.fetch_add(millis, Relaxed);
        self.punch.tend();
    }

    fn connect(&mut self, peer: PeerId, connection: usize, endpoint: &ConnectedPoint) {
        let event = FromSwarm::ConnectionEstablished(ConnectionEstablished {
            peer_id: peer,
            connection_id: id(connection),
            endpoint,
            failed_addresses: &[],
            other_established: 0,
        });
        self.punch.on_swarm_event(event);
    }

    /// Has a peer come to this node over a relay.
    fn is_called(&mut self, peer: PeerId, connection: usize) {
        let endpoint = ConnectedPoint::Listener {
            local_addr: at("/ip4/203.0.113.9/tcp/9001").with(Protocol::P2pCircuit),
            send_back_addr: at("/p2p-circuit"),
        };
        self.connect(peer, connection, &endpoint);
    }

    /// Has this node come to a peer, over a relay where the address says so.
    fn calls(&mut self, peer: PeerId, connection: usize, address: Multiaddr) {
        let endpoint = ConnectedPoint::Dialer {
            address,
            role_override: Endpoint::Dialer,
            port_use: PortUse::Reuse,
        };
        self.connect(peer, connection, &endpoint);
    }

    fn calls_relayed(&mut self, peer: PeerId, connection: usize) {
        self.calls(peer, connection, tcp(9).with(Protocol::P2pCircuit));
    }

    fn hears(&mut self, peer: PeerId, connection: usize, report: Report) {
        self.punch
            .on_connection_handler_event(peer, id(connection), report);
    }

    fn next(&mut self) -> Option<ToSwarm<Event, Order>> {
        match self
            .punch
            .poll(&mut Context::from_waker(std::task::Waker::noop()))
        {
            Poll::Ready(it) => Some(it),
            Poll::Pending => None,
        }
    }

    /// Returns what it offers on a connection, where it begins there.
    fn begins(&mut self) -> Option<Vec<Multiaddr>> {
        let next = self.next()?;
        let ToSwarm::NotifyHandler {
            event: Order::Begin(offered),
            ..
        } = next
        else {
            panic!("{next:?}");
        };
        Some(offered)
    }

    /// Takes the next dial, which fails.
    #[track_caller]
    fn dials_in_vain(&mut self, peer: PeerId) {
        let Some(ToSwarm::Dial { opts }) = self.next() else {
            panic!("it does not dial");
        };
        self.fails(peer, opts.connection_id());
    }

    fn fails(&mut self, peer: PeerId, connection_id: ConnectionId) {
        self.punch
            .on_swarm_event(FromSwarm::DialFailure(DialFailure {
                peer_id: Some(peer),
                error: &DialError::Aborted,
                connection_id,
            }));
    }

    #[track_caller]
    fn missed(&mut self, peer: PeerId, tries: u32) {
        match self.next() {
            Some(ToSwarm::GenerateEvent(event)) => assert_eq!(event, Event::Missed(peer, tries)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn it_is_tried_again_by_the_other_transport_after_growing_pauses() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.is_called(other, 1);
    let mut pause = PAUSE_MIN;
    for tries in 1..=TRIES_MAX {
        let (ours, theirs) = if tries % 2 == 1 {
            (quic(1), quic(2))
        } else {
            (tcp(1), tcp(2))
        };
        assert_eq!(end.begins(), Some(vec![ours]), "try {tries}");
        end.hears(other, 1, Report::Dial(vec![theirs]));
        end.dials_in_vain(other);
        end.missed(other, tries);
        end.pass(pause - Duration::from_millis(1));
        assert!(end.next().is_none(), "try {tries}");
        end.pass(Duration::from_millis(1));
        pause = (2 * pause).min(PAUSE_MAX);
    }
    assert!(end.next().is_none(), "no more than that");
}

#[test]
fn the_end_that_was_called_begins() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.calls_relayed(other, 1);
    end.pass(PAUSE_MAX);
    assert!(end.next().is_none());
}

#[test]
fn where_each_called_the_other_one_of_them_begins() {
    let [smaller, greater] = two();
    for (own, other, begins) in [(smaller, greater, true), (greater, smaller, false)] {
        let mut end = End::new(own);
        end.calls_relayed(other, 1);
        end.is_called(other, 2);
        assert_eq!(end.begins().is_some(), begins);
    }
}

#[test]
fn who_began_too_gives_way_to_the_smaller() {
    let [smaller, greater] = two();
    for (own, other, gives_way) in [(smaller, greater, false), (greater, smaller, true)] {
        let mut end = End::new(own);
        end.is_called(other, 1);
        assert!(end.begins().is_some());
        end.calls_relayed(other, 2);
        end.hears(other, 2, Report::Asked(vec![quic(2)]));
        let answers = matches!(
            end.next(),
            Some(ToSwarm::NotifyHandler {
                event: Order::Answer(_),
                ..
            })
        );
        assert_eq!(answers, gives_way);
    }
}

#[test]
fn a_peer_that_began_is_answered_in_kind_and_dialled() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.calls_relayed(other, 1);
    for (asked, answered) in [
        (vec![tcp(2)], vec![tcp(1)]),
        (vec![quic(2)], vec![quic(1)]),
        (vec![tcp(2), quic(2)], vec![tcp(1), quic(1)]),
    ] {
        end.hears(other, 1, Report::Asked(asked.clone()));
        match end.next() {
            Some(ToSwarm::NotifyHandler {
                event: Order::Answer(offered),
                ..
            }) => assert_eq!(offered, answered),
            it => panic!("{it:?}"),
        }
        end.hears(other, 1, Report::DialBack(asked));
        end.dials_in_vain(other);
        assert!(end.next().is_none(), "it is for the other to try again");
    }
}

#[test]
fn nothing_is_begun_while_nobody_says_where_this_node_is() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.punch.set_seen_at(Vec::new());
    end.is_called(other, 1);
    assert!(end.next().is_none());
    end.punch.set_seen_at(vec![tcp(1)]);
    end.pass(Duration::ZERO);
    assert_eq!(end.begins(), Some(vec![tcp(1)]), "there is no other way");
}

#[test]
fn nothing_is_begun_beside_a_direct_connection_until_it_is_lost() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.calls(other, 1, tcp(2));
    end.is_called(other, 2);
    end.pass(PAUSE_MAX);
    assert!(end.next().is_none());
    let endpoint = ConnectedPoint::Dialer {
        address: tcp(2),
        role_override: Endpoint::Dialer,
        port_use: PortUse::Reuse,
    };
    let closed = ConnectionClosed {
        peer_id: other,
        connection_id: id(1),
        endpoint: &endpoint,
        cause: None,
        remaining_established: 1,
    };
    end.punch
        .on_swarm_event(FromSwarm::ConnectionClosed(closed));
    end.pass(Duration::ZERO);
    assert!(end.begins().is_some());
    end.calls(other, 3, quic(2));
    match end.next() {
        Some(ToSwarm::GenerateEvent(event)) => assert_eq!(event, Event::Through(other, 1)),
        it => panic!("{it:?}"),
    }
    assert!(!end.punch.is_tried(&other) && end.punch.was_tried(&other));
    end.pass(TRY_FOR);
    assert!(!end.punch.was_tried(&other));
}

#[test]
fn a_peer_that_never_answers_is_given_up_for_the_while() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.is_called(other, 1);
    assert!(end.begins().is_some());
    end.pass(TRY_FOR);
    end.missed(other, 1);
    end.hears(other, 1, Report::Dial(vec![tcp(2)])); // too late
    assert!(end.next().is_none());
    end.pass(PAUSE_MIN);
    assert!(end.begins().is_some());
    end.hears(other, 1, Report::Failed);
    end.missed(other, 2);
}

#[test]
fn only_public_addresses_of_the_peer_are_dialled() {
    let [own, other] = two();
    let named = |it: Multiaddr, node| it.with(Protocol::P2p(node));
    for address in [
        at("/ip4/127.0.0.1/tcp/22"),
        at("/ip4/192.168.1.1/udp/9001/quic-v1"),
        at("/dns4/victim.example/tcp/80"),
        named(tcp(2), own),
        named(tcp(9), peer(3)).with(Protocol::P2pCircuit),
    ] {
        assert_eq!(dialled(address, other), None);
    }
    assert_eq!(dialled(tcp(2), other), Some(tcp(2)));
    assert_eq!(dialled(named(quic(2), other), other), Some(quic(2)));
}

#[test]
fn a_peer_has_few_dials_made() {
    let [own, other] = two();
    let mut end = End::new(own);
    end.calls_relayed(other, 1);
    let mut made = 0;
    for _ in 0..100 {
        end.hears(other, 1, Report::Asked(vec![tcp(2)]));
        end.hears(other, 1, Report::DialBack(vec![tcp(2); 100]));
        while let Some(it) = end.next() {
            if let ToSwarm::Dial { opts } = it {
                end.fails(other, opts.connection_id());
                made += 1;
            }
        }
    }
    assert_eq!(made, DIALS.burst);
}
