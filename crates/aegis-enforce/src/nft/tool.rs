//! Running the `nft` program: found once, told by standard input, bounded in time and output.
//!
//! There is no shell and nothing of ours on the command line but fixed words and names that
//! were checked.

use std::{
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use super::child::prepare;

/// Where distributions install it. The search path is not asked: it is no word of root's.
const FOLDERS: [&str; 6] = [
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/bin",
    "/usr/local/sbin",
    "/run/current-system/sw/bin",
];

/// What one run may take. It takes milliseconds unless it is stuck.
const TIME_MAX: Duration = Duration::from_secs(10);

/// What each byte in or out may take more: ten times what it does take.
const TIME_FOR_EACH_KIB: Duration = Duration::from_millis(1);

/// How much of what it complains about is kept.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// How often is looked whether a program that has closed its output has ended.
const END_INTERVAL: Duration = Duration::from_millis(1);

/// The program.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    path: PathBuf,
    time_max: Duration,
}

impl Tool {
    /// Finds the program.
    pub(crate) fn find() -> io::Result<Self> {
        Self::find_in(FOLDERS.iter().map(Path::new))
    }

    pub(super) fn find_in<'a>(folders: impl Iterator<Item = &'a Path>) -> io::Result<Self> {
        let mut paths = folders.map(|it| it.join("nft"));
        let Some(path) = paths.find(|it| it.is_file()) else {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the program nft is not installed: install the package nftables",
            ));
        };
        Ok(Self {
            path,
            time_max: TIME_MAX,
        })
    }

    /// Returns where the program is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what the program says of its version.
    pub(crate) fn version(&self) -> io::Result<String> {
        let output = self.run(&["--version"], "", COMPLAINT_BYTES_MAX)?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// Asks the kernel for what costs least, which fails where it answers nothing.
    pub(crate) fn probe(&self) -> io::Result<()> {
        super::remove::tables(self).map(drop)
    }

    /// Carries out every command of `script` as one transaction: all of them, or none.
    pub(super) fn change(&self, script: &str) -> io::Result<()> {
        self.run(&["-f", "-"], script, COMPLAINT_BYTES_MAX)
            .map(drop)
    }

    /// Has the kernel say whether it would carry out `script`, which changes nothing.
    pub(super) fn try_out(&self, script: &str) -> io::Result<()> {
        self.run(&["-c", "-f", "-"], script, COMPLAINT_BYTES_MAX)
            .map(drop)
    }

    /// Returns what there is, as JSON.
    pub(super) fn list(&self, what: &[&str], bytes_max: usize) -> io::Result<Vec<u8>> {
        let arguments: Vec<&str> = ["-j", "-t", "list"].iter().chain(what).copied().collect();
        self.run(&arguments, "", bytes_max)
    }

    /// Returns what there is with every element, as JSON.
    pub(super) fn list_all(&self, what: &[&str], bytes_max: usize) -> io::Result<Vec<u8>> {
        let arguments: Vec<&str> = ["-j", "list"].iter().chain(what).copied().collect();
        self.run(&arguments, "", bytes_max)
    }

    fn run(&self, arguments: &[&str], script: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn()?;
        let kib = script.len().max(bytes_max) / 1024;
        let time = self.time_max + TIME_FOR_EACH_KIB * u32::try_from(kib).unwrap_or(u32::MAX);
        let result = thread::scope(|scope| {
            let stdin = child.stdin.take();
            let (stdout, stdout_rx) = reader(child.stdout.take(), bytes_max);
            let (stderr, stderr_rx) = reader(child.stderr.take(), COMPLAINT_BYTES_MAX);
            scope.spawn(move || {
                // A program that ends before it has read everything says itself why.
                let _ = stdin.map(|mut it| it.write_all(script.as_bytes()));
            });
            scope.spawn(stdout);
            scope.spawn(stderr);
            let result = finish(&mut child, (&stdout_rx, &stderr_rx), time);
            if result.is_err() {
                // Its pipes close with it, so the threads end too.
                let _ = child.kill();
                let _ = child.wait();
            }
            result
        });
        let (status, output, complaint) = result?;
        if status.success() {
            return Ok(output);
        }
        Err(refusal(status, &complaint))
    }
}

type Output = io::Result<Vec<u8>>;

/// Returns the body of a thread that reads a pipe to its end, and where it sends what it read.
fn reader<R: Read + Send + 'static>(
    pipe: Option<R>,
    bytes_max: usize,
) -> (impl FnOnce() + Send, Receiver<Output>) {
    let (output_tx, output_rx) = sync_channel(1);
    let body = move || {
        let mut bytes = Vec::new();
        let bound = bytes_max as u64 + 1;
        let result = pipe.map_or(Ok(0), |it| it.take(bound).read_to_end(&mut bytes));
        let result = match result {
            Ok(_) if bytes.len() > bytes_max => Err(io::Error::other(format!(
                "nft printed more than {bytes_max} bytes"
            ))),
            Ok(_) => Ok(bytes),
            Err(error) => Err(error),
        };
        let _ = output_tx.send(result); // an error: it took too long and nobody waits
    };
    (body, output_rx)
}

/// Waits for the program's end; an error where it takes longer than `time`.
fn finish(
    child: &mut Child,
    (stdout_rx, stderr_rx): (&Receiver<Output>, &Receiver<Output>),
    time: Duration,
) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let late = |_| {
        let text = format!("nft did not end within {} seconds", time.as_secs());
        io::Error::new(io::ErrorKind::TimedOut, text)
    };
    let output = stdout_rx.recv_timeout(time).map_err(late)??;
    let complaint = stderr_rx.recv_timeout(time).map_err(late)?;
    // Whoever complains at such length that it is cut off is heard as far as it was read.
    let complaint = complaint.unwrap_or_else(|it| it.to_string().into_bytes());
    let looks = time.as_millis() / END_INTERVAL.as_millis();
    for _ in 0..looks {
        if let Some(status) = child.try_wait()? {
            return Ok((status, output, complaint));
        }
        thread::park_timeout(END_INTERVAL);
    }
    Err(late(std::sync::mpsc::RecvTimeoutError::Timeout))
}

/// Returns an error that says in one line what the program complained about.
fn refusal(status: ExitStatus, complaint: &[u8]) -> io::Error {
    let complaint = String::from_utf8_lossy(complaint);
    let mut lines = complaint.lines().map(str::trim);
    let first = lines.find(|it| !it.is_empty());
    let Some(first) = first else {
        return io::Error::other(format!("nft ended with {status} and no word"));
    };
    // `place: Error: what` in a script, `Error: what` otherwise.
    let what = first.split_once("Error: ").map_or(first, |it| it.1);
    let kind = if what.contains("Operation not permitted") {
        io::ErrorKind::PermissionDenied
    } else if what.contains("No such file or directory") {
        io::ErrorKind::NotFound
    } else if what.contains("File exists") {
        io::ErrorKind::AlreadyExists
    } else if what.contains("Message too long") {
        io::ErrorKind::ArgumentListTooLong
    } else {
        io::ErrorKind::Other
    };
    let hint = if kind == io::ErrorKind::PermissionDenied {
        " (CAP_NET_ADMIN is needed)"
    } else if kind == io::ErrorKind::ArgumentListTooLong {
        " (the kernel takes no message of this size from here: raise net.core.wmem_max)"
    } else {
        ""
    };
    io::Error::new(kind, format!("nft: {what}{hint}"))
}

#[cfg(test)]
mod tests;
