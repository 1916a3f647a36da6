//! Starting and stopping a daemon: everything in the order in which it relies on each other.

use std::{os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc, time::Duration};

use aegis_api::{EventHub, EventKind, KeyRing, MetricsListener, Sessions};
use aegis_core::{
    Action, Actor, AuditEntry, Detection, Evidence, HistoryEntry, HistoryKind, Input, Record,
    ThreatType, file::Announcement,
};
use aegis_enforce::{connections::ConnectionWatch, host::HostWatch};
use aegis_net::{Identity, NetError, NetHandle, NetworkSecret, P2pConfig, PeerAddress};
use aegis_store::Store;
use anyhow::Context as _;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Clock, ControlHandle, Disk, HistoryDesk, Mirror, Net, Node,
    cookies::start_cookies,
    disk::Synced,
    engine::{engine, seed},
    event_loop::Sources,
    exports::{Exports, run_exports},
    files::{self, FileCall, Files},
    http::Doors,
    join::Joins,
    keys::Keys,
    ladder::enforcer,
    lapi::{Lapi, run_lapi},
    logs::Logs,
    metrics::{bind_metrics, run_metrics},
    notify::{Notify, run_notify},
    orders::Orders,
    p2p_log::P2pLogs,
    parts::Parts,
    report,
    restore::{known_peers, open_store, restore},
    subscriptions::{self, Subscriptions},
};
use crate::config::Config;

/// How long peers are given to hear a goodbye.
const NET_STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// A daemon that is set up and waits to run.
pub struct Daemon {
    node: Node,
    sources: Sources,
    net: Option<NetHandle>,
    doors: Doors,
    control: ControlHandle,
    files: Option<Files>,
    exports: Exports,
    subscriptions: Subscriptions,
    lapi: Option<Lapi>,
    metrics: Option<MetricsListener>,
    notify: Option<Notify>,
    config: Config,
}

/// How to reach a daemon from within its own process.
pub struct Ready {
    /// Everything that happens.
    pub hub: EventHub,
    /// Ends it.
    pub stop_tx: watch::Sender<bool>,
    /// Has it read its configuration anew, where it knows how.
    pub reload_tx: mpsc::Sender<()>,
    /// The keys that are given out.
    pub keys: KeyRing,
}

impl Ready {
    fn new(node: &Node, stop_tx: watch::Sender<bool>, reload_tx: mpsc::Sender<()>) -> Self {
        Self {
            hub: node.hub.clone(),
            stop_tx,
            reload_tx,
            keys: node.keys.ring(),
        }
    }
}

