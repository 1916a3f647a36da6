//! Short programs: run to their end, with what they said.

use std::process::{Command, Stdio};

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code, `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a program that must succeed; returns what it said.
#[track_caller]
pub(crate) fn must(command: &mut Command) -> String {
    let said = run(command);
    assert_eq!(said.code, Some(0), "{command:?}: {said:?}");
    said.out
}

/// Runs `ip` with blank-separated arguments.
#[track_caller]
pub(crate) fn ip(arguments: &str) {
    must(Command::new("ip").args(arguments.split(' ')));
}

/// Sends a signal by its name.
#[track_caller]
pub(crate) fn signal(pid: u32, name: &str) {
    let pid = pid.to_string();
    must(Command::new("kill").args(["-s", name, &pid]));
}
