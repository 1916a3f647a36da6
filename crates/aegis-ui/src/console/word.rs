//! The words of the console: every command, and those that only make sense here.

use clap::{CommandFactory, Parser, Subcommand};

use super::split::split;
use crate::Command;

/// A line of the console.
#[derive(Debug, Parser)]
#[command(
    no_binary_name = true,
    name = "aegis",
    about = "The words of the console; `help <word>` tells more",
    help_template = "{about}\n\n{subcommands}\n",
    disable_help_flag = true,
    subcommand_help_heading = "Words"
)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) word: Word,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// What a line says.
#[derive(Debug, Eq, PartialEq, Subcommand)]
pub(super) enum Word {
    #[command(flatten)]
    Command(Command),
    /// Leave the console
    #[command(visible_alias = "exit")]
    Quit,
}

impl Word {
    /// Reads a line: `None` where it says nothing, and what to tell the person where it cannot
    /// be understood or asks for help.
    pub(super) fn parse(text: &str) -> Result<Option<Line>, String> {
        let words = split(text).map_err(|it| format!("error: {it}"))?;
        if words.first().is_none_or(|it| it.starts_with('#')) {
            return Ok(None);
        }
        Line::try_parse_from(words).map(Some).map_err(|it| {
            let text = it.render().to_string();
            crate::text::shown_lines(&text)
        })
    }

    /// Returns the words a line may begin with.
    pub(super) fn all() -> Vec<String> {
        let mut command = Line::command();
        command.build();
        let names = command.get_subcommands().flat_map(|it| {
            let name = std::iter::once(it.get_name());
            name.chain(it.get_visible_aliases()).map(str::to_owned)
        });
        names.collect()
    }
}
