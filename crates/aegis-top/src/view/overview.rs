//! What the node does, how much comes in, what is to be looked at.

use aegis_api::{NodeMode, Status};
use aegis_ui::{bytes, shown, span};
use ratatui::{buffer::Buffer, layout::Rect};

use super::Canvas;
use crate::{
    model::{Link, Model},
    paint::{Column, Tone, put, put_row, put_titles},
    text::{counted, thousands},
};

/// Columns of the numbers beside the bars.
const NUMBERS: u16 = 24;

/// From this height on there is room between the parts.
const ROOMY: u16 = 18;

/// The most lines of what is to be looked at, before threats have their turn.
const ATTENTION_MAX: usize = 6;

pub(super) fn draw(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let (area, theme) = canvas;
    let Some(status) = &model.status else {
        put(buffer, canvas, (1, 0), ("asking the node …", Tone::Plain));
        return;
    };
    let mut line = facts(model, status, buffer, canvas);
    line = traffic(model, buffer, canvas, line);
    let gap = u16::from(area.height >= ROOMY);
    line += gap;
    let attention = attention(model, status);
    let room = usize::from(area.height.saturating_sub(line + 1));
    let shown_max = ATTENTION_MAX.max(room.saturating_sub(8)).min(room);
    put(buffer, canvas, (0, line), (" Attention", Tone::Title));
    line += 1;
    if attention.is_empty() {
        put(
            buffer,
            canvas,
            (2, line),
            ("nothing: all is well", Tone::Good),
        );
        line += 1;
    }
    let hidden = attention.len().saturating_sub(shown_max);
    for (text, tone) in attention.iter().take(shown_max) {
        let text = format!("{} {text}", theme.bullet());
        put(buffer, canvas, (2, line), (&text, *tone));
        line += 1;
    }
    if hidden > 0 {
        let text = format!("  and {hidden} more: `aegis status`");
        put(buffer, canvas, (2, line - 1), (&text, Tone::Warn));
    }
    line += gap;
    let rest = Rect {
        y: area.y + line.min(area.height),
        height: area.height.saturating_sub(line),
        ..area
    };
    threats(model, buffer, (rest, theme));
}

fn facts(model: &Model, status: &Status, buffer: &mut Buffer, canvas: Canvas) -> u16 {
    let ruleset = status.ruleset;
    let agreement = match ruleset.in_agreement {
        true => "in agreement",
        false => "NOT IN AGREEMENT",
    };
    let mode = match status.mode {
        NodeMode::Enforce => "enforce: packets of blocked sources are dropped",
        NodeMode::Observe => "observe: nothing is dropped",
    };
    let interfaces: Vec<_> = status
        .interfaces
        .iter()
        .map(|it| format!("{} ({})", shown(&it.name), it.mode))
        .collect();
    let rows = [
        ("Mode", mode.to_owned()),
        (
            "Kernel",
            format!(
                "{} intended, {} in the kernel, {agreement}",
                counted(ruleset.intended, "block"),
                thousands(ruleset.actual)
            ),
        ),
        ("Watching", interfaces.join(", ")),
        (
            "Network",
            format!(
                "{} of {} connected, {}",
                thousands(status.peers.connected),
                counted(status.peers.known, "peer"),
                counted(status.alerts_live, "live alert")
            ),
        ),
        (
            "Running",
            format!(
                "{}, {} of memory, version {}",
                span(status.uptime_secs),
                bytes(status.memory_bytes),
                shown(&status.version)
            ),
        ),
    ];
    // A small screen keeps what is least known elsewhere.
    let count = if model.height() < 14 { 2 } else { rows.len() };
    let mut line = 0;
    for (name, text) in rows.iter().take(count) {
        put(buffer, canvas, (1, line), (name, Tone::Faint));
        put(buffer, canvas, (11, line), (text, Tone::Plain));
        line += 1;
    }
    line
}

