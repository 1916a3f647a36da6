//! Completions for a shell.

use std::io::{self, Write};

use clap_complete::{Shell, generate};

/// Writes the script that completes `command`, called `name`, in `shell`: what its help lists.
pub fn completions(
    shell: Shell,
    command: &clap::Command,
    name: &'static str,
    out: &mut impl Write,
) -> io::Result<()> {
    // Generated in memory: clap_complete panics where a pipe is closed.
    let mut script = Vec::new();
    generate(shell, &mut listed(command, name), name, &mut script);
    out.write_all(&script)
}

/// Returns the command without those of its commands that its help does not list, which shells
/// would offer like the others.
fn listed(command: &clap::Command, name: &'static str) -> clap::Command {
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    let mut listed = clap::Command::new(name)
        .args(command.get_arguments())
        .subcommands(shown);
    if let Some(about) = command.get_about() {
        listed = listed.about(about.clone());
    }
    if command.get_version().is_some() {
        listed = listed.version(""); // that it can be asked for is all that a script tells
    }
    listed
}

#[cfg(test)]
mod tests;
