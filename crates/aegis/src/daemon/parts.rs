//! What a node is put together from.

use std::sync::Arc;

use aegis_api::EventHub;
use aegis_core::{Engine, Timestamp};
use aegis_enforce::{
    Enforcer,
    cookie::{CookieSwitch, ProcSysctl},
};
use aegis_net::Identity;
use aegis_store::Store;
use tokio::sync::watch;

use super::{
    ALERTS_WAITING_MAX, Clock, Disk, FairQueue, HistoryDesk, Net, Node,
    attack::Attacks,
    event_loop::HEARD_AT_ONCE,
    feeds::Feeds,
    join::Joins,
    keys::Keys,
    logs::Logs,
    orders::Orders,
    setup::{open_logs, start_mirror},
    subscriptions::Health,
    witness::Witness,
};
use crate::config::Config;

/// What a node is made of that could not be made in one breath.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) enforcer: Enforcer,
    pub(super) orders: Orders,
    pub(super) cookies: CookieSwitch<ProcSysctl>,
    pub(super) store: Store,
    pub(super) disk: Disk,
    pub(super) history: HistoryDesk,
    pub(super) identity: Identity,
    pub(super) hub: EventHub,
    pub(super) joins: Joins,
    pub(super) keys: Keys,
    pub(super) logs: Logs,
    pub(super) alarms: super::notify::Alarms,
    pub(super) api: Option<String>,
    pub(super) page: Option<String>,
    pub(super) health_rx: watch::Receiver<Arc<Health>>,
}

impl Parts {
    /// Puts the node together; nothing has happened yet.
    pub(super) fn into_node(self, started_at: Timestamp, config: &Config) -> anyhow::Result<Node> {
        let measures = super::metrics::Measures::new(config, &self.engine);
        Ok(Node {
            clock: Clock,
            organisations_tx: watch::Sender::new(self.engine.organisations().clone().into()),
            engine: self.engine,
            enforcer: self.enforcer,
            switch: self.orders.switch,
            witness: Witness::new(started_at),
            names: self.orders.names,
            places: self.orders.places,
            cookies: Box::new(self.cookies),
            store: self.store,
            disk: self.disk,
            history: self.history,
            mirror: start_mirror(config)?,
            board: None,
            lapi: None,
            identity: self.identity,
            net: Net::default(),
            hub: self.hub,
            instance: config.instance.clone(),
            state_dir: config.state_dir.clone(),
            started_at,
            listen: Vec::new(),
            problems: Vec::new(),
            orders: std::collections::BTreeMap::new(),
            ticket: 0,
            changes: Vec::new(),
            alerts: FairQueue::new(ALERTS_WAITING_MAX, HEARD_AT_ONCE),
            rests_until: Clock.instant(),
            feeds: Feeds::new(self.health_rx),
            joins: self.joins,
            keys: self.keys,
            logs: self.logs,
            alarms: self.alarms,
            api: self.api,
            page: self.page,
            chart: super::chart::Chart::open(&config.state_dir, started_at),
            links: super::links::Links::default(),
            liveness: super::liveness::Liveness::find(),
            measures,
            reloader: None,
            last_sync: None,
            placed: super::place::Placed::default(),
            read_back: None,
            swept_at: started_at,
            memory: super::memory::Memory::default(),
            attacks: Attacks::default(),
            p2p_logs: open_logs(config)?,
            difference: None,
            is_in_doubt: false,
        })
    }
}
