//! A console with a pipe on each side.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::{ChildStdin, Command, Stdio},
};

use crate::{daemon::Running, sandbox::Sandbox, wait::in_time};

/// A program that reads lines from a pipe; what it says goes to a file.
pub(crate) struct Session {
    pub(crate) program: Running,
    input: Option<ChildStdin>,
    said: PathBuf,
}

impl Session {
    /// Starts `command`, whose output goes to a file called `name`.
    pub(crate) fn start(sandbox: &Sandbox, name: &str, command: &mut Command) -> Self {
        let said = sandbox.path().join(name);
        let file = File::create(&said).expect("a file can be made");
        let errors = file.try_clone().expect("a file can be shared");
        command.stdin(Stdio::piped()).stdout(file).stderr(errors);
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take();
        Self {
            program: Running(child),
            input,
            said,
        }
    }

    /// Writes lines.
    pub(crate) fn say(&mut self, lines: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(lines.as_bytes()).expect("somebody reads");
    }

    /// Ends the input.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Returns everything said so far, talk and log included.
    pub(crate) fn heard(&self) -> String {
        fs::read_to_string(&self.said).expect("a text")
    }

    /// Waits until `text` was said.
    #[track_caller]
    pub(crate) fn hear(&self, text: &str) {
        let heard = in_time(|| self.heard().contains(text).then_some(()));
        assert!(
            heard.is_some(),
            "waited in vain for {text:?} in\n{}",
            self.heard()
        );
    }

    /// Waits for the end, which must be a clean one, and returns everything said.
    #[track_caller]
    pub(crate) fn end(&mut self) -> String {
        let ended = self.program.ended();
        let heard = self.heard();
        assert_eq!(ended.code(), Some(0), "{heard}");
        heard
    }
}
