//! A node of the lab: a real `aegis run` in a process of its own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aegis_api::{Client, Event, EventKind, Indicator, Status, Timestamp};
use anyhow::Context as _;

/// How long a process is given to end by itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How often something that is waited for is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A running node. Dropping it ends the process.
#[derive(Debug)]
pub struct LabNode {
    /// Its short name.
    pub name: String,
    /// Its control socket.
    pub socket: PathBuf,
    /// What speaks to it.
    pub client: Client,
    child: Option<Child>,
}

impl LabNode {
    /// Starts `command`, which is to run a node with everything it keeps below `dir`.
    pub fn start(
        name: &str,
        mut command: Command,
        dir: &Path,
        socket: PathBuf,
    ) -> anyhow::Result<Self> {
        let log = std::fs::File::create(dir.join(format!("{name}.log"))).context("make the log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("start node {name}"))?;
        let client = Client::new(&socket);
        Ok(Self {
            name: name.to_owned(),
            socket,
            client,
            child: Some(child),
        })
    }

    /// Waits until `found` finds what it looks for in the node's status.
    pub async fn wait_for<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        mut found: impl FnMut(&Status) -> Option<T>,
    ) -> anyhow::Result<T> {
        let looking = async {
            loop {
                if let Ok(status) = self.client.status().await
                    && let Some(it) = found(&status)
                {
                    return it;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        match tokio::time::timeout(deadline, looking).await {
            Ok(it) => Ok(it),
            Err(_) => anyhow::bail!("node {} did not get to: {what}", self.name),
        }
    }

    /// Waits until the node says whether `indicator` is blocked as `is_blocked` wants it.
    pub async fn wait_blocked(
        &self,
        indicator: Indicator,
        is_blocked: bool,
        deadline: Duration,
    ) -> anyhow::Result<()> {
        let looking = async {
            loop {
                let check = self.client.check(indicator).await;
                if check.is_ok_and(|it| it.blocked == is_blocked) {
                    return;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        let wanted = if is_blocked { "blocked" } else { "free" };
        let late = || format!("node {}: {indicator} is not {wanted} in time", self.name);
        tokio::time::timeout(deadline, looking)
            .await
            .with_context(late)
    }

    /// Returns what happened on the node so far, oldest first.
    pub async fn history(&self) -> anyhow::Result<Vec<Event>> {
        let mut stream = self.client.events(true).await?;
        let mut events = Vec::new();
        // The backlog comes at once; what comes later is not history.
        while let Ok(next) = tokio::time::timeout(POLL_INTERVAL * 20, stream.next()).await {
            events.extend(next?);
        }
        Ok(events)
    }

    /// Returns the id of the process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Leaves the process running when this is dropped.
    pub fn keep(&mut self) {
        self.child = None;
    }

    /// Asks the process to end and waits for it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let told = Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .context("run kill")?;
        anyhow::ensure!(told.success(), "node {} was gone already", self.name);
        let ended = async {
            while child.try_wait()?.is_none() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            Ok::<_, std::io::Error>(())
        };
        match tokio::time::timeout(STOP_TIMEOUT, ended).await {
            Ok(ended) => ended.context("wait for the node"),
            Err(_) => {
                child.kill().context("kill the node")?;
                anyhow::bail!("node {} did not stop by itself", self.name)
            }
        }
    }
}

impl Drop for LabNode {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that ended by itself is as it should be.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns when the first event happened that `is_it` recognises.
pub fn first(events: &[Event], is_it: impl Fn(&EventKind) -> bool) -> Option<Timestamp> {
    events.iter().find(|it| is_it(&it.kind)).map(|it| it.at)
}
