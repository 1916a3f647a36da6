//! Attacks: where they come from and when, on a map where a database of places is there.

use std::collections::BTreeMap;

use aegis_api::{ApiError, Control};

use super::{View, overview::place_name};
use crate::{
    country::{self, Country},
    desk::Desk,
    draw::{Column, DrawnSpan, HeatRow, heat, timeline, world},
    frame::Sheet,
    gather::{Hour, almanac},
    markup::{Markup, html},
    number::Count,
};

/// Rows of a heat strip; the rest is said to be there.
const ROWS_MAX: usize = 12;

/// Countries beside the map.
const COUNTRIES_MAX: usize = 12;

/// Draws where attacks come from.
pub(super) async fn attacks<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
) -> Result<Sheet, ApiError> {
    let (caller, now) = (view.looker.caller, desk.now());
    let span = DrawnSpan::of(view.visit.query.value("span"));
    let traffic = desk.traffic(caller).await?;
    let gathered = almanac(desk, caller).await;
    let columns = span.cut(now, &gathered.value, &traffic.points);
    let sum = gathered.value.sum(span.since(now));
    let mut body = Markup::default();
    html!(
        body,
        "<div class=\"head\"><h1>Attacks</h1>",
        choice(span),
        "</div>"
    );
    html!(
        body,
        "<section data-live=\"timeline\"><h2 class=\"unseen\">When</h2>",
        timeline(span, &columns),
        "</section>",
    );
    if !sum.by_country.is_empty() {
        html!(body, map(&sum));
    }
    html!(
        body,
        "<section data-live=\"places\"><h2>From which network</h2>",
        strip((span, &columns), "network", |it| named(
            &it.hour.by_place,
            place_name
        )),
        "</section><section data-live=\"threats\"><h2>Of which kind</h2>",
        strip((span, &columns), "threat type", |it| {
            named(&it.hour.by_threat, ToString::to_string)
        }),
        "</section>",
    );
    if sum.by_country.is_empty() && sum.detections + sum.alerts > 0 {
        html!(
            body,
            "<p class=\"hint\">With a database of places (<code>[place] databases</code> in the ",
            "configuration) there is a map here, and networks have names.</p>",
        );
    }
    if gathered.value.is_cut {
        html!(
            body,
            "<p class=\"hint\">There is more in this time than was counted: the newest is here.</p>",
        );
    }
    if !gathered.is_whole {
        html!(
            body,
            "<p class=\"hint\">The history is still being counted.</p>"
        );
    }
    Ok(Sheet {
        title: "Attacks".to_owned(),
        part: "/attacks",
        body,
    })
}

fn choice(chosen: DrawnSpan) -> Markup {
    let mut out = Markup::default();
    html!(out, "<ul class=\"choice\" aria-label=\"Time\">");
    for (span, name) in [(DrawnSpan::Day, "24 hours"), (DrawnSpan::Week, "7 days")] {
        html!(out, "<li><a href=\"/attacks?span=", span.as_str(), "\"");
        if span == chosen {
            html!(out, " aria-current=\"true\"");
        }
        html!(out, ">", name, "</a></li>");
    }
    html!(out, "</ul>");
    out
}

fn map(sum: &Hour) -> Markup {
    let known = |(code, count): (&[u8; 2], &u64)| Some((country::find(code)?, *count));
    let mut countries: Vec<(&'static Country, u64)> =
        sum.by_country.iter().filter_map(known).collect();
    countries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut out = Markup::default();
    html!(
        out,
        "<section data-live=\"map\"><h2>From where</h2><div class=\"map\">",
        world(&countries),
        "<table><thead><tr><th scope=\"col\">Country</th><th scope=\"col\" class=\"n\">Attacks</th></tr>",
        "</thead><tbody>",
    );
    for (country, count) in countries.iter().take(COUNTRIES_MAX) {
        html!(
            out,
            "<tr><th scope=\"row\">",
            country.name,
            "</th><td class=\"n\">",
            Count(*count),
            "</td></tr>",
        );
    }
    html!(out, "</tbody></table></div>");
    if countries.len() > COUNTRIES_MAX {
        let more = (countries.len() - COUNTRIES_MAX) as u64;
        html!(
            out,
            "<p class=\"hint\">",
            Count(more),
            " more countries are on the map.</p>"
        );
    }
    html!(out, "</section>");
    out
}

/// Returns counts by name; what has the same name is counted together.
fn named<K>(counts: &BTreeMap<K, u64>, name: impl Fn(&K) -> String) -> BTreeMap<String, u64> {
    let mut named = BTreeMap::new();
    for (key, count) in counts {
        *named.entry(name(key)).or_default() += count;
    }
    named
}

fn strip(
    (span, columns): (DrawnSpan, &[Column]),
    what: &'static str,
    counts: impl Fn(&Column) -> BTreeMap<String, u64>,
) -> Markup {
    let mut rows: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        for (name, count) in counts(column) {
            let row = rows.entry(name).or_insert_with(|| vec![0; columns.len()]);
            if let Some(cell) = row.get_mut(at) {
                *cell += count;
            }
        }
    }
    let mut rows: Vec<HeatRow> = rows
        .into_iter()
        .map(|(name, counts)| HeatRow { name, counts })
        .collect();
    rows.sort_by_key(|it| std::cmp::Reverse(it.counts.iter().sum::<u64>()));
    let more = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    let mut out = Markup::default();
    if rows.is_empty() {
        html!(out, "<p class=\"empty\">Nobody attacked in this time.</p>");
        return out;
    }
    html!(out, heat((span, columns), what, &rows));
    if more > 0 {
        html!(
            out,
            "<p class=\"hint\">",
            Count(more as u64),
            " more with less each.</p>"
        );
    }
    out
}
