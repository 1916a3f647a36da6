//! The feeds that the node subscribes to.

use aegis_api::{FeedLine, Timestamp};
use aegis_ui::{shown, span};
use ratatui::buffer::Buffer;

use super::{Canvas, caption, filtered, moment, place};
use crate::{
    model::Model,
    paint::{Column, Tone, put, put_row, put_titles},
    text::thousands,
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let (area, _) = canvas;
    let feeds = &model.feeds;
    let height = usize::from(area.height.saturating_sub(2));
    let (top, len) = (feeds.cursor.top, feeds.shown().count());
    let seen = len.saturating_sub(top).min(height);
    let text = format!(" Feeds{}", filtered(&feeds.text));
    caption(buffer, canvas, &text, &place(top, seen, len));
    let columns = columns(area.width);
    put_titles(buffer, canvas, 1, &columns);
    if let Some(problem) = &feeds.problem {
        put(buffer, canvas, (1, 2), (&shown(problem), Tone::Bad));
    } else if seen == 0 {
        let names = feeds.built_in.join(", ");
        let text = match (feeds.is_known, feeds.text.is_empty()) {
            (false, _) => "asking the node …".to_owned(),
            (true, true) => format!(
                "none: `aegis feed add NAME`, built in are {}",
                shown(&names)
            ),
            (true, false) => "no feed has this text: Esc shows all".to_owned(),
        };
        put(buffer, canvas, (1, 2), (&text, Tone::Plain));
    }
    for ((row, at), feed) in (2..).zip(top..top + seen).zip(feeds.shown().skip(top)) {
        let tone = match at == feeds.cursor.selected {
            true => Tone::Selected,
            false if !feed.alarms.is_empty() => Tone::Warn,
            false => Tone::Plain,
        };
        put_row(buffer, canvas, row, (&columns, &cells(feed, model), tone));
    }
}

fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![
        Column::left("FEED", 16),
        Column::right("LISTED", 9),
        Column::right("BLOCKED", 9),
        Column::right("TRUST", 5),
        Column::left("LAST", 11),
        Column::left("NEXT", 9),
    ];
    let taken: u16 = columns.iter().map(|it| it.width + 1).sum();
    columns.push(Column::left("STATE", width.saturating_sub(taken + 2)));
    columns
}

fn cells(it: &FeedLine, model: &Model) -> Vec<String> {
    let now = model.now;
    let number = |it: Option<u64>| it.map_or_else(|| "-".to_owned(), thousands);
    let next = match it.under_way {
        true => "now".to_owned(),
        false => ahead(it.next_at, now),
    };
    vec![
        shown(&it.name),
        number(it.last.as_ref().map(|it| it.entries)),
        number(it.last.as_ref().map(|it| it.blocked)),
        it.trust.to_string(),
        it.succeeded_at
            .map_or_else(|| "never".to_owned(), |it| moment(it, now)),
        next,
        state(it),
    ]
}

fn ahead(at: Timestamp, now: Timestamp) -> String {
    let left = at.since(now).as_secs();
    if left == 0 {
        "due".to_owned()
    } else {
        span(left)
    }
}

fn state(it: &FeedLine) -> String {
    let problem = it.problem.as_ref().map(|it| shown(it));
    let alarms: Vec<_> = it
        .alarms
        .iter()
        .map(|it| shown(it).to_uppercase())
        .collect();
    let parts: Vec<_> = alarms.into_iter().chain(problem).collect();
    if parts.is_empty() {
        "ok".to_owned()
    } else {
        parts.join(" ")
    }
}

/// Returns all that is known of a feed.
pub(crate) fn report(it: &FeedLine) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String| text.push_str(&format!("{name:<12}{value}\n"));
    row("Feed", format!("{} ({})", shown(&it.name), shown(&it.kind)));
    row("From", shown(&it.url));
    row("Every", span(it.interval_secs));
    row("Trust", format!("{} %", it.trust));
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |it| it.to_string());
    row("Tried", time(it.tried_at));
    row("Fetched", time(it.succeeded_at));
    row("Next", it.next_at.to_string());
    row("State", state(it));
    for (name, value) in [("Asks for", &it.terms), ("Credit", &it.attribution)] {
        if let Some(value) = value {
            row(name, shown(value));
        }
    }
    let Some(last) = &it.last else { return text };
    row("Listed", thousands(last.entries));
    row("Blocked", thousands(last.blocked));
    for (reason, count) in &last.left_out {
        row(
            "Left out",
            format!("{} {}", thousands(*count), shown(reason)),
        );
    }
    if last.malformed > 0 {
        row("Unreadable", thousands(last.malformed));
    }
    for line in &last.malformed_lines {
        row("", shown(line));
    }
    text
}
