//! A process of this very program on a host of its own: it plays a role and says what it saw.

use std::process::Stdio;

use anyhow::Context as _;
use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::stage::Stage;

/// Somebody who plays a role until this is dropped.
pub(crate) struct Player {
    _child: Child,
    orders: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
}

impl Player {
    /// Starts it on a host, with its role in the environment under `name`.
    pub(crate) fn start(
        stage: &Stage,
        host: &str,
        (name, role): (&str, &impl Serialize),
    ) -> anyhow::Result<Self> {
        let mut command = Command::from(stage.itself(host)?);
        command.env(name, serde_json::to_string(role)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.context("start a player")?;
        let stdout = child.stdout.take().context("hear a player")?;
        Ok(Self {
            orders: child.stdin.take(),
            _child: child,
            said: BufReader::new(stdout).lines(),
        })
    }

    /// Has it do something.
    pub(crate) async fn tell(&mut self, order: &str) -> anyhow::Result<()> {
        let orders = self.orders.as_mut().context("tell a player: told enough")?;
        let written = orders.write_all(format!("{order}\n").as_bytes()).await;
        written.context("tell a player")
    }

    /// Tells it that there are no more orders.
    pub(crate) fn tell_no_more(&mut self) {
        self.orders = None;
    }

    /// Waits until it says a line that begins with `mark`; returns the rest of the line.
    pub(crate) async fn says(&mut self, mark: &str) -> anyhow::Result<String> {
        loop {
            let line = self.said.next_line().await.context("hear a player")?;
            let line = line.context("hear a player: it ended early")?;
            if let Some(rest) = line.strip_prefix(mark) {
                return Ok(rest.to_owned());
            }
        }
    }
}
