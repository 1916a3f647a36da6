//! What a relay carries for others, and what not: real nodes on loopback.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all that happens a test names what it looks for"
)]

use std::time::Duration;

use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    futures::StreamExt as _,
    multiaddr::Protocol,
    noise, request_response,
    swarm::{
        ConnectionId, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};

use super::*;
use crate::service::inquire::{self, Inquire};

const DEADLINE: Duration = Duration::from_secs(60);

/// What is sent at a time over a relayed connection.
const LOAD_BYTES: usize = 16 * 1024;

/// Who wants to be carried, and speaks of something at length.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
struct Guest {
    relay: relay::client::Behaviour,
    load: Inquire,
}

/// A relay, one that is reached over it, and one that calls there.
struct Scene {
    relay: Swarm<relay::Behaviour>,
    called: Swarm<Guest>,
    caller: Swarm<Guest>,
}

enum Seen {
    Relay(SwarmEvent<relay::Event>),
    Called(SwarmEvent<GuestEvent>),
    Caller(SwarmEvent<GuestEvent>),
}

fn guest() -> Swarm<Guest> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_, relay| {
            let name = StreamProtocol::new("/test/load/1");
            let load = inquire::behaviour(name, (LOAD_BYTES, 1), (64, DEADLINE));
            Guest { relay, load }
        })
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(DEADLINE))
        .build()
}

