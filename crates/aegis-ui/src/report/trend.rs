//! A peer's trust over time as a line of bars.

use aegis_api::TrendPoint;

/// Bars of a line at most: with its indent it fits a terminal.
const BARS_MAX: usize = 72;

/// From the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws a bar for each change, the newest last, and says where that begins and ends.
pub(super) fn trend(points: &[TrendPoint]) -> String {
    let points = &points[points.len().saturating_sub(BARS_MAX)..];
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return "Trend: none yet\n".into();
    };
    let bars: String = points.iter().map(|it| bar(it.percent)).collect();
    format!(
        "Trend ({} 0 % … {} 100 %)\n  {bars}\n  {} % at {}, {} % at {}\n",
        bar(0),
        bar(100),
        first.percent,
        first.at,
        last.percent,
        last.at
    )
}

/// Returns the bar of a trust: only none at all has the lowest, only the whole the highest.
fn bar(percent: u8) -> char {
    let highest = BARS.len() - 1;
    match percent {
        0 => BARS[0],
        1..=99 => BARS[1 + usize::from(percent) * (highest - 1) / 100],
        _ => BARS[highest],
    }
}

#[cfg(test)]
mod tests;
