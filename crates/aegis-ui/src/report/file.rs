//! Shared files: what is offered, how far it is here, what was done.

use aegis_api::{FileApplied, FileForgotten, FileLine, FileState};

use super::list::List;
use crate::text::{bytes, count, shown, span};

/// Cells of the bar that shows how far a fetch is.
const BAR_CELLS: u64 = 30;

/// Files, a few lines each.
pub(crate) const FILES: List<FileLine> = List {
    title: "=== Shared files ===",
    none: "No files are offered.",
    lines: file_lines,
};

/// Tells that a file is shared.
pub(crate) fn file_shared(line: &FileLine) -> String {
    format!(
        "Sharing {} ({}, {}) for {}\n  {}\n",
        shown(&line.name),
        bytes(line.size),
        line.severity,
        span(line.ttl_secs),
        line.file
    )
}

/// Tells that a file is here.
pub(crate) fn file_kept(line: &FileLine) -> String {
    let (name, size) = (shown(&line.name), bytes(line.size));
    format!("{name} ({size}) is here, checked\n  {}\n", line.file)
}

/// Tells what of a file is blocked, or would be, and what was left out and why.
pub(crate) fn file_applied(it: &FileApplied) -> String {
    let does = if it.dry_run {
        "Would block"
    } else {
        "Blocking"
    };
    let mut text = format!(
        "{does} {} of the {} that it lists until {}, {} of them blocked by nothing else\n  {}\n",
        it.blocked, it.entries, it.expires_at, it.new, it.file
    );
    for (left_out, why) in [
        (it.protected, "protected"),
        (it.allowlisted, "on the allowlist"),
        (it.too_wide, "too wide"),
        (it.private, "in a private range"),
        (it.configured_peers, "where configured peers are"),
        (it.unblocked, "unblocked not long ago"),
    ] {
        if left_out > 0 {
            text.push_str(&format!("  left out {left_out}: {why}\n"));
        }
    }
    text
}

/// Tells what became of a file that was to be forgotten.
pub(crate) fn file_forgotten(reply: &FileForgotten) -> String {
    let here = if reply.was_here {
        "removed here"
    } else {
        "was not here"
    };
    let withdrawn = if reply.was_withdrawn {
        ", no longer offered"
    } else {
        ""
    };
    format!("{}: {here}{withdrawn}\n", reply.file)
}

/// Returns a bar that shows how far a fetch is, without a line break.
pub(crate) fn file_progress(line: &FileLine) -> String {
    let (here, all) = (u64::from(line.chunks_here), u64::from(line.chunks.max(1)));
    let cells = here * BAR_CELLS / all;
    let bar: String = (0..BAR_CELLS)
        .map(|it| if it < cells { '#' } else { '.' })
        .collect();
    format!(
        "[{bar}] {:>3} % of {}, {}  ",
        here * 100 / all,
        bytes(line.size),
        count(line.holders.into(), "holder")
    )
}

fn file_lines(lines: &[FileLine]) -> String {
    lines.iter().map(file_block).collect()
}

/// The id alone takes most of a line, so the rest has lines of its own.
fn file_block(line: &FileLine) -> String {
    let mut text = format!("{}\n", line.file);
    text.push_str(&format!(
        "  {}, {}, {}, {} left, {}\n",
        shown(&line.name),
        bytes(line.size),
        line.severity,
        span(line.ttl_secs),
        state(line)
    ));
    let by = if line.own { "this node" } else { "node" };
    text.push_str(&format!("  by {by} {}\n", line.author));
    for organisation in &line.organisations {
        text.push_str(&format!("  for {organisation}\n"));
    }
    if let Some(description) = &line.description {
        text.push_str(&format!("  {}\n", shown(description)));
    }
    if let Some(problem) = &line.problem {
        text.push_str(&format!("  {}\n", shown(problem)));
    }
    text
}

fn state(line: &FileLine) -> String {
    match line.state {
        FileState::Offered => "not here".to_owned(),
        FileState::Kept => "here".to_owned(),
        FileState::Fetching => format!(
            "{} of {} here",
            line.chunks_here,
            count(line.chunks.into(), "chunk")
        ),
    }
}
