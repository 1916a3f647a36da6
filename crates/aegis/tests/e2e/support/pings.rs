//! A source that sends all the while, and when it was answered last.

use std::{
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aegis::lab::testbed::Host;

use super::shell::signal;

/// Milliseconds between two packets: what a figure is exact to.
pub(crate) const INTERVAL_MS: f64 = 2.0;

/// Packets that are out before anything is measured.
pub(crate) const WARM_UP: u64 = 20;

/// Packets from one source, and their answers.
pub(crate) struct Pings {
    ping: std::process::Child,
}

impl Pings {
    /// Begins to send.
    pub(crate) fn start(host: &Host, source: &str, to: &str) -> Self {
        let interval = format!("{}", INTERVAL_MS / 1e3);
        let mut command: Command = host.command("ping");
        command.args(["-n", "-D", "-i", &interval, "-w", "2", "-I", source, to]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        Self {
            ping: command.spawn().unwrap(),
        }
    }

    /// Ends it before its time, so that [`last_answer`](Self::last_answer) does not wait.
    pub(crate) fn end(&self) {
        signal(self.ping.id(), "INT");
    }

    /// Returns when the last answer came, in seconds since 1970; `None` where the source was never
    /// stopped.
    pub(crate) fn last_answer(self) -> Option<f64> {
        let output = self.ping.wait_with_output().unwrap();
        let ended = seconds();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let answers = text.lines().filter(|it| it.contains("bytes from"));
        let times =
            answers.filter_map(|it| it.strip_prefix('[')?.split(']').next()?.parse::<f64>().ok());
        // One that is still answered at the end was not stopped in time.
        let mut times: Vec<f64> = times.collect();
        times.pop().filter(|last| ended - last > 0.1)
    }
}

/// Returns the time of day in seconds since 1970, as `ping` notes it.
pub(crate) fn seconds() -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "compares with the clock of another program"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}