impl Scene {
    /// Sets it up to where the one has a place at the relay.
    async fn set(config: RelayConfig) -> Self {
        let relay = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default(),
                noise::Config::new,
                yamux::Config::default,
            )
            .unwrap()
            .with_behaviour(|key| {
                let mut serve = relay::Behaviour::new(key.public().to_peer_id(), limits(&config));
                serve.set_status(Some(relay::Status::Enable));
                serve
            })
            .unwrap()
            .with_swarm_config(|it| it.with_idle_connection_timeout(DEADLINE))
            .build();
        let (called, caller) = (guest(), guest());
        let mut scene = Self {
            relay,
            called,
            caller,
        };
        let any = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
        scene.relay.listen_on(any).unwrap();
        let at = scene.until(|it| match it {
            Seen::Relay(SwarmEvent::NewListenAddr { address, .. }) => Some(address),
            _ => None,
        });
        let at = at.await;
        scene.relay.add_external_address(at.clone());
        let over = at
            .with(Protocol::P2p(*scene.relay.local_peer_id()))
            .with(Protocol::P2pCircuit);
        scene.called.listen_on(over).unwrap();
        scene
            .until(|it| match it {
                Seen::Called(SwarmEvent::NewListenAddr { .. }) => Some(()),
                _ => None,
            })
            .await;
        scene
    }

    /// Runs all three until `found` finds what it looks for.
    async fn until<T>(&mut self, mut found: impl FnMut(Seen) -> Option<T>) -> T {
        let search = async {
            loop {
                let seen = tokio::select! {
                    event = self.relay.select_next_some() => Seen::Relay(event),
                    event = self.called.select_next_some() => Seen::Called(event),
                    event = self.caller.select_next_some() => Seen::Caller(event),
                };
                if let Some(found) = found(seen) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(DEADLINE, search).await;
        found.expect("it happens in time")
    }

    fn over(&self) -> Multiaddr {
        let at = self.relay.external_addresses().next().unwrap().clone();
        at.with(Protocol::P2p(*self.relay.local_peer_id()))
            .with(Protocol::P2pCircuit)
    }

    /// Has the one call the other over the relay; returns the connection, `None` where the relay
    /// refuses.
    async fn call(&mut self) -> Option<ConnectionId> {
        let dial = DialOpts::peer_id(*self.called.local_peer_id())
            .condition(PeerCondition::Always)
            .addresses(vec![self.over()])
            .build();
        let id = dial.connection_id();
        self.caller.dial(dial).unwrap();
        self.until(|it| match it {
            Seen::Caller(SwarmEvent::ConnectionEstablished { connection_id, .. }) => {
                (connection_id == id).then_some(Some(id))
            }
            Seen::Caller(SwarmEvent::OutgoingConnectionError { connection_id, .. }) => {
                (connection_id == id).then_some(None)
            }
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn a_relayed_connection_ends_with_the_bytes_that_it_may_carry() {
    let config = RelayConfig {
        circuit_bytes_max: 128 * 1024,
        ..RelayConfig::default()
    };
    let mut scene = Scene::set(config).await;
    let id = scene.call().await.expect("the relay carries it");
    let called = *scene.called.local_peer_id();
    let mut arrived = 0;
    // One after another, as the streams of a connection take turns.
    loop {
        let load = &mut scene.caller.behaviour_mut().load;
        load.send_request(&called, vec![7; LOAD_BYTES]);
        let came = scene.until(|it| match it {
            Seen::Called(SwarmEvent::Behaviour(GuestEvent::Load(
                request_response::Event::Message {
                    message: request_response::Message::Request { request, .. },
                    ..
                },
            ))) => Some(Some(request.len() as u64)),
            Seen::Caller(SwarmEvent::ConnectionClosed { connection_id, .. }) => {
                (connection_id == id).then_some(None)
            }
            _ => None,
        });
        match came.await {
            Some(bytes) => arrived += bytes,
            None => break,
        }
    }
    assert!(
        arrived > 0 && arrived <= config.circuit_bytes_max,
        "{arrived}"
    );
}

#[tokio::test]
async fn a_relayed_connection_ends_with_its_time() {
    let config = RelayConfig {
        circuit_for_max: Duration::from_secs(1),
        ..RelayConfig::default()
    };
    let mut scene = Scene::set(config).await;
    let id = scene.call().await.expect("the relay carries it");
    let ended = scene.until(|it| match it {
        Seen::Caller(SwarmEvent::ConnectionClosed { connection_id, .. }) => {
            (connection_id == id).then_some(())
        }
        _ => None,
    });
    ended.await;
}

#[tokio::test]
async fn one_node_has_few_relayed_connections_at_a_time() {
    let mut scene = Scene::set(RelayConfig::default()).await;
    for _ in 0..CIRCUITS_PER_NODE_MAX {
        assert!(scene.call().await.is_some());
    }
    assert!(scene.call().await.is_none());
}

#[tokio::test]
async fn all_nodes_together_have_no_more_than_the_operator_wants() {
    let config = RelayConfig {
        circuits_max: 2,
        ..RelayConfig::default()
    };
    let mut scene = Scene::set(config).await;
    assert!(scene.call().await.is_some() && scene.call().await.is_some());
    assert!(scene.call().await.is_none());
}

/// Whoever makes one connection after another is carried no more than a few times at once.
#[tokio::test]
async fn one_node_makes_few_relayed_connections_one_after_another() {
    let mut scene = Scene::set(RelayConfig::default()).await;
    for made in 0..ASKS_PER_NODE.get() {
        let Some(id) = scene.call().await else {
            panic!("only {made}");
        };
        scene.caller.close_connection(id);
        let closed = scene.until(|it| match it {
            Seen::Relay(SwarmEvent::Behaviour(relay::Event::CircuitClosed { .. })) => Some(()),
            _ => None,
        });
        closed.await;
    }
    assert!(scene.call().await.is_none());
}

#[tokio::test]
async fn no_more_nodes_have_a_place_than_the_operator_wants() {
    let config = RelayConfig {
        reservations_max: 1,
        ..RelayConfig::default()
    };
    let mut scene = Scene::set(config).await;
    let over = scene.over();
    scene.caller.listen_on(over).unwrap();
    let refused = scene.until(|it| match it {
        Seen::Relay(SwarmEvent::Behaviour(relay::Event::ReservationReqDenied { .. })) => Some(true),
        Seen::Caller(SwarmEvent::NewListenAddr { .. }) => Some(false),
        _ => None,
    });
    assert!(refused.await);
}
