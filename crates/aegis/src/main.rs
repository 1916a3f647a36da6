//! The `aegis` command, and `aegis-threat-intel` where a link of that name leads here.

use std::{ffi::OsStr, path::Path, process::ExitCode};

fn main() -> ExitCode {
    // A package holds the program once, under two names.
    let name = std::env::args_os().next();
    let name = name.as_deref().map(Path::new).and_then(Path::file_name);
    if name == Some(OsStr::new("aegis-threat-intel")) {
        return aegis::foreground::main();
    }
    aegis::cli::main()
}
