//! Feeds: lists that the node subscribes to, how each is doing, and what came of it.

use aegis_api::{
    ApiError, Control, ErrorCode, FeedLine, FeedList, FeedReply, FeedRequest, Reply, Request,
    Scope, Timestamp,
};

use super::{View, forms};
use crate::{
    desk::{Desk, asked, unfit},
    frame::Sheet,
    looker::Looker,
    markup::{Markup, html},
    number::{Count, Counted, Span, ago, left},
};

/// Reasons that are named; the rest is counted together.
const REASONS_MAX: usize = 4;

/// Draws the feeds.
pub(super) async fn feeds<C: Control>(desk: &Desk<C>, view: &View<'_>) -> Result<Sheet, ApiError> {
    let request = Request::Feed(FeedRequest::List);
    let list = match asked!(desk, view.looker.caller, request, Reply::Feed) {
        Ok(FeedReply::List(list)) => Some(list),
        Ok(FeedReply::Feed(_) | FeedReply::Removed(_)) => return Err(unfit()),
        Err(error) if error.code == ErrorCode::Unavailable => None,
        Err(error) => return Err(error),
    };
    let mut body = Markup::default();
    html!(body, "<h1>Feeds</h1>", forms::news(&view.visit.query));
    match list {
        None => html!(
            body,
            "<p class=\"empty\">This node subscribes to no feeds.</p>"
        ),
        Some(list) => html!(body, all(&list, view.looker, desk.now())),
    }
    Ok(Sheet {
        title: "Feeds".to_owned(),
        part: "/feeds",
        body,
    })
}

fn all(list: &FeedList, looker: Looker<'_>, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<p>Lists of others, fetched again and again. What they list is blocked as far as the guards and ",
        "the trust in each allow.</p>",
        add(list, looker)
    );
    if list.feeds.is_empty() {
        html!(
            out,
            "<p class=\"empty\">No feed is subscribed to. <code>aegis feed add NAME</code> on this host ",
            "subscribes to one that is built in, <code>aegis feed add NAME --url URL</code> to any other.</p>",
        );
        if !looker.may(Scope::Admin) {
            html!(out, built_in(list)); // who may is told beside the form
        }
        return out;
    }
    if !looker.may(Scope::Admin) {
        html!(
            out,
            "<p class=\"hint\">To fetch one now, or to have it no more: <code>aegis feed refresh NAME</code> and ",
            "<code>aegis feed remove NAME</code> on this host, or <a href=\"/sign-in\">sign in</a>.</p>",
        );
    }
    html!(out, "<div data-live=\"feeds\">");
    for feed in &list.feeds {
        html!(out, card(feed, looker, now));
    }
    html!(out, "</div>");
    out
}

fn card(feed: &FeedLine, looker: Looker<'_>, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    let (tone, word) = health(feed);
    html!(
        out,
        "<section class=\"feed\"><div class=\"head\"><h2>",
        feed.name,
        " <span class=\"tag ",
        tone,
        "\">",
        word,
        "</span>",
    );
    for alarm in &feed.alarms {
        html!(out, " <span class=\"tag bad\">", alarm, "</span>");
    }
    html!(out, "</h2><div class=\"undo\">");
    if looker.may(Scope::Admin) {
        html!(
            out,
            order(looker, ("/feed/refresh", "Fetch now"), &feed.name),
            order(looker, ("/feed/remove", "Remove"), &feed.name)
        );
    }
    html!(
        out,
        "</div></div><p class=\"place\">",
        feed.kind,
        " · ",
        feed.url,
        "</p>"
    );
    if let Some(problem) = &feed.problem {
        html!(out, "<p class=\"problem\">", problem);
        if feed.failures > 1 {
            html!(
                out,
                " (",
                Counted(feed.failures.into(), "time"),
                " in a row)"
            );
        }
        html!(out, "</p>");
    }
    html!(
        out,
        "<dl class=\"facts\">",
        times(feed, now),
        "<div><dt>Trusted</dt><dd>",
        feed.trust,
        " %</dd></div>"
    );
    html!(out, entries(feed), "</dl>");
    for words in feed.attribution.iter().chain(&feed.terms) {
        html!(out, "<p class=\"hint\">", words, "</p>");
    }
    html!(out, "</section>");
    out
}

/// Returns how a feed is doing, in a tone and a word.
fn health(feed: &FeedLine) -> (&'static str, &'static str) {
    match (&feed.problem, feed.under_way, feed.succeeded_at) {
        (Some(_), _, _) => ("bad", "failing"),
        (None, true, _) => ("accent", "being fetched"),
        (None, false, Some(_)) if feed.alarms.is_empty() => ("good", "ok"),
        (None, false, Some(_)) => ("warn", "look at it"),
        (None, false, None) => ("", "not fetched yet"),
    }
}

