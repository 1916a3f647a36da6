//! Plots: lines of accuracy over something, as SVG.

use std::fmt::Write;

use crate::table::Row;

/// The picture, and the part of it within the axes; in pixels.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 590.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 350.0;

/// Lines across the picture.
const TICKS: u8 = 5;

/// Colours that people with colour blindness tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999",
];

/// What one line shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// Its points, by growing first number; the second is 0…1.
    pub points: Vec<(f64, f64)>,
}

/// A picture and the name of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The file's name.
    pub file: String,
    /// The SVG.
    pub svg: String,
}

/// Attacks of which accuracy over time tells most.
const TIMELINES: [&str; 5] = [
    "betray",
    "late-betray",
    "on-off",
    "sybil-join",
    "slow-drift",
];
/// The hostile share at which accuracy over time is shown, or the nearest that was played.
const TIMELINE_SHARE: f64 = 0.75;

/// Draws every plot that `rows` are enough for.
pub fn plots(rows: &[Row]) -> Vec<Plot> {
    let mut sizes: Vec<_> = rows.iter().map(|it| it.peers).collect();
    sizes.dedup();
    let mut plots = Vec::new();
    for peers in sizes {
        let rows: Vec<_> = rows.iter().filter(|it| it.peers == peers).collect();
        plots.push(Plot {
            file: format!("share-{peers}.svg"),
            svg: draw(
                &format!("Balanced accuracy under the worst attack, {peers} peers"),
                ("hostile share of peers, %", 100.0),
                &over_share(&rows),
            ),
        });
        plots.extend(
            TIMELINES
                .iter()
                .filter_map(|attack| over_time(&rows, attack)),
        );
    }
    plots
}

/// Returns each model's accuracy under its worst attack, over the hostile share.
fn over_share(rows: &[&Row]) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for row in rows {
        let series = series_of(&mut all, row.model);
        let x = 100.0 * row.hostile;
        match series.points.last_mut() {
            Some((last, worst)) if *last == x => *worst = worst.min(row.accuracy.mean),
            Some(_) | None => series.points.push((x, row.accuracy.mean)),
        }
    }
    all
}

/// Draws each model's accuracy under `attack` over time; `None` where it was not played.
fn over_time(rows: &[&Row], attack: &str) -> Option<Plot> {
    let of_attack = rows.iter().filter(|it| it.attack == attack);
    let distance = |it: &&&Row| (it.hostile - TIMELINE_SHARE).abs();
    let nearest = of_attack
        .clone()
        .min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
    let mut all = Vec::new();
    for row in of_attack.filter(|it| it.hostile == nearest.hostile) {
        let width = row.targets as f64 / row.timeline.len().max(1) as f64;
        let pieces = row.timeline.iter().enumerate();
        series_of(&mut all, row.model)
            .points
            .extend(pieces.map(|(piece, accuracy)| ((piece as f64 + 0.5) * width, *accuracy)));
    }
    let (peers, share) = (nearest.peers, 100.0 * nearest.hostile);
    Some(Plot {
        file: format!("time-{attack}-{peers}.svg"),
        svg: draw(
            &format!("Balanced accuracy under {attack}, {peers} peers, {share:.0} % hostile"),
            ("target", nearest.targets as f64),
            &all,
        ),
    })
}

fn series_of<'a>(all: &'a mut Vec<Series>, name: &str) -> &'a mut Series {
    let place = all.iter().position(|it| it.name == name);
    let place = place.unwrap_or_else(|| {
        all.push(Series {
            name: name.to_owned(),
            points: Vec::new(),
        });
        all.len() - 1
    });
    &mut all[place]
}

/// Draws lines over an axis of this name that begins at 0 and ends where said.
pub fn draw(title: &str, (axis, end): (&str, f64), all: &[Series]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let middle = f64::midpoint(LEFT, RIGHT);
    text(&mut svg, (middle, 22.0), "middle", title);
    text(&mut svg, (middle, HEIGHT - 12.0), "middle", axis);
    for tick in 0..=TICKS {
        let part = f64::from(tick) / f64::from(TICKS);
        let (x, y) = place((part * end, part), end);
        path(&mut svg, ("#dddddd", ""), &[(LEFT, y), (RIGHT, y)]);
        text(
            &mut svg,
            (LEFT - 8.0, y + 4.0),
            "end",
            &format!("{part:.1}"),
        );
        text(
            &mut svg,
            (x, BOTTOM + 16.0),
            "middle",
            &format!("{:.0}", part * end),
        );
    }
    for (index, series) in all.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let dashes = if index < COLOURS.len() { "" } else { "6 4" };
        let points: Vec<_> = series.points.iter().map(|it| place(*it, end)).collect();
        path(&mut svg, (colour, dashes), &points);
        let y = TOP + 20.0 * index as f64;
        path(
            &mut svg,
            (colour, dashes),
            &[(RIGHT + 14.0, y), (RIGHT + 38.0, y)],
        );
        text(&mut svg, (RIGHT + 44.0, y + 4.0), "start", &series.name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn place((x, y): (f64, f64), end: f64) -> (f64, f64) {
    (
        LEFT + (RIGHT - LEFT) * x / end,
        BOTTOM - (BOTTOM - TOP) * y.clamp(0.0, 1.0),
    )
}

fn path(svg: &mut String, (colour, dashes): (&str, &str), points: &[(f64, f64)]) {
    // A String takes everything.
    let _ = write!(
        svg,
        "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
         stroke-dasharray=\"{dashes}\" points=\""
    );
    for (x, y) in points {
        let _ = write!(svg, "{x:.1},{y:.1} ");
    }
    svg.push_str("\"/>\n");
}

/// Writes words, which are our own and hold nothing that SVG reads as markup.
fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests;
