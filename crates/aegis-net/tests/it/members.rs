//! A closed network: members meet as anywhere, and whoever has no secret, or another, learns nothing.

use std::{collections::BTreeSet, time::Duration};

use aegis_net::{
    JoinCommand, JoinEvent, NetCommand, NetEvent, NetworkSecret, P2pConfig, PeerAddress,
};
use libp2p::{
    Multiaddr, SwarmBuilder,
    futures::StreamExt as _,
    identify, noise, request_response,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};

use crate::{
    raw_codec::RawCodec,
    support::{DEADLINE, TestNode, Transport, alert, lonely, pair},
};

fn secret(number: u8) -> NetworkSecret {
    NetworkSecret::from_bytes([number; 32])
}

fn closed(number: u8, transport: Transport) -> P2pConfig {
    P2pConfig {
        secret: Some(secret(number)),
        ..lonely(transport)
    }
}

#[tokio::test]
async fn members_meet_and_hear_each_other_over_tcp() {
    members_meet_and_hear_each_other(Transport::Tcp).await;
}

#[tokio::test]
async fn members_meet_and_hear_each_other_over_quic() {
    members_meet_and_hear_each_other(Transport::Quic).await;
}

async fn members_meet_and_hear_each_other(transport: Transport) {
    let [mut a, mut b] = pair(closed(1, transport)).await;
    let said = alert(&b.identity, 1);
    b.publish(&said).await;
    assert_eq!(a.wait_for_alert(said.id()).await, b.id());
    let said = alert(&a.identity, 2);
    a.publish(&said).await;
    assert_eq!(b.wait_for_alert(said.id()).await, a.id());
}

#[tokio::test]
async fn a_node_with_another_secret_or_none_is_no_peer() {
    let mut a = TestNode::start(closed(1, Transport::Tcp)).await;
    let said = alert(&a.identity, 1);
    a.publish(&said).await;
    for secret in [Some(secret(2)), None] {
        let theirs = P2pConfig {
            secret,
            ..lonely(Transport::Tcp)
        };
        let mut friend = TestNode::start(theirs.clone()).await;
        let mut b = TestNode::start(P2pConfig {
            peers: vec![a.peer_address(), friend.peer_address()],
            ..theirs
        })
        .await;
        b.wait_for_peer(friend.id()).await;
        friend.wait_for_peer(b.id()).await;
        // And where the member calls.
        let dial = JoinCommand::Adopt(vec![b.peer_address()]);
        a.command(NetCommand::Join(dial)).await;
        let heard = alert(&friend.identity, 2);
        friend.publish(&heard).await;
        b.wait_for_alert(heard.id()).await;
        // By now a stranger that is not sent away would be a peer.
        let mut member = TestNode::start(P2pConfig {
            peers: vec![a.peer_address()],
            ..closed(1, Transport::Tcp)
        })
        .await;
        member.wait_for_peer(a.id()).await;
        a.wait_for_peer(member.id()).await;
        assert_eq!(b.alerts(), BTreeSet::from([heard.id()]));
        let is_peer = |events: &[NetEvent], peer| {
            let is_it = |it: &NetEvent| matches!(it, NetEvent::PeerConnected { peer: it, .. } if *it == peer);
            events.iter().any(is_it)
        };
        assert!(!is_peer(&a.events, b.id()) && !is_peer(&b.events, a.id()));
        friend.stop().await;
        member.stop().await;
    }
}

#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
struct Nosy {
    identify: identify::Behaviour,
    sync: request_response::Behaviour<RawCodec>,
    closed_sync: request_response::Behaviour<RawCodec>,
    join: request_response::Behaviour<RawCodec>,
}

/// Connects to a node as one that knows all names and no secret; returns what it learnt until it
/// was disconnected.
async fn be_nosy(to: &PeerAddress, network_name: &str) -> Vec<String> {
    // For the time of a test, which is that of the process.
    let name: &'static str = format!("/aegis/sync/1/{network_name}").leak();
    let keypair = libp2p::identity::Keypair::generate_ed25519();
    let mut swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|key| Nosy {
            identify: identify::Behaviour::new(identify::Config::new(
                "aegis/1".into(),
                key.public(),
            )),
            sync: RawCodec::behaviour("/aegis/sync/1"),
            closed_sync: RawCodec::behaviour(name),
            join: RawCodec::behaviour("/aegis/member/1"),
        })
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    let address: Multiaddr = to.to_string().parse().unwrap();
    swarm.dial(address).unwrap();
    let mut learnt = Vec::new();
    let talk = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    let behaviour = swarm.behaviour_mut();
                    behaviour.sync.send_request(&peer_id, vec![0]);
                    behaviour.closed_sync.send_request(&peer_id, vec![0]);
                }
                SwarmEvent::Behaviour(NosyEvent::Identify(identify::Event::Received {
                    info,
                    ..
                })) => learnt.push(format!("{info:?}")),
                SwarmEvent::Behaviour(
                    NosyEvent::Sync(request_response::Event::Message { .. })
                    | NosyEvent::ClosedSync(request_response::Event::Message { .. }),
                ) => learnt.push("an answer".to_owned()),
                SwarmEvent::ConnectionClosed { .. } => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, talk).await.unwrap();
    learnt
}

#[tokio::test]
async fn a_stranger_that_knows_every_name_learns_nothing_and_is_sent_away() {
    let a = TestNode::start(closed(1, Transport::Tcp)).await;
    let name = secret(1).network_name();
    assert_eq!(be_nosy(&a.peer_address(), &name).await, [""; 0]);
    // Where there is no door, the same tells.
    let open = TestNode::start(lonely(Transport::Tcp)).await;
    let nosy = be_nosy(&open.peer_address(), &name).await;
    assert!(nosy.iter().any(|it| it.contains("aegis/1")), "{nosy:?}");
}

#[tokio::test]
async fn a_node_enters_a_closed_network_while_it_runs() {
    let mut a = TestNode::start(closed(1, Transport::Tcp)).await;
    let mut old = TestNode::start(lonely(Transport::Tcp)).await;
    let mut b = TestNode::start(P2pConfig {
        peers: vec![old.peer_address()],
        ..lonely(Transport::Tcp)
    })
    .await;
    b.wait_for_peer(old.id()).await;
    b.command(NetCommand::Join(JoinCommand::Enter(secret(1))))
        .await;
    b.wait_for("the network", |it| {
        matches!(it, NetEvent::Join(JoinEvent::Entered)).then_some(())
    })
    .await;
    let left = |it: &NetEvent| matches!(it, NetEvent::PeerLeft { .. }).then_some(());
    b.wait_for("the old peer's leave", left).await;
    old.wait_for("its leave", left).await;
    let at = vec![a.peer_address()];
    b.command(NetCommand::Join(JoinCommand::Adopt(at))).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    let said = alert(&a.identity, 2);
    a.publish(&said).await;
    assert_eq!(b.wait_for_alert(said.id()).await, a.id());
}
