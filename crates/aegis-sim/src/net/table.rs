//! The figures of networks as text, CSV and plots.

use std::fmt::Write;

use super::{heal::Healed, spread::Spread};
use crate::plot::{Plot, Series, draw};

/// The head of the table of how alerts spread.
const HEAD: &str =
    "nodes,mute_percent,lazy,alerts,p50_ms,p99_ms,reached_percent,whole_by_sync_ms,target,holds";

/// What is aimed at: nodes, percent mute, and what must hold.
const TARGETS: [(usize, usize, Target); 6] = [
    (1_000, 0, Target::P99(170.0)),
    (10_000, 0, Target::P99(220.0)),
    (1_000, 50, Target::P99(300.0)),
    (10_000, 50, Target::P99(300.0)),
    (1_000, 80, Target::Whole(30_000)),
    (10_000, 80, Target::Whole(30_000)),
];

#[derive(Clone, Copy)]
enum Target {
    /// So many milliseconds until 99 of 100 have it.
    P99(f64),
    /// So many until all have it, with sync.
    Whole(u64),
}

/// Returns what is aimed at in a setting, in words, and whether it is reached.
fn target(spread: &Spread) -> Option<(String, bool)> {
    let setting = spread.setting;
    let of = TARGETS
        .iter()
        .find(|it| (it.0, it.1) == (setting.nodes, setting.mute))?;
    match of.2 {
        Target::P99(most) if setting.is_lazy => {
            let holds = spread.quantile(0.99).is_some_and(|it| it <= most);
            Some((format!("p99 <= {most} ms"), holds))
        }
        Target::Whole(most) => {
            let holds = spread.slowest().is_some_and(|it| it <= most);
            Some((format!("whole <= {most} ms"), holds))
        }
        Target::P99(_) => None,
    }
}

/// Returns whether every target that a row has is reached.
pub fn all_hold(rows: &[Spread]) -> bool {
    let targets = rows.iter().filter_map(target);
    targets.fold(true, |all, (_, holds)| all && holds)
}

/// Returns the table as CSV.
pub fn csv(rows: &[Spread]) -> String {
    let mut text = format!("{HEAD}\n");
    for row in rows {
        let setting = row.setting;
        let millis = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), |it| format!("{it:.0}"));
        let (aim, holds) = target(row).map_or_else(
            || ("-".to_owned(), "-"),
            |(aim, holds)| (aim, if holds { "yes" } else { "no" }),
        );
        // A String takes everything.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{:.2},{},{aim},{holds}",
            setting.nodes,
            setting.mute,
            if setting.is_lazy { "yes" } else { "no" },
            setting.alerts,
            millis(row.quantile(0.5)),
            millis(row.quantile(0.99)),
            100.0 * row.reached(),
            millis(row.slowest().map(|it| it as f64)),
        );
    }
    text
}

/// Draws the share of honest nodes that an alert has reached, over time.
pub fn plot(rows: &[Spread]) -> Plot {
    const END: f64 = 400.0;
    let lazy = rows.iter().filter(|it| it.setting.is_lazy);
    let all: Vec<_> = lazy
        .map(|row| Series {
            name: format!("{} nodes, {} % mute", row.setting.nodes, row.setting.mute),
            points: (0..=80)
                .map(|step| {
                    let at = f64::from(step) * END / 80.0;
                    let there = row.arrivals.partition_point(|it| *it <= at);
                    (at, there as f64 / row.wanted.max(1) as f64)
                })
                .collect(),
        })
        .collect();
    Plot {
        file: "spread.svg".to_owned(),
        svg: draw(
            "Share of honest nodes that gossip has reached",
            ("ms after the author said it", END),
            &all,
        ),
    }
}

/// Sums up how networks healed.
pub fn healed(all: &[Healed]) -> String {
    let mut times: Vec<_> = all.iter().filter_map(|it| it.equal_after).collect();
    times.sort_unstable();
    let quantile = |share: f64| {
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.max(1) - 1).copied().unwrap_or_default()
    };
    let failed = all.iter().filter(|it| !it.violations.is_empty()).count();
    let shared: usize = all.iter().map(|it| it.shared).sum();
    let bytes: u64 = all.iter().map(|it| it.sync_bytes).sum();
    format!(
        "{} networks, {failed} failed; {shared} alerts and withdrawals; equal after p50 {} ms, \
         p99 {} ms, worst {} ms; {} bytes of sync a network\n",
        all.len(),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
        bytes / all.len().max(1) as u64,
    )
}
