//! The words of the console: every command, and those that only make sense here.

use clap::{CommandFactory, Parser, Subcommand};

use super::split::split;
use crate::{Command, text::shown_lines};

/// A line of the console.
#[derive(Debug, Parser)]
#[command(
    no_binary_name = true,
    name = "aegis",
    about = "The words of the console; `help <word>` tells more",
    help_template = "{about}\n\n{subcommands}\n",
    override_usage = "<WORD> [ARGUMENTS]",
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
#[derive(Debug, PartialEq, Subcommand)]
pub(super) enum Word {
    #[command(flatten)]
    Command(Command),
    /// Leave the console
    #[command(visible_alias = "exit")]
    Quit,
}

/// What to tell a person instead of an answer.
#[derive(Debug)]
pub(super) enum Talk {
    /// What was asked for.
    Help(String),
    /// Why the line cannot be understood.
    Usage(String),
}

impl Word {
    /// Reads a line; `None` where it says nothing.
    pub(super) fn parse(text: &str) -> Result<Option<Line>, Talk> {
        let words = split(text).map_err(|it| Talk::Usage(format!("error: {it}")))?;
        if words.first().is_none_or(|it| it.starts_with('#')) {
            return Ok(None);
        }
        Line::try_parse_from(words).map(Some).map_err(|it| {
            let text = shown_lines(it.render().to_string().trim_end());
            if it.use_stderr() {
                Talk::Usage(text)
            } else {
                Talk::Help(text)
            }
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
