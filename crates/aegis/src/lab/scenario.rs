//! The main job in namespaces: join, flood, drop, share, drop everywhere, expire.

mod cast;
mod evidence;

use std::time::Duration;

use aegis_api::{EventKind, Indicator};

use super::{
    LabArgs,
    agent::Flooded,
    report::{Report, Talk},
};
use crate::daemon::Clock;
use cast::{Cast, Visitor};

/// How long a detection blocks in the lab: long enough to prove, short enough to wait for.
const BLOCK_SECS: u64 = 8;

/// How long the nodes may take to find each other.
const JOIN_DEADLINE: Duration = Duration::from_secs(10);

/// How long news may take to every kernel.
const SPREAD_DEADLINE: Duration = Duration::from_secs(5);

/// How long after its time a block may end, with everything that is measured meanwhile.
const EXPIRY_DEADLINE: Duration = Duration::from_secs(BLOCK_SECS + 4);

/// Packets of the flood, and how many a second.
const FLOOD_PACKETS: u32 = 4_000;
const FLOOD_RATE: u32 = 4_000;

/// Connections that the attacker tries before and after the block.
const PROBES: u32 = 20;

/// Visits of the bystander without which it has proved nothing.
const VISITS_MIN: u32 = 100;

/// Runs the whole scenario.
pub(super) async fn run(args: LabArgs, talk: &Talk) -> anyhow::Result<Report> {
    let started_at = Clock.now();
    let mut report = Report {
        kind: "on this kernel, in network namespaces",
        ..Report::default()
    };
    talk.step(&format!(
        "making {} nodes, an attacker and a bystander on a bridge",
        args.nodes
    ));
    let mut cast = Cast::gather(args.nodes)?;
    report.nodes = cast.nodes.iter().map(|it| it.name.clone()).collect();
    let visitor = join(&mut cast, talk, &mut report).await?;
    attack(&cast, talk, &mut report).await?;
    let visited = visitor.finish().await?;
    report.prove(
        "the bystander loses nothing",
        visited.failed == 0 && visited.answered > VISITS_MIN,
        format!(
            "{} visits answered, {} failed, median {} µs, longest {} µs",
            visited.answered, visited.failed, visited.median_us, visited.max_us
        ),
    );
    report.bystander = Some(visited);
    report
        .timeline
        .sort_by(|a, b| a.after_ms.total_cmp(&b.after_ms));
    report.took_ms = Clock.now().since(started_at).as_millis() as u64;
    if args.keep {
        report.notes = cast.keep();
    } else {
        talk.step("taking everything down");
        cast.dismiss().await?;
    }
    Ok(report)
}

/// Waits until the nodes know each other, and shows that everybody is served.
async fn join(cast: &mut Cast, talk: &Talk, report: &mut Report) -> anyhow::Result<Visitor> {
    talk.step("waiting until mDNS has joined the nodes");
    let joined = cast.join(JOIN_DEADLINE).await?;
    report.prove(
        "the nodes found each other by mDNS",
        joined.by_mdns,
        joined.figures(),
    );
    talk.step("the bystander starts to visit every node, all the time");
    cast.open_doors().await?;
    let visitor = cast.start_visitor()?;
    let before = cast.knock("attacker", PROBES).await?;
    let figures = format!(
        "{} of {PROBES} of the attacker's connections answered",
        before.answered
    );
    report.prove(
        "before the attack everybody is served",
        before.answered == PROBES,
        figures,
    );
    Ok(visitor)
}

/// Lets the attacker flood one node, looks at what every node does, and waits for the end of it.
async fn attack(cast: &Cast, talk: &Talk, report: &mut Report) -> anyhow::Result<()> {
    let attacker = Indicator::host(cast.address("attacker")?);
    let victim = &cast.nodes[0].name;
    talk.step(&format!(
        "the attacker floods node {victim} with {FLOOD_PACKETS} requests"
    ));
    let base = cast.counters().await?;
    let flooded = cast.flood(FLOOD_PACKETS, FLOOD_RATE).await?;
    for node in &cast.nodes {
        if let Err(error) = node.wait_blocked(attacker, true, SPREAD_DEADLINE).await {
            let claim = format!("the attacker is blocked on {}", node.name);
            report.prove(&claim, false, format!("{error:#}"));
        }
    }
    evidence::local_drop(cast, &base, &flooded, report).await?;
    evidence::spread(cast, attacker, &flooded, report).await?;
    talk.step("the attacker tries every node");
    evidence::proven_by_packets(cast, report).await?;
    talk.step(&format!(
        "waiting until the block of {BLOCK_SECS} s has expired"
    ));
    for node in &cast.nodes {
        node.wait_blocked(attacker, false, EXPIRY_DEADLINE).await?;
    }
    let after = cast.knock("attacker", PROBES).await?;
    expired(cast, &flooded, report, after.answered).await
}

async fn expired(
    cast: &Cast,
    flooded: &Flooded,
    report: &mut Report,
    answered: u32,
) -> anyhow::Result<()> {
    for node in &cast.nodes {
        let events = node.history().await?;
        let at = super::node::first(&events, |it| matches!(it, EventKind::Unblocked { .. }));
        if let Some(at) = at {
            let after_ms = at.as_millis() as f64 - flooded.first_at_ms as f64;
            report.moment(after_ms, &node.name, "block expired".to_owned());
        }
    }
    let figures = format!("{answered} of {PROBES} of the attacker's connections answered again");
    report.prove("the block expires by itself", answered == PROBES, figures);
    Ok(())
}
