//! Iris' tool for organisations, under the name its users know.

use std::process::ExitCode;

fn main() -> ExitCode {
    aegis::orgsig::main()
}
