//! An honest pair while a bad peer sends ten thousand alerts a second to one of the two.
//!
//! The bad peer is a process of its own. Each time it is cut off it comes back under a fresh key,
//! so that the node never has done with it.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aegis_core::PeerClass;
use aegis_net::{Address, Identity, NetCommand, P2pConfig, PeerAddress, gate::Limits};
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    futures::StreamExt as _,
    gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode},
    identity::Keypair,
    noise,
    swarm::SwarmEvent,
    tcp, yamux,
};

use super::{Size, alert, node_with, resident_bytes, round_trip, show, wait_for_peer};

/// Tells the bad peer whom to flood.
pub(super) const TARGET: &str = "AEGIS_BENCH_FLOOD";

/// How often the bad peer sends, and how much: ten thousand a second.
const PACE: (Duration, u32) = (Duration::from_millis(2), 20);

/// Measures the honest pair without and with the bad peer.
pub(super) async fn measure(size: Size) {
    let config = |peers| P2pConfig {
        peers,
        limits: Limits::default(),
        ..P2pConfig::default()
    };
    let mut victim = node_with(Address::tcp, config(Vec::new())).await;
    let mut honest = node_with(Address::tcp, config(vec![victim.at.clone()])).await;
    wait_for_peer(&mut victim, honest.at.peer()).await;
    wait_for_peer(&mut honest, victim.at.peer()).await;
    let (peer, class) = (honest.at.peer(), PeerClass::Lan);
    let trust = NetCommand::SetClass { peer, class };
    victim.handle.commands_tx.send(trust).await.unwrap();
    let mut n = 0;
    for bad in ["no bad peer", "a bad peer at 10,000 alerts/s"] {
        let flooder = (n > 0).then(|| spawn(&victim.at));
        let (memory, values) = (resident_bytes(), victim.handle.counters.values());
        let mut took = Vec::new();
        // The author's quota is 20 a second.
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..size.alerts.min(400) {
            pace.tick().await;
            n += 1;
            took.push(round_trip(&honest, &mut victim, n).await);
        }
        show(&format!("publish → receive with {bad}"), &mut took);
        let after = victim.handle.counters.values();
        println!(
            "  rejected {}, ignored {}, memory grew by {} KiB",
            after.rejected - values.rejected,
            after.ignored - values.ignored,
            resident_bytes().saturating_sub(memory) / 1024
        );
        drop(flooder);
    }
}

struct Flooder(Child);

impl Drop for Flooder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(target: &PeerAddress) -> Flooder {
    let flooder = Command::new(std::env::current_exe().unwrap())
        .env(TARGET, target.to_string())
        .stdin(Stdio::null())
        .spawn();
    Flooder(flooder.unwrap())
}

/// What the bad peer does, until it is killed or five minutes are over.
pub(super) async fn flood(target: &str) {
    let address: Multiaddr = target.parse().unwrap();
    let started_at = Instant::now();
    let mut n = 0;
    while started_at.elapsed() < Duration::from_secs(300) {
        flood_once(&address, &mut n).await;
    }
}

/// Floods under one key until it is cut off: by turns valid alerts, forged ones and garbage.
async fn flood_once(address: &Multiaddr, n: &mut u32) {
    let identity = Identity::generate();
    let topic = IdentTopic::new("aegis-threat-intel");
    let mut swarm = swarm();
    swarm.behaviour_mut().subscribe(&topic).unwrap();
    swarm.dial(address.clone()).unwrap();
    let mut is_heard = false;
    let mut pace = tokio::time::interval(PACE.0);
    loop {
        tokio::select! {
            event = swarm.select_next_some() => match event {
                SwarmEvent::Behaviour(gossipsub::Event::Subscribed { .. }) => is_heard = true,
                SwarmEvent::ConnectionClosed { .. }
                | SwarmEvent::OutgoingConnectionError { .. } => return,
                _ => {}
            },
            _ = pace.tick(), if is_heard => {
                for _ in 0..PACE.1 {
                    *n += 1;
                    let message = message(&identity, *n);
                    let _ = swarm.behaviour_mut().publish(topic.clone(), message);
                }
            }
        }
    }
}

fn message(identity: &Identity, n: u32) -> Vec<u8> {
    // Most keys flood with valid alerts, which get furthest; the others are cut off at once.
    let kind = identity.node_id().public_key()[0] % 4;
    match kind {
        0 => format!("garbage {n}").into_bytes(),
        1 => {
            let text = String::from_utf8(alert(identity, n).wire().to_vec()).unwrap();
            text.replace("verified", "spoofable").into_bytes()
        }
        _ => alert(identity, n).wire().to_vec(),
    }
}

fn swarm() -> Swarm<gossipsub::Behaviour> {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|it| MessageId::new(&it.data))
        .max_transmit_size(65_536)
        .build()
        .unwrap();
    let gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap();
    SwarmBuilder::with_existing_identity(Keypair::generate_ed25519())
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| gossip)
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}
