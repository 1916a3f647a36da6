//! Publish → in the other node's kernel: two nodes, two namespaces, an operator who blocks.
//!
//! The `blocked` event of the other node is told after its kernel took the entry, so reading it
//! here is later than the drop begins. All moments are taken in this process.

use std::{path::Path, time::Duration};

use aegis_api::{Client, Indicator};
use anyhow::Context as _;
use tokio::{io::AsyncReadExt as _, process::Command, time::interval};

use super::{
    Row, Size, Table, spread,
    stage::{Node, Stage},
    watch::{self, Moment, Seen},
};

/// Visits that show what a connection between the two hosts costs, and the milliseconds between
/// two: few enough a second not to be taken for a flood.
const VISITS: &str = "200";
const VISIT_EVERY: &str = "20";

/// How long the budget of a thousand alerts, then 20 a second, takes to be whole again.
const BUDGET_REST: Duration = Duration::from_secs(3);

/// Numbers of addresses at which each run begins, so that none uses another's.
const PACED: u32 = 0;
const AT_ONCE: u32 = 0x4000;
const LOCAL: u32 = 0x8000;
const WARM_UP: u32 = 0xc000;

pub(super) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let mut stage = Stage::new(program, &["a".to_owned(), "b".to_owned()])?;
    stage.start("a", "")?;
    stage.start("b", "")?;
    stage.join().await?;
    let (a, b) = (&stage.nodes[0], &stage.nodes[1]);
    warm_up(a, b).await?;
    let echo = echo(&stage).await?;
    let alone = alone(a, size).await?;
    let paced = paced(a, b, size).await?;
    tokio::time::sleep(BUDGET_REST).await;
    let at_once = at_once(a, b, size).await?;
    let rows = |name: &str, run: &Run| {
        let read_back = Row::new(
            format!("{name}: order given → the other kernel read back"),
            spread(run.since_order(&run.in_kernel)),
        );
        let main = [
            Row::new(
                format!("{name}: order given → blocked there"),
                spread(run.since_order(&run.blocked)),
            ),
            Row::new(
                format!("{name}: published here → blocked there"),
                spread(run.since_published()),
            ),
        ];
        let read_back = (!run.in_kernel.is_empty()).then_some(read_back);
        main.into_iter().chain(read_back)
    };
    let pace = format!("{} a second", size.alerts_per_second);
    let mut table = Table {
        title: format!(
            "publish → in the other node's kernel, {} alerts each ({})",
            size.alerts,
            mode(a).await?
        ),
        columns: &["p50 ms", "p99 ms", "max ms"],
        rows: vec![
            Row::new("floor: TCP connection and echo between the two hosts", echo),
            Row::new(
                "floor: order given → blocked here, not published",
                spread(alone),
            ),
        ],
    };
    table.rows.extend(rows(&pace, &paced));
    table.rows.extend(rows("back to back", &at_once));
    let took = at_once.took_ms / 1e3;
    let rate = Table {
        title: "orders back to back, one caller, each waiting for its answer".to_owned(),
        columns: &["orders a second"],
        rows: vec![Row::new(
            "block and publish",
            [f64::from(size.alerts) / took],
        )],
    };
    Ok(vec![table, rate])
}

/// When what was seen of each alert of a run.
struct Run {
    ordered: Seen,
    published: Seen,
    blocked: Seen,
    in_kernel: Seen,
    took_ms: f64,
}

impl Run {
    fn since_order(&self, later: &Seen) -> Vec<f64> {
        between(&self.ordered, later)
    }

    fn since_published(&self) -> Vec<f64> {
        between(&self.published, &self.blocked)
    }
}

fn between(earlier: &Seen, later: &Seen) -> Vec<f64> {
    let both = earlier
        .iter()
        .filter_map(|(of, at)| Some((at, later.get(of)?)));
    both.map(|(earlier, later)| later.ms_since(*earlier))
        .collect()
}

/// Waits until the first alert has gone the whole way.
async fn warm_up(a: &Node, b: &Node) -> anyhow::Result<()> {
    let mut blocked = b.client.events(false).await?;
    watch::block(&a.client, watch::nobody(WARM_UP), true).await?;
    watch::see(&mut blocked, 1, watch::blocked).await?;
    Ok(())
}

