//! The lab without root: real nodes on loopback that observe; a block on one shows on the others.

use std::{path::PathBuf, process::Command, time::Duration};

use aegis_api::{BlockDuration, BlockRequest, Indicator, Severity};
use anyhow::Context as _;

use super::{
    LabArgs,
    node::LabNode,
    report::{Report, Talk},
};
use crate::daemon::Clock;

/// How long the nodes may take to find each other.
const JOIN_DEADLINE: Duration = Duration::from_secs(10);

/// How long news may take.
const SPREAD_DEADLINE: Duration = Duration::from_secs(5);

/// An address for documentation (RFC 5737): nobody's.
const ATTACKER: &str = "203.0.113.66";

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's cleaning of its temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs what can be run without privileges, and says what was left out.
pub(super) async fn run(args: LabArgs, talk: &Talk) -> anyhow::Result<Report> {
    anyhow::ensure!(
        !args.keep,
        "--keep needs root: without, there are no hosts to enter"
    );
    let started_at = Clock.now();
    let mut report = Report {
        kind: "without root: nodes on loopback that observe",
        left_out: [
            "the flood, its detection and every drop: they need root for kernel programs and \
             network namespaces",
            "mDNS: nodes of one host found each other through their runtime directory",
        ]
        .map(str::to_owned)
        .into(),
        ..Report::default()
    };
    let dir = Dir(std::env::temp_dir().join(format!("aegis-lab-{}", std::process::id())));
    std::fs::create_dir_all(&dir.0).context("make the lab's directory")?;
    talk.step(&format!("starting {} nodes on loopback", args.nodes));
    let mut nodes = Vec::new();
    for number in 0..args.nodes {
        nodes.push(start_node(&dir, &char::from(b'a' + number).to_string())?);
    }
    report.nodes = nodes.iter().map(|it| it.name.clone()).collect();
    let others = nodes.len() as u64 - 1;
    for node in &mut nodes {
        node.wait_for("connected to all other nodes", JOIN_DEADLINE, |status| {
            (status.peers.connected >= others).then_some(())
        })
        .await?;
    }
    let took = Clock.now().since(started_at).as_millis();
    report.prove(
        "the nodes found each other",
        true,
        format!("within {took} ms of their start"),
    );

    talk.step("the operator of the first node blocks an address");
    let attacker: Indicator = ATTACKER.parse()?;
    let ordered_at = Clock.now();
    nodes[0].client.block(&block(attacker)?).await?;
    for node in &nodes {
        node.wait_blocked(attacker, true, SPREAD_DEADLINE).await?;
        let after = Clock.now().since(ordered_at);
        report.moment(
            after.as_secs_f64() * 1000.0,
            &node.name,
            "holds the block".to_owned(),
        );
    }
    let figures = format!("on {} nodes, dropping nothing", nodes.len());
    report.prove("a block on one node is known to all", true, figures);
    for node in nodes {
        node.stop().await?;
    }
    report.took_ms = Clock.now().since(started_at).as_millis() as u64;
    Ok(report)
}

fn start_node(dir: &Dir, name: &str) -> anyhow::Result<LabNode> {
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args([
        "run",
        "--observe",
        "--no-mdns",
        "--interface",
        "lo",
        "--instance",
        name,
    ]);
    command.args(["--listen", "/ip4/127.0.0.1/tcp/0"]);
    command
        .arg("--state-dir")
        .arg(dir.0.join(name))
        .arg("--runtime-dir")
        .arg(&dir.0);
    let socket = dir.0.join(format!("{name}.sock"));
    LabNode::start(name, command, &dir.0, socket)
}

fn block(indicator: Indicator) -> anyhow::Result<BlockRequest> {
    Ok(BlockRequest {
        indicator,
        duration_secs: BlockDuration::from_secs(60).context("a minute is a block duration")?,
        threat_type: "syn_flood".parse()?,
        severity: Severity::new(9).context("nine is a severity")?,
        evidence: None,
        description: None,
        publish: true,
        to: None,
        force: false,
    })
}
