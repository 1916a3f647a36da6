//! What one `apply` costs on a real disk: 1, 100 and 1,000 alerts, each with its decision and
//! audit line; what a commit of a flood waits for; and what a start costs with a full table.

#![expect(
    clippy::unwrap_used,
    reason = "a bench whose set-up fails has nothing to measure"
)]

use std::{net::Ipv4Addr, sync::Arc, sync::mpsc, thread, time::Duration};

use aegis_core::{
    Action, Actor, Alert, AuditEntry, BlockDuration, Decision, Evidence, Indicator, NodeId, Origin,
    Record, Severity, Statement, ThreatType, Timestamp,
};
use aegis_store::Store;
use divan::{Bencher, counter::ItemsCount};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const AUTHOR: NodeId = NodeId::from_public_key([7; 32]);

/// Bytes of a usual alert.
const WIRE_BYTES: usize = 400;

/// Alerts in the store whose opening is measured.
const STORED_ALERTS: u32 = 100_000;

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 100, 1_000], sample_count = 50, sample_size = 1)]
fn apply_alerts(bencher: Bencher<'_, '_>, alerts: u32) {
    let (_directory, mut store) = new_store();
    let mut next = 0;
    bencher
        .counter(ItemsCount::new(alerts))
        .with_inputs(|| {
            let records: Vec<Record> = (next..next + alerts).map(alert_added).collect();
            next += alerts;
            records
        })
        .bench_local_values(|records| store.apply(&records).unwrap());
}

#[divan::bench(args = [1, 100, 1_000], sample_count = 50, sample_size = 1)]
fn apply_alerts_with_decisions_and_audit(bencher: Bencher<'_, '_>, alerts: u32) {
    let (_directory, mut store) = new_store();
    let mut next = 0;
    bencher
        .counter(ItemsCount::new(alerts))
        .with_inputs(|| {
            let records: Vec<Record> = (next..next + alerts)
                .flat_map(|it| [alert_added(it), decision_made(it), audited(it)])
                .collect();
            next += alerts;
            records
        })
        .bench_local_values(|records| store.apply(&records).unwrap());
}

/// Floods of a thousand alerts, 21 with what follows from them to a commit, and a pause after each,
/// while another thread syncs and moves the log. The slowest is what counts.
#[divan::bench(sample_count = 480, sample_size = 1)]
fn unsynced_commit_of_a_flood(bencher: Bencher<'_, '_>) {
    const ALERTS: u32 = 21;
    const COMMITS: u32 = 48;
    let (_directory, mut store) = new_store();
    store.load(NOW).unwrap();
    let syncer = store.syncer().unwrap().unwrap();
    let (asked_tx, asked_rx) = mpsc::sync_channel::<()>(1);
    let disk = thread::spawn(move || {
        while asked_rx.recv().is_ok() {
            syncer.sync().unwrap();
            syncer.checkpoint().unwrap();
        }
    });
    let mut next = 0;
    bencher
        .with_inputs(|| {
            thread::sleep(Duration::from_millis(2)); // what else the node does
            if next % (ALERTS * COMMITS) == 0 {
                let _ = asked_tx.try_send(()); // busy: asked again after the next flood
                thread::sleep(Duration::from_millis(600));
            }
            let records: Vec<Record> = (next..next + ALERTS)
                .flat_map(|it| [alert_added(it), decision_made(it), audited(it)])
                .collect();
            next += ALERTS;
            records
        })
        .bench_local_values(|records| store.apply_unsynced(&records).unwrap());
    drop(asked_tx);
    disk.join().unwrap();
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn open_and_load_100_000_alerts(bencher: Bencher<'_, '_>) {
    let (directory, mut store) = new_store();
    let records: Vec<Record> = (0..STORED_ALERTS).map(alert_added).collect();
    store.apply(&records).unwrap();
    drop(store);
    let path = directory.path().join("store.db");
    bencher.bench_local(|| Store::open(&path).unwrap().load(NOW).unwrap());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn verify_audit_of_100_000_rows(bencher: Bencher<'_, '_>) {
    let (_directory, mut store) = new_store();
    let records: Vec<Record> = (0..STORED_ALERTS).map(audited).collect();
    store.apply(&records).unwrap();
    bencher.bench_local(|| store.audit_verify().unwrap());
}

fn new_store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store.db")).unwrap();
    (directory, store)
}

fn indicator(number: u32) -> Indicator {
    Indicator::host(Ipv4Addr::from(0x0a00_0000 + number).into())
}

fn alert_added(number: u32) -> Record {
    let mut wire = vec![b'x'; WIRE_BYTES];
    wire[..4].copy_from_slice(&number.to_le_bytes());
    let statement = Statement {
        indicator: indicator(number),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: NOW,
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Record::AlertAdded {
        alert: Arc::new(Alert::from_verified(AUTHOR, statement, wire.into())),
        received_at: NOW,
    }
}

fn decision_made(number: u32) -> Record {
    Record::DecisionMade(Decision {
        indicator: indicator(number),
        origin: Origin::Peers,
        author: AUTHOR,
        alert: None,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: Evidence::Verified,
        decided_at: NOW,
        expires_at: NOW + BlockDuration::MAX.into(),
    })
}

fn audited(number: u32) -> Record {
    Record::Audit(AuditEntry {
        at: NOW,
        actor: Actor::Peer(AUTHOR),
        action: Action::Block,
        indicator: Some(indicator(number)),
        detail: "syn_flood, severity 10, for 24 h".to_owned(),
    })
}
