//! The heat strip: rows of one kind, columns of time, the darker the more. It is a table, so that
//! whoever does not see the colours has the numbers.

use super::{Column, DrawnSpan};
use crate::{
    markup::{Markup, html},
    number::Count,
};

/// Steps of colour above nothing.
const STEPS: u64 = 5;

/// One row.
pub(crate) struct HeatRow {
    /// What it is called.
    pub(crate) name: String,
    /// What it counts in each column, oldest first.
    pub(crate) counts: Vec<u64>,
}

/// Draws rows over the columns of a span.
pub(crate) fn heat(
    (span, columns): (DrawnSpan, &[Column]),
    what: &'static str,
    rows: &[HeatRow],
) -> Markup {
    let max = rows
        .iter()
        .flat_map(|it| &it.counts)
        .max()
        .copied()
        .unwrap_or(0);
    let mut out = Markup::default();
    html!(
        out,
        "<table class=\"heat\"><caption class=\"unseen\">Attacks by ",
        what,
        " and time, UTC</caption><colgroup><col class=\"name\"><col span=\"",
        columns.len(),
        "\"><col class=\"sum\"></colgroup><thead><tr><th scope=\"col\"><span class=\"unseen\">",
        what,
        "</span></th>",
    );
    let labels: Vec<String> = columns
        .iter()
        .map(|it| it.began_at.map(|at| span.label(at)).unwrap_or_default())
        .collect();
    for (at, label) in labels.iter().enumerate() {
        let is_named = at % span.every() == 0;
        let class = if is_named { "tick-name" } else { "unseen" };
        let name = columns.get(at).and_then(|it| it.began_at);
        let name = name.filter(|_| is_named).map(|at| span.short_label(at));
        html!(
            out,
            "<th scope=\"col\"><span class=\"",
            class,
            "\">",
            name.as_ref().unwrap_or(label),
            "</span></th>"
        );
    }
    html!(
        out,
        "<th scope=\"col\"><span class=\"unseen\">Sum</span></th></tr></thead><tbody>"
    );
    for row in rows {
        html!(
            out,
            "<tr><th scope=\"row\" title=\"",
            row.name,
            "\">",
            row.name,
            "</th>"
        );
        for (count, label) in row.counts.iter().zip(&labels) {
            html!(
                out,
                "<td class=\"h",
                step(*count, max),
                "\" title=\"",
                label,
                ": ",
                Count(*count),
                "\"><span class=\"unseen\">",
                count,
                "</span></td>",
            );
        }
        let sum: u64 = row.counts.iter().sum();
        html!(out, "<td class=\"n sum\">", Count(sum), "</td></tr>");
    }
    html!(out, "</tbody></table>");
    out
}

/// Returns which colour a count has: by its logarithm, so that one flood does not hide the rest.
fn step(count: u64, max: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    let share = ((count + 1) as f64).ln() / ((max + 1) as f64).ln();
    ((share * STEPS as f64).ceil() as u64).clamp(1, STEPS)
}
