//! The table: runs of one cell brought together, and how they are written.

use std::fmt::Write;

use serde::Serialize;

use crate::tournament::{Plan, Played};

/// One cell: one model against one attack in one setting, over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Peers.
    pub peers: usize,
    /// Hostile share of peers.
    pub hostile: f64,
    /// Hostile share of voices.
    pub hostile_voices: f64,
    /// Share of targets verified.
    pub verify: f64,
    /// Whether the model steers a part of the verification, or all is by lot.
    pub is_steered: bool,
    /// Targets of each run.
    pub targets: usize,
    /// The attack's name.
    pub attack: &'static str,
    /// The model's name.
    pub model: &'static str,
    /// Balanced accuracy.
    pub accuracy: Spread,
    /// Balanced accuracy by the score's side.
    pub sign_accuracy: Spread,
    /// How much of the way from a node without a network to the oracle.
    pub gain: f64,
    /// Share of the attackers' own targets found.
    pub own: Spread,
    /// Share of wrong ones among the acted on: worst is the highest.
    pub harm: Spread,
    /// Share acted on.
    pub coverage: Spread,
    /// Verified lies until recovery, mean of the seeds; `None` where nobody betrays.
    pub recovery: Option<f64>,
    /// Accuracy of a node without a network less that of this one: worst is the highest.
    pub loss: Spread,
    /// Accuracy of the oracle.
    pub oracle: f64,
    /// Accuracy of a node without a network.
    pub alone: f64,
    /// Balanced accuracy of each seed, from 1.
    pub seeds: Vec<f64>,
    /// Balanced accuracy in each piece of the stream, mean of the seeds.
    pub timeline: Vec<f64>,
    /// Microseconds for a voice, as measured in this run.
    pub micros_per_voice: f64,
    /// Bytes of an identity at most.
    pub bytes_max: Option<usize>,
}

/// A mean over seeds, and the worst seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The worst.
    pub worst: f64,
}

/// The columns of the CSV. What is measured with a clock is not among them: it never repeats.
pub(crate) const COLUMNS: &str = "peers,hostile,hostile_voices,verify,checks,targets,attack,model,\
accuracy,accuracy_worst,sign_accuracy,gain,own,own_worst,harm,harm_worst,coverage,coverage_worst,\
recovery,loss,loss_worst,oracle,alone,seeds";

/// How verification is called in the table: partly steered by the model, or all by lot.
pub(crate) const STEERED: &str = "steered";
const BY_LOT: &str = "lot";

/// Brings what was played together, one row for each cell and model.
pub fn rows(plan: &Plan, played: &[Vec<Played>]) -> Vec<Row> {
    let jobs = plan.jobs();
    let seeds = usize::try_from(plan.seeds).unwrap_or(usize::MAX).max(1);
    let cells = jobs.chunks(seeds).zip(played.chunks(seeds));
    let rows = cells.flat_map(|(jobs, played)| {
        plan.models.iter().enumerate().filter_map(|(place, model)| {
            let runs: Vec<_> = played.iter().filter_map(|it| it.get(place)).collect();
            let job = jobs.first()?;
            Some(Row {
                peers: job.setting.peers,
                hostile: job.setting.hostile,
                verify: plan.checking.share,
                is_steered: plan.checking.is_steered,
                targets: plan.targets,
                attack: job.attack.name,
                model: model.name,
                ..row(&runs)
            })
        })
    });
    rows.collect()
}

fn row(runs: &[&Played]) -> Row {
    let mean = |figure: &dyn Fn(&Played) -> f64| {
        runs.iter().map(|it| figure(it)).sum::<f64>() / runs.len().max(1) as f64
    };
    let low = |figure: &dyn Fn(&Played) -> f64| Spread {
        mean: mean(figure),
        worst: runs
            .iter()
            .map(|it| figure(it))
            .fold(f64::INFINITY, f64::min),
    };
    let high = |figure: &dyn Fn(&Played) -> f64| Spread {
        mean: mean(figure),
        worst: runs
            .iter()
            .map(|it| figure(it))
            .fold(f64::NEG_INFINITY, f64::max),
    };
    let (alone, oracle) = (mean(&|it| it.alone), mean(&|it| it.oracle));
    let accuracy = low(&|it| it.figures.accuracy);
    let betrays = runs.iter().any(|it| it.figures.recovery.is_some());
    Row {
        peers: 0,
        hostile: 0.0,
        hostile_voices: mean(&|it| it.figures.hostile_voices),
        verify: 0.0,
        is_steered: false,
        targets: 0,
        attack: "",
        model: "",
        accuracy,
        sign_accuracy: low(&|it| it.figures.sign_accuracy),
        gain: (accuracy.mean - alone) / (oracle - alone),
        own: low(&|it| it.figures.own),
        harm: high(&|it| it.figures.harm),
        coverage: low(&|it| it.figures.coverage),
        recovery: betrays.then(|| mean(&|it| it.figures.recovery.unwrap_or_default())),
        loss: high(&|it| it.alone - it.figures.accuracy),
        oracle,
        alone,
        seeds: runs.iter().map(|it| it.figures.accuracy).collect(),
        timeline: (0..runs.first().map_or(0, |it| it.timeline.len()))
            .map(|piece| mean(&|it| it.timeline.get(piece).copied().unwrap_or_default()))
            .collect(),
        micros_per_voice: mean(&|it| it.time_per_voice.as_secs_f64() * 1e6),
        bytes_max: runs.iter().filter_map(|it| it.bytes_max).max(),
    }
}

