//! Bytes and processor time of three nodes on a LAN that found each other by mDNS.
//!
//! Bytes are those of `eth0` in each node's namespace, frame headers included, as the kernel
//! counts them. Processor time is what the kernel charged the node's process, user and system.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use tokio::time::interval;

use super::{
    Row, Size, Table,
    processor::cpu_ms,
    stage::{self, Node, Stage},
    watch::{self, Moment},
};

/// The numbers of the addresses begin here.
const FIRST: u32 = 0;

pub(super) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let hosts = ["a", "b", "c"].map(str::to_owned);
    let mut stage = Stage::new(program, &hosts)?;
    for host in &hosts {
        stage.start(host, "")?;
    }
    stage.join().await?;
    let window = Duration::from_secs(size.window_secs);
    tokio::time::sleep(Duration::from_secs(size.settle_secs)).await;
    let idle = during(&stage.nodes, async {
        tokio::time::sleep(window).await;
        Ok(())
    });
    let idle = idle.await?;
    let alerts = size.alerts_per_second * u32::try_from(size.window_secs)?;
    let busy = during(&stage.nodes, publish(&stage.nodes[0], alerts, window));
    let busy = busy.await?;
    // All of them arrived, or their bytes would mean nothing.
    for node in &stage.nodes[1..] {
        let is_all = async || {
            let stats = node.client.stats().await;
            stats.is_ok_and(|it| it.alerts.accepted == u64::from(alerts))
        };
        stage::wait("every alert accepted", is_all).await?;
    }
    let title = |what: &str| format!("{what}, three nodes, {} s", size.window_secs);
    let pace = format!("{} alerts a second by node a", size.alerts_per_second);
    Ok(vec![
        table(title("idle"), &idle),
        table(title(&pace), &busy),
    ])
}

async fn publish(node: &Node, alerts: u32, window: Duration) -> anyhow::Result<()> {
    let mut ticks = interval(window / alerts.max(1));
    for number in FIRST..FIRST + alerts {
        ticks.tick().await;
        watch::block(&node.client, watch::nobody(number), true).await?;
    }
    ticks.tick().await;
    Ok(())
}

/// What one node had used at a moment, or used between two.
#[derive(Clone, Copy, Debug)]
struct Usage {
    sent_bytes: f64,
    received_bytes: f64,
    sent_packets: f64,
    cpu_ms: f64,
}

/// Returns what each node uses in a second of `work`.
async fn during(
    nodes: &[Node],
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Vec<(String, Usage)>> {
    let read = || {
        nodes
            .iter()
            .map(|it| Usage::read(it.pid()))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let (before, started_at) = (read()?, Moment::now());
    work.await?;
    let after = read()?;
    let seconds = Moment::now().ms_since(started_at) / 1e3;
    let names = nodes.iter().map(|it| it.name.clone());
    let rates = before
        .into_iter()
        .zip(after)
        .map(|(before, after)| after.less(before).divided(seconds));
    Ok(names.zip(rates).collect())
}

fn table(title: String, used: &[(String, Usage)]) -> Table {
    let row = |(name, it): &(String, Usage)| {
        Row::new(
            format!("node {name}"),
            [it.sent_bytes, it.received_bytes, it.sent_packets, it.cpu_ms],
        )
    };
    let mut rows: Vec<Row> = used.iter().map(row).collect();
    let mean = |column: usize| {
        let figures = rows.iter().map(|it| it.figures[column]);
        figures.sum::<f64>() / rows.len() as f64
    };
    let means: Vec<f64> = (0..4).map(mean).collect();
    rows.push(Row::new("mean", means));
    Table {
        title,
        columns: &[
            "sent B/s",
            "received B/s",
            "packets sent a second",
            "CPU ms a second",
        ],
        rows,
    }
}

impl Usage {
    fn read(pid: u32) -> anyhow::Result<Self> {
        let devices = std::fs::read_to_string(format!("/proc/{pid}/net/dev"))
            .context("read what the interfaces counted")?;
        let counts = devices
            .lines()
            .find_map(|it| it.trim().strip_prefix("eth0:"))
            .context("find eth0")?;
        let counts: Vec<f64> = numbers(counts);
        let field = |at: usize| counts.get(at).copied().context("find a count");
        Ok(Self {
            received_bytes: field(0)?,
            sent_bytes: field(8)?,
            sent_packets: field(9)?,
            cpu_ms: cpu_ms(pid)?,
        })
    }

    fn less(self, other: Self) -> Self {
        Self {
            sent_bytes: self.sent_bytes - other.sent_bytes,
            received_bytes: self.received_bytes - other.received_bytes,
            sent_packets: self.sent_packets - other.sent_packets,
            cpu_ms: self.cpu_ms - other.cpu_ms,
        }
    }

    fn divided(self, by: f64) -> Self {
        Self {
            sent_bytes: self.sent_bytes / by,
            received_bytes: self.received_bytes / by,
            sent_packets: self.sent_packets / by,
            cpu_ms: self.cpu_ms / by,
        }
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace()
        .filter_map(|it| it.parse().ok())
        .collect()
}