impl Daemon {
    /// Opens, loads, attaches and listens; nothing is decided yet.
    #[expect(
        clippy::too_many_lines,
        reason = "everything is made in the order in which it relies on each other"
    )]
    pub async fn start(mut config: Config) -> anyhow::Result<(Self, Ready)> {
        let started_at = Clock.now();
        make_dir(&config.state_dir, 0o700)?;
        let (orders, names_rx, places_rx) = Orders::open(&mut config, started_at);
        let doors = Doors::open(&config).await?;
        let identity = Identity::load_or_create(&config.state_dir.join("node.key"))?;
        let (store, mut snapshot, announcements) = open_store(&config, started_at)?;
        let keys = Keys::new(std::mem::take(&mut snapshot.access_keys), &config.state_dir)?;
        let secret = config.p2p.as_ref().and_then(|it| it.secret);
        let (joins, no_joins) = Joins::open(config.state_dir.clone(), secret);
        let (disk, synced_rx, history) = start_threads(&store, &config)?;
        let known_peers = known_peers(&snapshot);
        let mut engine = engine(&config, &identity, seed()?);
        engine.restore(started_at, restore(snapshot));
        let (host, facts) = watch_host().await?;
        let mut enforcer = enforcer(&config, started_at, engine.ruleset())?;
        let cookies = start_cookies(&mut enforcer, &config);
        let kernel_events = enforcer.events()?;
        let verified = enforcer.verified()?;
        let hub = EventHub::new();
        let (control, calls_rx) = ControlHandle::new(hub.clone());
        let (subscriptions, feeds) = open_feeds(&config, &hub)?;
        let control = control.with_feeds(feeds.calls_tx);
        let net = start_net(&config, (known_peers, joins.secret()), &identity).await?;
        let metrics = bind_metrics(&config).await?;
        let (logs, logs_rx) = Logs::start(config.logs.as_ref(), &config.state_dir)?;
        let (alarms, notify) = Notify::new(config.notify.as_ref(), hub.clone(), &config.state_dir);
        let (stop_tx, stop_rx) = watch::channel(false);
        let (reload_tx, reload_rx) = mpsc::channel(1); // a second wish before the first is granted is the same
        let parts = Parts {
            engine,
            enforcer,
            orders,
            cookies,
            store,
            disk,
            history,
            identity,
            hub,
            joins,
            keys,
            logs,
            alarms,
            api: doors.url()?,
            page: doors.page_url()?,
            health_rx: feeds.health_rx,
        };
        let mut node = parts.into_node(started_at, &config)?;
        node.take_over(facts)?;
        no_joins.into_iter().for_each(|it| node.degraded(it));
        let mut sources = Sources {
            kernel_events,
            verified,
            net_events_rx: None,
            calls_rx,
            synced_rx,
            names_rx,
            places_rx,
            mirror_rx: node.mirror.requests(),
            file_records_rx: None,
            feeds_rx: None,
            subscribed_rx: feeds.orders_rx,
            logs_rx,
            host,
            connections: node.watch_connections(),
            stop_rx,
            reload_rx,
        };
        let mut net = net.map(|it| connect(it, &mut node, &mut sources));
        let (files, ends) = open_files(&config, &node, announcements, net.as_mut())?.unzip();
        let control = control.with_files(ends.map(|it| take_records(it, &mut sources)));
        let sessions = Sessions::new(node.keys.ring(), || Clock.now());
        let control = control.with_page(node.page.clone(), sessions);
        let (exports, exports_tx) = Exports::open(&config.state_dir)?;
        let control = control.with_exports(exports_tx);
        let lapi = Lapi::bind(config.lapi.as_ref(), node.keys.ring()).await?;
        if let Some(it) = &lapi {
            node.fill_board(it.board()?);
        }
        let ready = Ready::new(&node, stop_tx, reload_tx);
        let daemon = Self {
            node,
            sources,
            net,
            doors,
            control,
            files,
            exports,
            subscriptions,
            lapi,
            metrics,
            notify,
            config,
        };
        Ok((daemon, ready))
    }

    /// Has it know how to read its configuration anew.
    pub fn with_reloader(mut self, reloader: super::Reloader) -> Self {
        self.node.reloader = Some(reloader);
        self
    }

    /// Returns what watches and ends this daemon's interfaces, for the first lines a person sees.
    pub fn interfaces(&self) -> &[aegis_enforce::InterfaceState] {
        self.node.enforcer.interfaces()
    }

    /// Runs until told to stop, then says goodbye and leaves the blocks standing.
    pub async fn run(mut self) -> anyhow::Result<()> {
        self.node.announce_start();
        let (stopped_tx, stopped_rx) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped_rx.await; // an error: the loop is gone
        };
        let files = run_files(self.files, self.sources.stop_rx.clone());
        let stop_rx = self.sources.stop_rx.clone();
        let subscriptions = Box::pin(self.subscriptions.run(stop_rx.clone()));
        let lapi = run_lapi(self.lapi, self.control.clone(), stop_rx.clone());
        let exports = run_exports(self.exports, self.control.clone(), stop_rx.clone());
        let metrics = run_metrics(self.metrics, self.control.clone(), stop_rx.clone());
        let notify = run_notify(self.notify, self.control.clone(), stop_rx);
        {
            let serve = self
                .doors
                .serve(self.control, self.node.keys.ring(), stopped);
            let run = async {
                self.node.run(&mut self.sources).await;
                // Told before the server ends whoever listens.
                let now = self.node.now();
                self.node.hub.publish(now, EventKind::ServiceStopping);
                self.sources.calls_rx.close();
                self.node.orders.clear();
                drop(stopped_tx);
            };
            tokio::join!(
                serve,
                run,
                files,
                exports,
                subscriptions,
                lapi,
                metrics,
                notify
            );
        }
        self.node.stop(self.net, &self.config).await
    }
}

