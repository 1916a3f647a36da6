//! What `aegis top` costs on each of its views, and the node that is asked for them.

use std::{path::Path, time::Duration};

use anyhow::Context as _;

use super::{
    super::{Row, Size, Table, processor::cpu_ms, stage, watch::Moment},
    scene::Scene,
    terminal::{self, Terminal},
};

/// The terminals: as they are by default, and as large as one on a wide screen.
const SMALL: terminal::Size = terminal::Size {
    rows: 24,
    columns: 80,
};
const LARGE: terminal::Size = terminal::Size {
    rows: 50,
    columns: 200,
};

/// The views: the key that leads to each, and what it shows when it is there.
const VIEWS: [(&str, &str, &str); 8] = [
    ("overview", "1", "peers connected"),
    ("blocks by address", "2", "  by source"),
    ("blocks by packets", "s", "  by packets"),
    ("evidence", "3", "  newest first"),
    ("peers, connected first", "4", "  by connected"),
    ("peers, at the end of the list", "G", END),
    ("feeds", "5", "none: `aegis feed add"),
    ("log", "6", "Log, the newest below"),
];

/// Stands for what a list shows at its end, which depends on how long it is.
const END: &str = "";

const COLUMNS: &[&str] = &[
    "`top`, % of a core",
    "the node, % of a core",
    "resident MiB of `top`; of the node, where nobody watches",
];

/// Measures both terminals before a node to which nothing happens.
pub(crate) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let scene = Scene::new(size, program).await?;
    let mut tables = Vec::new();
    for terminal in [SMALL, LARGE] {
        tables.push(watched(&scene, terminal, size).await?);
    }
    Ok(tables)
}

/// Measures the small terminal while alerts come in.
pub(crate) async fn live(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let mut scene = Scene::new(size, program).await?;
    let before = scene.node()?.client.stats().await?.alerts.accepted;
    let mut crowd = scene.crowd.take().context("find the crowd")?;
    crowd.speak(size.live_per_second).await?;
    let mut table = watched(&scene, SMALL, size).await?;
    let said = crowd.hush().await?;
    let client = &scene.node()?.client;
    let accepted = async || {
        let stats = client.stats().await;
        stats.map_or(0, |it| it.alerts.accepted.saturating_sub(before))
    };
    // A crowd that does not keep up with its own gossip loses some; nearly all must be heard.
    let is_heard = async || accepted().await * 10 >= said * 9;
    stage::wait("nearly every alert accepted", is_heard).await?;
    let heard = accepted().await;
    let per_second = size.live_per_second;
    let title = format!(", {per_second} alerts a second are said, {heard} of {said} heard");
    table.title.push_str(&title);
    Ok(vec![table])
}

/// Goes through all views, and looks before whether nobody watches.
async fn watched(scene: &Scene, size: terminal::Size, how: Size) -> anyhow::Result<Table> {
    let node = scene.node()?;
    let window = Duration::from_secs(how.view_secs);
    let [alone] = during(window, [node.pid()]).await?;
    let mut rows = vec![Row::new(
        "nobody watches",
        [f64::NAN, alone, resident_mib(node.pid())?],
    )];
    let mut command = scene.stage.aegis(node);
    command.arg("top");
    let mut terminal = Terminal::run_in(&command, size);
    for (name, key, mark) in VIEWS {
        terminal.press(key);
        match mark {
            END => shows(&terminal, &end(how.known_peers)).await?,
            mark => shows(&terminal, mark).await?,
        }
        let top = terminal.child.id();
        let [cost, asked] = during(window, [top, node.pid()]).await?;
        rows.push(Row::new(name, [cost, asked, resident_mib(top)?]));
    }
    let status = node.client.status().await?;
    Ok(Table {
        title: format!(
            "`aegis top` in {}×{}, {} s a view, {} blocks in the kernel, {} of {} peers connected",
            size.columns,
            size.rows,
            how.view_secs,
            status.ruleset.actual,
            status.peers.connected,
            status.peers.known,
        ),
        columns: COLUMNS,
        rows,
    })
}

/// Returns what stands above a list whose last row is seen.
fn end(rows: u32) -> String {
    let rows = match (rows / 1_000, rows % 1_000) {
        (0, rows) => rows.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    };
    format!("-{rows} of {rows}")
}

/// Waits until a text is on the screen.
async fn shows(terminal: &Terminal, mark: &str) -> anyhow::Result<()> {
    let is_there = async || terminal.text().contains(mark);
    let shown = stage::wait(&format!("the screen shows {mark:?}"), is_there).await;
    shown.with_context(|| terminal.text())
}

/// Returns how much of a core processes take while nothing else is done.
async fn during<const N: usize>(window: Duration, pids: [u32; N]) -> anyhow::Result<[f64; N]> {
    let read = || {
        let used = pids.map(cpu_ms).into_iter();
        used.collect::<anyhow::Result<Vec<f64>>>()
    };
    let (before, begun_at) = (read()?, Moment::now());
    tokio::time::sleep(window).await;
    let (after, took_ms) = (read()?, Moment::now().ms_since(begun_at));
    let mut shares = [0.0; N];
    for (share, (before, after)) in shares.iter_mut().zip(before.into_iter().zip(after)) {
        *share = (after - before) * 100.0 / took_ms;
    }
    Ok(shares)
}

fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .context("read the process's memory")?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|it| it / 1024.0).context("find VmRSS")
}
