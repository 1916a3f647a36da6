//! A bad peer: it speaks gossip like any other, asks and answers where it is told to, and sends
//! whatever it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use aegis_core::NodeId;
use aegis_net::{Identity, PeerAddress};
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    futures::StreamExt as _,
    gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode},
    noise, request_response,
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
    tcp, yamux,
};
use tokio::sync::mpsc;

use crate::{raw_codec::RawCodec, support::eventually};

/// Messages that wait to be sent.
const QUEUE_MAX: usize = 64;

/// What a bad peer with this secret key answers to the bytes of a question; `None` for nothing, ever.
pub(crate) type Reply = Arc<dyn Fn([u8; 32], &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// Something that a bad peer is told to send.
enum Word {
    Gossip(Vec<u8>),
    /// By gossip, on the topic of batches, which it does not follow itself.
    Batch(Vec<u8>),
    /// To the node that it connected with.
    Question(Vec<u8>),
    /// What organisations signed, or anything else, to the node that it connected with.
    Frame(Vec<u8>),
    /// To the same.
    Sync(Vec<u8>),
}

/// What a bad peer speaks.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
struct Behaviour {
    gossip: gossipsub::Behaviour,
    ask: Toggle<request_response::Behaviour<RawCodec>>,
    recommend: Toggle<request_response::Behaviour<RawCodec>>,
    vouch: request_response::Behaviour<RawCodec>,
    sync: Toggle<request_response::Behaviour<RawCodec>>,
}

/// A peer of a node under test, in a thread of its own.
pub(crate) struct RawPeer {
    pub(crate) id: NodeId,
    /// What the peer signs honest alerts with.
    pub(crate) identity: Identity,
    words_tx: Option<mpsc::Sender<Word>>,
    is_heard: Arc<AtomicBool>,
    closed: Arc<AtomicU32>,
    answered: Arc<AtomicU32>,
    heard: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the thread of a bad peer lets others see.
#[derive(Clone)]
struct Seen {
    is_heard: Arc<AtomicBool>,
    closed: Arc<AtomicU32>,
    answered: Arc<AtomicU32>,
    heard: Arc<AtomicU32>,
}

impl RawPeer {
    /// Connects to a node and waits until it is listened to; it only speaks gossip.
    pub(crate) async fn connect(to: &PeerAddress) -> Self {
        Self::connect_with(to, None).await
    }

    /// Connects to a node and waits until it is listened to; it answers its questions so.
    pub(crate) async fn connect_answering(to: &PeerAddress, reply: Reply) -> Self {
        Self::connect_with(to, Some(reply)).await
    }

    async fn connect_with(to: &PeerAddress, reply: Option<Reply>) -> Self {
        let secret = rand_secret();
        let identity = Identity::from_secret(secret);
        let (words_tx, words_rx) = mpsc::channel(QUEUE_MAX);
        let seen = Seen {
            is_heard: Arc::default(),
            closed: Arc::default(),
            answered: Arc::default(),
            heard: Arc::default(),
        };
        let shown = seen.clone();
        let address: Multiaddr = to.to_string().parse().unwrap();
        let thread = thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().unwrap();
            runtime.block_on(run((secret, reply), address, words_rx, shown));
        });
        let peer = Self {
            id: identity.node_id(),
            identity,
            words_tx: Some(words_tx),
            is_heard: seen.is_heard,
            closed: seen.closed,
            answered: seen.answered,
            heard: seen.heard,
            thread: Some(thread),
        };
        eventually("the bad peer is connected", || peer.is_heard.load(Relaxed)).await;
        peer
    }

    /// Sends a message, whether or not anybody still listens.
    pub(crate) async fn send(&self, message: Vec<u8>) {
        self.say(Word::Gossip(message)).await;
    }

    /// Sends a batch by gossip.
    pub(crate) async fn send_batch(&self, batch: Vec<u8>) {
        self.say(Word::Batch(batch)).await;
    }

    /// Returns how many alerts it heard by gossip, one by one.
    pub(crate) fn heard(&self) -> u32 {
        self.heard.load(Relaxed)
    }

    /// Sends the bytes of a sync request.
    pub(crate) async fn sync_ask(&self, request: Vec<u8>) {
        self.say(Word::Sync(request)).await;
    }

    /// Sends the bytes of a question about indicators.
    pub(crate) async fn ask(&self, question: Vec<u8>) {
        self.say(Word::Question(question)).await;
    }

    /// Sends the bytes of a frame of what organisations signed.
    pub(crate) async fn show(&self, frame: Vec<u8>) {
        self.say(Word::Frame(frame)).await;
    }

    async fn say(&self, word: Word) {
        let words_tx = self.words_tx.as_ref().unwrap();
        words_tx.send(word).await.unwrap();
    }

    /// Returns how many answers it got, refusals left out.
    pub(crate) fn answered(&self) -> u32 {
        self.answered.load(Relaxed)
    }

    /// Returns how often its connection was closed or refused.
    pub(crate) fn closed(&self) -> u32 {
        self.closed.load(Relaxed)
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.words_tx = None;
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

const TOPIC: &str = "aegis-threat-intel";

async fn run(
    (secret, reply): ([u8; 32], Option<Reply>),
    address: Multiaddr,
    mut words_rx: mpsc::Receiver<Word>,
    seen: Seen,
) {
    let topic = IdentTopic::new(TOPIC);
    let mut swarm = swarm(secret, reply.is_some());
    swarm.behaviour_mut().gossip.subscribe(&topic).unwrap();
    swarm.dial(address.clone()).unwrap();
    let mut redial = tokio::time::interval(Duration::from_millis(200));
    let mut unanswered = Vec::new();
    loop {
        tokio::select! {
            word = words_rx.recv() => match word {
                Some(word) => say(&mut swarm, word),
                None => break,
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Subscribed { .. })) => {
                    seen.is_heard.store(true, Relaxed);
                }
                SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message { .. })) => {
                    seen.heard.fetch_add(1, Relaxed);
                }
                SwarmEvent::Behaviour(BehaviourEvent::Ask(event)) => {
                    let ask = swarm.behaviour_mut().ask.as_mut().unwrap();
                    let Some((question, channel)) = question_in(event, &seen) else { continue };
                    match reply.as_ref().and_then(|it| it(secret, &question)) {
                        Some(answer) => drop(ask.send_response(channel, answer)),
                        None => unanswered.push(channel),
                    }
                }
                SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => {
                    let sync = swarm.behaviour_mut().sync.as_mut().unwrap();
                    let Some((request, channel)) = question_in(event, &seen) else { continue };
                    match reply.as_ref().and_then(|it| it(secret, &request)) {
                        Some(answer) => drop(sync.send_response(channel, answer)),
                        None => unanswered.push(channel),
                    }
                }
                SwarmEvent::Behaviour(BehaviourEvent::Recommend(event)) => {
                    let recommend = swarm.behaviour_mut().recommend.as_mut().unwrap();
                    let Some((question, channel)) = question_in(event, &seen) else { continue };
                    match reply.as_ref().and_then(|it| it(secret, &question)) {
                        Some(answer) => drop(recommend.send_response(channel, answer)),
                        None => unanswered.push(channel),
                    }
                }
                SwarmEvent::ConnectionClosed { .. }
                | SwarmEvent::OutgoingConnectionError { .. } => {
                    seen.closed.fetch_add(1, Relaxed);
                }
                _ => {}
            },
            _ = redial.tick() => {
                if swarm.connected_peers().next().is_none() {
                    let _ = swarm.dial(address.clone());
                }
            }
        }
    }
}

