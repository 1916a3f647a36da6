//! Why an indicator is blocked, or is not.

use aegis_api::{Block, EvidenceLine, KernelEntry, Why};

use super::{
    opinion::opinion_section, organisation::affiliations, region::full_place,
    reported::reports_section, table::Table,
};
use crate::text::{bytes, count, shown, span};

/// Tells everything that speaks for and against a block.
pub fn why(why: &Why) -> String {
    let mut text = headline(why);
    if let Some(exempt) = &why.exempt {
        let (kind, reason) = (shown(&exempt.kind), shown(&exempt.reason));
        let what = match kind.as_str() {
            "unblocked" => "Unblocked".to_owned(), // by others at least: its own detectors may
            _ => format!("Never blocked ({kind})"),
        };
        text.push_str(&format!("{what}: {reason}\n"));
    }
    if let Some(location) = &why.location {
        text.push_str(&format!("Place\n  {}\n", full_place(location)));
    }
    text.push_str(&decisions(&why.decisions));
    text.push_str(&reports_section(&why.reports));
    text.push_str(&evidence(&why.evidence));
    if let Some(opinion) = &why.opinion {
        text.push_str(&opinion_section(opinion));
    }
    text.push_str(&refusals(why));
    text.push_str(&why.kernel.map(kernel).unwrap_or_default());
    if let Some(past) = &why
        .past
        .filter(|it| it.detections + it.alerts + it.blocks > 0)
    {
        let (blocks, seen) = (count(past.blocks, "time"), count(past.detections, "time"));
        let alerts = count(past.alerts, "alert");
        text.push_str(&format!(
            "History\n  blocked {blocks}, seen by own detectors {seen}, {alerts} of peers\n  \
             aegis history {}\n",
            why.indicator
        ));
    }
    if !why.near.is_empty() {
        text.push_str("Never blocked nearby\n");
    }
    for it in &why.near {
        text.push_str(&format!("  {} {}\n", it.indicator, shown(&it.reason)));
    }
    if let Some(undo) = &why.undo {
        text.push_str(&format!("Undo\n  {}\n", shown(undo)));
    }
    let others = why
        .commands
        .iter()
        .filter(|it| Some(*it) != why.undo.as_ref());
    let others: Vec<_> = others.map(|it| format!("  {}\n", shown(it))).collect();
    if !others.is_empty() {
        text.push_str(&format!("What you can do\n{}", others.concat()));
    }
    text
}

fn kernel(it: KernelEntry) -> String {
    let place = if it.in_kernel {
        "in the kernel"
    } else {
        "NOT IN THE KERNEL"
    };
    let (fate, remark) = if it.observing {
        let remark = "  the node OBSERVES: nothing is dropped until `aegis enforce`\n";
        ("seen", remark)
    } else {
        ("dropped", "")
    };
    let packets = count(it.packets, "packet");
    let size = bytes(it.bytes);
    let violations = count(it.violations, "violation");
    format!("Kernel\n  {place}, {packets} ({size}) {fate}, {violations}\n{remark}")
}

fn headline(why: &Why) -> String {
    let indicator = why.indicator;
    match (why.blocked, why.ttl_secs, why.expires_at) {
        (true, Some(ttl_secs), Some(expires_at)) => {
            let left = span(ttl_secs);
            format!("{indicator} is BLOCKLISTED\n  {left} left, until {expires_at}\n")
        }
        (true, _, _) => format!("{indicator} is BLOCKLISTED\n"),
        (false, _, _) => format!("{indicator} is not blocklisted\n"),
    }
}

/// Returns who blocks it; of a list that was applied, how its ID begins.
pub(super) fn by(block: &Block) -> String {
    if let Some(region) = block.region {
        return format!("by {} {region}", block.origin);
    }
    if let Some(feed) = &block.feed {
        return format!("by {} {}", block.origin, shown(feed));
    }
    match block.file {
        Some(file) => format!("by {} {}", block.origin, &file.to_string()[..8]),
        None => format!("by {}", block.origin),
    }
}

fn decisions(blocks: &[Block]) -> String {
    if blocks.is_empty() {
        return String::new();
    }
    let mut table = Table::default();
    for block in blocks {
        table.row([
            block.indicator.to_string(),
            by(block),
            block.threat_type.to_string(),
            format!("severity {}", block.severity),
            block.evidence.to_string(),
            format!("{} left", span(block.ttl_secs)),
        ]);
    }
    format!("Decisions\n{}", table.render(2))
}

fn evidence(lines: &[EvidenceLine]) -> String {
    if lines.is_empty() {
        return "Evidence: none\n".into();
    }
    let mut text = String::from("Evidence\n");
    for line in lines {
        let author = if line.own {
            "this node".to_owned()
        } else {
            line.author.to_string()
        };
        text.push_str(&format!(
            "  {} ago by {author}\n    {}, severity {}, {}, weight {} %: {}\n",
            span(line.age_secs),
            line.threat_type,
            line.severity,
            line.evidence,
            line.weight_percent,
            shown(&line.outcome),
        ));
        text.push_str(&affiliations(&line.organisations, "    "));
        if let Some(description) = &line.description {
            text.push_str(&format!("    \"{}\"\n", shown(description.as_str())));
        }
    }
    text
}

fn refusals(why: &Why) -> String {
    if why.refusals.is_empty() {
        return String::new();
    }
    let mut text = String::from("Refused\n");
    for refusal in &why.refusals {
        let author = refusal.author.map(|it| format!(" to {it}"));
        let author = author.unwrap_or_default();
        text.push_str(&format!("  {}{author}\n", refusal.at));
        text.push_str(&format!("    {}\n", shown(&refusal.message)));
    }
    text
}
