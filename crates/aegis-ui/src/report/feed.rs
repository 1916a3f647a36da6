//! Feeds: listed with how it goes with each, and one of them with everything.

use aegis_api::{FeedLast, FeedLine, FeedList, FeedRemoved, Timestamp};

use super::table::Table;
use crate::text::{count, shown, span};

/// Tells that a feed is subscribed to.
pub(crate) fn feed_added(it: &FeedLine) -> String {
    let (name, url) = (shown(&it.name), shown(&it.url));
    let (every, trust) = (span(it.interval_secs), it.trust);
    let mut text = format!("Subscribed to {name}: {url} every {every}, trusted {trust} %\n");
    if let Some(terms) = &it.terms {
        text.push_str(&format!("  {}\n", shown(terms)));
    }
    text.push_str(&format!("  being fetched: aegis feed show {name}\n"));
    text
}

/// Tells that a feed is being fetched.
pub(crate) fn feed_refreshed(it: &FeedLine) -> String {
    let name = shown(&it.name);
    format!("Fetching {name}: aegis feed show {name}\n")
}

/// Tells that a feed is subscribed to no more.
pub(crate) fn feed_removed(it: &FeedRemoved) -> String {
    let name = shown(&it.name);
    if it.was_there {
        format!("Removed the feed {name}; what only it blocked is free\n")
    } else {
        format!("There is no feed {name}\n")
    }
}

/// Lists feeds, and says which others there are.
pub(crate) fn feeds(list: &FeedList) -> String {
    let mut text = "=== Feeds ===\n".to_owned();
    if list.feeds.is_empty() {
        text.push_str("No feed is subscribed to.\n");
    } else {
        let mut table = Table::with_right(&[3, 4]);
        table.row(["NAME", "KIND", "HEALTH", "LISTED", "BLOCKED", "FETCHED"].map(str::to_owned));
        for it in &list.feeds {
            let number = |of: fn(&FeedLast) -> u64| match &it.last {
                Some(last) => of(last).to_string(),
                None => "-".to_owned(),
            };
            table.row([
                shown(&it.name),
                shown(&it.kind),
                health(it),
                number(|it| it.entries),
                number(|it| it.blocked),
                at(it.succeeded_at),
            ]);
        }
        text.push_str(&table.render(0));
    }
    text.push_str(&built_in(list));
    text
}

/// Tells everything of a feed.
pub(crate) fn feed(it: &FeedLine) -> String {
    let mut table = Table::with_widths(&[9]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("Kind", shown(&it.kind));
    row("From", shown(&it.url));
    row("Health", health(it));
    row("Fetched", at(it.succeeded_at));
    row("Tried", at(it.tried_at));
    if it.kind == SHARED {
        row("Until", it.next_at.to_string());
    } else {
        let every = span(it.interval_secs);
        row("Next", format!("{}, every {every}", it.next_at));
        row("Trust", format!("{} %", it.trust));
    }
    if it.failures > 0 {
        row("Failures", format!("{} in a row", it.failures));
    }
    for (name, text) in [
        ("Problem", &it.problem),
        ("Key", &it.key_file),
        ("Terms", &it.terms),
        ("By", &it.attribution),
    ] {
        if let Some(text) = text {
            row(name, shown(text));
        }
    }
    if let Some(made_at) = it.made_at {
        row("Made", made_at.to_string());
    }
    let text = format!("=== Feed {} ===\n{}", shown(&it.name), table.render(0));
    text + &it.last.as_ref().map(last).unwrap_or_default()
}

/// How a shared file is read that is applied.
const SHARED: &str = "shared";

/// Tells what a list came to.
fn last(it: &FeedLast) -> String {
    let mut table = Table::with_widths(&[9]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    let FeedLast {
        entries,
        blocked,
        applied_ms,
        ..
    } = it;
    row(
        "Listed",
        format!("{entries}, {blocked} of them blocked, {applied_ms} ms after they were here"),
    );
    for (index, (why, number)) in it.left_out.iter().enumerate() {
        let name = if index == 0 { "Left out" } else { "" };
        row(name, format!("{number}: {}", shown(why)));
    }
    if it.malformed > 0 {
        row(
            "Malformed",
            format!("{} cannot be read", count(it.malformed, "line")),
        );
        for line in &it.malformed_lines {
            row("", format!("line or entry {}", shown(line)));
        }
        let more = it.malformed.saturating_sub(it.malformed_lines.len() as u64);
        if more > 0 {
            row("", format!("and {more} more"));
        }
    }
    table.render(0)
}

/// Tells how it goes with a feed, in short.
pub(super) fn in_short(it: &FeedLine) -> String {
    let blocked = it.last.as_ref().map_or(0, |it| it.blocked);
    let (name, fetched) = (shown(&it.name), at(it.succeeded_at));
    format!(
        "{name}: {}, {blocked} blocked, fetched {fetched}",
        health(it)
    )
}

fn health(it: &FeedLine) -> String {
    if it.under_way {
        return "fetching".to_owned();
    }
    if !it.alarms.is_empty() {
        let alarms: Vec<String> = it.alarms.iter().map(|it| shown(it)).collect();
        return alarms.join(" ").to_uppercase();
    }
    let is_new = it.succeeded_at.is_none();
    if is_new { "new" } else { "ok" }.to_owned()
}

fn at(it: Option<Timestamp>) -> String {
    it.map_or_else(|| "never".to_owned(), |it| it.to_string())
}

/// Says which other feeds there are, and how to subscribe to one.
fn built_in(list: &FeedList) -> String {
    let mut text = String::new();
    let is_keyed = |name: &String| list.need_key.contains(name);
    for (is_wanted, what, flags) in [
        (false, "without a key:", ""),
        (true, "with a key:   ", " --key-file <PATH>"),
    ] {
        let names = list.built_in.iter().filter(|it| is_keyed(it) == is_wanted);
        let names: Vec<String> = names.map(|it| shown(it)).collect();
        if let Some(first) = names.first() {
            let names = names.join(" ");
            text.push_str(&format!("Built in, {what} {names}\n"));
            text.push_str(&format!("  aegis feed add {first}{flags}\n"));
        }
    }
    text.push_str("Any other: aegis feed add <NAME> --url <URL>\n");
    text.push_str("  an address or prefix on each line; other formats: --kind\n");
    text
}