fn traffic(model: &Model, buffer: &mut Buffer, canvas: Canvas, line: u16) -> u16 {
    let (area, theme) = canvas;
    let room = usize::from(area.width.saturating_sub(NUMBERS + 2));
    let now = model.traffic.now();
    let rates = || model.traffic.newest(room);
    let number = |it: Option<u64>| it.map_or_else(|| "…".to_owned(), thousands);
    let rows = [
        ("Packets/s", number(now.map(|it| it.packets))),
        ("Dropped/s", number(now.map(|it| it.dropped))),
    ];
    let bars = [
        theme.bars(rates().map(|it| it.packets).collect::<Vec<_>>().into_iter()),
        theme.bars(rates().map(|it| it.dropped).collect::<Vec<_>>().into_iter()),
    ];
    for (at, ((name, number), bars)) in (line..).zip(rows.iter().zip(&bars)) {
        put(buffer, canvas, (1, at), (name, Tone::Faint));
        put(buffer, canvas, (11, at), (number, Tone::Plain));
        put(buffer, canvas, (NUMBERS, at), (bars, Tone::Title));
    }
    line + 2
}

/// Returns what somebody should look at, the worst first.
fn attention(model: &Model, status: &Status) -> Vec<(String, Tone)> {
    let mut lines = Vec::new();
    if let Link::Down { why, .. } = &model.link {
        lines.push((format!("what you see is old: {}", shown(why)), Tone::Bad));
    }
    let ruleset = status.ruleset;
    if !ruleset.in_agreement {
        lines.push((
            format!(
                "the kernel differs: {} missing, {} that nobody wants, {} with another end",
                ruleset.missing, ruleset.surplus, ruleset.misdated
            ),
            Tone::Bad,
        ));
    }
    if let Some(it) = &status.confirmation {
        let left = span(it.ttl_secs);
        let text =
            format!("on trial: observes again in {left} unless a new login says `aegis confirm`");
        lines.push((text, Tone::Warn));
    }
    for it in &status.problems {
        lines.push((shown(it), Tone::Bad));
    }
    for it in model.feeds.alarming() {
        let alarms = it.alarms.iter().map(|it| shown(it));
        let alarms: Vec<_> = alarms.collect();
        lines.push((
            format!("feed {}: {}", shown(&it.name), alarms.join(", ")),
            Tone::Warn,
        ));
    }
    if status.mode == NodeMode::Observe {
        let text =
            "nothing is dropped: `aegis summary` says what would be, `aegis enforce` drops it";
        lines.push((text.to_owned(), Tone::Warn));
    }
    if let Some(problem) = status.mirror.as_ref().and_then(|it| it.problem.as_ref()) {
        lines.push((format!("mirror: {}", shown(problem)), Tone::Warn));
    }
    for it in status.logs.iter().flatten() {
        if let Some(problem) = &it.problem {
            let path = shown(&it.path.to_string_lossy());
            lines.push((
                format!("{path} cannot be read: {}", shown(problem)),
                Tone::Warn,
            ));
        }
    }
    let bouncers = status.lapi.iter().flat_map(|it| &it.bouncers);
    for it in bouncers.filter(|it| it.cuts_prefixes) {
        let text = format!("{} blocks one address of a prefix", shown(&it.name));
        lines.push((text, Tone::Warn));
    }
    lines
}

fn threats(model: &Model, buffer: &mut Buffer, canvas: Canvas) {
    let (area, _) = canvas;
    if area.height < 2 {
        return;
    }
    let columns = [
        Column::left("TOP THREATS, 24 HOURS", 24),
        Column::right("SOURCES", 9),
        Column::right("SEEN", 9),
        Column::right("ALERTS", 9),
        Column::right("BLOCKS", 9),
    ];
    put_titles(buffer, canvas, 0, &columns);
    if model.threats.is_empty() {
        put(buffer, canvas, (1, 1), ("none", Tone::Plain));
    }
    for (line, it) in (1..area.height).zip(&model.threats) {
        let cells = [
            shown(&it.key),
            thousands(it.indicators),
            thousands(it.detections),
            thousands(it.alerts),
            thousands(it.blocks),
        ];
        put_row(buffer, canvas, line, (&columns, &cells, Tone::Plain));
    }
}
