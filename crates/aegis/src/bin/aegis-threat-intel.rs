//! A node in the foreground with the console on standard input.

use std::process::ExitCode;

fn main() -> ExitCode {
    aegis::foreground::main()
}
