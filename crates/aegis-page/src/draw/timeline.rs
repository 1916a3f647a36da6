//! The timeline: attacks above, dropped packets below, step by step, and the same as a table.

use super::{At, Column, DrawnSpan};
use crate::{
    markup::{Markup, html},
    number::{Count, Short},
};

const WIDTH: f64 = 1000.0;
const ATTACKS_HEIGHT: f64 = 120.0;
const DROPS_HEIGHT: f64 = 60.0;

/// Of a column's width, what its bar takes.
const BAR: f64 = 0.72;

/// Draws the columns of a span.
pub(crate) fn timeline(span: DrawnSpan, columns: &[Column]) -> Markup {
    let attacks = |it: &Column| it.hour.detections + it.hour.alerts;
    let packets = |it: &Column| it.dropped + it.spared;
    let attacks_max = columns.iter().map(attacks).max().unwrap_or(0);
    let packets_max = columns.iter().map(packets).max().unwrap_or(0);
    let mut out = Markup::default();
    if attacks_max == 0 && packets_max == 0 {
        html!(
            out,
            "<p class=\"empty\">Quiet: no attack was seen here or told by peers, and no packet was ",
            "dropped.</p>",
        );
        return out;
    }
    html!(out, "<figure class=\"timeline\">", legend());
    html!(
        out,
        "<div class=\"plot\"><span class=\"max\">",
        Short(attacks_max),
        "</span>"
    );
    panel(
        &mut out,
        ATTACKS_HEIGHT,
        "attacks",
        columns.iter().map(|it| Bar {
            title: title(span, it),
            parts: [(it.hour.detections, "seen"), (it.hour.alerts, "told")],
        }),
        attacks_max,
    );
    html!(
        out,
        "</div><div class=\"plot low\"><span class=\"max\">",
        Short(packets_max),
        "</span>"
    );
    panel(
        &mut out,
        DROPS_HEIGHT,
        "drops",
        columns.iter().map(|it| Bar {
            title: title(span, it),
            parts: [(it.dropped, "dropped"), (it.spared, "spared")],
        }),
        packets_max,
    );
    html!(
        out,
        "</div>",
        axis(span, columns),
        "</figure>",
        table(span, columns)
    );
    out
}

struct Bar {
    title: String,
    parts: [(u64, &'static str); 2],
}

fn panel(
    out: &mut Markup,
    height: f64,
    class: &'static str,
    bars: impl ExactSizeIterator<Item = Bar>,
    max: u64,
) {
    let step = WIDTH / bars.len().max(1) as f64;
    html!(
        out,
        "<svg class=\"",
        class,
        "\" viewBox=\"0 0 ",
        At(WIDTH),
        " ",
        At(height),
        "\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    for share in [0.25, 0.5, 0.75] {
        let y = At(height * share);
        html!(
            out,
            "<path class=\"grid\" d=\"M0 ",
            y,
            "H",
            At(WIDTH),
            "\"/>"
        );
    }
    for (at, bar) in bars.enumerate() {
        let x = step * at as f64;
        html!(
            out,
            "<g><title>",
            bar.title,
            "</title><rect class=\"hit\" x=\"",
            At(x),
            "\" y=\"0\" width=\"",
            At(step),
            "\" height=\"",
            At(height),
            "\"/>",
        );
        let mut top = height;
        for (count, class) in bar.parts {
            if count == 0 {
                continue;
            }
            // What is there is seen, however little of the most it is.
            let tall = (height * count as f64 / max.max(1) as f64).max(1.5);
            top = (top - tall).max(0.0);
            html!(
                out,
                "<rect class=\"",
                class,
                "\" x=\"",
                At(x + step * (1.0 - BAR) / 2.0),
                "\" y=\"",
                At(top),
                "\" width=\"",
                At(step * BAR),
                "\" height=\"",
                At(tall),
                "\"/>",
            );
        }
        html!(out, "</g>");
    }
    html!(out, "</svg>");
}

fn title(span: DrawnSpan, it: &Column) -> String {
    let label = it.began_at.map(|at| span.label(at)).unwrap_or_default();
    let (seen, told) = (Count(it.hour.detections), Count(it.hour.alerts));
    let mut text = format!("{label}: {seen} attacks seen here, {told} told by peers");
    text.push_str(&format!(", {} packets dropped", Count(it.dropped)));
    if it.spared > 0 {
        text.push_str(&format!(", {} would have been", Count(it.spared)));
    }
    text
}

fn legend() -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<figcaption class=\"legend\"><span class=\"key seen\">Attacks seen here</span>",
        "<span class=\"key told\">told by peers</span>",
        "<span class=\"key dropped\">Packets dropped</span>",
        "<span class=\"key spared\">would have been dropped</span></figcaption>",
    );
    out
}

/// Names some of the columns below the drawing, equally far apart.
fn axis(span: DrawnSpan, columns: &[Column]) -> Markup {
    let mut out = Markup::default();
    html!(out, "<div class=\"axis\" aria-hidden=\"true\">");
    for column in columns.iter().step_by(span.every()) {
        let label = column.began_at.map(|at| span.short_label(at));
        html!(out, "<span>", label.unwrap_or_default(), "</span>");
    }
    html!(out, "</div>");
    out
}

fn table(span: DrawnSpan, columns: &[Column]) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<details class=\"as-table\"><summary>The same as a table</summary><table><thead><tr>",
        "<th scope=\"col\">From (UTC)</th><th scope=\"col\" class=\"n\">Seen here</th>",
        "<th scope=\"col\" class=\"n\">Told by peers</th><th scope=\"col\" class=\"n\">Blocks</th>",
        "<th scope=\"col\" class=\"n\">Dropped</th></tr></thead><tbody>",
    );
    for it in columns.iter().rev() {
        let label = it.began_at.map(|at| span.label(at)).unwrap_or_default();
        html!(
            out,
            "<tr><th scope=\"row\">",
            label,
            "</th><td class=\"n\">",
            Count(it.hour.detections),
            "</td><td class=\"n\">",
            Count(it.hour.alerts),
            "</td><td class=\"n\">",
            Count(it.hour.blocks),
            "</td><td class=\"n\">",
            Count(it.dropped),
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table></details>");
    out
}
