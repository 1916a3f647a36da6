//! `aegis doctor`: what this host allows, what is missing, and the command that mends it.

mod around;
mod reach;

use std::path::PathBuf;

use aegis_api::{NodeMode, Status};
use aegis_enforce::{
    DEFAULT_BPFFS,
    host::default_interfaces,
    probe::{Check, State, checks},
};
use aegis_ui::{Outcome, shown};
use clap::Args;
use serde::Serialize;

use super::print;

/// What to look at.
#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// Interface to look at, or several [default: those with a default route]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    interface: Vec<String>,
    /// BPF file system
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BPFFS)]
    bpffs: PathBuf,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    state: &'a str,
    detail: &'a str,
    why: Option<&'a str>,
    fix: Option<&'a str>,
}

/// Runs `aegis doctor`; a failed check is a negative answer. `status` is that of the node that runs here,
/// if one does.
pub(super) fn run(
    args: DoctorArgs,
    status: Option<&Status>,
    is_json: bool,
) -> anyhow::Result<Outcome> {
    let interfaces = if args.interface.is_empty() {
        default_interfaces().unwrap_or_default()
    } else {
        args.interface
    };
    let mut checks = checks(&interfaces, &args.bpffs);
    checks.push(node(status));
    if let Some(status) = status {
        checks.extend(status.place.as_ref().map(reach::check));
        checks.extend(around::checks(status));
    }
    let lines: Vec<Line<'_>> = checks.iter().map(line).collect();
    if is_json {
        print(&(serde_json::to_string(&lines)? + "\n"))?;
    } else {
        print(&lines.iter().map(paragraph).collect::<String>())?;
    }
    let is_failing = checks.iter().any(|it| it.state == State::Fail);
    Ok(if is_failing {
        Outcome::Negative
    } else {
        Outcome::Done
    })
}

/// Returns whether a node answers here, and what it does.
fn node(status: Option<&Status>) -> Check {
    let Some(status) = status else {
        return Check {
            name: "node",
            state: State::Note,
            detail: "none answers on this host".to_owned(),
            why: Some("what a node reads and serves is shown only while one runs".to_owned()),
            fix: Some("aegis run   # or, from the package: systemctl start aegis".to_owned()),
        };
    };
    let (mode, why, fix) = match status.mode {
        NodeMode::Enforce => ("drops packets of blocked sources", None, None),
        NodeMode::Observe => (
            "observes",
            Some("nothing is dropped, whatever is blocked".to_owned()),
            Some("aegis enforce --confirm 2m".to_owned()),
        ),
    };
    Check {
        name: "node",
        state: if fix.is_some() {
            State::Note
        } else {
            State::Ok
        },
        detail: format!("{} answers and {mode}", status.instance),
        why,
        fix,
    }
}

/// Returns what a person reads. Names of interfaces and filters are chosen by others.
fn paragraph(line: &Line<'_>) -> String {
    let mut text = format!("{:4}  {}: {}\n", line.state, line.name, shown(line.detail));
    for (word, said) in [("why", line.why), ("fix", line.fix)] {
        if let Some(said) = said {
            text.push_str(&format!("      {word}: {}\n", shown(said)));
        }
    }
    text
}

fn line(check: &Check) -> Line<'_> {
    let state = match check.state {
        State::Ok => "ok",
        State::Note => "note",
        State::Warn => "warn",
        State::Fail => "fail",
    };
    Line {
        name: check.name,
        state,
        detail: &check.detail,
        why: check.why.as_deref(),
        fix: check.fix.as_deref(),
    }
}
