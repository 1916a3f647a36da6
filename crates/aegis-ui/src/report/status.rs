//! Status and stats.

use std::collections::BTreeMap;

use aegis_api::{Confirmation, Mirror, Place, Reachability, Stats, Status, SyncState, Traffic};

use super::table::Table;
use crate::text::{bytes, count, shown, span};

/// Tells what the node is and where it stands.
pub(crate) fn status(status: &Status) -> String {
    let mut table = Table::default();
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    let uptime = span(status.uptime_secs);
    row("Node", status.node_id.to_string());
    row("Instance", shown(&status.instance));
    row("Version", shown(&status.version));
    row("Running", format!("{uptime}, since {}", status.started_at));
    row("Mode", mode(status));
    if let Some(it) = &status.confirmation {
        row("Trial", trial(it));
    }
    for interface in &status.interfaces {
        let name = shown(&interface.name);
        let reason = shown(&interface.reason);
        row(
            "Interface",
            format!("{name} ({}): {reason}", interface.mode),
        );
    }
    row("Kernel", kernel(status));
    row("Maps", maps(&status.kernel_map_ids));
    row("Blocks", blocks(status));
    row("Alerts", alerts(status));
    row("Sync", sync(&status.sync));
    row("Policy", policy(status));
    let peers = status.peers;
    row(
        "Peers",
        format!("{} connected, {} known", peers.connected, peers.known),
    );
    for address in &status.listen {
        row("Listening", shown(address));
    }
    if let Some(place) = &status.place {
        place_rows(place, &mut row);
    }
    if let Some(mirror) = &status.mirror {
        row("Mirror", self::mirror(mirror));
    }
    if let Some(url) = &status.page {
        row(
            "Page",
            format!("{}, and `aegis page` to do something there", shown(url)),
        );
    }
    if let Some(url) = &status.api {
        row("HTTP API", shown(url));
    }
    around_rows(status, &mut row);
    row("State", shown(&status.state_dir.to_string_lossy()));
    row("Memory", bytes(status.memory_bytes));
    for problem in &status.problems {
        row("Problem", shown(problem));
    }
    table.render(0)
}

/// Returns where others see the node, as far as it is not said that they reach it there.
fn seen_only(place: &Place) -> impl Iterator<Item = &String> {
    let is_public = place.reachability == Reachability::Public;
    place.seen_at.iter().filter(move |_| !is_public)
}

/// Tells whether others can reach the node, and how many peers it wants.
fn place_rows(place: &Place, mut row: impl FnMut(&str, String)) {
    let reached = match place.reachability {
        Reachability::Public => "from everywhere",
        Reachability::Private if place.relays.is_empty() => {
            "NOT from outside its own network, and over no relay"
        }
        Reachability::Private => "over relays only",
        Reachability::Unknown => "not known yet whether from outside",
    };
    row("Reached", reached.to_owned());
    for address in &place.external {
        row("", shown(address));
    }
    for relay in &place.relays {
        row("", format!("over {}", shown(relay)));
    }
    for address in seen_only(place) {
        let tried = if place.in_vain.contains(address) {
            ", where nobody gets in"
        } else {
            ""
        };
        row("", format!("seen at {}{tried}", shown(address)));
    }
    let served = count(place.reservations, "node");
    if place.reservations > 0 || place.circuits > 0 {
        row(
            "Relaying",
            format!("for {served}, {}", count(place.circuits, "connection")),
        );
    }
    let (low, high, trimmed) = (place.low, place.high, place.trimmed);
    row(
        "Wanted",
        format!(
            "{low} to {high} peers; {} over a relay, {trimmed} sent away",
            place.relayed
        ),
    );
}

/// Tells which logs are read, and which of CrowdSec's programs ask.
fn around_rows(status: &Status, mut row: impl FnMut(&str, String)) {
    if let Some(lapi) = &status.lapi {
        row("CrowdSec", shown(&lapi.url));
        for it in &lapi.bouncers {
            let (name, program) = (shown(&it.name), shown(&it.program));
            row("", format!("{name} at {} ({program})", it.address));
            let warning = match it.cuts_prefixes {
                true => ", BLOCKS ONE ADDRESS OF A PREFIX",
                false => "",
            };
            row("", format!("  polled at {}{warning}", it.last_at));
        }
    }
    for it in &status.feeds {
        row("Feed", super::feed::in_short(it));
    }
    let Some(logs) = &status.logs else { return };
    if logs.is_empty() {
        let none = "NONE READ: none of those configured is there";
        row("Log", none.to_owned());
    }
    for it in logs {
        let (path, kind) = (shown(&it.path.to_string_lossy()), it.kind.as_str());
        let read = match (&it.problem, it.last_at) {
            (Some(_), _) => "CANNOT BE READ".to_owned(),
            (None, Some(at)) => format!("{} read, last at {at}", count(it.lines, "line")),
            (None, None) => "nothing written yet".to_owned(),
        };
        row("Log", format!("{path} ({kind}): {read}"));
        if let Some(problem) = &it.problem {
            row("", format!("  {}", shown(problem)));
        }
    }
}

