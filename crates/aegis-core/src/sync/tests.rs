//! What reconciling must hold: held against sets that are simply compared.

mod cells;
mod hostile;
mod live;
mod pair;
mod schedule;
mod walk;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::*;
use crate::{
    Alert, AlertId, BlockDuration, Evidence, NodeId, Severity, Statement, ThreatType, Timestamp,
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const SALT: Salt = Salt::from_bytes(*b"not known before");

/// The id of a number: as random as any, and the same each time.
fn id(number: u64) -> AlertId {
    AlertId::of(&number.to_le_bytes())
}

/// An alert of some 400 bytes, each number another one.
fn alert(number: u64) -> Arc<Alert> {
    alert_of(NodeId::from_public_key([9; 32]), number)
}

fn alert_of(author: NodeId, number: u64) -> Arc<Alert> {
    let statement = Statement {
        indicator: "203.0.113.7".parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: NOW,
        block_for: BlockDuration::from_secs(3600).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    let mut wire = format!("{author} {number} ").into_bytes();
    wire.resize(400, b'.');
    Arc::new(Alert::from_verified(author, statement, wire.into()))
}

/// A node, as far as it reconciles: its live set and the alerts in it.
struct Node {
    live: LiveSet,
    alerts: BTreeMap<AlertId, Arc<Alert>>,
}

impl Node {
    fn new(seed: u64, numbers: impl Iterator<Item = u64>) -> Self {
        let mut node = Self {
            live: LiveSet::new(seed),
            alerts: BTreeMap::new(),
        };
        numbers.for_each(|number| node.hear(alert(number)));
        node
    }

    fn hear(&mut self, alert: Arc<Alert>) {
        if !self.live.has_departed(&alert.id()) {
            self.live.insert(alert.id());
            self.alerts.insert(alert.id(), alert);
        }
    }

    fn find(&self) -> impl Fn(&AlertId) -> Option<Arc<Alert>> {
        |id| self.alerts.get(id).cloned()
    }

    fn answer(&self, request: &Request<Arc<Alert>>) -> Answer<Arc<Alert>> {
        answer(&self.live, self.find(), request)
    }

    fn ids(&self) -> BTreeSet<AlertId> {
        self.live.ids().copied().collect()
    }
}

/// The bytes of a request and of an answer as they cross the wire, and what came out there.
fn over_the_wire(asks: Request<Arc<Alert>>) -> (usize, Request<Arc<Alert>>) {
    let known = match &asks {
        Request::Give(alerts) => alerts.clone(),
        Request::Cells { .. } | Request::Exchange { .. } | Request::Range { .. } => Vec::new(),
    };
    let bytes = asks
        .try_map(|it| Ok::<_, ()>(it.wire().clone()))
        .unwrap()
        .encode();
    assert!(bytes.len() <= MESSAGE_BYTES_MAX);
    let read = Request::decode(&bytes).unwrap();
    (
        bytes.len(),
        read.try_map(|wire| verify(&known, &wire)).unwrap(),
    )
}

fn back_over_the_wire(answer: Answer<Arc<Alert>>) -> (usize, Answer<Arc<Alert>>) {
    let known = match &answer {
        Answer::Exchange { alerts, .. } | Answer::Range { alerts, .. } => alerts.clone(),
        Answer::Same | Answer::Cells { .. } | Answer::Taken | Answer::Busy => Vec::new(),
    };
    let bytes = answer
        .try_map(|it| Ok::<_, ()>(it.wire().clone()))
        .unwrap()
        .encode();
    assert!(bytes.len() <= MESSAGE_BYTES_MAX);
    let read = Answer::decode(&bytes).unwrap();
    (
        bytes.len(),
        read.try_map(|wire| verify(&known, &wire)).unwrap(),
    )
}

/// Finds the alert with these bytes, as checking a signature would.
fn verify(known: &[Arc<Alert>], wire: &[u8]) -> Result<Arc<Alert>, ()> {
    let alert = known.iter().find(|it| **it.wire() == *wire);
    alert.cloned().ok_or(())
}

/// What a whole session came to.
#[derive(Debug)]
struct Told {
    tally: Tally,
    /// Bytes on the wire both ways, alerts not counted.
    overhead: usize,
    /// Bytes both ways until both differences were known.
    until_known: usize,
    end: Next,
}

/// Lets `asker` reconcile with `other` over the wire, to the end.
fn reconcile(asker: &mut Node, other: &mut Node, opening: Opening) -> Told {
    reconcile_at(asker, other, opening, Prefix::MIN)
}

/// The same, where it walks from `origin` on.
fn reconcile_at(asker: &mut Node, other: &mut Node, opening: Opening, origin: Prefix) -> Told {
    let (mut session, mut asks) = Session::begin_at(&asker.live, opening, origin);
    let (mut overhead, mut until_known) = (0, 0);
    loop {
        let alerts_bytes =
            |alerts: &[Arc<Alert>]| -> usize { alerts.iter().map(|it| it.wire().len()).sum() };
        let is_cells = matches!(asks, Request::Cells { .. });
        let (bytes, asked) = over_the_wire(asks);
        overhead += bytes;
        let (bytes, answer) = back_over_the_wire(other.answer(&asked));
        overhead += bytes;
        until_known = if is_cells { overhead } else { until_known };
        if let Request::Give(alerts) = asked {
            overhead -= alerts_bytes(&alerts);
            alerts.into_iter().for_each(|it| other.hear(it));
        }
        if let Answer::Exchange { alerts, .. } | Answer::Range { alerts, .. } = &answer {
            overhead -= alerts_bytes(alerts);
        }
        let heard = session.handle_answer(&asker.live, asker.find(), answer);
        heard.alerts.into_iter().for_each(|it| asker.hear(it));
        match heard.next {
            Next::Ask(request) => asks = request,
            end @ (Next::Done | Next::Busy | Next::Misbehaved(_)) => {
                return Told {
                    tally: session.tally(),
                    overhead,
                    until_known,
                    end,
                };
            }
        }
    }
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
