//! Who takes part: nodes, attacker, bystander, each on its own host.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use aegis_api::{EventKind, Stats, Via};
use anyhow::Context as _;
use tokio::process::Command;

use super::BLOCK_SECS;
use crate::{
    daemon::Clock,
    lab::{
        agent::{Flooded, Visited},
        node::{LabNode, first},
        testbed::{Host, Testbed},
    },
};

/// The last byte of the first node's address; the others follow.
const FIRST_NODE: u8 = 11;
const ATTACKER: u8 = 66;
const BYSTANDER: u8 = 50;

/// Where the nodes serve visitors.
const DOOR_PORT: u16 = 8080;

/// Where the flood goes: a closed port, so that the attacker's host answers nothing.
const FLOODED_PORT: u16 = 81;

/// How long the bystander waits: TCP itself tries a second time after one second, and a busy
/// machine may lose a packet between two namespaces.
const BYSTANDER_PATIENCE_MS: &str = "2500";

/// How long an agent may take for its bounded work.
const AGENT_DEADLINE: Duration = Duration::from_secs(30);

/// How long a server may take to start.
const DOOR_DEADLINE: Duration = Duration::from_secs(5);

/// Everybody, taken down in the order of the fields when dropped.
pub(super) struct Cast {
    pub(super) nodes: Vec<LabNode>,
    doors: Vec<Child>,
    program: PathBuf,
    dir: PathBuf,
    is_kept: bool,
    id: String,
    testbed: Testbed,
}

/// How the nodes came together.
pub(super) struct Joined {
    pub(super) by_mdns: bool,
    took_ms: u64,
    nodes: usize,
}

impl Joined {
    pub(super) fn figures(&self) -> String {
        format!(
            "all {} connected to all others within {} ms of their start",
            self.nodes, self.took_ms
        )
    }
}

/// A bystander at work.
pub(super) struct Visitor(tokio::process::Child);

impl Cast {
    pub(super) fn gather(nodes: u8) -> anyhow::Result<Self> {
        let id = format!("aegis-lab-{}", std::process::id());
        let names: Vec<String> = (0..nodes)
            .map(|it| char::from(b'a' + it).to_string())
            .collect();
        let mut hosts: Vec<(&str, u8)> =
            names.iter().map(String::as_str).zip(FIRST_NODE..).collect();
        hosts.extend([("attacker", ATTACKER), ("bystander", BYSTANDER)]);
        let mut cast = Self {
            nodes: Vec::new(),
            doors: Vec::new(),
            program: std::env::current_exe().context("find this program")?,
            dir: std::env::temp_dir().join(&id),
            is_kept: false,
            testbed: Testbed::create(&id, &hosts)?,
            id,
        };
        std::fs::create_dir_all(&cast.dir).context("make the lab's directory")?;
        for name in &names {
            let node = cast.start_node(name)?;
            cast.nodes.push(node);
        }
        Ok(cast)
    }

