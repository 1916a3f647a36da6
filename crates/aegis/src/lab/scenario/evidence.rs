//! What the run proves: figures read from the nodes' kernels and measured at the attacker.

use std::collections::BTreeMap;

use aegis_api::{Event, EventKind, Indicator, Stats};

use super::cast::Cast;
use crate::lab::{agent::Flooded, node::first, report::Report};

/// The detector's threshold: so many requests of a window pass before the kernel drops the source.
const THRESHOLD: u64 = 100;

/// How many pass at most: a flood that begins at the end of a window is counted half in that and
/// half in the next.
const PASSED_MAX: u64 = 2 * THRESHOLD;

/// Connections that the attacker tries with each node; each waits out its time.
const KNOCKS: u32 = 2;

/// The first node's kernel dropped the flood by itself, from the threshold on.
pub(super) async fn local_drop(
    cast: &Cast,
    base: &BTreeMap<String, Stats>,
    flooded: &Flooded,
    report: &mut Report,
) -> anyhow::Result<()> {
    let node = &cast.nodes[0];
    let now = node.client.stats().await?;
    let dropped = now.dropped.packets - base.get(&node.name).map_or(0, |it| it.dropped.packets);
    let sent = u64::from(flooded.sent);
    // The port is closed, so the attacker's host sends nothing but the requests.
    let holds = (sent.saturating_sub(PASSED_MAX)..=sent).contains(&dropped);
    let figures = format!(
        "{sent} requests sent at {} a second; the kernel passed {} and dropped {dropped}, with no \
         step of user space between",
        super::FLOOD_RATE,
        sent.saturating_sub(dropped),
    );
    report.prove(
        "the attacked node's kernel drops the attacker at once",
        holds,
        figures,
    );
    Ok(())
}

/// The news reached every other node's kernel.
pub(super) async fn spread(
    cast: &Cast,
    attacker: Indicator,
    flooded: &Flooded,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut after =
        |events: &[Event], node: &str, what: &str, is_it: &dyn Fn(&EventKind) -> bool| {
            let at = first(events, is_it)?;
            let after_ms = at.as_millis() as f64 - flooded.first_at_ms as f64;
            report.moment(after_ms, node, what.to_owned());
            Some(at)
        };
    let is_blocked = |it: &EventKind| matches!(it, EventKind::Blocked { indicator, .. } if *indicator == attacker);
    let (source, others) = cast
        .nodes
        .split_first()
        .ok_or_else(|| anyhow::anyhow!("no nodes"))?;
    let events = source.history().await?;
    after(
        &events,
        &source.name,
        "the kernel detected the flood and dropped its source",
        &|it| matches!(it, EventKind::Detected { indicator, .. } if *indicator == attacker),
    );
    after(
        &events,
        &source.name,
        "the node decided to block it",
        &is_blocked,
    );
    let published = after(&events, &source.name, "published a signed alert", &|it| {
        matches!(it, EventKind::Published { .. })
    });
    let mut slowest_ms = None;
    let mut arrived = 0;
    for node in others {
        let events = node.history().await?;
        after(&events, &node.name, "received the alert", &|it| {
            matches!(it, EventKind::AlertReceived { .. })
        });
        let blocked = after(
            &events,
            &node.name,
            "its kernel drops the attacker too",
            &is_blocked,
        );
        if let (Some(published), Some(blocked)) = (published, blocked) {
            let took_ms = blocked.since(published).as_millis();
            slowest_ms = slowest_ms.max(Some(took_ms));
            arrived += 1;
        }
    }
    let figures = format!(
        "{arrived} of {} other nodes, the slowest {} ms after it was published",
        others.len(),
        slowest_ms.map_or_else(|| "–".to_owned(), |it| it.to_string()),
    );
    report.prove(
        "every other node's kernel drops it too",
        arrived == others.len(),
        figures,
    );
    Ok(())
}

/// The attacker's next packets do not arrive anywhere, and each kernel says that it dropped them.
pub(super) async fn proven_by_packets(cast: &Cast, report: &mut Report) -> anyhow::Result<()> {
    let knocks = cast
        .nodes
        .iter()
        .map(|node| cast.knock_at("attacker", node, KNOCKS));
    let before = dropped(cast).await?;
    let visits = futures::future::join_all(knocks).await;
    let after = dropped(cast).await?;
    for ((node, visited), (before, after)) in
        cast.nodes.iter().zip(visits).zip(before.iter().zip(after))
    {
        let visited = visited?;
        let counted = after.saturating_sub(*before);
        let claim = format!("nothing of the attacker reaches {}", node.name);
        let figures = format!(
            "{} connections answered, {} not; {counted} more packets dropped in its kernel",
            visited.answered, visited.failed
        );
        report.prove(&claim, visited.answered == 0 && counted > 0, figures);
    }
    Ok(())
}

/// Returns how many packets each node's kernel has dropped: nobody else is blocked there, and the
/// count of one source is an estimate once it is large.
async fn dropped(cast: &Cast) -> anyhow::Result<Vec<u64>> {
    let mut dropped = Vec::new();
    for node in &cast.nodes {
        dropped.push(node.client.stats().await?.dropped.packets);
    }
    Ok(dropped)
}
