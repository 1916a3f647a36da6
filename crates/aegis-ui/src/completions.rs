//! Completions for a shell.

use std::io::{self, Write};

use clap_complete::{Shell, generate};

/// Writes the script that completes `command`, called `name`, in `shell`.
pub fn completions(
    shell: Shell,
    mut command: clap::Command,
    name: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    // Generated in memory: clap_complete panics where a pipe is closed.
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    out.write_all(&script)
}

#[cfg(test)]
mod tests;
