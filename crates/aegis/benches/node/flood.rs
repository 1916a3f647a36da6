//! Flood → first drop → dropped elsewhere: an attacker, the node it floods, and another node.
//!
//! Each flood comes from a source of its own, so each is a first violation. What passed is what
//! was sent less what the kernel counted as dropped: nobody else sends anything that is dropped.

use std::path::Path;

use aegis::lab::agent::Flooded;
use aegis_api::{EventStream, Indicator};
use anyhow::Context as _;
use tokio::process::Command;

use super::{
    Row, Size, Table, spread,
    stage::{Node, Stage},
    watch::{self, Moment},
};

/// Requests of one source within a second that the default configuration calls a flood.
const THRESHOLD: u32 = 100;

/// Packets of a flood: enough for the block to be seen in the middle of it.
const PACKETS: u32 = 10 * THRESHOLD;

/// A closed port, so that nothing but the flood is counted.
const FLOODED_PORT: u16 = 81;

/// The numbers of the sources begin here.
const FIRST_SOURCE: u32 = 0x1_0000;

pub(super) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let hosts = ["a", "b", "attacker"].map(str::to_owned);
    let mut stage = Stage::new(program, &hosts)?;
    stage.start("a", "")?;
    stage.start("b", "")?;
    stage.join().await?;
    let mut sources = (FIRST_SOURCE..).map(watch::nobody);
    let mut tables = Vec::new();
    for rate in size.flood_rates {
        let mut runs = Vec::new();
        for source in sources.by_ref().take(size.floods.into()) {
            runs.push(flood(&stage, *rate, source).await?);
        }
        tables.push(table(*rate, &runs));
    }
    Ok(tables)
}

/// What one flood showed, times in milliseconds.
struct Run {
    passed: f64,
    detected: f64,
    published: f64,
    blocked_here: f64,
    blocked_there: f64,
    there_after_detected: f64,
}

fn table(rate: u32, runs: &[Run]) -> Table {
    let of = |figure: fn(&Run) -> f64| spread(runs.iter().map(figure).collect());
    let per_ms = f64::from(rate) / 1e3;
    let to_drop = runs.iter().map(|it| it.passed / per_ms).collect();
    Table {
        title: format!(
            "flood of {rate} requests a second, threshold {THRESHOLD} a second, {} floods",
            runs.len()
        ),
        columns: &["p50", "p99", "max"],
        rows: vec![
            Row::new("requests that passed before the drop", of(|it| it.passed)),
            Row::new(
                "first request → kernel drops, ms (passed ÷ rate)",
                spread(to_drop),
            ),
            Row::new(
                format!(
                    "floor: the threshold ÷ rate ({} ms)",
                    f64::from(THRESHOLD) / per_ms
                ),
                vec![f64::from(THRESHOLD) / per_ms; 3],
            ),
            Row::new("first request → detection read, ms", of(|it| it.detected)),
            Row::new(
                "first request → decision read, ms",
                of(|it| it.blocked_here),
            ),
            Row::new(
                "first request → publication read, ms",
                of(|it| it.published),
            ),
            Row::new(
                "first request → in the other kernel, ms",
                of(|it| it.blocked_there),
            ),
            Row::new(
                "detection read → in the other kernel, ms",
                of(|it| it.there_after_detected),
            ),
        ],
    }
}

async fn flood(stage: &Stage, rate: u32, source: Indicator) -> anyhow::Result<Run> {
    let (a, b) = (&stage.nodes[0], &stage.nodes[1]);
    let open = async |node: &Node| node.client.events(false).await;
    let (mut detected, mut decided, mut published) =
        (open(a).await?, open(a).await?, open(a).await?);
    let mut elsewhere = open(b).await?;
    let before = a.client.stats().await?.dropped.packets;
    let (flooded, detected, decided, published, elsewhere) = tokio::try_join!(
        send(stage, rate, source),
        moment(&mut detected, source, watch::detected),
        moment(&mut decided, source, watch::blocked),
        moment(&mut published, source, watch::published),
        moment(&mut elsewhere, source, watch::blocked),
    )?;
    let after = a.client.stats().await?.dropped.packets;
    let dropped = u32::try_from(after - before).context("count what was dropped")?;
    anyhow::ensure!(dropped > 0, "nothing of the flood was dropped");
    let since_first = |it: Moment| it.ms_since_unix(flooded.first_at_ms);
    Ok(Run {
        passed: f64::from(flooded.sent.saturating_sub(dropped)),
        detected: since_first(detected),
        published: since_first(published),
        blocked_here: since_first(decided),
        blocked_there: since_first(elsewhere),
        there_after_detected: elsewhere.ms_since(detected),
    })
}

async fn moment(
    stream: &mut EventStream,
    source: Indicator,
    subject: fn(&aegis_api::EventKind) -> Option<Indicator>,
) -> anyhow::Result<Moment> {
    let is_it = |kind: &_| subject(kind).filter(|it| *it == source);
    let seen = watch::see(stream, 1, is_it).await?;
    seen.get(&source).copied().context("see the flood's source")
}

async fn send(stage: &Stage, rate: u32, source: Indicator) -> anyhow::Result<Flooded> {
    let to = format!("{}:{FLOODED_PORT}", stage.nodes[0].address);
    let (source, count) = (source.address().to_string(), PACKETS.to_string());
    let rate = rate.to_string();
    let args = [
        "flood", &to, "--forged", &source, "--count", &count, "--rate", &rate,
    ];
    let mut command = Command::from(stage.agent("attacker", &args)?);
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .context("run the flood")?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).with_context(|| format!("the flood failed: {complaint}"))
}
