//! The daemon: one task owns the Engine, everything else sends it events and carries out effects.
//!
//! ```text
//! net ──NetEvent──▶ ┌─────────────────────────────┐ ──NetCommand──▶ net
//! kernel ─events──▶ │ Node: event → Engine →      │ ──Change──────▶ kernel
//! host ───facts───▶ │ effects, in order           │ ──Record──────▶ store
//! control ─calls──▶ └─────────────────────────────┘ ──Event───────▶ hub (console, `events`)
//! ```

mod agreement;
mod answer;
mod attack;
mod chart;
mod clock;
mod control;
mod cookies;
mod disk;
mod dispatch;
mod engine;
mod event_loop;
mod exports;
mod fair;
mod feeds;
mod files;
mod history;
mod http;
mod join;
mod keys;
mod ladder;
mod lapi;
mod links;
mod liveness;
mod logs;
mod memory;
mod metrics;
mod mirror;
mod mode;
mod names;
mod notice;
mod notify;
mod orders;
mod organisation;
mod p2p_log;
mod parts;
mod peer_log;
mod place;
mod places;
mod preview;
mod process;
mod reload;
mod replaced;
mod report;
mod reports;
mod restore;
mod safety;
mod setup;
mod subscriptions;
mod summary;
mod sync;
mod tell;
mod witness;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use aegis_api::{ApiError, DecisionBoard, EventHub, Reply};
use aegis_core::{Change, Engine, Input, NodeId, Organisations, Timestamp};
use aegis_enforce::{
    Enforcer, InstanceName,
    cookie::{CookieSwitch, ProcSysctl},
};
use aegis_net::{Identity, NetCommand};
use aegis_store::Store;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use attack::Attacks;
use disk::Disk;
use fair::FairQueue;
use history::HistoryDesk;
use mirror::Mirror;

pub use clock::Clock;
pub use control::ControlHandle;
pub(crate) use engine::model;
pub(crate) use exports::entry;
pub use files::FilesConfig;
pub use logs::LogsConfig;
pub(crate) use notify::send;
pub use notify::{NotifyConfig, Topic, Way};
pub use p2p_log::P2pLogConfig;
pub(crate) use places::REGIONS_MAX;
pub use reload::{ReadConfig, Reloader, SetFilter};
pub use setup::{Daemon, Ready};
pub use subscriptions::FeedsConfig;

/// Problems shown at a time: a person reads no more, the log has them all.
const PROBLEMS_MAX: usize = 20;

/// Alerts that wait to be heard: as many as wait in the network's own queue.
const ALERTS_WAITING_MAX: usize = 4096;

/// The state of a running node: what the one task owns.
struct Node {
    clock: Clock,
    engine: Engine,
    enforcer: Enforcer,
    switch: mode::Switch,
    witness: witness::Witness,
    names: names::Names,
    places: places::PlaceDesk,
    cookies: Box<CookieSwitch<ProcSysctl>>,
    store: Store,
    disk: Disk,
    history: HistoryDesk,
    mirror: Mirror,
    /// What bouncers are shown; `None` where they are not.
    board: Option<DecisionBoard>,
    /// Where the Local API of CrowdSec is.
    lapi: Option<String>,
    identity: Identity,
    net: Net,
    /// Who belongs to which organisation, for the task that owns the files.
    organisations_tx: watch::Sender<Arc<Organisations>>,
    hub: EventHub,
    instance: InstanceName,
    state_dir: PathBuf,
    started_at: Timestamp,
    listen: Vec<String>,
    problems: Vec<String>,
    orders: BTreeMap<u64, Waiting>,
    ticket: u64,
    changes: Vec<Change>,
    alerts: FairQueue<NodeId, Input>,
    rests_until: Instant, // authors of whom much waits are not heard before
    feeds: feeds::Feeds,
    joins: join::Joins,
    keys: keys::Keys,
    /// Where the HTTP API is.
    api: Option<String>,
    /// Where the page is.
    page: Option<String>,
    chart: chart::Chart,
    links: links::Links,
    liveness: liveness::Liveness,
    measures: metrics::Measures,
    reloader: Option<Reloader>,
    logs: logs::Logs,
    alarms: notify::Alarms,
    last_sync: Option<sync::LastSync>,
    placed: place::Placed,
    read_back: Option<report::ReadBack>,
    swept_at: Timestamp,
    memory: memory::Memory,
    attacks: Attacks,
    p2p_logs: p2p_log::P2pLogs,
    /// What differs between the kernel and the ruleset, as it was told.
    difference: Option<String>,
    /// Whether something made the kernel's tables look wrong, so that they are to be compared.
    is_in_doubt: bool,
}

/// The network as the daemon sees it: a queue down and counters, or nothing.
#[derive(Default)]
struct Net {
    commands_tx: Option<mpsc::Sender<NetCommand>>,
    counters: Option<Arc<aegis_net::Counters>>,
}

/// A caller that waits for the answer to an order.
struct Waiting {
    request: aegis_api::Request,
    reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
}

impl Node {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn node_id(&self) -> NodeId {
        self.engine.node()
    }

    /// Keeps a problem for `status`, and tells whoever watches.
    fn degraded(&mut self, message: String) {
        tracing::warn!(problem = message, "Degraded");
        if !self.problems.contains(&message) {
            if self.problems.len() >= PROBLEMS_MAX {
                self.problems.remove(0);
            }
            self.problems.push(message.clone());
            let at = self.now();
            self.hub
                .publish(at, aegis_api::EventKind::Degraded { message });
        }
    }
}
