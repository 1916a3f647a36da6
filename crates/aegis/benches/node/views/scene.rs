//! A node with everything that makes views long.

use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context as _;

use super::{
    super::{
        Size,
        stage::{self, Node, Stage},
    },
    crowd::{Crowd, NETWORK},
};

/// The hosts.
pub(super) const NODE: &str = "node";
pub(super) const CROWD: &str = "crowd";

/// Imported addresses are spread over 20.0.0.0/6, in which nobody of the crowd is.
const SPREAD: u32 = 0x1400_0000;
const SPREAD_BITS: u32 = 26;
/// Odd, so that no two numbers become the same address: the golden ratio's share of 2³².
const STRIDE: u32 = 0x9e37_79b1;

/// The node and whom it met.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) crowd: Option<Crowd>,
    size: Size,
}

impl Scene {
    /// Starts a node, imports its blocks and has it meet its peers.
    pub(super) async fn new(size: Size, program: &Path) -> anyhow::Result<Self> {
        let mut stage = Stage::new(program, &[NODE, CROWD].map(str::to_owned))?;
        let gateway = stage.host(CROWD)?.address.to_string();
        route(&stage, NODE, &[NETWORK, "via", &gateway])?;
        // Every address of it is the crowd's, without being set one by one.
        route(&stage, CROWD, &["local", NETWORK, "dev", "lo"])?;
        stage.start(NODE, "")?.ready().await?;
        import(&stage, size.watched_blocks)?;
        let crowd = Crowd::meet(&stage, size.known_peers).await?;
        let scene = Self {
            stage,
            crowd: Some(crowd),
            size,
        };
        scene.is_whole().await?;
        Ok(scene)
    }

    /// Ends the node and starts it again, with what it kept.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        for node in &mut self.stage.nodes {
            node.stop().await?;
        }
        self.stage.nodes.clear();
        self.stage.start(NODE, "")?.ready().await?;
        self.is_whole().await
    }

    pub(super) fn node(&self) -> anyhow::Result<&Node> {
        self.stage.nodes.first().context("find the node")
    }

    /// Waits until the kernel holds all blocks and the node knows all peers.
    async fn is_whole(&self) -> anyhow::Result<()> {
        let (blocks, peers) = (self.size.watched_blocks, self.size.known_peers);
        let node = self.node()?;
        let is_whole = async || {
            let status = node.client.status().await;
            status.is_ok_and(|it| {
                it.ruleset.actual >= blocks.into() && it.peers.known == u64::from(peers)
            })
        };
        stage::wait(&format!("{blocks} blocks, {peers} peers"), is_whole).await
    }
}

fn route(stage: &Stage, host: &str, words: &[&str]) -> anyhow::Result<()> {
    let namespace = &stage.host(host)?.namespace;
    let mut command = Command::new("ip");
    command.args(["-n", namespace, "route", "add"]).args(words);
    let done = command.status().context("run ip (Debian: iproute2)")?;
    anyhow::ensure!(done.success(), "cannot add a route on {host}");
    Ok(())
}

/// Imports a list as an operator does.
fn import(stage: &Stage, blocks: u32) -> anyhow::Result<()> {
    let mut text = String::new();
    for number in 0..blocks {
        let spread = number.wrapping_mul(STRIDE) & ((1 << SPREAD_BITS) - 1);
        writeln!(text, "{}", Ipv4Addr::from_bits(SPREAD + spread))?;
    }
    let list = stage.path("list.txt");
    std::fs::write(&list, text).context("write a list")?;
    let node = stage.nodes.first().context("find the node")?;
    let mut command = stage.aegis(node);
    command.args(["import", "list"]).arg(&list);
    command.args(["--for", "4h"]).stdout(Stdio::null());
    let done = command.status().context("run aegis import")?;
    anyhow::ensure!(done.success(), "the list was not imported");
    Ok(())
}
