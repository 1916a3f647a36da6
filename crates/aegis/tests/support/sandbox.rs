//! A place of a test's own: directories, a configuration without a kernel, and the real programs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// No BPF file system can be here, so a node observes without the kernel, even as root.
/// No port is taken but those of the test.
const CONFIG: &str = "bpffs = \"/proc/none\"\npage.enabled = false\n";

/// What a node is told so that nothing of it leaves this host.
const NODE: [&str; 6] = [
    "--observe",
    "--no-mdns",
    "--listen",
    "/ip4/127.0.0.1/tcp/0",
    "--log",
    "warn",
];

/// Directories that go with the test.
pub(crate) struct Sandbox {
    directory: TempDir,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("aegis-").tempdir();
        let directory = directory.expect("a directory can be made");
        fs::write(directory.path().join("aegis.toml"), CONFIG).expect("a file can be written");
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the control socket of the node that has no other name.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("run/default.sock")
    }

    /// Returns `aegis`, which knows nothing of the world but this sandbox.
    pub(crate) fn aegis(&self) -> Command {
        self.program(env!("CARGO_BIN_EXE_aegis"))
    }

    /// Returns `program` as it is run for a node that stays on this host.
    pub(crate) fn node(&self, program: &str, words: &[&str]) -> Command {
        let mut command = self.program(program);
        command.args(words).args(NODE);
        command
    }

    /// Runs `aegis` with the words of `line` to its end.
    pub(crate) fn run(&self, line: &str) -> Answer {
        finish(self.aegis().args(line.split_whitespace()))
    }

    /// Runs `aegis` with the words of `line`, which must succeed, and returns its JSON.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        let answer = self.run(&format!("{line} --json"));
        assert_eq!(answer.code, Some(0), "{line}: {answer:?}");
        assert_eq!(answer.out.matches('\n').count(), 1, "{line}: {answer:?}");
        serde_json::from_str(&answer.out).expect("an answer in JSON")
    }

    fn program(&self, path: &str) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("AEGIS_CONFIG", self.path().join("aegis.toml"))
            .env("AEGIS_STATE_DIR", self.path().join("state"))
            .env("AEGIS_RUNTIME_DIR", self.path().join("run"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }
}

/// Runs `command` to its end.
pub(crate) fn finish(command: &mut Command) -> Answer {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Answer {
        code: output.status.code(),
        out: text(output.stdout),
        talk: text(output.stderr),
    }
}
