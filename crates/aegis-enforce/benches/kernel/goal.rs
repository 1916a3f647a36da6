//! What the figures are to be: a check list by which anyone can see what holds on their machine.
//!
//! Goals are ratios where a ratio can say it, so that one machine can be held against another.

use std::fmt;

use super::{
    Report, column, cost, detector,
    figure::number,
    flood::{self, DROP_ALL, NFT_NETDEV},
    list::AEGIS,
    packet::{Draw, Family},
    prefix,
    stage::Caches,
    table::{self, Time},
    xdp_filter::XDP_FILTER,
};

/// A bound on a figure.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) text: String,
    /// What was measured, if it was.
    pub(crate) value: Option<f64>,
    pub(crate) bound: Bound,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(bound) => write!(f, "≤ {}", number(*bound)),
            Self::AtLeast(bound) => write!(f, "≥ {}", number(*bound)),
        }
    }
}

/// Whether a goal was met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Met,
    Missed,
    NotMeasured,
}

impl Goal {
    fn new(text: impl Into<String>, value: Option<f64>, bound: Bound) -> Self {
        Self {
            text: text.into(),
            value,
            bound,
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match (self.value, self.bound) {
            (None, _) => Outcome::NotMeasured,
            (Some(value), Bound::AtMost(bound)) if value <= bound => Outcome::Met,
            (Some(value), Bound::AtLeast(bound)) if value >= bound => Outcome::Met,
            (Some(_), Bound::AtMost(_) | Bound::AtLeast(_)) => Outcome::Missed,
        }
    }
}

const SMALL: u32 = 5_000;
const MIDDLE: u32 = 100_000;
const LARGE: u32 = 1_000_000;
const LISTS: [u32; 3] = [SMALL, MIDDLE, LARGE];

/// Returns every goal with what the report says of it.
pub(crate) fn goals(report: &Report) -> Vec<Goal> {
    let mut goals = packet_goals(report);
    goals.extend(detector_goals(report));
    goals.extend(flood_goals(report));
    goals.extend(table_goals(report));
    goals
}

fn packet_goals(report: &Report) -> Vec<Goal> {
    use Bound::AtMost;
    let nanos = |family, draw, row, entries: u32| {
        let table = cost::table(family, draw, Caches::Warm);
        report.value(&table, row, &column(entries))
    };
    let to_filter = |draw, entries| {
        let [aegis, filter] = [AEGIS, XDP_FILTER].map(|it| nanos(Family::V4, draw, it, entries));
        ratio(aegis, filter)
    };
    let mut goals = Vec::new();
    for (draw, entries, part) in [
        (Draw::Miss, MIDDLE, 10.0),
        (Draw::Miss, LARGE, 10.0),
        (Draw::MissFew, MIDDLE, 5.0),
        (Draw::MissFew, LARGE, 5.0),
        (Draw::Hit, SMALL, 2.0),
        (Draw::Hit, MIDDLE, 4.5),
        // 4.5 is for a program that does not count what each listed source sends.
        (Draw::Hit, LARGE, 3.5),
    ] {
        let (draw_name, entries_name) = (draw.name(), column(entries));
        let text = format!("IPv4 {draw_name}, {entries_name}: at most 1/{part} of xdp-filter");
        goals.push(Goal::new(
            text,
            to_filter(draw, entries),
            AtMost(1.0 / part),
        ));
    }
    for draw in [Draw::Hit, Draw::Miss] {
        for entries in LISTS {
            let [v4, v6] = Family::BOTH.map(|it| nanos(it, draw, AEGIS, entries));
            let (draw, entries) = (draw.name(), column(entries));
            let text = format!("IPv6 {draw}, {entries}: at most 1.5 × IPv4");
            goals.push(Goal::new(text, ratio(v6, v4), AtMost(1.5)));
        }
    }
    for family in Family::BOTH {
        let text = format!(
            "{} miss, nothing listed: within 3 ns of the empty program",
            family.name()
        );
        let value = cost::nothing_listed(report, family);
        goals.push(Goal::new(text, value, AtMost(3.0)));
    }
    goals
}

fn detector_goals(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    for family in Family::BOTH {
        let figures = detector::few_and_many(report, family);
        let name = family.name();
        goals.push(Goal::new(
            format!("{name}, all detectors on, 2^31 sources: at most 8 ns a SYN"),
            figures.map(|[_, many]| many),
            Bound::AtMost(8.0),
        ));
        goals.push(Goal::new(
            format!("{name}, all detectors on: 2^31 sources at most 1.2 × 256 sources"),
            figures.and_then(|[few, many]| ratio(Some(many), Some(few))),
            Bound::AtMost(1.2),
        ));
    }
    goals
}

fn flood_goals(report: &Report) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    let hit = |row, entries| flood::hit(report, row, entries);
    let mut goals = Vec::new();
    for (entries, limit) in LISTS.into_iter().zip([1.5, 2.5, 6.0]) {
        let value = ratio(hit(AEGIS, entries), hit(DROP_ALL, entries));
        let entries = column(entries);
        let text = format!("over a cable, drop, {entries}: at most {limit} × XDP_DROP");
        goals.push(Goal::new(text, value, AtMost(limit)));
    }
    for (rival, times) in [(XDP_FILTER, 4.0), (NFT_NETDEV, 6.5)] {
        let value = ratio(hit(rival, MIDDLE), hit(AEGIS, MIDDLE));
        let text = format!("over a cable, drop, 100,000: {rival} costs at least {times} times it");
        goals.push(Goal::new(text, value, AtLeast(times)));
    }
    let tax = |row| flood::tax(report, row, MIDDLE);
    goals.push(Goal::new(
        "over a cable, what unlisted packets pay, 100,000: at most 1/10 of xdp-filter",
        ratio(tax(AEGIS), tax(XDP_FILTER)),
        AtMost(0.1),
    ));
    goals
}