impl Node {
    /// Makes the kernel agree with what was restored, and takes in what it did meanwhile.
    fn take_over(&mut self, facts: aegis_enforce::host::HostFacts) -> anyhow::Result<()> {
        let now = self.now();
        self.handle_facts(facts);
        let reconciled = self
            .enforcer
            .reconcile(now, self.engine.ruleset())
            .context("make the kernel agree with the store")?;
        self.resume_mode();
        self.resume_names();
        self.resume_places();
        for blocked in reconciled.unknown {
            // The kernel blocked it while nobody listened: as good as seen just now.
            let detection = Detection {
                indicator: blocked.indicator,
                threat_type: ThreatType::syn_flood(),
                rate: 0,
                evidence: Evidence::Spoofable,
                blocked_until: Some(blocked.expires_at),
            };
            self.handle(Input::Detected(detection));
        }
        self.audit_node(Action::Start, HistoryKind::Started);
        Ok(())
    }

    fn watch_connections(&mut self) -> Option<ConnectionWatch> {
        match ConnectionWatch::start() {
            Ok(watch) => {
                if let Some(limitation) = watch.limitation() {
                    tracing::debug!(limitation, "Short connections may be missed");
                }
                Some(watch)
            }
            Err(error) => {
                self.degraded(format!("working connections are not seen: {error}"));
                None
            }
        }
    }

    /// Tells whoever watches that the node is up.
    fn announce_start(&mut self) {
        let now = self.now();
        self.announce_interfaces();
        if let Some(reason) = self.enforcer.missing_kernel() {
            let message = format!("observing only: {reason}");
            if !self.switch.is_observing() {
                self.alarm(&message);
            }
            self.hub.publish(now, EventKind::Degraded { message });
        }
        if let Some(message) = self.stand_in() {
            self.hub.publish(now, EventKind::Degraded { message });
        }
        let (node_id, listen) = (self.node_id(), self.listen.clone());
        self.hub
            .publish(now, EventKind::ServiceRunning { node_id, listen });
        tracing::info!(node = %node_id, instance = %self.instance, "Service is running");
    }

    /// Tells whoever watches how the program hangs on each interface.
    pub(super) fn announce_interfaces(&self) {
        for it in self.enforcer.interfaces() {
            let kind = EventKind::ProgramAttached {
                interface: it.name.clone(),
                mode: report::attach_mode(it.mode),
                reason: report::reason(it),
            };
            self.hub.publish(self.now(), kind);
        }
    }

    async fn stop(mut self, net: Option<NetHandle>, config: &Config) -> anyhow::Result<()> {
        if let Some(net) = net {
            self.net = Net::default();
            if let Err(error) = net.stop(NET_STOP_TIMEOUT).await {
                tracing::warn!(%error, "The network did not stop cleanly");
            }
        }
        self.handle(Input::Stopping);
        if config.clear_on_exit {
            self.handle(Input::Cleared);
        }
        self.stop_mirror(config.clear_on_exit).await;
        self.cookies.stop(&mut self.enforcer);
        self.flush_p2p_logs();
        self.end_chart();
        self.audit_node(Action::Stop, HistoryKind::Stopped);
        if config.clear_on_exit && self.enforcer.missing_kernel().is_none() {
            drop(self.enforcer); // it holds the instance
            aegis_enforce::detach(&config.instance, &config.bpffs)
                .context("take everything out of the kernel")?;
        }
        tracing::info!("Service stopped");
        Ok(())
    }

    fn audit_node(&mut self, action: Action, kind: HistoryKind) {
        let entry = AuditEntry {
            at: self.now(),
            actor: Actor::Node,
            action,
            indicator: None,
            detail: format!("version {}", env!("CARGO_PKG_VERSION")),
        };
        let happened = HistoryEntry {
            detail: entry.detail.clone(),
            ..HistoryEntry::new(entry.at, kind, Actor::Node)
        };
        let records = [Record::Audit(entry), Record::Happened(happened)];
        if let Err(error) = self.store.apply(&records) {
            self.degraded(format!("the store does not take changes: {error}"));
        }
    }
}

/// Starts the threads that wait for the disk and that search the history.
fn start_threads(
    store: &Store,
    config: &Config,
) -> anyhow::Result<(Disk, mpsc::Receiver<Synced>, HistoryDesk)> {
    let (disk, synced_rx) =
        Disk::start(store.syncer()?, config.history).context("start a thread")?;
    let history = HistoryDesk::start(store.history()?).context("start a thread")?;
    Ok((disk, synced_rx, history))
}

