//! Logs as the programs of a host write them, and nodes that read them.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aegis::lab::node::LabNode;

use crate::support::{
    debian::Packages,
    needed,
    shell::must,
    world::{How, World},
};

pub(crate) fn failed_logins(source: &str, ports: std::ops::Range<u16>) -> String {
    let line = |port| {
        ssh_line(&format!(
            "Failed password for root from {source} port {} ssh2",
            1000 + port
        ))
    };
    ports.map(line).collect()
}

/// A line of syslog's, written now.
pub(crate) fn ssh_line(message: &str) -> String {
    let now = aegis::daemon::Clock.now();
    let stamp = now.to_string().replace('Z', "+00:00");
    format!("{stamp} host sshd[4711]: {message}\n")
}

pub(crate) fn request(source: &str, target: &str) -> String {
    format!(
        "{source} - - [{}] \"GET {target} HTTP/1.1\" 404 1 \"-\" \"curl\"\n",
        access_time()
    )
}

/// The time as a web server writes it.
pub(crate) fn access_time() -> String {
    let mut date = Command::new("date");
    must(
        date.args(["-u", "+%d/%b/%Y:%H:%M:%S +0000"])
            .env("LC_ALL", "C"),
    )
    .trim()
    .to_owned()
}

/// Entries of a journal, written now.
pub(crate) fn entries(
    source: &str,
    program: &str,
    user: &str,
    ports: std::ops::Range<u16>,
) -> String {
    let now = aegis::daemon::Clock.now().as_millis() * 1_000;
    let entry = |port: u16| {
        let (at, boot) = (now + u64::from(port), "0123456789abcdef0123456789abcdef");
        format!(
            "__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={boot}\n\
             _TRANSPORT=syslog\nSYSLOG_IDENTIFIER=sshd\n_COMM={program}\n_UID={user}\n\
             _SYSTEMD_UNIT=ssh.service\n\
             MESSAGE=Failed password for root from {source} port {} ssh2\n\n",
            1000 + port
        )
    };
    ports.map(entry).collect()
}

/// A journal's file, with the writer that has it open.
pub(crate) struct JournalFile {
    writer: std::process::Child,
}

impl JournalFile {
    pub(crate) fn create(writer: &JournalWriter, file: &Path) -> Self {
        let mut command = Command::new(&writer.program);
        command.env("LD_LIBRARY_PATH", &writer.libraries);
        command.arg("-o").arg(file).arg("-").stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            writer: command.spawn().unwrap(),
        }
    }

    pub(crate) fn write(&mut self, entries: &str) {
        let stdin = self.writer.stdin.as_mut().unwrap();
        stdin.write_all(entries.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        drop(self.writer.stdin.take()); // the end of the input ends it
        let _ = self.writer.wait();
    }
}

/// systemd's own program that writes journals of what it is told.
pub(crate) struct JournalWriter {
    program: PathBuf,
    libraries: OsString,
}

const JOURNAL_REMOTE: Packages = Packages {
    folder: "debian-journal",
    names: &[
        "systemd-journal-remote",
        "libsystemd-shared",
        "libmicrohttpd12",
    ],
    programs: &["systemd-journal-remote"],
};

impl JournalWriter {
    /// Finds or fetches it, or says why the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        let root = JOURNAL_REMOTE.unpacked()?;
        let program = Packages::program(&root, JOURNAL_REMOTE.programs[0])?;
        let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
        let folder = root.join("usr/lib").join(machine);
        let folders = [folder.join("systemd"), folder];
        let libraries = std::env::join_paths(folders).unwrap();
        let mut writer = Command::new(&program);
        writer.env("LD_LIBRARY_PATH", &libraries);
        needed::runs(&mut writer, "systemd libgnutls30").then_some(Self { program, libraries })
    }
}

pub(crate) async fn start(world: &World, host: &str, more: &str) -> LabNode {
    let dir = world.dir();
    let (journal, auth, access) = (
        dir.join("journal"),
        dir.join("auth.log"),
        dir.join("*access.log"),
    );
    let config = format!(
        "auto_publish = true\n[logs]\njournal = [{journal:?}]\nauth = [{auth:?}]\n\
         access = [{access:?}]\n{more}"
    );
    let how = How {
        config: &config,
        ..How::default()
    };
    world.start(host, how).await
}

pub(crate) async fn start_peer(world: &World, host: &str) -> LabNode {
    let how = How {
        config: "[logs]\nenabled = false\n",
        ..How::default()
    };
    world.start(host, how).await
}

pub(crate) fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Returns whether the log of the node on `host` has these words.
pub(crate) fn log_says(world: &World, host: &str, words: &str) -> bool {
    let log = world.dir().join(host).join(format!("{host}.log"));
    fs::read_to_string(log).is_ok_and(|it| it.contains(words))
}

/// Returns whether any file under `dir` has these bytes.
pub(crate) fn holds(dir: &Path, needle: &str) -> bool {
    let entries = fs::read_dir(dir).unwrap().flatten();
    entries.map(|it| it.path()).any(|path| {
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(needle.len())
            .any(|it| it == needle.as_bytes())
    })
}
