//! The swarm: which protocols it speaks and how each is set up.
//!
//! Two faults of libp2p-gossipsub 0.50.1 are worked round here and in `node`:
//! - With nothing else to wake it, the heartbeat stops (its timer is reset but not polled). The
//!   service's own beat, as often as the heartbeat, wakes the swarm.
//! - A frame limit below what one read may bring breaks the stream at the first burst. The frame
//!   limit stays at 64 KiB, and the topic has a limit of its own.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    io,
    net::{Ipv4Addr, Ipv6Addr},
    num::NonZeroUsize,
    time::Duration,
};

use aegis_core::{ALERT_BYTES_MAX, AlertId, gossip as shape};
use libp2p::{
    Swarm, SwarmBuilder, allow_block_list as block_list, connection_limits,
    gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId},
    identify,
    identity::Keypair,
    kad::{self, store::MemoryStore},
    mdns, memory_connection_limits, noise, ping, quic, relay, request_response,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
    yamux,
};

use super::{
    direct::Direct,
    exchange,
    inquire::{self, About, Inquire},
    join,
    members::Members,
    names::Names,
    push,
    reach::{Reach, reach},
    sync, transport,
    vouch::{Vouch, vouch},
    wall::Wall,
};
use crate::{P2pConfig, batch::BATCH_BYTES_MAX};

/// What identify says that we speak; a peer that says otherwise is no node of ours.
pub(super) const PROTOCOL_VERSION: &str = "aegis/1";

/// How often the gossip layer and the service look after themselves.
pub(super) const HEARTBEAT: Duration = shape::HEARTBEAT;

/// The most bytes of a frame of gossip; see the fault named above.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of a message with its protobuf frame: twice the largest alert, so that one just
/// too long still reaches the gate, which knows whom to blame.
const MESSAGE_BYTES_MAX: usize = 2 * ALERT_BYTES_MAX;

/// The most bytes of a batch with its protobuf frame. Two and what one read brings of a third are
/// within the frame's limit.
const BATCH_MESSAGE_BYTES_MAX: usize = BATCH_BYTES_MAX + 1024;

/// How long an id is remembered: longer than the time in which gossip is news.
const DUPLICATES_KEPT_FOR: Duration = Duration::from_secs(600);

/// How long a connection that nothing uses stays. Peers outside the mesh are worth keeping: they
/// repair losses, and an attacker has to replace them too.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// How long making a connection may take. A node that has an address checked waits for 10 s
/// (libp2p-autonat 0.16.0): if it took as long to find that nobody answers there, as where a router
/// drops what comes unasked, no check would have a result, and each would begin anew for ever.
const CONNECTED_WITHIN: Duration = Duration::from_secs(8);

/// How often the local network is asked who is there, once it has answered.
const MDNS_INTERVAL: Duration = Duration::from_secs(30);

/// How long the local network's answers hold.
const MDNS_TTL: Duration = Duration::from_secs(120);

/// How often a peer is pinged, and how long it may take. Two in a row that fail end the connection,
/// after half a minute at the latest: a cable that was pulled says nothing, and TCP would wait for
/// a quarter of an hour.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections in the making, each direction.
const PENDING_MAX: u32 = 64;

/// How long a message that a peer has named may take to arrive, from anybody, before the peer is
/// blamed for an empty promise. Nodes under a flood are late by seconds, and are not to cut each
/// other off for it.
const PROMISE_FOR: Duration = Duration::from_secs(30);

/// Connections with one peer: one by TCP and one by QUIC, as when both sides dial, while one leads
/// over a relay, and one by which it is checked whether this node can be reached.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;

/// Providers that the DHT keeps for the one key that it keeps.
const PROVIDERS_MAX: usize = 64;

/// Keys of organisations under which the DHT keeps where their members are.
const ORGANISATION_KEYS_MAX: usize = 256;

/// Keys of files under which the DHT keeps where their holders are: others' and this node's own.
const FILE_KEYS_MAX: usize = super::holders::KEYS_MAX + 1024;

/// Scores below which a peer gets no gossip, no messages, and is not listened to.
pub(super) const GRAYLIST_SCORE: f64 = -160.0;

/// The score of a throttled peer: far enough below that nothing it earns lifts it.
pub(super) const THROTTLED_SCORE: f64 = -1000.0;

/// All protocols of a node. Those that refuse connections come first, before any other has made
/// a state for the new peer.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) memory: memory_connection_limits::Behaviour,
    pub(super) blocked: block_list::Behaviour<block_list::BlockedPeers>,
    pub(super) wall: Wall,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) mdns: Toggle<mdns::tokio::Behaviour>,
    pub(super) kad: Toggle<kad::Behaviour<MemoryStore>>,
    pub(super) push: request_response::Behaviour<push::PushCodec>,
    pub(super) ask: Inquire,
    pub(super) recommend: Inquire,
    pub(super) files: Inquire,
    pub(super) vouch: Vouch,
    pub(super) join: Inquire,
    pub(super) goodbye: Inquire,
    pub(super) sync: Inquire,
    pub(super) direct: Direct,
    pub(super) exchange: Inquire,
    pub(super) reach: Reach,
    pub(super) gossip: Gossip,
}

