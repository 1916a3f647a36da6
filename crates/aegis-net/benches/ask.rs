//! Figures of questions and answers: `cargo bench -p aegis-net --bench ask`.
//!
//! - what signing, reading and verifying an answer about 32 addresses costs
//! - from question to answer between two nodes on loopback, over TCP and QUIC
//!
//! Without `--bench` (as `cargo test --benches` runs it) every part runs once, small.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures in real time"
)]
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark that cannot go on stops, and picks the events it is about"
)]
#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aegis_core::{
    Confidence, Indicator, NodeId, Opinion, Question, Score, Testimony, Timestamp, Topic,
};
use aegis_net::{
    Address, Identity, NetCommand, NetEvent, NetHandle, P2pConfig, PeerAddress, QuestionId, ask,
    gate::{Hearing, Limits, Quota},
    start,
};

const INDICATORS: u32 = 32;

fn main() {
    let is_bench = std::env::args().any(|it| it == "--bench");
    let rounds = if is_bench { 1000 } else { 3 };
    if cfg!(debug_assertions) {
        println!("(built without optimisation: the figures mean little)");
    }
    costs(rounds);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    for (name, listen) in [("TCP", Address::tcp as Listen), ("QUIC", Address::quic)] {
        for indicators in [1, INDICATORS] {
            let times = runtime.block_on(round_trips(listen, indicators, rounds));
            report(
                &format!("ask about {indicators} and be answered, {name}"),
                times,
            );
        }
    }
}

type Listen = fn(IpAddr, u16) -> Address;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as u64)
}

fn question(indicators: u32) -> Question {
    let address = |n| Indicator::host(Ipv4Addr::from_bits(0xC612_0000 + n).into());
    Question {
        indicators: (0..indicators).map(address).collect(),
        hops: 1,
        wait: Duration::from_secs(10),
    }
}

fn opinion(n: u32) -> Option<Opinion> {
    Some(Opinion {
        score: Score::clamped(f64::from(n) / 100.0),
        confidence: Confidence::HALF,
        sightings: n,
        age: Duration::from_secs(60),
    })
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
}

/// Measures what the bytes of an answer cost, without a network.
fn costs(rounds: u32) {
    let (us, them) = (Identity::generate(), Identity::generate());
    let question = question(INDICATORS);
    let sign = |n: u32| {
        let say = |it: &Indicator| ask::sign(now(), *it, (Topic::Scan, opinion(n)), &them);
        let said = question.indicators.iter().map(|it| Arc::new(say(it)));
        said.collect::<Vec<Arc<Testimony>>>()
    };
    let (mut signing, mut reading, mut checking) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..rounds {
        let begun = Instant::now();
        let bytes = ask::encode_answer(&sign(n));
        signing.push(begun.elapsed());
        let begun = Instant::now();
        let read = ask::decode_answer(&bytes).unwrap();
        reading.push(begun.elapsed());
        let mut hearing = Hearing::new(us.node_id(), question.clone());
        let begun = Instant::now();
        for testimony in read {
            black_box(hearing.hear(now(), them.node_id(), testimony).unwrap());
        }
        checking.push(begun.elapsed());
    }
    report("sign and write an answer about 32", signing);
    report("read it", reading);
    report("check it, signatures and all", checking);
}

async fn node(listen: Listen, peers: Vec<PeerAddress>) -> (NetHandle, PeerAddress) {
    let many = Quota {
        burst: 1_000_000,
        per_second: 1_000_000,
    };
    let config = P2pConfig {
        listen: vec![listen(Ipv4Addr::LOCALHOST.into(), 0)],
        peers,
        mdns: false,
        kad: false,
        memory_bytes_max: 8 << 30,
        limits: Limits {
            trusted_questions: many,
            dht_questions: many,
            trusted_asked_about: many,
            dht_asked_about: many,
            met_asked_about: many,
            ..Limits::default()
        },
        ..P2pConfig::default()
    };
    let mut handle = start(config, &Identity::generate(), Arc::new(now))
        .await
        .unwrap();
    let address = loop {
        if let NetEvent::Listening { address } = handle.events_rx.recv().await.unwrap() {
            break address;
        }
    };
    let at = PeerAddress::new(handle.node_id, &address);
    (handle, at)
}

async fn wait_for_peer(node: &mut NetHandle, peer: NodeId) {
    loop {
        match node.events_rx.recv().await.unwrap() {
            NetEvent::PeerConnected { peer: it, .. } if it == peer => return,
            _ => {}
        }
    }
}

async fn round_trips(listen: Listen, indicators: u32, rounds: u32) -> Vec<Duration> {
    let (mut asked, at) = node(listen, Vec::new()).await;
    let (mut asker, _) = node(listen, vec![at]).await;
    wait_for_peer(&mut asker, asked.node_id).await;
    wait_for_peer(&mut asked, asker.node_id).await;
    let mut times = Vec::new();
    for n in 0..rounds {
        let begun = Instant::now();
        let question = NetCommand::Ask {
            id: QuestionId(n.into()),
            peers: vec![asked.node_id],
            question: question(indicators),
        };
        asker.commands_tx.send(question).await.unwrap();
        answer(&mut asked, n).await;
        loop {
            match asker.events_rx.recv().await.unwrap() {
                NetEvent::Answered { testimonies, .. } => {
                    assert_eq!(testimonies.len(), indicators as usize);
                    break;
                }
                NetEvent::Unanswered { why, .. } => panic!("{why:?}"),
                _ => {}
            }
        }
        times.push(begun.elapsed());
    }
    for node in [asker, asked] {
        node.stop(Duration::from_secs(10)).await.unwrap();
    }
    times
}

async fn answer(asked: &mut NetHandle, n: u32) {
    loop {
        let event = asked.events_rx.recv().await.unwrap();
        if let NetEvent::Asked {
            request, question, ..
        } = event
        {
            let own = question.indicators.iter();
            let own = own.map(|it| (*it, Topic::Scan, opinion(n))).collect();
            let passed_on = Vec::new();
            let answer = NetCommand::Answer {
                request,
                own,
                passed_on,
            };
            return asked.commands_tx.send(answer).await.unwrap();
        }
    }
}