fn table_goals(report: &Report) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    let time = |time, entries| table::time(report, time, Family::V4, entries);
    let bytes = |family| table::bytes(report, family, LARGE);
    let trie = prefix::miss(report, LARGE);
    [
        (
            "IPv4, 1,000,000: at most 20 bytes an entry, all in, its counters too",
            bytes(Family::V4),
            AtMost(20.0),
        ),
        (
            "IPv6, 1,000,000: at most 28 bytes an entry, all in",
            bytes(Family::V6),
            AtMost(28.0),
        ),
        (
            "100,000 loaded within 0.2 s",
            time(Time::Load, MIDDLE),
            AtMost(0.2),
        ),
        (
            "1,000,000 loaded within 1 s",
            time(Time::Load, LARGE),
            AtMost(1.0),
        ),
        (
            "1,000,000: the switch to another generation within 100 ms",
            time(Time::Switch, LARGE),
            AtMost(100.0),
        ),
        (
            "900,000 addresses and 100,000 prefixes loaded within 2 s",
            prefix::load_seconds(report, LARGE),
            AtMost(2.0),
        ),
        (
            "… and a miss there at most 1/4 of the LPM trie",
            trie.and_then(|[aegis, trie]| ratio(Some(aegis), Some(trie))),
            AtMost(0.25),
        ),
        (
            "one more address among 1,000,000 within 100 µs",
            time(Time::SingleAdd, LARGE),
            AtMost(100.0),
        ),
        (
            "bulk addition to 1,000,000: at least 10,000,000 entries a second",
            time(Time::BulkAdd, LARGE),
            AtLeast(1e7),
        ),
    ]
    .map(|(text, value, bound)| Goal::new(text, value, bound))
    .into()
}

/// Returns a ratio, where both parts were measured and the lower one can be divided by.
fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    (whole > 0.0).then(|| part.max(0.0) / whole)
}