/// Sends a word. Nobody may be left to send to: that is what the tests are after.
fn say(swarm: &mut Swarm<Behaviour>, word: Word) {
    let peer = swarm.connected_peers().next().copied();
    let behaviour = swarm.behaviour_mut();
    let (protocol, bytes) = match word {
        Word::Gossip(message) => {
            return drop(behaviour.gossip.publish(IdentTopic::new(TOPIC), message));
        }
        Word::Batch(batch) => {
            let topic = IdentTopic::new("aegis-threat-intel-batch/1");
            return drop(behaviour.gossip.publish(topic, batch));
        }
        Word::Question(question) => (behaviour.ask.as_mut(), question),
        Word::Frame(frame) => (Some(&mut behaviour.vouch), frame),
        Word::Sync(request) => (behaviour.sync.as_mut(), request),
    };
    if let (Some(peer), Some(protocol)) = (peer, protocol) {
        protocol.send_request(&peer, bytes);
    }
}

type RawEvent = request_response::Event<Vec<u8>, Vec<u8>>;

/// Returns the question that an event is; counts an answer that it is.
fn question_in(
    event: RawEvent,
    seen: &Seen,
) -> Option<(Vec<u8>, request_response::ResponseChannel<Vec<u8>>)> {
    let request_response::Event::Message { message, .. } = event else {
        return None;
    };
    match message {
        request_response::Message::Request {
            request, channel, ..
        } => Some((request, channel)),
        request_response::Message::Response { response, .. } => {
            seen.answered
                .fetch_add(u32::from(!response.is_empty()), Relaxed);
            None
        }
    }
}

fn swarm(mut secret: [u8; 32], asks: bool) -> Swarm<Behaviour> {
    let keypair = libp2p::identity::Keypair::ed25519_from_bytes(&mut secret).unwrap();
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|it| MessageId::new(&it.data))
        .max_transmit_size(65_536)
        .build()
        .unwrap();
    let protocol = |name| asks.then(|| RawCodec::behaviour(name)).into();
    let behaviour = Behaviour {
        gossip: gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap(),
        ask: protocol("/aegis/ask/1"),
        recommend: protocol("/aegis/recommend/1"),
        vouch: RawCodec::behaviour("/aegis/org/1"),
        sync: protocol("/aegis/sync/1"),
    };
    SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

fn rand_secret() -> [u8; 32] {
    let keypair = libp2p::identity::Keypair::generate_ed25519();
    let bytes = keypair.try_into_ed25519().unwrap().to_bytes();
    bytes[..32].try_into().unwrap()
}