/// One alert after the other at a steady pace, each read back from the other kernel at once.
async fn paced(a: &Node, b: &Node, size: Size) -> anyhow::Result<Run> {
    let (mut on_a, mut on_b) = (a.client.events(false).await?, b.client.events(false).await?);
    let wanted = size.alerts as usize;
    let ordering = async {
        let mut ordered = Seen::new();
        let mut ticks = interval(Duration::from_secs(1) / size.alerts_per_second);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for number in PACED..PACED + size.alerts {
            ticks.tick().await;
            ordered.insert(watch::nobody(number), Moment::now());
            watch::block(&a.client, watch::nobody(number), true).await?;
        }
        Ok::<_, anyhow::Error>(ordered)
    };
    let seeing = async {
        let (mut blocked, mut in_kernel) = (Seen::new(), Seen::new());
        while blocked.len() < wanted {
            for (indicator, at) in watch::see(&mut on_b, 1, watch::blocked).await? {
                blocked.insert(indicator, at);
                is_in_kernel(&b.client, indicator).await?;
                in_kernel.insert(indicator, Moment::now());
            }
        }
        Ok((blocked, in_kernel))
    };
    let publishing = watch::see(&mut on_a, wanted, watch::published);
    let started_at = Moment::now();
    let (ordered, published, (blocked, in_kernel)) =
        tokio::try_join!(ordering, publishing, seeing)?;
    Ok(Run {
        ordered,
        published,
        blocked,
        in_kernel,
        took_ms: Moment::now().ms_since(started_at),
    })
}

/// The next order as soon as the last one is answered; the other kernel is read afterwards.
async fn at_once(a: &Node, b: &Node, size: Size) -> anyhow::Result<Run> {
    let (mut on_a, mut on_b) = (a.client.events(false).await?, b.client.events(false).await?);
    let wanted = size.alerts as usize;
    let started_at = Moment::now();
    let ordering = async {
        let mut ordered = Seen::new();
        for number in AT_ONCE..AT_ONCE + size.alerts {
            ordered.insert(watch::nobody(number), Moment::now());
            watch::block(&a.client, watch::nobody(number), true).await?;
        }
        Ok::<_, anyhow::Error>((ordered, Moment::now()))
    };
    let publishing = watch::see(&mut on_a, wanted, watch::published);
    let seeing = watch::see(&mut on_b, wanted, watch::blocked);
    let ((ordered, ended_at), published, blocked) = tokio::try_join!(ordering, publishing, seeing)?;
    for indicator in blocked.keys() {
        is_in_kernel(&b.client, *indicator).await?;
    }
    Ok(Run {
        ordered,
        published,
        blocked,
        in_kernel: Seen::new(),
        took_ms: ended_at.ms_since(started_at),
    })
}

/// The same order without anybody to tell: what the node itself costs, its disk included.
async fn alone(a: &Node, size: Size) -> anyhow::Result<Vec<f64>> {
    let mut stream = a.client.events(false).await?;
    let mut took = Vec::new();
    for number in LOCAL..LOCAL + size.alerts {
        let ordered_at = Moment::now();
        let (ordered, seen) = tokio::join!(
            watch::block(&a.client, watch::nobody(number), false),
            watch::see(&mut stream, 1, watch::blocked),
        );
        ordered?;
        let seen = seen?;
        let at = seen
            .get(&watch::nobody(number))
            .context("see the block just ordered")?;
        took.push(at.ms_since(ordered_at));
    }
    Ok(took)
}

async fn is_in_kernel(client: &Client, indicator: Indicator) -> anyhow::Result<()> {
    let why = client.why(indicator).await?;
    let is_in = why.kernel.is_some_and(|it| it.in_kernel);
    anyhow::ensure!(is_in, "{indicator} is told blocked and not in the kernel");
    Ok(())
}

/// Returns what a connection and 16 bytes there and back cost between the two hosts.
async fn echo(stage: &Stage) -> anyhow::Result<Vec<f64>> {
    let door = format!("{}:8080", stage.nodes[1].address);
    let serve = stage.agent("b", &["serve", &door])?;
    let mut server = Command::from(serve);
    server
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut server = server
        .kill_on_drop(true)
        .spawn()
        .context("start a server")?;
    let mut said = [0; 7]; // "serving"
    let stdout = server.stdout.as_mut().context("hear the server")?;
    stdout
        .read_exact(&mut said)
        .await
        .context("hear the server")?;
    let args = ["visit", &door, "--every-ms", VISIT_EVERY, "--count", VISITS];
    let mut visit = Command::from(stage.agent("a", &args)?);
    visit.kill_on_drop(true).stdin(std::process::Stdio::piped());
    let mut visit = visit
        .stdout(std::process::Stdio::piped())
        .spawn()
        .context("start a visitor")?;
    let stdin = visit.stdin.take(); // open: its end would end the visits
    let output = visit.wait_with_output().await.context("hear the visitor")?;
    drop(stdin);
    let visited: aegis::lab::agent::Visited =
        serde_json::from_slice(&output.stdout).context("read what the visitor saw")?;
    anyhow::ensure!(visited.failed == 0, "a visit failed");
    let ms = |us: u64| us as f64 / 1e3;
    // The agent tells no 99th percentile.
    Ok(vec![ms(visited.median_us), f64::NAN, ms(visited.max_us)])
}

/// Returns how the kernel program hangs on the node's interface.
async fn mode(node: &Node) -> anyhow::Result<String> {
    let status = node.client.status().await?;
    let modes = status
        .interfaces
        .iter()
        .map(|it| format!("{} on {}", it.mode, it.name));
    Ok(modes.collect::<Vec<_>>().join(", "))
}
