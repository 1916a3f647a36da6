//! What the lab shows: a line as each thing happens, and the whole at the end.

use std::io::{self, Write as _};

use aegis_ui::Outcome;
use serde::Serialize;

use super::agent::Visited;

/// Tells as it goes, unless a program reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    is_quiet: bool,
}

impl Talk {
    pub(super) fn new(is_json: bool) -> Self {
        Self { is_quiet: is_json }
    }

    /// Tells a step on standard error, where progress belongs.
    pub(super) fn step(&self, text: &str) {
        if !self.is_quiet {
            // A progress line that cannot be written changes nothing.
            let _ = writeln!(io::stderr(), "  {text}");
        }
    }
}

/// One line of the timeline, in milliseconds after the first packet of the flood.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Moment {
    pub(super) after_ms: f64,
    pub(super) node: String,
    pub(super) what: String,
}

/// A claim of the main job and whether this run bears it out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Proof {
    pub(super) claim: String,
    pub(super) holds: bool,
    pub(super) figures: String,
}

/// Everything a run of the lab found.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) kind: &'static str,
    pub(super) nodes: Vec<String>,
    pub(super) timeline: Vec<Moment>,
    pub(super) proofs: Vec<Proof>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bystander: Option<Visited>,
    pub(super) left_out: Vec<String>,
    pub(super) took_ms: u64,
    pub(super) notes: Vec<String>,
}

impl Report {
    pub(super) fn prove(&mut self, claim: &str, holds: bool, figures: String) {
        self.proofs.push(Proof {
            claim: claim.to_owned(),
            holds,
            figures,
        });
    }

    pub(super) fn moment(&mut self, after_ms: f64, node: &str, what: String) {
        self.timeline.push(Moment {
            after_ms,
            node: node.to_owned(),
            what,
        });
    }

    /// Prints the report; a claim that does not hold is a negative answer.
    pub(super) fn print(&self, is_json: bool) -> anyhow::Result<Outcome> {
        let text = if is_json {
            serde_json::to_string(self)? + "\n"
        } else {
            self.text()
        };
        crate::cli::print(&text)?;
        let holds = !self.proofs.is_empty() && self.proofs.iter().all(|it| it.holds);
        Ok(if holds {
            Outcome::Done
        } else {
            Outcome::Negative
        })
    }

    fn text(&self) -> String {
        let mut text = format!("\nThe main job, {}\n\n", self.kind);
        for Moment {
            after_ms,
            node,
            what,
        } in &self.timeline
        {
            text.push_str(&format!("{after_ms:>10.1} ms  {node:<9}  {what}\n"));
        }
        text.push('\n');
        for Proof {
            claim,
            holds,
            figures,
        } in &self.proofs
        {
            let mark = if *holds { "yes" } else { "NO " };
            text.push_str(&format!("{mark}  {claim}\n       {figures}\n"));
        }
        for it in &self.left_out {
            text.push_str(&format!("left out: {it}\n"));
        }
        for it in &self.notes {
            text.push_str(&format!("{it}\n"));
        }
        text.push_str(&format!("\nTook {:.1} s\n", self.took_ms as f64 / 1000.0));
        text
    }
}
