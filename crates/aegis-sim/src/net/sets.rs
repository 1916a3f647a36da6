//! What it costs two nodes to become equal, by how much they differ.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use aegis_core::{
    Alert, AlertId, BlockDuration, Evidence, NodeId, Severity, Statement, ThreatType, Timestamp,
    sync::{Answer, LiveSet, Next, Opening, Request, Session, answer},
};
use anyhow::{Context, Result};

/// What one session cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Alerts of each node.
    pub size: usize,
    /// How many of them the other lacks, both ways together.
    pub difference: usize,
    /// Requests until both differences were known.
    pub rounds: usize,
    /// Requests in all.
    pub requests: usize,
    /// Cells that were sent.
    pub cells: usize,
    /// Whether ranges were walked.
    pub by_ranges: bool,
    /// Bytes both ways beside the missing alerts.
    pub overhead: usize,
    /// What the node that asked computed.
    pub asker: Duration,
    /// What the node that answered computed.
    pub answerer: Duration,
    /// Whether both hold the same afterwards.
    pub is_equal: bool,
}

/// A node, as far as it reconciles.
struct Side {
    live: LiveSet,
    alerts: BTreeMap<AlertId, Arc<Alert>>,
}

impl Side {
    fn new(seed: u64, alerts: &[Arc<Alert>]) -> Self {
        let mut side = Self {
            live: LiveSet::new(seed),
            alerts: BTreeMap::new(),
        };
        alerts.iter().for_each(|it| side.hear(it));
        side
    }

    fn hear(&mut self, alert: &Arc<Alert>) {
        self.live.insert(alert.id());
        self.alerts.insert(alert.id(), alert.clone());
    }
}

/// Lets two nodes of `size` alerts of 400 bytes, of which `difference` differ, half at each,
/// become equal; `opening` is how the first asks.
///
/// # Errors
///
/// Where a message does not survive the wire.
pub fn cost(size: usize, difference: usize, opening: Opening) -> Result<Cost> {
    let half = difference / 2;
    let all = alerts(size + difference - half)?;
    let mut asker = Side::new(1, &all[..size]);
    let mut other = Side::new(2, &all[half..]);
    let known: BTreeMap<_, _> = all.iter().map(|it| (it.id(), it.clone())).collect();
    let verify = |wire: Arc<[u8]>| known.get(&AlertId::of(&wire)).cloned().context("unknown");
    let mut cost = Cost {
        size,
        difference,
        rounds: 0,
        requests: 0,
        cells: 0,
        by_ranges: false,
        overhead: 0,
        asker: Duration::ZERO,
        answerer: Duration::ZERO,
        is_equal: false,
    };
    let (mut session, mut request) = Session::begin(&asker.live, opening);
    loop {
        let is_finding = matches!(request, Request::Cells { .. } | Request::Range { .. });
        cost.rounds += usize::from(is_finding);
        let bytes = request
            .try_map(|it| anyhow::Ok(it.wire().clone()))?
            .encode();
        cost.overhead += bytes.len();
        let asked = Request::decode(&bytes)?.try_map(verify)?;
        let find = |id: &AlertId| other.alerts.get(id).cloned();
        let (took, answered) = timed(|| answer(&other.live, find, &asked));
        cost.answerer += took;
        if let Request::Give(alerts) = &asked {
            cost.overhead -= wire_bytes(alerts);
            alerts.iter().for_each(|it| other.hear(it));
        }
        let bytes = answered
            .try_map(|it| anyhow::Ok(it.wire().clone()))?
            .encode();
        cost.overhead += bytes.len();
        let answered = Answer::decode(&bytes)?.try_map(verify)?;
        let find = |id: &AlertId| asker.alerts.get(id).cloned();
        let (took, heard) = timed(|| session.handle_answer(&asker.live, find, answered));
        cost.asker += took;
        cost.overhead -= wire_bytes(&heard.alerts);
        heard.alerts.iter().for_each(|it| asker.hear(it));
        let Next::Ask(next) = heard.next else {
            break;
        };
        request = next;
    }
    let tally = session.tally();
    cost.requests = tally.requests;
    cost.cells = tally.cells;
    cost.by_ranges = tally.by_ranges;
    cost.is_equal = asker.live.ids().eq(other.live.ids());
    Ok(cost)
}

/// Returns the costs as a table.
pub fn table(costs: &[Cost]) -> String {
    let mut text = String::from(
        "entries  differ  rounds  requests   cells  ranges  bytes besides  asker ms  answerer ms  equal\n",
    );
    for it in costs {
        let word = |yes: bool| if yes { "yes" } else { "no" };
        // A String takes everything.
        let _ = writeln!(
            text,
            "{:>7}  {:>6}  {:>6}  {:>8}  {:>6}  {:>6}  {:>13}  {:>8.1}  {:>11.2}  {:>5}",
            it.size,
            it.difference,
            it.rounds,
            it.requests,
            it.cells,
            word(it.by_ranges),
            it.overhead,
            it.asker.as_secs_f64() * 1e3,
            it.answerer.as_secs_f64() * 1e3,
            word(it.is_equal),
        );
    }
    text
}

/// Returns how long one insertion into a live set of this size takes, and one removal.
pub fn upkeep(size: usize) -> Result<(Duration, Duration)> {
    let all = alerts(size)?;
    let mut live = LiveSet::new(3);
    let (insertion, inserted) = timed(|| all.iter().filter(|it| live.insert(it.id())).count());
    anyhow::ensure!(inserted == size, "every alert is another");
    let (removal, ()) = timed(|| {
        all.iter()
            .for_each(|it| live.depart(it.id(), Timestamp::EPOCH))
    });
    let count = u32::try_from(size.max(1)).context("count the alerts")?;
    Ok((insertion / count, removal / count))
}

fn wire_bytes(alerts: &[Arc<Alert>]) -> usize {
    alerts.iter().map(|it| it.wire().len()).sum()
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures how long this program computes; nothing in the simulation depends on it"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// Returns alerts of 400 bytes, each another.
fn alerts(count: usize) -> Result<Vec<Arc<Alert>>> {
    let author = NodeId::from_public_key([9; 32]);
    let statement = Statement {
        indicator: "203.0.113.7".parse().context("read an address")?,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(8).context("make a severity")?,
        stated_at: Timestamp::from_secs(1_800_000_000),
        block_for: BlockDuration::from_secs(3_600).context("make a duration")?,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    let one = |number: usize| {
        let mut wire = number.to_string().into_bytes();
        wire.resize(400, b'.');
        Arc::new(Alert::from_verified(author, statement.clone(), wire.into()))
    };
    Ok((0..count).map(one).collect())
}
