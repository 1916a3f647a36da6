//! A peer that is no node: it says by the network service what no honest node says, as fast as it
//! is told to. It runs in a process of its own, which a test or a benchmark starts.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use aegis::daemon::Clock;
use aegis_api::{BlockDuration, Indicator, NodeId, Severity};
use aegis_core::{Alert, Evidence, Statement, ThreatType};
use aegis_net::{
    Address, Identity, NetCommand, NetEvent, NetHandle, P2pConfig, PORT_DEFAULT,
    gate::{Limits, Quota},
    start, wire,
};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How long a bad peer looks for whom it is to speak to.
const CONNECTED_IN: Duration = Duration::from_secs(20);

/// What a flooder sends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Kind {
    /// Alerts as they must be, signed.
    Valid,
    /// Alerts whose signature is of another alert.
    Forged,
    /// More bytes than any alert has.
    Oversized,
    /// No alert at all.
    Garbage,
}

/// How much a flooder sends, and how fast.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Flood {
    pub(crate) kind: Kind,
    pub(crate) messages: u32,
    /// As fast as it can where there is none.
    pub(crate) per_second: Option<u32>,
    /// How long it sends at most.
    pub(crate) lasts: Duration,
    /// How long it then waits to be cut off.
    pub(crate) waits: Duration,
}

/// What a flooder saw.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Flooded {
    pub(crate) sent: u32,
    pub(crate) took_ms: u64,
    pub(crate) is_cut_off: bool,
}

/// A bad peer that is connected and has its messages ready.
pub(crate) struct Flooder {
    flood: Flood,
    to: NodeId,
    handle: NetHandle,
    alerts: Vec<Arc<Alert>>,
}

impl Flooder {
    /// Connects to the node `to`; sends nothing yet.
    pub(crate) async fn join(
        flood: Flood,
        identity: &Identity,
        to: NodeId,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            flood,
            to,
            // Made before anybody listens: sending is to be as fast as it can be.
            alerts: messages(identity, flood.kind, flood.messages),
            handle: join(identity, to).await?,
        })
    }

    /// Sends everything, then waits to be cut off.
    pub(crate) async fn send(self) -> anyhow::Result<Flooded> {
        let Self {
            flood,
            to,
            mut handle,
            alerts,
        } = self;
        let is_end = |it: &NetEvent| matches!(it, NetEvent::PeerLeft { peer, .. } if *peer == to);
        let mut flooded = Flooded {
            sent: 0,
            took_ms: 0,
            is_cut_off: false,
        };
        let started_at = now();
        for alert in alerts {
            flood.keep_pace(started_at, flooded.sent).await;
            let command = NetCommand::Publish(alert);
            handle.commands_tx.send(command).await.context("send")?;
            flooded.sent += 1;
            while let Ok(event) = handle.events_rx.try_recv() {
                flooded.is_cut_off |= is_end(&event);
            }
            if started_at.elapsed() > flood.lasts {
                break;
            }
        }
        flooded.took_ms = u64::try_from(started_at.elapsed().as_millis())?;
        let cut_off = async {
            while let Some(event) = handle.events_rx.recv().await {
                if is_end(&event) {
                    return;
                }
            }
        };
        flooded.is_cut_off = flooded.is_cut_off || timeout(flood.waits, cut_off).await.is_ok();
        Ok(flooded)
    }
}

impl Flood {
    /// Waits until the message after `sent` others is due.
    async fn keep_pace(self, started_at: Instant, sent: u32) {
        if let Some(per_second) = self.per_second {
            sleep_until(started_at + Duration::from_secs(1) * sent / per_second).await;
        }
    }
}

/// Starts a network service that does not limit itself, and connects it to `to`.
pub(crate) async fn join(identity: &Identity, to: NodeId) -> anyhow::Result<NetHandle> {
    let mut handle = start(generous(), identity, Arc::new(|| Clock.now())).await?;
    let is_it = |it: &NetEvent| matches!(it, NetEvent::PeerConnected { peer, .. } if *peer == to);
    let deadline = now() + CONNECTED_IN;
    loop {
        let event = timeout_at(deadline, handle.events_rx.recv()).await;
        let event = event.context("connect in time")?;
        if is_it(&event.context("connect: the network service ended")?) {
            return Ok(handle);
        }
    }
}

/// Returns an alert about `indicator`, as it must be.
pub(crate) fn signed(identity: &Identity, indicator: Indicator) -> Arc<Alert> {
    let statement = Statement {
        indicator,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: Clock.now().floor_to_secs(),
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, identity))
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

#[expect(clippy::disallowed_methods, reason = "a flood has a pace")]
fn now() -> Instant {
    Instant::now()
}
