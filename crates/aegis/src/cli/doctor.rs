//! `aegis doctor`: what this host allows, what is missing, and the command that mends it.

use std::path::PathBuf;

use aegis_enforce::{
    DEFAULT_BPFFS,
    host::default_interfaces,
    probe::{Check, State, checks},
};
use aegis_ui::Outcome;
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
    fix: Option<&'a str>,
}

/// Runs `aegis doctor`; a failed check is a negative answer.
pub(super) fn run(args: DoctorArgs, is_json: bool) -> anyhow::Result<Outcome> {
    let interfaces = if args.interface.is_empty() {
        default_interfaces().unwrap_or_default()
    } else {
        args.interface
    };
    let checks = checks(&interfaces, &args.bpffs);
    let lines: Vec<Line<'_>> = checks.iter().map(line).collect();
    if is_json {
        print(&(serde_json::to_string(&lines)? + "\n"))?;
    } else {
        let mut text = String::new();
        for it in &lines {
            text.push_str(&format!("{:4}  {}: {}\n", it.state, it.name, it.detail));
            if let Some(fix) = it.fix {
                text.push_str(&format!("      fix: {fix}\n"));
            }
        }
        print(&text)?;
    }
    let is_failing = checks.iter().any(|it| it.state == State::Fail);
    Ok(if is_failing {
        Outcome::Negative
    } else {
        Outcome::Done
    })
}

fn line(check: &Check) -> Line<'_> {
    let state = match check.state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "fail",
    };
    Line {
        name: check.name,
        state,
        detail: &check.detail,
        fix: check.fix.as_deref(),
    }
}
