//! Resident memory of a node by its peers and by its blocks.
//!
//! Peers are real nodes on hosts of their own. Blocks are in the store when the node starts, so
//! that a hundred thousand of them are there in a moment; the kernel holds them all.

use std::{path::Path, time::Duration};

use aegis_api::{Severity, ThreatType, Timestamp};
use aegis_core::{BlockDuration, Decision, Evidence, Origin, Record};
use aegis_net::Identity;
use aegis_store::Store;
use anyhow::Context as _;

use super::{
    Row, Size, Table,
    stage::{Node, Stage},
    watch::{self, Moment},
};

/// How long a node is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);

/// The peers look for nobody but the node that is measured.
const CROWD: &str = "mdns = false\nkad = false\n";

/// Decisions that one write to the store takes.
const RECORDS: usize = 10_000;

pub(super) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    Ok(vec![
        by_peers(size, program).await?,
        by_blocks(size, program).await?,
    ])
}

async fn by_peers(size: Size, program: &Path) -> anyhow::Result<Table> {
    let most = size.peers.iter().copied().max().unwrap_or(0);
    let mut hosts = vec!["hub".to_owned()];
    hosts.extend((0..most).map(|it| format!("peer{it}")));
    let mut stage = Stage::new(program, &hosts)?;
    let alone = stage.start("hub", "[p2p]\nenabled = false\n")?;
    alone.ready().await?;
    let mut rows = vec![row("network off", alone).await?];
    stage.nodes[0].stop().await?;
    stage.nodes.clear();
    stage.start("hub", "")?.ready().await?;
    let status = stage.nodes[0].client.status().await?;
    let hub = format!(
        "/ip4/{}/tcp/9001/p2p/{}",
        stage.nodes[0].address, status.node_id
    );
    let sections = format!("[p2p]\npeers = [{hub:?}]\n{CROWD}");
    for wanted in size.peers {
        for host in &hosts[stage.nodes.len()..=usize::from(*wanted)] {
            stage.start(host, &sections)?;
        }
        stage.nodes[0].connected((*wanted).into()).await?;
        rows.push(row(format!("{wanted} peers"), &stage.nodes[0]).await?);
    }
    Ok(Table {
        title: "memory by peers".to_owned(),
        columns: COLUMNS,
        rows,
    })
}

async fn by_blocks(size: Size, program: &Path) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for blocks in [0].iter().chain(size.blocks) {
        let mut stage = Stage::new(program, &["node".to_owned()])?;
        fill(&stage.state_dir("node"), *blocks)?;
        let started_at = Moment::now();
        let node = stage.start("node", "")?;
        node.ready().await?;
        let ready_ms = Moment::now().ms_since(started_at);
        let mut row = row(format!("{blocks} blocks"), node).await?;
        row.figures.push(ready_ms);
        let status = node.client.status().await?;
        let (wanted, held) = (u64::from(*blocks), status.ruleset.actual);
        anyhow::ensure!(held == wanted, "the kernel holds {held} of {wanted} blocks");
        rows.push(row);
    }
    Ok(Table {
        title: "memory by blocks, and how long a start with them takes".to_owned(),
        columns: &[
            "resident MiB",
            "of it the process's own MiB",
            "start → answers ms",
        ],
        rows,
    })
}

const COLUMNS: &[&str] = &["resident MiB", "of it the process's own MiB"];

async fn row(name: impl Into<String>, node: &Node) -> anyhow::Result<Row> {
    tokio::time::sleep(SETTLE).await;
    let path = format!("/proc/{}/smaps_rollup", node.pid());
    let rollup = std::fs::read_to_string(path).context("read the process's memory")?;
    let mib = |field: &str| {
        let line = rollup.lines().find_map(|it| it.strip_prefix(field));
        let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|it| it / 1024.0)
            .with_context(|| format!("find {field}"))
    };
    Ok(Row::new(name, [mib("Rss:")?, mib("Anonymous:")?]))
}

/// Puts decisions into a node's store before the node starts.
fn fill(state_dir: &Path, blocks: u32) -> anyhow::Result<()> {
    std::fs::create_dir_all(state_dir).context("make the node's directory")?;
    let node = Identity::load_or_create(&state_dir.join("node.key"))?.node_id();
    let now: Timestamp = aegis::daemon::Clock.now();
    let made = |number| {
        Record::DecisionMade(Decision {
            indicator: watch::nobody(number),
            origin: Origin::Operator,
            author: node,
            alert: None,
            threat_type: ThreatType::syn_flood(),
            severity: Severity::MAX,
            evidence: Evidence::Verified,
            decided_at: now,
            expires_at: now + BlockDuration::MAX.into(),
        })
    };
    let mut store = Store::open(&state_dir.join("aegis.db"))?;
    let records: Vec<Record> = (0..blocks).map(made).collect();
    for some in records.chunks(RECORDS) {
        store.apply(some)?;
    }
    Ok(())
}
