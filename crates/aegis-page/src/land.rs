//! Where there is land, coarsely: outlines drawn by hand for a map of dots, true to some two degrees.

use std::sync::LazyLock;

/// The corners of an outline, as degrees east and north.
type Outline = Vec<(f64, f64)>;

/// The outlines of land, and of water within.
struct Outlines {
    land: Vec<Outline>,
    water: Vec<Outline>,
}

static OUTLINES: LazyLock<Outlines> = LazyLock::new(|| {
    let text = include_str!("land/outlines.txt");
    Outlines {
        land: of_kind(text, "land "),
        water: of_kind(text, "water "),
    }
});

/// Returns whether there is land at a place.
pub(crate) fn is_land(lon: f64, lat: f64) -> bool {
    let is_in = |outlines: &[Outline]| outlines.iter().any(|it| is_inside(it, lon, lat));
    is_in(&OUTLINES.land) && !is_in(&OUTLINES.water)
}

fn of_kind(text: &str, kind: &str) -> Vec<Outline> {
    let lines = text.lines().filter_map(|it| it.strip_prefix(kind));
    lines
        .map(|it| it.split_whitespace().filter_map(corner).collect())
        .collect()
}

fn corner(text: &str) -> Option<(f64, f64)> {
    let (lon, lat) = text.split_once(',')?;
    Some((lon.parse().ok()?, lat.parse().ok()?))
}

/// Counts how often a ray to the east crosses the outline.
fn is_inside(outline: &[(f64, f64)], lon: f64, lat: f64) -> bool {
    let ends = outline.iter().cycle().skip(1);
    let crossed = outline.iter().zip(ends).filter(|(from, to)| {
        let ((x1, y1), (x2, y2)) = (**from, **to);
        (y1 > lat) != (y2 > lat) && lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests;