fn mirror(mirror: &Mirror) -> String {
    let entries = count(mirror.entries, "block");
    match (mirror.current, &mirror.problem) {
        (true, _) => format!("current, {entries}"),
        (false, Some(problem)) => format!("NOT CURRENT: {}", shown(problem)),
        (false, None) => "not current yet".into(),
    }
}

/// Tells what was counted.
pub(crate) fn stats(stats: &Stats) -> String {
    let mut traffic = Table::with_right(&[1, 2]);
    traffic.row(["Traffic".into(), "packets".into(), "bytes".into()]);
    let mut row = |name: &str, Traffic { packets, bytes }: Traffic| {
        traffic.row([format!("  {name}"), packets.to_string(), bytes.to_string()]);
    };
    row("total", stats.total);
    row("passed", stats.passed);
    row("dropped", stats.dropped);
    traffic.row([
        "  early drops".into(),
        stats.early_drops.to_string(),
        String::new(),
    ]);
    let alerts = &stats.alerts;
    let alerts = [
        ("received", alerts.received),
        ("accepted", alerts.accepted),
        ("published", alerts.published),
    ];
    let mut text = traffic.render(0);
    text.push_str(&counters(
        "Packets by reason",
        named(&stats.packets_by_reason),
    ));
    text.push_str(&counters("Detections", named(&stats.detectors)));
    text.push_str(&counters("Alerts", alerts));
    text.push_str(&counters("Alerts refused", named(&stats.alerts.refused)));
    text.push_str(&counters("Network", named(&stats.net)));
    text.push_str(&format!("Kernel events lost: {}\n", stats.events_lost));
    text
}

/// Returns the counters that count something; JSON has the others too.
fn named(counters: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    let named = counters
        .iter()
        .map(|(name, number)| (name.as_str(), *number));
    named.filter(|(_, number)| *number > 0)
}

fn counters<'a>(title: &str, counters: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let mut table = Table::with_right(&[1]);
    for (name, number) in counters {
        table.row([shown(name), number.to_string()]);
    }
    match table.render(2) {
        rows if rows.is_empty() => format!("{title}: none\n"),
        rows => format!("{title}\n{rows}"),
    }
}

fn mode(status: &Status) -> String {
    let meaning = match status.mode {
        aegis_api::NodeMode::Enforce => "packets of blocked sources are dropped",
        aegis_api::NodeMode::Observe => "nothing is dropped",
    };
    format!("{}: {meaning}", status.mode)
}

fn trial(it: &Confirmation) -> String {
    let left = span(it.ttl_secs);
    format!("observes again in {left} unless `aegis confirm` comes from a new login")
}

fn alerts(status: &Status) -> String {
    let hash = shown(&status.sync.set_hash);
    format!("{} live, set {hash}", status.alerts_live)
}

fn sync(sync: &SyncState) -> String {
    match sync.last_at {
        Some(at) => format!("last at {at}, {} heard, {} given", sync.heard, sync.given),
        None => "with nobody so far".to_owned(),
    }
}

/// Returns what is to be and what is there: where they differ, by how much, and loudly.
fn blocks(status: &Status) -> String {
    let ruleset = status.ruleset;
    let mut text = format!(
        "intended {}, in the kernel {}",
        ruleset.intended, ruleset.actual
    );
    for (count, what) in [
        (ruleset.missing, "MISSING"),
        (ruleset.surplus, "THAT NOBODY WANTS"),
        (ruleset.misdated, "WITH ANOTHER END"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

fn kernel(status: &Status) -> String {
    let ruleset = status.ruleset;
    let agreement = if ruleset.in_agreement {
        "in agreement"
    } else {
        "NOT IN AGREEMENT"
    };
    format!(
        "generation {}, {agreement}, read back at {}",
        ruleset.generation, ruleset.checked_at
    )
}

fn maps(ids: &[u32]) -> String {
    if ids.is_empty() {
        return "none".into();
    }
    let ids: Vec<_> = ids.iter().map(u32::to_string).collect();
    ids.join(" ")
}

fn policy(status: &Status) -> String {
    let publishing = if status.auto_publish {
        "detections are published"
    } else {
        "detections are not published"
    };
    format!("blocks from severity {}, {publishing}", status.severity_min)
}
