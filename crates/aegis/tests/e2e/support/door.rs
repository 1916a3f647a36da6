//! A login as the daemon sees one: a process of the name that lets people in, and a shell below it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use super::{AEGIS, fresh_name, host::Running, shell::Said};

/// Reads orders line by line, and says when each is done. Below the door runs a shell of its own, as
/// below the real one.
const SESSION: &str = r#"sh -c 'while read -r it; do eval "$it"; echo done; done'; true"#;

/// One login that stays open.
pub(crate) struct Door {
    orders: ChildStdin,
    done: BufReader<ChildStdout>,
    said: PathBuf,
    code: PathBuf,
    _session: Running,
}

impl Door {
    /// Lets somebody in, who finds `$aegis` to speak to the node at `socket`.
    pub(crate) fn open(dir: &Path, socket: &Path) -> Self {
        let dir = dir.join(fresh_name());
        fs::create_dir_all(&dir).unwrap();
        let sshd = dir.join("sshd");
        std::os::unix::fs::symlink("/bin/sh", &sshd).unwrap();
        let (said, code) = (dir.join("said"), dir.join("code"));
        let mut command = Command::new(&sshd);
        command
            .args(["-c", SESSION])
            .env("aegis", format!("{AEGIS} --socket {}", socket.display()))
            .env("out", &said)
            .env("code", &code)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut session = Running(command.spawn().unwrap());
        Self {
            orders: session.0.stdin.take().unwrap(),
            done: BufReader::new(session.0.stdout.take().unwrap()),
            said,
            code,
            _session: session,
        }
    }

    /// Runs a line of shell and returns what it said on either output. A line that looks after
    /// `$out` and `$code` itself is run as it is.
    pub(crate) fn run(&mut self, line: &str) -> Said {
        let line = match line.contains("$code") {
            true => line.to_owned(),
            false => format!("{line} >$out 2>&1 </dev/null; echo $? >$code"),
        };
        writeln!(self.orders, "{line}").unwrap();
        let mut done = String::new();
        self.done.read_line(&mut done).unwrap();
        assert_eq!(done, "done\n", "{line}");
        Said {
            code: fs::read_to_string(&self.code).unwrap().trim().parse().ok(),
            out: fs::read_to_string(&self.said).unwrap(),
            err: String::new(),
        }
    }
}