fn times(feed: &FeedLine, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    html!(out, "<div><dt>Last fetched</dt><dd>");
    match feed.succeeded_at {
        Some(at) => html!(out, ago(at, now)),
        None => html!(out, "never"),
    }
    html!(
        out,
        "</dd></div><div><dt>Next in</dt><dd>",
        left(feed.next_at, now)
    );
    if feed.interval_secs > 0 {
        html!(out, ", every ", Span(feed.interval_secs));
    }
    html!(out, "</dd></div>");
    out
}

fn entries(feed: &FeedLine) -> Markup {
    let mut out = Markup::default();
    let Some(last) = &feed.last else { return out };
    html!(
        out,
        "<div><dt>Blocked</dt><dd>",
        Count(last.blocked),
        " of ",
        Count(last.entries),
        "</dd></div><div><dt>Left out</dt><dd>"
    );
    let mut reasons: Vec<(&String, &u64)> = last.left_out.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    if reasons.is_empty() {
        html!(out, "nothing");
    }
    for (at, (reason, count)) in reasons.iter().take(REASONS_MAX).enumerate() {
        if at > 0 {
            html!(out, ", ");
        }
        html!(out, Count(**count), " ", reason);
    }
    if reasons.len() > REASONS_MAX {
        html!(out, " …");
    }
    html!(out, "</dd></div>");
    if last.malformed > 0 {
        html!(
            out,
            "<div><dt>Unreadable</dt><dd>",
            Counted(last.malformed, "line")
        );
        if let Some(line) = last.malformed_lines.first() {
            html!(out, "<span class=\"place\">", line, "</span>");
        }
        html!(out, "</dd></div>");
    }
    out
}

fn order(looker: Looker<'_>, (action, word): (&'static str, &'static str), name: &str) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        looker.form(action, "plain"),
        "<input type=\"hidden\" name=\"name\" value=\"",
        name,
        "\"><input type=\"hidden\" name=\"back\" value=\"/feeds\"><button aria-label=\"",
        word,
        ": ",
        name,
        "\">",
        word,
        "</button></form>"
    );
    out
}

/// The form that subscribes, for whoever may.
fn add(list: &FeedList, looker: Looker<'_>) -> Markup {
    let mut out = Markup::default();
    if !looker.may(Scope::Admin) {
        return out;
    }
    html!(
        out,
        "<details class=\"act\"><summary>Subscribe to a feed</summary>",
        looker.form("/feed/add", "fields"),
        "<input type=\"hidden\" name=\"back\" value=\"/feeds\"><div><label for=\"n-name\">Name</label>",
        "<input id=\"n-name\" name=\"name\" required maxlength=\"16\" pattern=\"[a-z0-9\\-]+\" ",
        "list=\"built-in\" autocomplete=\"off\" spellcheck=\"false\"><datalist id=\"built-in\">",
    );
    for name in &list.built_in {
        html!(out, "<option value=\"", name, "\"></option>");
    }
    html!(
        out,
        "</datalist></div><div><label for=\"n-url\">Address (of others than built-in)</label>",
        "<input id=\"n-url\" name=\"url\" type=\"url\" placeholder=\"https://…\" spellcheck=\"false\"></div>",
        "<div><label for=\"n-kind\">How it is read</label><input id=\"n-kind\" name=\"kind\" ",
        "placeholder=\"plain\" spellcheck=\"false\"></div>",
        "<div><label for=\"n-trust\">Trust, percent</label><input id=\"n-trust\" name=\"trust\" ",
        "type=\"number\" min=\"1\" max=\"100\"></div>",
        "<div><label for=\"n-secs\">Seconds between fetches</label><input id=\"n-secs\" ",
        "name=\"interval_secs\" type=\"number\" min=\"60\"></div>",
        "<div class=\"two\"><label for=\"n-key\">File on this host with its key</label>",
        "<input id=\"n-key\" name=\"key_file\" spellcheck=\"false\"></div>",
        "<button class=\"primary\">Subscribe</button></form>"
    );
    html!(out, built_in(list), "</details>");
    out
}

/// Names the feeds that need no address, and those of them that need a key.
fn built_in(list: &FeedList) -> Markup {
    let mut out = Markup::default();
    let (keyed, free): (Vec<&str>, Vec<&str>) = list
        .built_in
        .iter()
        .map(String::as_str)
        .partition(|it| list.need_key.iter().any(|keyed| keyed == it));
    for (names, what) in [(free, "Built in: "), (keyed, "With a key of yours: ")] {
        if !names.is_empty() {
            let names = names.join(", ");
            html!(out, "<p class=\"hint built-in\">", what, names, "</p>");
        }
    }
    out
}
