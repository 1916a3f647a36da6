//! A real client that begins anew has an address checked that it knew to be out of reach.

use std::time::Duration;

use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, autonat, futures::StreamExt as _, identify, noise,
    swarm::SwarmEvent, tcp, yamux,
};

use super::*;
use crate::{Clock, service::guarded::Guarded};

const DEADLINE: Duration = Duration::from_secs(60);

/// What a node has of it.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
struct Client {
    identify: identify::Behaviour,
    probe: Guarded<autonat::v2::client::Behaviour>,
    checkers: Checkers,
}

#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
struct Server {
    identify: identify::Behaviour,
    probed: autonat::v2::server::Behaviour,
}

fn swarm<B: NetworkBehaviour>(behaviour: impl FnOnce(&libp2p::identity::Keypair) -> B) -> Swarm<B> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(behaviour)
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(DEADLINE))
        .build()
}

fn identify(key: &libp2p::identity::Keypair) -> identify::Behaviour {
    identify::Behaviour::new(identify::Config::new("test".to_owned(), key.public()))
}

/// Runs both until the client hears of a check; returns whether the address was reached.
async fn checked(client: &mut Swarm<Client>, server: &mut Swarm<Server>) -> bool {
    let until = async {
        loop {
            tokio::select! {
                event = client.select_next_some() => {
                    if let SwarmEvent::Behaviour(ClientEvent::Probe(event)) = event {
                        return event.result.is_ok();
                    }
                }
                _ = server.select_next_some() => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, until).await.unwrap()
}

#[tokio::test]
async fn a_client_that_begins_anew_finds_who_checks_and_what_can_be_reached_by_now() {
    let clock: Clock = std::sync::Arc::new(|| aegis_core::Timestamp::from_secs(1_763_640_000));
    let mut client = swarm(|key| Client {
        identify: identify(key),
        probe: Guarded::new(autonat::v2::client::Behaviour::default(), clock),
        checkers: Checkers::default(),
    });
    let mut server = swarm(|key| Server {
        identify: identify(key),
        probed: autonat::v2::server::Behaviour::default(),
    });
    server
        .listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap())
        .unwrap();
    let at = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = server.select_next_some().await {
            break address;
        }
    };
    client.dial(at).unwrap();
    // A port that is free, and refuses.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let own: Multiaddr = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
    client.behaviour_mut().probe.offer(&own);
    assert!(!checked(&mut client, &mut server).await);

    client.listen_on(own.clone()).unwrap();
    let behaviour = client.behaviour_mut();
    behaviour
        .probe
        .begin_anew(autonat::v2::client::Behaviour::default());
    behaviour.checkers.tell_again();
    behaviour.probe.offer(&own);
    assert!(checked(&mut client, &mut server).await);
}