/// Writes rows as CSV, with as many digits as one target in a thousand needs.
pub fn csv(rows: &[Row]) -> String {
    let mut text = format!("{COLUMNS}\n");
    for row in rows {
        let Row {
            peers,
            hostile,
            verify,
            targets,
            attack,
            model,
            ..
        } = row;
        let checks = if row.is_steered { STEERED } else { BY_LOT };
        let figures = [
            row.accuracy.mean,
            row.accuracy.worst,
            row.sign_accuracy.mean,
            row.gain,
            row.own.mean,
            row.own.worst,
            row.harm.mean,
            row.harm.worst,
            row.coverage.mean,
            row.coverage.worst,
        ]
        .map(digits);
        let ends = [row.loss.mean, row.loss.worst, row.oracle, row.alone].map(digits);
        let seeds: Vec<_> = row.seeds.iter().copied().map(digits).collect();
        let line = [
            format!("{peers},{hostile},{}", digits(row.hostile_voices)),
            format!("{verify},{checks},{targets},{attack},{model}"),
            figures.join(","),
            row.recovery.map(digits).unwrap_or_default(),
            ends.join(","),
            seeds.join(" "),
        ];
        text.push_str(&line.join(","));
        text.push('\n');
    }
    text
}

fn digits(value: f64) -> String {
    format!("{value:.4}")
}

/// Writes rows for a person: for each size and hostile share the accuracy of every model under
/// every attack, then what each comes to.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let is_same = |it: &&Row| it.peers == first.peers && it.hostile == first.hostile;
        let (block, others) = rest.split_at(rest.iter().take_while(is_same).count());
        write_block(&mut text, block);
        rest = others;
    }
    text
}

fn write_block(text: &mut String, block: &[Row]) {
    let Some(first) = block.first() else { return };
    let models: Vec<_> = block
        .iter()
        .take_while(|it| it.attack == first.attack)
        .map(|it| it.model)
        .collect();
    let head = format!(
        "{} peers, {:.0} % hostile, {:.0} % verified",
        first.peers,
        100.0 * first.hostile,
        100.0 * first.verify
    );
    line(text, &head, models.iter().map(|it| (*it).to_owned()));
    for cells in block.chunks(models.len().max(1)) {
        let Some(cell) = cells.first() else { continue };
        let name = format!("{} ({:.0} %)", cell.attack, 100.0 * cell.hostile_voices);
        line(text, &name, cells.iter().map(|it| short(it.accuracy.mean)));
    }
    for (name, summarise) in SUMMARIES {
        let values = models.iter().map(|model| {
            let rows: Vec<_> = block.iter().filter(|it| it.model == *model).collect();
            summarise(&rows)
        });
        line(text, name, values);
    }
    text.push('\n');
}

/// A figure of one model over all attacks.
type Summary = fn(&[&Row]) -> String;

const SUMMARIES: [(&str, Summary); 11] = [
    ("mean of attacks", |rows| {
        short(mean(rows, |it| it.accuracy.mean))
    }),
    ("worst attack", |rows| {
        short(min(rows, |it| it.accuracy.mean))
    }),
    ("worst attack and seed", |rows| {
        short(min(rows, |it| it.accuracy.worst))
    }),
    ("worst by sign of the score", |rows| {
        short(min(rows, |it| it.sign_accuracy.mean))
    }),
    ("gain, mean", |rows| short(mean(rows, |it| it.gain))),
    ("own targets found, worst", |rows| {
        short(min(rows, |it| it.own.mean))
    }),
    ("wrong of acted on, worst", |rows| {
        short(-min(rows, |it| -it.harm.mean))
    }),
    ("acted on, worst", |rows| {
        short(min(rows, |it| it.coverage.mean))
    }),
    ("below no network, worst", |rows| {
        short(-min(rows, |it| -it.loss.mean))
    }),
    ("µs for a voice", |rows| {
        short(mean(rows, |it| it.micros_per_voice))
    }),
    ("bytes of a peer, most", |rows| {
        let most = rows.iter().filter_map(|it| it.bytes_max).max();
        most.map_or_else(|| "-".to_owned(), |it| it.to_string())
    }),
];

fn mean(rows: &[&Row], figure: fn(&Row) -> f64) -> f64 {
    rows.iter().map(|it| figure(it)).sum::<f64>() / rows.len().max(1) as f64
}

fn min(rows: &[&Row], figure: fn(&Row) -> f64) -> f64 {
    rows.iter()
        .map(|it| figure(it))
        .fold(f64::INFINITY, f64::min)
}

fn short(value: f64) -> String {
    format!("{value:.3}")
}

fn line(text: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(text, "{name:<40}"); // a String takes everything
    for cell in cells {
        let _ = write!(text, " {cell:>12}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