type Filter = gossipsub::MaxCountSubscriptionFilter<gossipsub::WhitelistSubscriptionFilter>;

/// Gossip on our topics only.
pub(super) type Gossip = gossipsub::Behaviour<gossipsub::IdentityTransform, Filter>;

/// Builds the swarm; must be called in the runtime that will drive it.
pub(super) fn swarm(
    config: &P2pConfig,
    keypair: Keypair,
    wall: Wall,
) -> io::Result<Swarm<Members<Behaviour>>> {
    let behaviour = |keypair: &Keypair, relay| {
        let own = keypair.public().to_peer_id();
        behaviour(config, keypair, relay, wall).map(|it| Members::new(it, own, config.secret))
    };
    let builder = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_quic_config(quic_config)
        .with_other_transport(transport::tcp)
        .map_err(io::Error::other)?;
    let swarm = if std::path::Path::new("/etc/resolv.conf").exists() {
        let builder = builder.with_dns()?;
        let builder = builder.with_relay_client(noise::Config::new, yamux::Config::default);
        let builder = builder.map_err(io::Error::other)?;
        builder
            .with_behaviour(behaviour)
            .map_err(io::Error::other)?
            .with_swarm_config(swarm_config)
            .with_connection_timeout(CONNECTED_WITHIN)
            .build()
    } else {
        tracing::warn!("No resolver is configured, so names of nodes cannot be resolved");
        let builder = builder.with_relay_client(noise::Config::new, yamux::Config::default);
        let builder = builder.map_err(io::Error::other)?;
        builder
            .with_behaviour(behaviour)
            .map_err(io::Error::other)?
            .with_swarm_config(swarm_config)
            .with_connection_timeout(CONNECTED_WITHIN)
            .build()
    };
    Ok(swarm)
}

fn swarm_config(config: libp2p::swarm::Config) -> libp2p::swarm::Config {
    config
        .with_idle_connection_timeout(IDLE_TIMEOUT)
        .with_per_connection_event_buffer_size(32)
        .with_max_negotiating_inbound_streams(64)
}

fn quic_config(mut config: quic::Config) -> quic::Config {
    config.keep_alive_interval = Duration::from_secs(15);
    config.max_idle_timeout = 30_000; // milliseconds; a peer that restarted is noticed after this
    config
}

type AnyError = Box<dyn Error + Send + Sync>;

fn behaviour(
    config: &P2pConfig,
    keypair: &Keypair,
    relay: relay::client::Behaviour,
    wall: Wall,
) -> Result<Behaviour, AnyError> {
    let reach = reach(
        &config.relay,
        keypair.public().to_peer_id(),
        &wall.clock,
        relay,
    );
    let peer_id = keypair.public().to_peer_id();
    let mdns = if config.mdns { mdns(peer_id) } else { None };
    let names = &Names::of(config.secret.as_ref());
    let kad = config.kad.then(|| kad(peer_id, names));
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(connection_limits(config)),
        memory: memory_connection_limits::Behaviour::with_max_bytes(config.memory_bytes_max),
        blocked: block_list::Behaviour::default(),
        wall,
        identify: identify::Behaviour::new(
            identify::Config::new_with_signed_peer_record(PROTOCOL_VERSION.to_owned(), keypair)
                .with_push_listen_addr_updates(true)
                .with_agent_version(concat!("aegis/", env!("CARGO_PKG_VERSION")).to_owned())
                .with_cache_size(0),
        ),
        ping: ping::Behaviour::new(
            ping::Config::new()
                .with_interval(PING_INTERVAL)
                .with_timeout(PING_TIMEOUT),
        ),
        mdns: mdns.into(),
        kad: kad.into(),
        push: push::behaviour(names),
        ask: About::Indicators.behaviour(names),
        recommend: About::Node.behaviour(names),
        files: inquire::files(names),
        vouch: vouch(names),
        join: join::behaviour(names),
        goodbye: inquire::goodbye(names),
        sync: sync::behaviour(names),
        direct: Direct::default(),
        exchange: exchange::behaviour(names),
        reach,
        gossip: gossip(names)?,
    })
}

fn connection_limits(config: &P2pConfig) -> connection_limits::ConnectionLimits {
    // At least a third of the places are kept for peers that we chose ourselves, so that nobody
    // can surround the node by dialling it.
    let most = config.connections_max.max(2);
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_pending_outgoing(Some(PENDING_MAX))
        .with_max_established_incoming(Some(inbound_max(config)))
        .with_max_established(Some(most))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
}

/// Returns how many connections of others are let in.
pub(super) fn inbound_max(config: &P2pConfig) -> u32 {
    let most = config.connections_max.max(2);
    most - most.div_ceil(3)
}

