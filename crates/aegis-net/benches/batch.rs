//! Figures of batches: `cargo bench -p aegis-net --bench batch`.
//!
//! - alerts per second that one core validates, one by one and together
//! - bytes of an alert by itself and in a batch
//!
//! Without `--bench` (as `cargo test --benches` runs it) every part runs once, small.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures in real time"
)]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aegis_core::{
    Alert, BlockDuration, Channel, Evidence, PeerClass, Severity, Statement, ThreatType, Timestamp,
};
use aegis_net::{
    Identity, batch,
    gate::{Admission, Arrival, Gate, Limits, Quota},
    wire,
};

/// Authors whose alerts come mixed.
const AUTHORS: u8 = 20;

fn main() {
    let is_bench = std::env::args().any(|it| it == "--bench");
    let alerts = if is_bench { 20_000 } else { 40 };
    if cfg!(debug_assertions) {
        println!("(built without optimisation: the figures mean little)");
    }
    for authors in [1, AUTHORS] {
        let said: Vec<Arc<Alert>> = (0..alerts)
            .map(|n| alert(n, (n % u32::from(authors)) as u8))
            .collect();
        println!("{alerts} alerts of {authors} authors");
        one_by_one(&said);
        for together in [16, 32, 64, 256] {
            validate_together(&said, together);
        }
    }
    sizes(alerts.min(256));
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as u64)
}

fn alert(n: u32, author: u8) -> Arc<Alert> {
    let statement = Statement {
        indicator: std::net::IpAddr::V4(Ipv4Addr::from_bits(0xC612_0000 + n)).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: now(),
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(
        &statement,
        &Identity::from_secret([author + 1; 32]),
    ))
}

fn gate() -> Gate {
    let many = Quota {
        burst: 1_000_000,
        per_second: 1_000_000,
    };
    let mut gate = Gate::new(Limits {
        trusted_author: many,
        all: many,
        forwarder: many,
        ..Limits::default()
    });
    for author in 0..AUTHORS {
        let identity = Identity::from_secret([author + 1; 32]);
        gate.set_class(identity.node_id(), PeerClass::Lan);
    }
    gate
}

fn arrival(alert: &Alert) -> Arrival<'_> {
    Arrival {
        forwarder: alert.author(),
        channel: Channel::Gossip,
        bytes: alert.wire(),
    }
}

fn one_by_one(said: &[Arc<Alert>]) {
    let mut gate = gate();
    let started_at = Instant::now();
    for alert in said {
        let judged = gate.admit(now(), arrival(alert));
        assert!(matches!(judged.admission, Admission::Accept(_)));
    }
    report("one by one", said.len(), started_at.elapsed());
}

fn validate_together(said: &[Arc<Alert>], together: usize) {
    let mut gate = gate();
    let started_at = Instant::now();
    for alerts in said.chunks(together) {
        let arrivals: Vec<Arrival<'_>> = alerts.iter().map(|it| arrival(it)).collect();
        let judged = gate.admit_all(now(), &arrivals);
        assert!(
            judged
                .iter()
                .all(|it| matches!(it.admission, Admission::Accept(_)))
        );
    }
    report(
        &format!("{together} together"),
        said.len(),
        started_at.elapsed(),
    );
}

fn report(what: &str, alerts: usize, took: Duration) {
    let rate = alerts as f64 / took.as_secs_f64();
    let each = took.as_secs_f64() * 1e6 / alerts as f64;
    println!("  {what:>14}: {rate:>8.0} alerts/s, {each:.1} µs each");
}

fn sizes(alerts: u32) {
    let said: Vec<Arc<Alert>> = (0..alerts).map(|n| alert(n, 0)).collect();
    let singly: usize = said.iter().map(|it| it.wire().len()).sum();
    let started_at = Instant::now();
    let batches = batch::pack(said.iter().map(|it| it.wire()));
    let packing = started_at.elapsed();
    let together: usize = batches.iter().map(Vec::len).sum();
    let started_at = Instant::now();
    let unpacked: usize = batches
        .iter()
        .map(|it| batch::unpack(it).unwrap().len())
        .sum();
    assert_eq!(unpacked, said.len());
    println!(
        "{alerts} alerts of one author: {} bytes each, {} in {} batches (packed in {:?}, unpacked in {:?})",
        singly / said.len(),
        together / said.len(),
        batches.len(),
        packing,
        started_at.elapsed(),
    );
}
