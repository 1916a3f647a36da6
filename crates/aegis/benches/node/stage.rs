//! Nodes on hosts of their own, with everything that must be gone afterwards.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aegis::lab::testbed::{Host, Testbed};
use aegis_api::{Client, Indicator};
use anyhow::Context as _;
use tempfile::TempDir;

/// How long anything that is waited for may take, with a busy machine in mind.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// How often it is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The test that plays a role in a process that was started for it.
const PLAYS_ROLE: &str = "netns_the_benchmark_measures_bad_peers";

/// The last byte of the first host's address; the others follow.
const FIRST_HOST: u8 = 11;

/// Tells the stages of one process apart.
static STAGES: AtomicU32 = AtomicU32::new(0);

/// Hosts on one bridge and nodes on some of them. Everything ends when it is dropped.
pub(crate) struct Stage {
    pub(crate) nodes: Vec<Node>,
    testbed: Testbed,
    dir: TempDir,
    program: PathBuf,
    id: String,
}

/// A running `aegis run`.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) address: Ipv4Addr,
    pub(crate) socket: PathBuf,
    child: Child,
    instance: String,
}

impl Stage {
    /// Makes a network with a host for each name.
    pub(crate) fn new(program: &Path, hosts: &[String]) -> anyhow::Result<Self> {
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let id = format!("bench-{}-{number}", std::process::id());
        let hosts: Vec<(&str, u8)> = hosts.iter().map(String::as_str).zip(FIRST_HOST..).collect();
        Ok(Self {
            nodes: Vec::new(),
            testbed: Testbed::create(&format!("aegis-{id}"), &hosts)?,
            dir: tempfile::tempdir().context("make a directory")?,
            program: program.to_owned(),
            id,
        })
    }

    /// Starts a node as it is by default, but for `sections` of its configuration file.
    pub(crate) fn start(&mut self, host: &str, sections: &str) -> anyhow::Result<&Node> {
        let (state_dir, runtime_dir) = (self.state_dir(host), self.dir.path().join(host));
        std::fs::create_dir_all(&runtime_dir).context("make the node's directory")?;
        let config = runtime_dir.join("aegis.toml");
        let text = format!(
            "interface = \"eth0\"\nauto_publish = true\n\
             state_dir = {state_dir:?}\nruntime_dir = {runtime_dir:?}\n\
             [log]\nfilter = \"warn\"\n{sections}"
        );
        std::fs::write(&config, text).context("write the node's configuration")?;
        let log = std::fs::File::create(runtime_dir.join("log")).context("make the log")?;
        let instance = format!("{}-{host}", self.id);
        let mut command = self.host(host)?.command(&self.program);
        command
            .args(["run", "--instance", &instance, "--config"])
            .arg(&config);
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null());
        let socket = runtime_dir.join(format!("{instance}.sock"));
        let node = Node {
            name: host.to_owned(),
            client: Client::new(&socket),
            address: self.host(host)?.address,
            socket,
            child: silent.stderr(log).spawn().context("start a node")?,
            instance,
        };
        self.nodes.push(node);
        self.nodes.last().context("find the node just started")
    }

    /// Returns where the node of `host` keeps what it must know after a restart.
    pub(crate) fn state_dir(&self, host: &str) -> PathBuf {
        self.dir.path().join(host).join("state")
    }

    /// Returns a command that asks a node, as somebody in a shell does.
    pub(crate) fn aegis(&self, node: &Node) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--socket").arg(&node.socket);
        command
    }

    /// Returns a path for a file that is gone with the stage.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns a command that runs one of the lab's agents on `host`.
    pub(crate) fn agent(&self, host: &str, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.host(host)?.command(&self.program);
        command.arg("lab-agent").args(args);
        Ok(command)
    }

    /// Returns a command that runs this benchmark itself on `host`. Where it is a test, its
    /// harness runs [`PLAYS_ROLE`] alone.
    pub(crate) fn itself(&self, host: &str) -> anyhow::Result<Command> {
        let program = std::env::current_exe().context("find the benchmark")?;
        let mut command = self.host(host)?.command(program);
        command.args(["--exact", PLAYS_ROLE, "--nocapture"]);
        Ok(command)
    }

    /// Waits until every node is connected to all others.
    pub(crate) async fn join(&self) -> anyhow::Result<()> {
        let others = self.nodes.len() as u64 - 1;
        for node in &self.nodes {
            node.connected(others).await?;
        }
        Ok(())
    }

    /// Returns a host by its name.
    pub(crate) fn host(&self, name: &str) -> anyhow::Result<&Host> {
        self.testbed.host(name)
    }
}

impl Node {
    /// Waits until the node answers. Asks in a way that costs the node next to nothing.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let nobody = Indicator::host(Ipv4Addr::new(203, 0, 113, 1).into());
        let asking = || async { self.client.check(nobody).await.is_ok() };
        wait(&format!("node {} answers", self.name), asking).await
    }

    /// Waits until the node has so many peers.
    pub(crate) async fn connected(&self, peers: u64) -> anyhow::Result<()> {
        let asking = || async {
            let status = self.client.status().await;
            status.is_ok_and(|it| it.peers.connected >= peers)
        };
        wait(&format!("node {} has {peers} peers", self.name), asking).await
    }

    /// Returns the id of its process, which `nsenter` has become.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the node to end, and waits until it has.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let told = Command::new("kill").arg(self.pid().to_string()).status();
        anyhow::ensure!(told.context("run kill")?.success(), "a node ended early");
        for _ in 0..DEADLINE.as_millis() / POLL_INTERVAL.as_millis() {
            if self.child.try_wait().context("wait for a node")?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        anyhow::bail!("node {} did not end", self.name)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // One that ended by itself is as it should be, and has left nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Ok(instance) = self.instance.parse() {
            let _ = aegis_enforce::detach(&instance, Path::new(aegis_enforce::DEFAULT_BPFFS));
        }
    }
}

/// Waits until `is_so` says that `what` is so.
pub(crate) async fn wait(what: &str, is_so: impl AsyncFn() -> bool) -> anyhow::Result<()> {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let late = || format!("not in time: {what}");
    tokio::time::timeout(DEADLINE, looking)
        .await
        .with_context(late)
}
