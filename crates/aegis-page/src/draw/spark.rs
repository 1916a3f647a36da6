//! Trust over time: small beside a peer's name, larger on its page.

use std::time::Duration;

use aegis_api::{Timestamp, TrendPoint};

use super::At;
use crate::markup::{Markup, html};

/// How much time is drawn.
const DRAWN_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Draws trust over the last days as a line in the height of a text.
pub(crate) fn spark(points: &[TrendPoint], now: Timestamp) -> Markup {
    draw(points, now, (120.0, 24.0), "spark")
}

/// Draws the same, larger.
pub(crate) fn steps(points: &[TrendPoint], now: Timestamp) -> Markup {
    draw(points, now, (1000.0, 160.0), "steps")
}

/// Draws steps: a point holds until the next.
fn draw(
    points: &[TrendPoint],
    now: Timestamp,
    (width, height): (f64, f64),
    class: &'static str,
) -> Markup {
    let mut out = Markup::default();
    let since = now - DRAWN_FOR;
    let x = |at: Timestamp| {
        let passed = at.max(since).since(since).as_secs_f64();
        (width * passed / DRAWN_FOR.as_secs_f64()).min(width)
    };
    // A line as wide as its stroke stays within.
    let y = |percent: u8| 1.5 + (height - 3.0) * (1.0 - f64::from(percent.min(100)) / 100.0);
    html!(
        out,
        "<svg class=\"",
        class,
        "\" viewBox=\"0 0 ",
        At(width),
        " ",
        At(height),
        "\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path class=\"grid\" d=\"M0 ",
        At(height / 2.0),
        "H",
        At(width),
        "\"/>",
    );
    // Of what was before, the last holds when the drawing begins.
    let begin = points.iter().rposition(|it| it.at <= since).unwrap_or(0);
    let drawn = points.get(begin..).unwrap_or_default();
    if let Some(first) = drawn.first() {
        html!(
            out,
            "<path class=\"line\" d=\"M",
            At(x(first.at)),
            " ",
            At(y(first.percent))
        );
        for it in drawn.iter().skip(1) {
            html!(out, "H", At(x(it.at)), "V", At(y(it.percent)));
        }
        html!(out, "H", At(width), "\"/>");
    }
    html!(out, "</svg>");
    out
}
