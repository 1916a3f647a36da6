//! Programs that tests need and a bare host has not.

use std::process::{Command, Stdio};

/// Returns whether a program runs here; where it does not, says that the test is skipped and which
/// `packages` of Debian mend that. `AEGIS_REQUIRE_KERNEL=1` makes it a failure.
pub(crate) fn runs(program: &mut Command, packages: &str) -> bool {
    let program = program.arg("--version").stdin(Stdio::null());
    if program.output().is_ok_and(|it| it.status.success()) {
        return true;
    }
    let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
    let name = program.get_program().display();
    assert!(!is_required, "{name} is required: apt install {packages}");
    eprintln!("SKIPPED: {name} does not run here: apt install {packages}");
    false
}