pub(super) fn start_mirror(config: &Config) -> anyhow::Result<Mirror> {
    let start = |it: &aegis_bridge::MirrorConfig| aegis_bridge::start(it.clone(), || Clock.now());
    let handle = config.mirror.as_ref().map(start).transpose();
    Ok(Mirror::new(handle.context("start the mirror")?))
}

async fn watch_host() -> anyhow::Result<(HostWatch, aegis_enforce::host::HostFacts)> {
    let watch = HostWatch::start().await;
    watch.context("watch the host's addresses")
}

pub(super) fn open_logs(config: &Config) -> anyhow::Result<P2pLogs> {
    let dir = config.p2p_log.dir.display();
    P2pLogs::open(&config.p2p_log).with_context(|| format!("open the peers' logs in {dir}"))
}

/// Joins the network's queues with the node; what is left of the handle stops it.
fn connect(mut net: NetHandle, node: &mut Node, sources: &mut Sources) -> NetHandle {
    node.net = Net {
        commands_tx: Some(net.commands_tx.clone()),
        counters: Some(Arc::clone(&net.counters)),
    };
    let (_, closed_rx) = mpsc::channel(1);
    sources.net_events_rx = Some(std::mem::replace(&mut net.events_rx, closed_rx));
    node.engine.announce_organisations(node.now());
    node.drain();
    node.join_again();
    net
}

async fn start_net(
    config: &Config,
    (known_peers, secret): (Vec<PeerAddress>, Option<NetworkSecret>),
    identity: &Identity,
) -> anyhow::Result<Option<NetHandle>> {
    let Some(p2p) = &config.p2p else {
        return Ok(None);
    };
    let p2p = P2pConfig {
        known_peers,
        secret,
        ..p2p.clone()
    };
    let clock = Clock;
    let started = aegis_net::start(p2p, identity, Arc::new(move || clock.now())).await;
    Ok(Some(started.map_err(explained)?))
}

/// Returns an error with what can be done about it, where that is known.
fn explained(error: NetError) -> anyhow::Error {
    let is_of_port = matches!(error, NetError::Listen { .. });
    let error = anyhow::Error::from(error);
    if is_of_port {
        return error.context("choose where else to listen by --port, --listen or p2p.listen");
    }
    error
}

/// Opens the files' task, where files are shared at all.
fn open_files(
    config: &Config,
    node: &Node,
    announcements: Vec<Arc<Announcement>>,
    net: Option<&mut NetHandle>,
) -> anyhow::Result<Option<(Files, files::Ends)>> {
    let Some(files) = config.files.clone() else {
        return Ok(None);
    };
    let (_, closed_rx) = mpsc::channel(1);
    let events_rx = net.map(|it| std::mem::replace(&mut it.file_events_rx, closed_rx));
    let setup = files::Setup {
        config: files,
        dir: config.state_dir.join("files"),
        identity: node.identity.clone(),
        hub: node.hub.clone(),
        organisations_rx: node.organisations_tx.subscribe(),
        announcements,
        commands_tx: node.net.commands_tx.clone(),
        events_rx,
    };
    Files::open(setup)
        .map(Some)
        .context("open the shared files")
}

/// Opens the task that fetches feeds.
fn open_feeds(
    config: &Config,
    hub: &EventHub,
) -> anyhow::Result<(Subscriptions, subscriptions::Ends)> {
    let (feeds, dir) = (config.feeds.clone(), config.state_dir.clone());
    Ok(Subscriptions::open(feeds, dir, hub.clone(), seed()?))
}

/// Has the node's loop take what the files' task wants on record; returns where calls about files go.
fn take_records(ends: files::Ends, sources: &mut Sources) -> mpsc::Sender<FileCall> {
    sources.file_records_rx = Some(ends.records_rx);
    sources.feeds_rx = Some(ends.feeds_rx);
    ends.calls_tx
}

async fn run_files(files: Option<Files>, stop_rx: watch::Receiver<bool>) {
    if let Some(files) = files {
        files.run(stop_rx).await;
    }
}

fn make_dir(path: &Path, mode: u32) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(mode);
    builder
        .create(path)
        .with_context(|| format!("cannot create {}", path.display()))
}
