//! Peers that are no nodes: this test binary, started again on a host of the test's network, says
//! by the network service whatever its role has it say.
//!
//! The test that needs one starts itself with its role in the environment.

use std::{net::Ipv4Addr, process::Stdio, sync::Arc, time::Duration};

use aegis::lab::testbed::Host;
use aegis_api::{BlockDuration, Indicator, NodeId, Severity};
use aegis_core::{Alert, Evidence, Statement, ThreatType};
use aegis_net::{
    Address, Identity, NetCommand, NetEvent, NetHandle, P2pConfig, PORT_DEFAULT,
    gate::{Limits, Quota},
    start, wire,
};
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncReadExt as _, time::timeout};

use super::{DEADLINE, host::Running, indicator, now};

/// Says in the environment which role to play.
const ROLE: &str = "AEGIS_E2E_ROLE";

/// Marks what a role says among what the test harness says.
const MARK: &str = "ROLE ";

/// How long a flooder sends at most.
const FLOOD_FOR: Duration = Duration::from_secs(5);

/// How long a flooder then waits to be cut off.
const CUT_OFF_IN: Duration = Duration::from_secs(10);

/// What to play.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Role {
    /// The only byte of the secret key, so that the test knows who it is.
    pub(crate) key: u8,
    /// Whom to speak to.
    pub(crate) to: String,
    pub(crate) play: Play,
}

/// What a role does.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Play {
    /// Publishes a properly signed alert of each, whatever it is about, and stays.
    Publish(Vec<String>),
    /// Sends so many messages as fast as it can.
    Flood(Kind, u32),
}

/// What a flooder sends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Kind {
    Valid,
    Forged,
    Oversized,
    Garbage,
}

/// What a flooder saw.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Flooded {
    pub(crate) sent: u32,
    pub(crate) took_ms: u64,
    pub(crate) is_cut_off: bool,
}

impl Role {
    /// Returns the role of this process, if it was started for one.
    pub(crate) fn assigned() -> Option<Self> {
        let role = std::env::var(ROLE).ok()?;
        Some(serde_json::from_str(&role).unwrap())
    }

    /// Returns who plays it.
    pub(crate) fn node_id(&self) -> NodeId {
        self.identity().node_id()
    }

    fn identity(&self) -> Identity {
        Identity::from_secret([self.key; 32])
    }

    /// Starts `test`, which calls [`Role::play`], in this role on `host`.
    pub(crate) fn start(&self, host: &Host, test: &str) -> Running {
        let mut command = host.command(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(ROLE, serde_json::to_string(self).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Plays the role to its end.
    pub(crate) async fn play(self) {
        let identity = self.identity();
        // Made before anybody listens: sending is to be as fast as it can be.
        let alerts = match &self.play {
            Play::Publish(texts) => texts
                .iter()
                .map(|it| signed(&identity, indicator(it)))
                .collect(),
            Play::Flood(kind, count) => messages(&identity, *kind, *count),
        };
        let mut handle = start(generous(), &identity, Arc::new(now)).await.unwrap();
        let to: NodeId = self.to.parse().unwrap();
        connected(&mut handle, to).await;
        match self.play {
            Play::Publish(_) => {
                for alert in alerts {
                    handle
                        .commands_tx
                        .send(NetCommand::Publish(alert))
                        .await
                        .unwrap();
                }
                let mut rest = Vec::new();
                tokio::io::stdin().read_to_end(&mut rest).await.unwrap();
            }
            Play::Flood(..) => {
                let flooded = flood(&mut handle, to, alerts).await;
                println!("\n{MARK}{}", serde_json::to_string(&flooded).unwrap());
            }
        }
    }
}

/// Waits until a flooder has ended; returns what it saw.
pub(crate) async fn flooded(mut running: Running) -> Flooded {
    let stdout = running.0.stdout.take().unwrap();
    let read = tokio::task::spawn_blocking(move || std::io::read_to_string(stdout).unwrap());
    let said = timeout(DEADLINE * 2, read).await.unwrap().unwrap();
    let line = said.lines().find_map(|it| it.strip_prefix(MARK));
    serde_json::from_str(line.unwrap_or_else(|| panic!("the flooder failed: {said}"))).unwrap()
}

fn generous() -> P2pConfig {
    let many = Quota {
        burst: 1_000_000,
        per_second: 1_000_000,
    };
    P2pConfig {
        listen: vec![Address::tcp(Ipv4Addr::UNSPECIFIED.into(), PORT_DEFAULT)],
        kad: false,
        limits: Limits {
            trusted_author: many,
            all: many,
            forwarder: many,
            trusted_handover: many,
            ..Limits::default()
        },
        ..P2pConfig::default()
    }
}

async fn connected(handle: &mut NetHandle, to: NodeId) {
    let connected = async {
        while let Some(event) = handle.events_rx.recv().await {
            if matches!(event, NetEvent::PeerConnected { peer, .. } if peer == to) {
                return;
            }
        }
        panic!("the network service ended");
    };
    timeout(DEADLINE, connected).await.unwrap();
}

async fn flood(handle: &mut NetHandle, to: NodeId, alerts: Vec<Arc<Alert>>) -> Flooded {
    let started_at = now();
    let mut flooded = Flooded {
        sent: 0,
        took_ms: 0,
        is_cut_off: false,
    };
    let is_end = |it: &NetEvent| matches!(it, NetEvent::PeerLeft { peer } if *peer == to);
    for alert in alerts {
        handle
            .commands_tx
            .send(NetCommand::Publish(alert))
            .await
            .unwrap();
        flooded.sent += 1;
        while let Ok(event) = handle.events_rx.try_recv() {
            flooded.is_cut_off |= is_end(&event);
        }
        if now().since(started_at) > FLOOD_FOR {
            break;
        }
    }
    flooded.took_ms = now().since(started_at).as_millis() as u64;
    let cut_off = async {
        while let Some(event) = handle.events_rx.recv().await {
            if is_end(&event) {
                return;
            }
        }
    };
    flooded.is_cut_off = flooded.is_cut_off || timeout(CUT_OFF_IN, cut_off).await.is_ok();
    flooded
}

fn statement(indicator: Indicator) -> Statement {
    Statement {
        indicator,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: now().floor_to_secs(),
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    }
}

fn signed(identity: &Identity, indicator: Indicator) -> Arc<Alert> {
    Arc::new(wire::sign(&statement(indicator), identity))
}

/// Returns `count` different messages.
fn messages(identity: &Identity, kind: Kind, count: u32) -> Vec<Arc<Alert>> {
    let model = signed(identity, nth(0));
    let (old, model_text) = (nth(0).to_string(), String::from_utf8_lossy(model.wire()));
    let raw = |text: String| {
        let wire = text.into_bytes().into();
        Arc::new(Alert::from_verified(
            model.author(),
            model.statement().clone(),
            wire,
        ))
    };
    let message = |n: u32| match kind {
        Kind::Valid => signed(identity, nth(n)),
        // Another address under the same signature.
        Kind::Forged => raw(model_text.replace(&old, &nth(n + 1).to_string())),
        Kind::Oversized => raw(format!("{n:>5000}")),
        Kind::Garbage => raw(format!("garbage {n}")),
    };
    (0..count).map(message).collect()
}

/// Returns the `n`th address of a network for benchmarks (RFC 2544).
fn nth(n: u32) -> Indicator {
    let first = Ipv4Addr::new(198, 18, 0, 0).to_bits();
    Indicator::host(Ipv4Addr::from_bits(first + n).into())
}
