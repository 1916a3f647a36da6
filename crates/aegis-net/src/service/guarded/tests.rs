//! What a guarded protocol may dial.

use std::sync::Arc;

use libp2p::swarm::{dial_opts::DialOpts, dummy};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

/// Dials what it is told.
#[derive(Default)]
struct Dials {
    next: Vec<Multiaddr>,
    offered: Vec<Multiaddr>,
    connected: Vec<PeerId>,
}

impl NetworkBehaviour for Dials {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = ();

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::NewExternalAddrCandidate(it) = event {
            self.offered.push(it.addr.clone());
        }
        if let FromSwarm::ConnectionEstablished(it) = event {
            self.connected.push(it.peer_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<(), THandlerInEvent<Self>>> {
        if self.next.is_empty() {
            return Poll::Pending;
        }
        let addresses = std::mem::take(&mut self.next);
        let opts = DialOpts::peer_id(PeerId::random()).addresses(addresses);
        Poll::Ready(ToSwarm::Dial { opts: opts.build() })
    }
}

fn guarded() -> Guarded<Dials> {
    Guarded::new(Dials::default(), Arc::new(|| NOW))
}

/// Has the protocol dial; returns whether that is let through.
fn dials(guarded: &mut Guarded<Dials>, texts: &[String]) -> bool {
    let addresses: Vec<Multiaddr> = texts.iter().map(|it| it.parse().unwrap()).collect();
    guarded.inner.next.clone_from(&addresses);
    let mut context = Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(ToSwarm::Dial { opts }) = guarded.poll(&mut context) else {
        panic!("it does not dial");
    };
    let id = opts.connection_id();
    assert!(guarded.has_dialled(id));
    let checked = guarded.handle_pending_outbound_connection(
        id,
        opts.get_peer_id(),
        &addresses,
        Endpoint::Dialer,
    );
    checked.is_ok()
}

fn public(n: usize) -> String {
    format!("/ip4/203.0.113.{n}/tcp/9001")
}

#[test]
fn only_public_addresses_are_dialled_for_others() {
    let peer = PeerId::random();
    for (addresses, is_made) in [
        (vec![public(1)], true),
        (vec![format!("{}/p2p/{peer}", public(1))], true),
        (vec!["/ip6/2001:db8::1/udp/9001/quic-v1".to_owned()], true),
        (vec!["/ip4/127.0.0.1/tcp/22".to_owned()], false),
        (vec![public(1), "/ip4/10.0.0.1/tcp/22".to_owned()], false),
        (vec!["/dns4/victim.example/tcp/80".to_owned()], false),
        ((1..=20).map(public).collect(), true),
        ((1..=21).map(public).collect(), false),
    ] {
        assert_eq!(dials(&mut guarded(), &addresses), is_made, "{addresses:?}");
    }
}

#[test]
fn others_have_few_dials_made() {
    let mut guarded = guarded();
    let made = (0..100)
        .filter(|_| dials(&mut guarded, &[public(1)]))
        .count();
    assert_eq!(made, DIALS.burst as usize);
}

#[test]
fn dials_of_others_are_none_of_its_business() {
    let mut guarded = guarded();
    let made = guarded.handle_pending_outbound_connection(
        DialOpts::peer_id(PeerId::random()).build().connection_id(),
        None,
        &["/ip4/127.0.0.1/tcp/22".parse().unwrap()],
        Endpoint::Dialer,
    );
    assert!(made.is_ok());
}

#[test]
fn what_peers_say_of_this_node_comes_only_by_offer() {
    let mut guarded = guarded();
    let said: Multiaddr = public(1).parse().unwrap();
    let candidate = NewExternalAddrCandidate { addr: &said };
    guarded.on_swarm_event(FromSwarm::NewExternalAddrCandidate(candidate));
    assert_eq!(guarded.inner.offered, []);
    guarded.offer(&said);
    assert_eq!(guarded.inner.offered, [said]);
}

#[test]
fn a_protocol_that_begins_anew_knows_the_connections_there_are_and_nothing_else() {
    let mut guarded = guarded();
    guarded.offer(&public(1).parse().unwrap());
    let endpoint = ConnectedPoint::Listener {
        local_addr: public(1).parse().unwrap(),
        send_back_addr: public(2).parse().unwrap(),
    };
    let peers: [PeerId; 2] = std::array::from_fn(|_| PeerId::random());
    for (n, peer) in peers.iter().enumerate() {
        let established = ConnectionEstablished {
            peer_id: *peer,
            connection_id: ConnectionId::new_unchecked(n),
            endpoint: &endpoint,
            failed_addresses: &[],
            other_established: 0,
        };
        guarded.on_swarm_event(FromSwarm::ConnectionEstablished(established));
    }
    let closed = libp2p::swarm::ConnectionClosed {
        peer_id: peers[0],
        connection_id: ConnectionId::new_unchecked(0),
        endpoint: &endpoint,
        cause: None,
        remaining_established: 0,
    };
    guarded.on_swarm_event(FromSwarm::ConnectionClosed(closed));
    guarded.begin_anew(Dials::default());
    assert_eq!(guarded.inner.connected, [peers[1]]);
    assert_eq!(guarded.inner.offered, []);
}
