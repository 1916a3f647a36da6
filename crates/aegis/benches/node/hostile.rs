//! Honest alerts while four peers flood: how long from the order to the other node's own word that
//! it heard, beside what the same flood costs while it goes to nodes of another network.
//!
//! Everything shares the machine's processors, so a flood costs everybody something wherever it
//! goes; the network it goes to must hardly suffer more than one it does not concern.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use aegis_api::{Client, EventKind, EventStream, Indicator, PublishRequest};
use aegis_net::Identity;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use super::{
    Row, Size, Table,
    player::Player,
    spread,
    stage::{DEADLINE, Stage},
    watch::{self, Moment},
};

#[path = "../../tests/support/bad_peer.rs"]
pub(super) mod bad_peer;

use bad_peer::{Flood, Flooded, Flooder, Kind};

/// The three nodes and the four bad peers of a network.
const NODES: [&str; 3] = ["a", "b", "c"];
const BAD_PEERS: [(&str, Kind); 4] = [
    ("valid", Kind::Valid),
    ("forged", Kind::Forged),
    ("oversized", Kind::Oversized),
    ("garbage", Kind::Garbage),
];

/// Messages a second of all bad peers together.
const FLOOD_PER_SECOND: u32 = 10_000;

/// The time between two honest alerts.
const ALERT_EVERY: Duration = Duration::from_millis(10);

/// What the goal allows under the flood: so many times what the sink costs, or so much more.
const TIMES_MAX: f64 = 2.0;
const MORE_MS_MAX: f64 = 5.0;

/// Says in the environment what this process is to send to whom.
const ROLE: &str = "AEGIS_BENCH_BAD_PEER";

/// Marks what a bad peer says among what else is on its standard output.
const READY: &str = "BAD PEER READY";
const MARK: &str = "BAD PEER SAW ";

/// The numbers of the addresses of each window begin here, apart from those of the floods.
const FIRST: u32 = 0x1_0000;
const WINDOW_NUMBERS: u32 = 0x1000;

pub(super) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let mut rounds = Vec::new();
    for _ in 0..size.hostile_rounds {
        rounds.push(round(size, program).await?);
    }
    Ok(tables(size, &rounds))
}