    fn start_node(&self, name: &str) -> anyhow::Result<LabNode> {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).context("make the node's directory")?;
        let config = dir.join("aegis.toml");
        let text = format!(
            "interface = \"eth0\"\nauto_publish = true\nclear_on_exit = true\n\
             state_dir = {:?}\nruntime_dir = {:?}\n[log]\nfilter = \"info\"\n\
             [detect.syn_flood]\nblock_for = \"{BLOCK_SECS}s\"\n\
             [[detect.severity]]\nrate_min = 0\nseverity = 8\nblock_for = \"{BLOCK_SECS}s\"\n",
            dir.join("state"),
            dir.join("run"),
        );
        std::fs::write(&config, text).context("write the node's configuration")?;
        let instance = format!("lab-{}-{name}", std::process::id());
        let mut command = self.testbed.host(name)?.command(&self.program);
        command
            .args(["run", "--instance", &instance, "--config"])
            .arg(&config);
        let socket = dir.join("run").join(format!("{instance}.sock"));
        LabNode::start(name, command, &dir, socket)
    }

    /// Waits until every node is connected to every other.
    pub(super) async fn join(&mut self, deadline: Duration) -> anyhow::Result<Joined> {
        let started_at = Clock.now();
        let others = self.nodes.len() as u64 - 1;
        for node in &mut self.nodes {
            node.wait_for("connected to all other nodes", deadline, |status| {
                (status.peers.connected >= others).then_some(())
            })
            .await?;
        }
        let took_ms = Clock.now().since(started_at).as_millis() as u64;
        let mut by_mdns = true;
        for node in &self.nodes {
            let events = node.history().await?;
            let is_mdns =
                |it: &EventKind| matches!(it, EventKind::PeerDiscovered { via: Via::Mdns, .. });
            by_mdns &= first(&events, is_mdns).is_some();
        }
        Ok(Joined {
            by_mdns,
            took_ms,
            nodes: self.nodes.len(),
        })
    }

    pub(super) fn address(&self, host: &str) -> anyhow::Result<IpAddr> {
        Ok(self.testbed.host(host)?.address.into())
    }

    fn host_of(&self, node: &LabNode) -> anyhow::Result<&Host> {
        self.testbed.host(&node.name)
    }

    /// Starts a server on every node, and waits until each is there.
    pub(super) async fn open_doors(&mut self) -> anyhow::Result<()> {
        for door in self.door_addresses()? {
            let host = self
                .testbed
                .hosts()
                .iter()
                .find(|it| door.ip() == IpAddr::V4(it.address));
            let host = host.context("find the host of a door")?.clone();
            let mut command = host.command(&self.program);
            command.args(["lab-agent", "serve"]).arg(door.to_string());
            let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
            self.doors.push(child.context("start a server")?);
            self.wait_for_door(&host, door).await?;
        }
        Ok(())
    }

    async fn wait_for_door(&self, host: &Host, door: SocketAddr) -> anyhow::Result<()> {
        let knocking = async {
            loop {
                let visited = self.visit(host, &[door], 1).await?;
                if visited.answered == 1 {
                    return Ok::<_, anyhow::Error>(());
                }
            }
        };
        let late = || format!("the server on {door} did not start");
        tokio::time::timeout(DOOR_DEADLINE, knocking)
            .await
            .with_context(late)?
    }

    fn door_addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let door = |node| Ok((self.host_of(node)?.address, DOOR_PORT).into());
        self.nodes.iter().map(door).collect()
    }

    /// Starts the bystander, who visits every node in turn.
    pub(super) fn start_visitor(&self) -> anyhow::Result<Visitor> {
        let mut command = self.agent(self.testbed.host("bystander")?, "visit");
        command.args(self.door_addresses()?.iter().map(ToString::to_string));
        command
            .args(["--every-ms", "10", "--patience-ms", BYSTANDER_PATIENCE_MS])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Ok(Visitor(command.spawn().context("start the bystander")?))
    }

    /// Lets `host` visit the nodes `count` times in turn.
    pub(super) async fn knock(&self, host: &str, count: u32) -> anyhow::Result<Visited> {
        self.visit(self.testbed.host(host)?, &self.door_addresses()?, count)
            .await
    }

    /// Lets `host` visit one node `count` times.
    pub(super) async fn knock_at(
        &self,
        host: &str,
        node: &LabNode,
        count: u32,
    ) -> anyhow::Result<Visited> {
        let door = (self.host_of(node)?.address, DOOR_PORT).into();
        self.visit(self.testbed.host(host)?, &[door], count).await
    }

    async fn visit(&self, host: &Host, to: &[SocketAddr], count: u32) -> anyhow::Result<Visited> {
        let mut command = self.agent(host, "visit");
        command.args(to.iter().map(ToString::to_string));
        command.args(["--every-ms", "1", "--count", &count.to_string()]);
        said(command).await
    }

    /// Lets the attacker flood the first node.
    pub(super) async fn flood(&self, count: u32, rate: u32) -> anyhow::Result<Flooded> {
        let target = self.host_of(&self.nodes[0])?.address;
        let mut command = self.agent(self.testbed.host("attacker")?, "flood");
        command.arg(format!("{target}:{FLOODED_PORT}"));
        command.args(["--count", &count.to_string(), "--rate", &rate.to_string()]);
        said(command).await
    }

    fn agent(&self, host: &Host, what: &str) -> Command {
        let mut command = host.command(&self.program);
        command.args(["lab-agent", what]);
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        command
    }

    /// Returns every node's counters.
    pub(super) async fn counters(&self) -> anyhow::Result<BTreeMap<String, Stats>> {
        let mut counters = BTreeMap::new();
        for node in &self.nodes {
            counters.insert(node.name.clone(), node.client.stats().await?);
        }
        Ok(counters)
    }

    /// Leaves everything up; returns how to enter each host and how to take it down.
    pub(super) fn keep(&mut self) -> Vec<String> {
        self.is_kept = true;
        self.testbed.keep();
        let mut notes = vec![String::from("\nEverything is left up. To enter:")];
        for host in self.testbed.hosts() {
            notes.push(format!(
                "  nsenter --net=/run/netns/{} bash",
                host.namespace
            ));
        }
        notes.push("To ask a node, from anywhere:".to_owned());
        for node in &mut self.nodes {
            node.keep();
            notes.push(format!("  aegis --socket {} status", node.socket.display()));
        }
        notes.push("To take it down: aegis lab --clean && aegis detach --all".to_owned());
        notes
    }

    /// Stops every node the way an operator would.
    pub(super) async fn dismiss(mut self) -> anyhow::Result<()> {
        for node in std::mem::take(&mut self.nodes) {
            node.stop().await?;
        }
        Ok(())
    }
}

impl Drop for Cast {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        self.nodes.clear();
        for door in &mut self.doors {
            // One that ended by itself is as it should be.
            let _ = door.kill();
            let _ = door.wait();
        }
        for host in self.testbed.hosts() {
            let instance = self.id.replace("aegis-lab", "lab") + "-" + &host.name;
            if let Ok(instance) = instance.parse() {
                // Nodes that stopped by themselves have left nothing behind.
                let bpffs = std::path::Path::new(aegis_enforce::DEFAULT_BPFFS);
                let _ = aegis_enforce::detach(&instance, bpffs);
            }
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Visitor {
    /// Ends the visits and returns what came of them.
    pub(super) async fn finish(mut self) -> anyhow::Result<Visited> {
        drop(self.0.stdin.take());
        let output = tokio::time::timeout(AGENT_DEADLINE, self.0.wait_with_output())
            .await
            .context("the bystander did not come back")?
            .context("wait for the bystander")?;
        serde_json::from_slice(&output.stdout).context("read what the bystander saw")
    }
}

/// Runs an agent to its end and returns what it says.
async fn said<T: serde::de::DeserializeOwned>(mut command: Command) -> anyhow::Result<T> {
    // An open standard input: its end would end the agent early.
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("start an agent")?;
    let stdin = child.stdin.take();
    let output = tokio::time::timeout(AGENT_DEADLINE, child.wait_with_output())
        .await
        .context("an agent did not come back")?
        .context("wait for an agent")?;
    drop(stdin);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).with_context(|| format!("an agent failed: {complaint}"))
}
