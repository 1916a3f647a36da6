//! The state of the node as a whole: status and stats.

use std::collections::BTreeMap;

use aegis_api::{
    AlertStats, ApiError, AttachMode, Interface, PeerCounts, Stats, Status, SyncState, Traffic,
};
use aegis_enforce::{Counter, InterfaceState, Mode};

use super::{Look, kernel_error};
use crate::daemon::{Node, memory};

/// The detectors by the names that the configuration has for them.
const DETECTORS: [(&str, Counter); 6] = [
    ("syn_flood", Counter::SynFloods),
    ("syn_imbalance", Counter::SynImbalances),
    ("udp_flood", Counter::UdpFloods),
    ("icmp_flood", Counter::IcmpFloods),
    ("port_scan", Counter::PortScans),
    ("syn_flood_destination", Counter::DestinationFloods),
];

impl Node {
    pub(in crate::daemon) fn status(&mut self) -> Result<Status, ApiError> {
        let now = self.now();
        let ruleset = self.ruleset_state(Look::IfOld)?;
        let connected = self.engine.peers().filter(|it| it.is_connected).count();
        let problems = self.all_problems();
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node_id: self.node_id(),
            instance: self.instance.to_string(),
            mode: self.node_mode(),
            confirmation: self.confirmation(),
            started_at: self.started_at,
            uptime_secs: now.since(self.started_at).as_secs(),
            interfaces: self.enforcer.interfaces().iter().map(interface).collect(),
            ruleset,
            peers: PeerCounts {
                connected: connected as u64,
                known: self.engine.peers().count() as u64,
            },
            listen: self.listen.clone(),
            alerts_live: self.engine.alerts_live() as u64,
            sync: self.sync_state(),
            blocks_active: self.engine.ruleset().blocks().len() as u64,
            auto_publish: self.engine.policy().auto_publish,
            severity_min: self.engine.policy().severity_min,
            kernel_map_ids: self
                .enforcer
                .map_ids()
                .into_iter()
                .map(|(_, id)| id)
                .collect(),
            state_dir: self.state_dir.clone(),
            memory_bytes: memory::resident_bytes(),
            problems,
            place: self.place(),
            mirror: self.mirror_state(),
            api: self.api.clone(),
            lapi: self.lapi_state(),
            logs: self.logs.sources(),
            feeds: self.feeds.health().lines.clone(),
        })
    }

    /// Returns what does not work as it should, in words for a person.
    pub(in crate::daemon) fn all_problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        let missing = self.enforcer.missing_kernel();
        problems.extend(missing.map(|it| format!("observing only: {it}")));
        problems.extend(self.stand_in());
        problems.extend(self.missing_cookies());
        problems.extend(self.feeds.health().problems.iter().cloned());
        problems
    }

    pub(in crate::daemon) fn stats(&self) -> Result<Stats, ApiError> {
        let counters = self.enforcer.counters().map_err(kernel_error)?;
        let engine = self.engine.counters();
        let by_reason = counters
            .iter()
            .map(|(counter, value)| (counter.as_str().to_owned(), value));
        let refused = engine
            .refused
            .iter()
            .map(|(code, count)| ((*code).to_owned(), *count));
        let detectors = DETECTORS
            .into_iter()
            .map(|(name, counter)| (name.to_owned(), counters.get(counter)));
        let traffic = |packets, bytes| Traffic {
            packets: counters.get(packets),
            bytes: counters.get(bytes),
        };
        Ok(Stats {
            total: traffic(Counter::Packets, Counter::Bytes),
            passed: Traffic {
                packets: counters.get(Counter::Passed),
                bytes: counters
                    .get(Counter::Bytes)
                    .saturating_sub(counters.get(Counter::DroppedBytes)),
            },
            dropped: traffic(Counter::Dropped, Counter::DroppedBytes),
            early_drops: counters.get(Counter::EarlyDrops),
            packets_by_reason: by_reason.collect(),
            detectors: detectors.collect(),
            events_lost: counters.get(Counter::EventsLost),
            alerts: AlertStats {
                received: engine.received,
                accepted: engine.accepted,
                published: engine.published,
                refused: refused.collect(),
            },
            net: self.net_stats(),
        })
    }

    /// Returns what is missing where nftables stands in for the kernel program.
    pub(in crate::daemon) fn stand_in(&self) -> Option<String> {
        let why = self.enforcer.missing_program()?;
        self.enforcer
            .missing_kernel()
            .is_none()
            .then(|| format!("nftables drops, no kernel program runs and so no detector: {why}"))
    }

    fn sync_state(&self) -> SyncState {
        let counted = self.engine.counters().sync;
        SyncState {
            set_hash: self.engine.live_digest().to_string(),
            last_at: self.last_sync.map(|it| it.at),
            last_peer: self.last_sync.map(|it| it.peer),
            begun: counted.begun,
            equal: counted.equal,
            failed: counted.failed,
            heard: counted.heard,
            given: counted.given,
            answered: counted.answered,
            refused: counted.refused,
        }
    }

    fn net_stats(&self) -> BTreeMap<String, u64> {
        let Some(counters) = &self.net.counters else {
            return BTreeMap::new();
        };
        let it = counters.values();
        let named = [
            ("accepted", it.accepted),
            ("ignored", it.ignored),
            ("rejected", it.rejected),
            ("published", it.published),
            ("direct", it.direct),
            ("unconfirmed", it.unconfirmed),
            ("batches_sent", it.batches_sent),
            ("batches_heard", it.batches_heard),
            ("unheard", it.unheard),
            ("sync_asked", it.sync_asked),
            ("sync_refused", it.sync_refused),
            ("sync_sent_bytes", it.sync_sent_bytes),
            ("sync_received_bytes", it.sync_received_bytes),
            ("synced", it.synced),
            ("events_dropped", it.events_dropped),
            ("heartbeats", it.heartbeats),
            ("peers", it.peers),
        ];
        named.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

fn interface(state: &InterfaceState) -> Interface {
    Interface {
        name: state.name.clone(),
        mode: attach_mode(state.mode),
        reason: reason(state),
    }
}

/// Returns why an interface is defended as it is, and what that costs where it costs more.
pub(in crate::daemon) fn reason(state: &InterfaceState) -> String {
    match state.mode.cost() {
        Some(cost) => format!("{}; {cost}", state.reason),
        None => state.reason.clone(),
    }
}

/// Returns the contract's word for how the program hangs on an interface.
pub(in crate::daemon) fn attach_mode(mode: Mode) -> AttachMode {
    match mode {
        Mode::Native => AttachMode::Native,
        Mode::Generic => AttachMode::Generic,
        Mode::Tcx | Mode::TcFilter => AttachMode::Tc,
        Mode::Nft | Mode::NftPrerouting => AttachMode::Nft,
    }
}
