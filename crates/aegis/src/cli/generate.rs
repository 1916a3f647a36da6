//! Documents that are kept in the repository and must agree with the program.

use clap::{Command, CommandFactory as _, ValueEnum};

use super::{Cli, quiet};
use crate::foreground::Foreground;

/// How wide help pages are written.
const COLUMNS: usize = 100;

const HEAD: &str = "\
# Help

What `--help` says of every command. Generated from the programs; do not edit.
";

/// A document that the program writes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Document {
    /// Every help page of both programs
    Help,
}

/// Returns a document.
pub(super) fn document(what: Document) -> String {
    match what {
        Document::Help => help(),
    }
}

fn help() -> String {
    let mut pages = HEAD.to_owned();
    for mut program in [Cli::command(), Foreground::command()] {
        program.build(); // names subcommands in full and gives them the global options
        write_pages(&quiet(program), &mut pages);
    }
    pages
}

fn write_pages(command: &Command, pages: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let page = command.clone().term_width(COLUMNS).render_long_help();
    pages.push_str(&format!("\n## {name}\n\n```text\n"));
    for line in page.to_string().lines() {
        pages.push_str(line.trim_end());
        pages.push('\n');
    }
    pages.push_str("```\n");
    let is_shown = |it: &&Command| !it.is_hide_set() && it.get_name() != "help";
    for subcommand in command.get_subcommands().filter(is_shown) {
        write_pages(subcommand, pages);
    }
}
