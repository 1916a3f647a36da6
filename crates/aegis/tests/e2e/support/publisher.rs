//! A publisher of lists: this test binary, started again on a host of the test's network, serves the
//! files of a directory on loopback.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
};

use aegis::lab::testbed::Host;

use super::{host::Running, until};

/// Says in the environment which directory is to be served.
const DIRECTORY: &str = "AEGIS_E2E_PUBLISHER";

/// Where it listens, on loopback.
const PORT: u16 = 8000;

/// What of the directory is no list: a line for each request.
const ASKED: &str = "asked.log";

/// A publisher on a host.
pub(crate) struct Publisher {
    dir: PathBuf,
    _running: Running,
}

impl Publisher {
    /// Serves, where this process was started for that; returns whether it was.
    pub(crate) fn serve_if_assigned() -> bool {
        let Some(dir) = std::env::var_os(DIRECTORY) else {
            return false;
        };
        let dir = PathBuf::from(dir);
        let listener = TcpListener::bind(("127.0.0.1", PORT)).unwrap();
        fs::write(dir.join(ASKED), "").unwrap(); // it is there
        for stream in listener.incoming().flatten() {
            answer(&dir, stream);
        }
        true
    }

    /// Starts `test`, which calls [`Publisher::serve_if_assigned`], on `host`.
    pub(crate) async fn start(host: &Host, dir: &Path, test: &str) -> Self {
        fs::create_dir_all(dir).unwrap();
        let mut command = host.command(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(DIRECTORY, dir).stdout(Stdio::null());
        let publisher = Self {
            dir: dir.to_owned(),
            _running: Running(command.spawn().unwrap()),
        };
        let is_there = async || publisher.dir.join(ASKED).exists().then_some(());
        until("the publisher listens", is_there).await;
        publisher
    }

    /// Publishes a list under a name; returns its address.
    pub(crate) fn publish(&self, name: &str, list: &str) -> String {
        fs::write(self.dir.join(name), list).unwrap();
        format!("http://127.0.0.1:{PORT}/{name}")
    }

    /// Returns what was asked for, each with the status that was answered.
    pub(crate) fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.join(ASKED)).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Answers one request; what is called by the same length is the same version.
fn answer(dir: &Path, stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let name = path.trim_start_matches('/').to_owned();
    let mut stream = reader.into_inner();
    let list = fs::read(dir.join(&name)).unwrap_or_default();
    let etag = format!("\"{}\"", list.len());
    let is_known = head.to_ascii_lowercase().contains("if-none-match") && head.contains(&etag);
    let (status, body) = match (list.is_empty(), is_known) {
        (true, _) => ("404 Not Found", &[][..]),
        (false, true) => ("304 Not Modified", &[][..]),
        (false, false) => ("200 OK", &list[..]),
    };
    let mut log = fs::OpenOptions::new()
        .append(true)
        .open(dir.join(ASKED))
        .unwrap();
    writeln!(log, "{name} {}", &status[..3]).unwrap();
    let length = if is_known { list.len() } else { body.len() };
    let head = format!(
        "HTTP/1.1 {status}\r\netag: {etag}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // Whoever went away meanwhile asks again.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}