/// Plays the bad peer that this process was started for; returns whether it was.
pub(crate) fn play_bad_peer() -> anyhow::Result<bool> {
    let Ok(role) = std::env::var(ROLE) else {
        return Ok(false);
    };
    let Role { key, to, flood } = serde_json::from_str(&role).context("read a role")?;
    // Not the priority of what measures: a bad peer is any process of any host.
    aegis_enforce::privileges::set_nice(0).context("give up the priority")?;
    let to = to.parse().context("read whom to flood")?;
    let play = async {
        let flooder = Flooder::join(flood, &Identity::from_secret([key; 32]), to).await?;
        println!("\n{READY}");
        // Its end says that everybody is ready.
        let mut input = Vec::new();
        let input = tokio::io::stdin().read_to_end(&mut input).await;
        input.context("wait for the others")?;
        flooder.send().await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let flooded = runtime.block_on(play)?;
    println!("\n{MARK}{}", serde_json::to_string(&flooded)?);
    Ok(true)
}

#[derive(Deserialize, Serialize)]
struct Role {
    key: u8, // the only byte of its secret key
    to: String,
    flood: Flood,
}

/// What one window showed of each alert, milliseconds.
#[derive(Clone, Default)]
struct Window {
    /// From the order to the other node's word that it heard.
    heard: Vec<f64>,
    /// From the author's word that it published to the same.
    on_its_way: Vec<f64>,
    /// From when an order was due to when it was given: the measuring process's own lateness.
    late: Vec<f64>,
    sent_per_second: f64,
}

/// What goes on during each window of a round.
const CONDITIONS: [&str; 3] = ["calm", "while a sink is flooded", "under the flood"];
const SINK: usize = 1;
const FLOOD: usize = 2;

/// Measures one network in peace, while another is flooded, and flooded itself.
async fn round(size: Size, program: &Path) -> anyhow::Result<[Window; CONDITIONS.len()]> {
    let honest = network(program).await?;
    let sink = network(program).await?;
    let calm = window(&honest, size, FIRST).await?;
    let beside_sink = flooded(&honest, &sink, size, FIRST + WINDOW_NUMBERS).await?;
    drop(sink);
    let under_flood = flooded(&honest, &honest, size, FIRST + 2 * WINDOW_NUMBERS).await?;
    Ok([calm, beside_sink, under_flood])
}

/// Makes a network of three nodes that know each other, and hosts for the bad peers.
async fn network(program: &Path) -> anyhow::Result<Stage> {
    let hosts = NODES.into_iter().chain(BAD_PEERS.map(|(name, _)| name));
    let hosts: Vec<String> = hosts.map(str::to_owned).collect();
    let mut stage = Stage::new(program, &hosts)?;
    for node in NODES {
        stage.start(node, "")?;
    }
    stage.join().await?;
    Ok(stage)
}

/// Measures on `honest` while `target` is flooded.
async fn flooded(honest: &Stage, target: &Stage, size: Size, first: u32) -> anyhow::Result<Window> {
    let to = target.nodes[0].client.status().await?.node_id.to_string();
    let mut bad_peers = Vec::new();
    for ((name, kind), key) in BAD_PEERS.into_iter().zip(61..) {
        let share = FLOOD_PER_SECOND / BAD_PEERS.len() as u32;
        let flood = Flood {
            kind,
            messages: share * u32::try_from(size.hostile_secs)?,
            per_second: Some(share),
            lasts: Duration::from_secs(2 * size.hostile_secs),
            waits: Duration::ZERO,
        };
        let to = to.clone();
        let role = Role { key, to, flood };
        let mut bad_peer = Player::start(target, name, (ROLE, &role))?;
        bad_peer.says(READY).await?;
        bad_peers.push(bad_peer);
    }
    let (window, floods) = tokio::join!(
        window(honest, size, first),
        futures::future::join_all(bad_peers.into_iter().map(send)),
    );
    let mut window = window?;
    for flood in floods {
        let Flooded { sent, took_ms, .. } = flood?;
        window.sent_per_second += f64::from(sent) * 1e3 / (took_ms.max(1) as f64);
    }
    Ok(window)
}

/// Lets a bad peer send; returns what it saw.
async fn send(mut bad_peer: Player) -> anyhow::Result<Flooded> {
    bad_peer.tell_no_more();
    let seen = bad_peer.says(MARK).await?;
    serde_json::from_str(&seen).context("read what a bad peer saw")
}

/// Lets two nodes publish in turn, at fixed times, and the third say when it heard.
///
/// An alert counts from when its order was due, and does not wait for the one before: attackers do
/// not wait either.
async fn window(stage: &Stage, size: Size, first: u32) -> anyhow::Result<Window> {
    let [a, b, c] = [0, 1, 2].map(|at| &stage.nodes[at].client);
    let mut on_a = a.events(false).await?;
    let (mut on_b, mut on_c) = (b.events(false).await?, c.events(false).await?);
    let numbers = first..first + size.hostile_alerts;
    let turn = |turn: usize| numbers.clone().skip(turn).step_by(2);
    let begin = Moment::now();
    let due = |number: u32| begin.later(ALERT_EVERY * (number - first));
    let order = async |(number, author): (u32, &Client)| {
        due(number).wait().await;
        let late = Moment::now().ms_since(due(number));
        publish(author, watch::nobody(number)).await?;
        anyhow::Ok(late)
    };
    let authors = [b, c].into_iter().cycle();
    let orders = numbers.clone().zip(authors).map(order);
    let (late, by_b, by_c, heard) = tokio::try_join!(
        futures::future::try_join_all(orders),
        words(&mut on_b, turn(0), watch::published),
        words(&mut on_c, turn(1), watch::published),
        words(&mut on_a, numbers.clone(), heard),
    )?;
    let mut window = Window {
        late,
        ..Window::default()
    };
    for number in numbers {
        let indicator = watch::nobody(number);
        let heard_at = heard.get(&indicator).context("hear of an alert")?;
        let published_at = by_b.get(&indicator).or_else(|| by_c.get(&indicator));
        let published_at = published_at.context("see an alert published")?;
        window.heard.push(-due(number).ms_since_unix(*heard_at));
        window
            .on_its_way
            .push(*heard_at as f64 - *published_at as f64);
    }
    Ok(window)
}

async fn publish(client: &Client, indicator: Indicator) -> anyhow::Result<()> {
    let request = PublishRequest {
        indicator,
        duration_secs: aegis_api::BlockDuration::from_secs(600).context("ten minutes")?,
        threat_type: "syn_flood".parse()?,
        severity: aegis_api::Severity::MAX,
        evidence: None,
        description: None,
        to: None,
        force: false,
    };
    client.publish(&request).await.context("publish an alert")?;
    Ok(())
}

/// Waits for the events about the addresses of `numbers`; returns when each was by the node's own
/// clock, in milliseconds: whoever listens here hears of everything else too, and later.
async fn words(
    stream: &mut EventStream,
    numbers: impl Iterator<Item = u32>,
    subject: fn(&EventKind) -> Option<Indicator>,
) -> anyhow::Result<BTreeMap<Indicator, u64>> {
    let mut awaited: BTreeSet<Indicator> = numbers.map(watch::nobody).collect();
    let mut said = BTreeMap::new();
    let reading = async {
        while !awaited.is_empty() {
            let event = stream.next().await?.context("read on: the node ended")?;
            if let Some(indicator) = subject(&event.kind)
                && awaited.remove(&indicator)
            {
                said.insert(indicator, event.at.as_millis());
            }
        }
        anyhow::Ok(())
    };
    let read = tokio::time::timeout(DEADLINE, reading).await;
    read.with_context(|| format!("{} alerts were not told in time", awaited.len()))??;
    Ok(said)
}

/// Returns what an `alert_received` event is about.
fn heard(kind: &EventKind) -> Option<Indicator> {
    if let EventKind::AlertReceived { indicator, .. } = kind {
        return Some(*indicator);
    }
    None
}

fn tables(size: Size, rounds: &[[Window; CONDITIONS.len()]]) -> Vec<Table> {
    let mut rows = Vec::new();
    let mut p99s = Vec::new();
    for (at, name) in CONDITIONS.into_iter().enumerate() {
        let windows: Vec<&Window> = rounds.iter().map(|it| &it[at]).collect();
        let spreads: Vec<_> = windows.iter().map(|it| spread(it.heard.clone())).collect();
        let heard = windows.iter().flat_map(|it| it.heard.iter().copied());
        let late = windows.iter().flat_map(|it| it.late.iter().copied());
        let on_its_way = windows.iter().flat_map(|it| it.on_its_way.iter().copied());
        let medians = medians(&spreads);
        p99s.extend(medians.get(1).copied());
        rows.extend([
            Row::new(format!("{name}: median of the windows"), medians),
            Row::new(format!("{name}: all windows"), spread(heard.collect())),
            Row::new(
                format!("{name}: all windows, published → heard"),
                spread(on_its_way.collect()),
            ),
            Row::new(
                format!("{name}: all windows, order due → given"),
                spread(late.collect()),
            ),
        ]);
    }
    rows.push(goal(p99s[SINK], p99s[FLOOD]));
    let heard = Table {
        title: format!(
            "an honest alert, order given → heard there by its word, {} windows of {} alerts",
            rounds.len(),
            size.hostile_alerts
        ),
        columns: &["p50 ms", "p99 ms", "max ms"],
        rows,
    };
    vec![heard, sent(rounds)]
}

/// Returns the bound of the p99, and in words whether it holds.
fn goal(beside_sink: f64, under_flood: f64) -> Row {
    let bound = (TIMES_MAX * beside_sink).max(beside_sink + MORE_MS_MAX);
    let is_met = if under_flood <= bound {
        "met"
    } else {
        "missed"
    };
    Row::new(
        format!(
            "goal, medians: p99 under the flood twice the sink's at most, or 5 ms more: {is_met}"
        ),
        [f64::NAN, bound, f64::NAN],
    )
}

fn sent(rounds: &[[Window; CONDITIONS.len()]]) -> Table {
    let row = |name: &str, at: usize| {
        let rates = rounds.iter().map(|it| it[at].sent_per_second);
        Row::new(name, spread(rates.collect()))
    };
    Table {
        title: "messages a second that the four bad peers sent together".to_owned(),
        columns: &["p50", "p99", "max"],
        rows: vec![
            row("to the sink", SINK),
            row("to the nodes that were measured", FLOOD),
        ],
    }
}

/// Returns the median of each column.
fn medians(rows: &[Vec<f64>]) -> Vec<f64> {
    let column = |at: usize| rows.iter().filter_map(|it| it.get(at).copied()).collect();
    let median = |at| spread(column(at)).first().copied().unwrap_or(f64::NAN);
    (0..3).map(median).collect()
}
