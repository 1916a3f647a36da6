//! One node of a simulated network: an Engine with a clock of its own and a disk, or a hostile one.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use aegis_core::{
    Alert, AlertId, AskPolicy, Engine, EngineConfig, NodeId, Policy, Preset, Record, Restore,
    Timestamp,
    sync::{self, LiveSet},
    trust::aegis::AegisModel,
};

/// When a simulation begins, in milliseconds of Unix time.
pub(super) const START: u64 = 1_800_000_000_000;

/// How long an alert that was seen is not passed on again: as long as gossip remembers.
const SEEN_FOR: u64 = 600_000;

/// What a node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// Runs this program.
    Honest,
    /// Takes, and says nothing.
    Mute,
    /// Forgets nothing that ended or was taken back, and says it again and again.
    Replayer,
}

/// Everything a replayer ever saw.
#[derive(Debug)]
struct Hoard {
    live: LiveSet,
    alerts: BTreeMap<AlertId, Arc<Alert>>,
}

/// A node.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) role: Role,
    pub(super) engine: Engine,
    pub(super) is_up: bool,
    pub(super) peers: Vec<usize>,
    /// When it is to be woken, in true time.
    pub(super) wake_at: Option<u64>,
    hoard: Option<Hoard>, // of a replayer
    /// What it took back or heard to be taken back, in this life.
    pub(super) gone: BTreeSet<AlertId>,
    skew: i64,
    seed: u64,
    disk: BTreeMap<AlertId, (Arc<Alert>, Timestamp)>,
    seen: BTreeMap<AlertId, u64>,
}

impl Node {
    /// Returns node number `place`; its clock is ahead by `skew` milliseconds.
    pub(super) fn new(place: usize, role: Role, skew: i64, seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(place as u64 + 1).to_be_bytes());
        // So that the order of ids is not that of places.
        key[8..16].copy_from_slice(&seed.to_be_bytes());
        key.rotate_left(8);
        let id = NodeId::from_public_key(key);
        Self {
            id,
            role,
            engine: engine(id, seed),
            is_up: true,
            peers: Vec::new(),
            wake_at: None,
            hoard: (role == Role::Replayer).then(|| Hoard {
                live: LiveSet::new(seed),
                alerts: BTreeMap::new(),
            }),
            gone: BTreeSet::new(),
            skew,
            seed,
            disk: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Returns what its clock shows at the true time `at`.
    pub(super) fn clock(&self, at: u64) -> Timestamp {
        Timestamp::from_millis((START + at).saturating_add_signed(self.skew))
    }

    /// Returns the true time at which its clock shows `due`.
    pub(super) fn true_time(&self, due: Timestamp) -> u64 {
        let millis = due.as_millis().saturating_add_signed(-self.skew);
        millis.saturating_sub(START)
    }

    /// Returns whether gossip brings it `id` for the first time.
    pub(super) fn sees(&mut self, at: u64, id: AlertId) -> bool {
        let last = self.seen.insert(id, at);
        last.is_none_or(|last| at - last > SEEN_FOR)
    }

    /// Keeps what must survive a restart; returns an alert that came back although it was taken
    /// back.
    pub(super) fn persist(&mut self, record: Record) -> Option<AlertId> {
        if let Record::AlertRemoved(id) = record {
            self.disk.remove(&id);
            return None;
        }
        let Record::AlertAdded { alert, received_at } = record else {
            return None;
        };
        let id = alert.id();
        self.gone.extend(alert.statement().withdraws);
        self.disk.insert(id, (alert, received_at));
        self.gone.contains(&id).then_some(id)
    }

    /// Starts again, with what is on the disk or with nothing.
    pub(super) fn restart(&mut self, at: u64, is_disk_lost: bool) {
        self.seed = self.seed.wrapping_add(1);
        self.engine = engine(self.id, self.seed);
        self.seen.clear();
        self.wake_at = None;
        if is_disk_lost {
            self.disk.clear();
            self.gone.clear();
        }
        let restore = Restore {
            alerts: self.disk.values().cloned().collect(),
            ..Restore::default()
        };
        let now = self.clock(at);
        self.engine.restore(now, restore);
        self.is_up = true;
    }

    /// Remembers an alert for ever, if it is one who does.
    pub(super) fn keep(&mut self, alert: &Arc<Alert>) {
        if let Some(hoard) = &mut self.hoard {
            hoard.live.insert(alert.id());
            hoard.alerts.insert(alert.id(), alert.clone());
        }
    }

    /// Returns all that it remembers for ever.
    pub(super) fn hoarded(&self) -> Vec<Arc<Alert>> {
        let all = self.hoard.iter().flat_map(|it| it.alerts.values());
        all.cloned().collect()
    }

    /// Answers as a replayer does.
    pub(super) fn answer_from_hoard(
        &self,
        request: &sync::Request<Arc<Alert>>,
    ) -> Option<sync::Answer<Arc<Alert>>> {
        let hoard = self.hoard.as_ref()?;
        let find = |id: &AlertId| hoard.alerts.get(id).cloned();
        Some(sync::answer(&hoard.live, find, request))
    }
}

fn engine(node: NodeId, seed: u64) -> Engine {
    Engine::new(EngineConfig {
        node,
        policy: Policy::default(),
        ask: AskPolicy {
            automatic: false,
            challenge_every: None,
            ..AskPolicy::default()
        },
        model: Box::new(AegisModel::default()),
        preset: Preset::Lan,
        pretrust: BTreeMap::new(),
        seed,
        configured_addresses: Vec::new(),
        blocks_max: 10_000,
    })
}