/// Returns the search of the local network; where it cannot be had the node goes without.
fn mdns(peer_id: libp2p::PeerId) -> Option<mdns::tokio::Behaviour> {
    let config = mdns::Config {
        ttl: MDNS_TTL,
        query_interval: MDNS_INTERVAL,
        enable_ipv6: false,
    };
    let warn = |error: &io::Error| tracing::warn!(%error, "Cannot search the local network");
    mdns::tokio::Behaviour::new(config, peer_id)
        .inspect_err(warn)
        .ok()
}

fn kad(peer_id: libp2p::PeerId, names: &Names) -> kad::Behaviour<MemoryStore> {
    let store = kad::store::MemoryStoreConfig {
        max_records: 0,
        max_value_bytes: 0,
        max_providers_per_key: PROVIDERS_MAX,
        max_provided_keys: 1 + ORGANISATION_KEYS_MAX + FILE_KEYS_MAX,
    };
    let mut config = kad::Config::new(names.kad());
    config
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .disjoint_query_paths(true)
        .set_query_timeout(Duration::from_secs(20))
        .set_replication_factor(NonZeroUsize::MIN.saturating_add(9));
    let mut kad =
        kad::Behaviour::with_config(peer_id, MemoryStore::with_config(peer_id, store), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

fn gossip(names: &Names) -> Result<Gossip, AnyError> {
    let topics = [names.topic(), names.batch_topic()];
    let hashes = topics.iter().map(IdentTopic::hash);
    let filter = gossipsub::MaxCountSubscriptionFilter {
        filter: gossipsub::WhitelistSubscriptionFilter(hashes.collect()),
        max_subscribed_topics: 4,
        max_subscriptions_per_request: 16,
    };
    let mut gossip = Gossip::new_with_subscription_filter(
        MessageAuthenticity::Anonymous,
        gossip_config(names)?,
        filter,
    )?;
    gossip.with_peer_score(score_params(names), thresholds())?;
    for topic in topics {
        gossip.subscribe(&topic)?;
    }
    Ok(gossip)
}

/// The configuration that was measured best for small messages, rare and in bursts.
fn gossip_config(names: &Names) -> Result<gossipsub::Config, AnyError> {
    let id_of =
        |message: &gossipsub::Message| MessageId::new(AlertId::of(&message.data).as_bytes());
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(id_of)
        .mesh_n(shape::MESH)
        .mesh_n_low(shape::MESH_MIN)
        .mesh_n_high(shape::MESH_MAX)
        .mesh_outbound_min(3)
        .gossip_lazy(shape::TOLD_MIN)
        .iwant_followup_time(PROMISE_FOR)
        .gossip_factor(shape::TOLD_SHARE)
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(Duration::from_millis(100))
        .history_length(6)
        .history_gossip(shape::TOLD_BEATS)
        .duplicate_cache_time(DUPLICATES_KEPT_FOR)
        .fanout_ttl(Duration::from_secs(60))
        .flood_publish(true)
        .max_transmit_size(FRAME_BYTES_MAX)
        .max_transmit_size_for_topic(MESSAGE_BYTES_MAX, names.topic().hash())
        .max_transmit_size_for_topic(BATCH_MESSAGE_BYTES_MAX, names.batch_topic().hash())
        .prune_backoff(Duration::from_secs(60))
        .connection_handler_queue_len(1000)
        .publish_queue_duration(Duration::from_secs(5))
        .forward_queue_duration(Duration::from_secs(1))
        .build()?;
    Ok(config)
}

/// Scores for a topic whose rate is low and comes in bursts: being in the mesh earns little,
/// missing deliveries cost nothing, and invalid messages cost by the square of their number.
fn score_params(names: &Names) -> gossipsub::PeerScoreParams {
    let hour = gossipsub::score_parameter_decay(Duration::from_secs(3600));
    let topic_params = gossipsub::TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 10.0 / 3600.0,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 3600.0,
        first_message_deliveries_weight: 1.0,
        first_message_deliveries_decay: hour,
        first_message_deliveries_cap: 40.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: hour,
        ..Default::default()
    };
    gossipsub::PeerScoreParams {
        topics: HashMap::from([
            (names.topic().hash(), topic_params.clone()),
            (names.batch_topic().hash(), topic_params),
        ]),
        topic_score_cap: 50.0,
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: -10.0,
        ip_colocation_factor_threshold: 8.0,
        ip_colocation_factor_whitelist: HashSet::from([
            Ipv4Addr::LOCALHOST.into(),
            Ipv6Addr::LOCALHOST.into(),
        ]),
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: gossipsub::score_parameter_decay(Duration::from_secs(600)),
        retain_score: Duration::from_secs(6 * 3600),
        // To be slow is no fault: what waits for a peer is bounded. A flood makes honest nodes slow,
        // and is not to make them shun each other.
        slow_peer_weight: 0.0,
        ..Default::default()
    }
}

fn thresholds() -> gossipsub::PeerScoreThresholds {
    gossipsub::PeerScoreThresholds {
        gossip_threshold: -40.0,
        publish_threshold: -80.0,
        graylist_threshold: GRAYLIST_SCORE,
        accept_px_threshold: 10.0,
        opportunistic_graft_threshold: 5.0,
    }
}

#[cfg(test)]
mod tests;
