//! The world: a grid of dots where there is land, and a circle for each country that attacks came from.

use std::sync::LazyLock;

use super::At;
use crate::{
    country::Country,
    land,
    markup::{Markup, html},
    number::Count,
};

/// Degrees between two dots.
const GRID: f64 = 2.5;

/// Where the map ends: nobody attacks from south of this, and north of that there is ice.
const SOUTH: f64 = -56.0;
const NORTH: f64 = 80.0;

/// The radius of the largest circle, in degrees.
const RADIUS_MAX: f64 = 9.0;
const RADIUS_MIN: f64 = 1.6;

/// Every dot, as one path: it is the same on every page.
static DOTS: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let rows = ((NORTH - SOUTH) / GRID) as i32;
    let columns = (360.0 / GRID) as i32;
    let mut dots = Vec::new();
    for row in 0..rows {
        let lat = NORTH - GRID * (f64::from(row) + 0.5);
        for column in 0..columns {
            let lon = -180.0 + GRID * (f64::from(column) + 0.5);
            if land::is_land(lon, lat) {
                dots.push((lon, -lat));
            }
        }
    }
    dots
});

/// Draws how often attacks came from which country.
pub(crate) fn world(countries: &[(&'static Country, u64)]) -> Markup {
    let mut out = Markup::default();
    let height = NORTH - SOUTH;
    html!(
        out,
        "<svg class=\"world\" viewBox=\"-180 ",
        At(-NORTH),
        " 360 ",
        At(height),
        "\" role=\"img\" aria-label=\"Where attacks came from; the table beside has the numbers\">",
        "<path class=\"land\" d=\"",
    );
    for (x, y) in DOTS.iter() {
        html!(out, "M", At(*x), " ", At(*y), "h0");
    }
    html!(out, "\"/>");
    let max = countries.iter().map(|(_, count)| *count).max().unwrap_or(1);
    for (country, count) in countries {
        // By area, as circles are compared.
        let share = (*count as f64 / max as f64).sqrt();
        let radius = RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * share;
        html!(
            out,
            "<circle cx=\"",
            At(country.lon.into()),
            "\" cy=\"",
            At(-f64::from(country.lat)),
            "\" r=\"",
            At(radius),
            "\"><title>",
            country.name,
            ": ",
            Count(*count),
            "</title></circle>",
        );
    }
    html!(out, "</svg>");
    out
}
