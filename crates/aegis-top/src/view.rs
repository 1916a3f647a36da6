//! The views: what the model is, drawn on a screen of any size.

mod blocks;
mod evidence;
mod feeds;
mod list;
mod log;
mod overview;
mod peers;
mod popup;

use aegis_api::{NodeMode, Timestamp};
use aegis_ui::{shown, span};
use ratatui::{Frame, buffer::Buffer, layout::Rect};

use crate::{
    model::{Link, Model, SIZE_MIN, Tab},
    paint::{Theme, Tone, put},
    text::thousands,
};

pub(crate) use self::feeds::report as feed_report;

/// Where something is drawn, and with what.
type Canvas = (Rect, Theme);

/// Draws everything.
pub(crate) fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let theme = Theme::of(&model.settings);
    let buffer = frame.buffer_mut();
    if area.width < SIZE_MIN.width || area.height < SIZE_MIN.height {
        return too_small(buffer, (area, theme));
    }
    let row = |y: u16, height: u16| Rect {
        y: area.y + y,
        height,
        ..area
    };
    title(model, buffer, (row(0, 1), theme));
    tabs(model, buffer, (row(1, 1), theme));
    let body = (row(2, area.height - 4), theme);
    match model.tab {
        Tab::Overview => overview::draw(model, buffer, body),
        Tab::Blocks => blocks::draw(model, buffer, body),
        Tab::Evidence => evidence::draw(model, buffer, body),
        Tab::Peers => peers::draw(model, buffer, body),
        Tab::Feeds => feeds::draw(model, buffer, body),
        Tab::Log => log::draw(model, buffer, body),
    }
    below(model, buffer, (row(area.height - 2, 1), theme));
    keys(model, buffer, (row(area.height - 1, 1), theme));
    if let Some(popup) = &model.popup {
        popup::draw(model, popup, buffer, (area, theme));
    }
}

fn too_small(buffer: &mut Buffer, canvas: Canvas) {
    let (area, _) = canvas;
    let lines = [
        "too small".to_owned(),
        format!("{}x{} is needed,", SIZE_MIN.width, SIZE_MIN.height),
        format!("this is {}x{}", area.width, area.height),
        "q quits".to_owned(),
    ];
    for (line, text) in (0u16..).zip(&lines) {
        put(buffer, canvas, (0, line), (text, Tone::Plain));
    }
}

fn title(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let mut at = put(buffer, canvas, (0, 0), (" AEGIS ", Tone::Title));
    let Some(status) = &model.status else {
        put(buffer, canvas, (at, 0), ("asking the node …", Tone::Plain));
        return;
    };
    let (mode, tone) = match status.mode {
        NodeMode::Enforce => ("ENFORCE", Tone::Good),
        NodeMode::Observe => ("OBSERVE", Tone::Warn),
    };
    let name = format!("{}  ", shown(&status.instance));
    at = put(buffer, canvas, (at, 0), (&name, Tone::Plain));
    at = put(buffer, canvas, (at, 0), (mode, tone));
    let ruleset = status.ruleset;
    let (agreement, tone) = match ruleset.in_agreement {
        true => ("", Tone::Plain),
        false => (" NOT IN AGREEMENT", Tone::Bad),
    };
    let (actual, intended) = (thousands(ruleset.actual), thousands(ruleset.intended));
    let kernel = format!("  in the kernel {actual} of {intended}{agreement}");
    at = put(buffer, canvas, (at, 0), (&kernel, tone));
    let peers = format!("  peers {}", thousands(status.peers.connected));
    at = put(buffer, canvas, (at, 0), (&peers, Tone::Plain));
    if model.is_paused {
        put(buffer, canvas, (at + 2, 0), ("PAUSED", Tone::Warn));
    }
}

fn tabs(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let mut at = 1;
    for (number, tab) in (1..).zip(Tab::ALL) {
        let tone = match tab == model.tab {
            true => Tone::Selected,
            false => Tone::Plain,
        };
        let text = format!(" {number} {} ", tab.title());
        at = put(buffer, canvas, (at, 0), (&text, tone));
    }
}

/// Draws what became of the last thing somebody did, or that nobody answers.
fn below(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    if let Some(typing) = &model.typing {
        let text = format!(" filter: {}_", shown(&typing.line));
        put(buffer, canvas, (0, 0), (&text, Tone::Title));
        return;
    }
    if let Link::Down { since, why } = &model.link {
        let ago = span(model.now.since(*since).as_secs());
        let text = format!(
            " not running since {} ({ago}), trying again: {}",
            clock(*since),
            shown(why)
        );
        put(buffer, canvas, (0, 0), (&text, Tone::Bad));
        return;
    }
    if let Some(notice) = &model.notice {
        let tone = if notice.is_bad { Tone::Bad } else { Tone::Good };
        let text = format!(" {}", shown(&notice.text));
        put(buffer, canvas, (0, 0), (&text, tone));
    }
}

fn keys(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let text = if model.typing.is_some() {
        " Enter show only what has this text  Esc leave it as it is"
    } else {
        match model.tab {
            Tab::Overview => " ? help  q quit  1-6 Tab views  b block  p pause",
            Tab::Blocks => {
                " ? help  q quit  Enter why  u unblock  a allow  b block  / filter  s sort"
            }
            Tab::Evidence => {
                " ? help  q quit  Enter why  u unblock  a allow  b block  / filter  s count"
            }
            Tab::Peers => " ? help  q quit  Enter trust  / filter  s sort  p pause",
            Tab::Feeds => " ? help  q quit  Enter more  r fetch now  / filter  p pause",
            Tab::Log => " ? help  q quit  Enter why  u unblock  a allow  / filter  p pause",
        }
    };
    put(buffer, canvas, (0, 0), (text, Tone::Faint));
}

/// Draws what a list is, and where in it somebody is.
fn caption(buffer: &mut Buffer, canvas: Canvas, text: &str, place: &str) {
    let (area, theme) = canvas;
    let end = put(buffer, canvas, (0, 0), (text, Tone::Title));
    let room = area.width.saturating_sub(end + 1);
    let width = u16::try_from(crate::text::width(place)).unwrap_or(u16::MAX);
    if width <= room {
        let at = area.width - width;
        put(buffer, (area, theme), (at, 0), (place, Tone::Faint));
    }
}

/// Returns what part of a list is seen.
fn place(top: usize, seen: usize, len: usize) -> String {
    let count = |it: usize| thousands(it as u64);
    match seen {
        0 => String::new(),
        seen => format!(
            "{}-{} of {} ",
            count(top + 1),
            count(top + seen),
            count(len)
        ),
    }
}

/// Returns the time of day, in UTC.
fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or_default().to_owned()
}

/// Returns the time of day, with the day where it is not today.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let (text, today) = (at.to_string(), now.to_string());
    if text.get(..10) == today.get(..10) {
        return clock(at);
    }
    let day = text.get(5..10).unwrap_or_default();
    format!("{day} {}", text.get(11..16).unwrap_or_default())
}

/// Returns what is said of a filter.
fn filtered(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("  with \"{}\"", shown(text)),
    }
}

/// Returns where something is, as far as a database knows.
fn location(it: Option<&aegis_api::Location>) -> String {
    let Some(it) = it else { return String::new() };
    let asn = it.asn.map(|it| format!("AS{it}"));
    let parts = [it.country.clone(), asn, it.asn_name.clone()];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    shown(&parts.join(" "))
}

#[cfg(test)]
mod tests;
