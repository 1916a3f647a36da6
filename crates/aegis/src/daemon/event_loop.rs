//! The loop: whatever happens next is handled, then everything due is, then it waits again.

use std::{net::IpAddr, pin::pin, time::Duration};

use aegis_api::ContactKind;
use aegis_core::{Channel, Input};
use aegis_enforce::{
    EnforceError, EventStream, KernelEvent, VerifiedStream,
    connections::ConnectionWatch,
    host::{HostFacts, HostWatch},
};
use aegis_net::NetEvent;
use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval},
};

use super::{
    Node,
    control::Call,
    disk::Synced,
    feeds::next_feed_call,
    files::{FeedCall, FileRecords},
    logs::{LogEvent, next_log_event},
    names::Resolved,
    places::News,
    reload::next_reload,
};

/// Events of one kind taken in one go: one write to the store covers them, and nobody else waits
/// longer than some milliseconds.
const BURST_MAX: usize = 256;

/// Alerts heard in one go: one write to the store covers them, in a few milliseconds.
pub(super) const HEARD_AT_ONCE: usize = 16;

/// Alerts that sync brought, heard in one go while nobody else has something to say: a write to the
/// store costs almost as much for few as for many, and somebody waits for all of them.
const SYNCED_AT_ONCE: usize = 512;

/// Between two handfuls of an author who says much at once, this thread rests for so many times what
/// the first took. Whatever else needs the processors, on this node and others, gets them in time
/// meanwhile: an author who says a thousand things is heard half a second later, and nobody else is.
const RESTS: u32 = 3;

/// The longest of these rests.
const REST_MAX: Duration = Duration::from_millis(50);

/// How often the store is synced, interfaces are looked at and the tables are swept.
const LOOK_AFTER_INTERVAL: Duration = Duration::from_secs(1);

/// How often the kernel's tables are swept at most: even empty ones take some milliseconds.
const SWEEP_INTERVAL_MIN: Duration = Duration::from_secs(10);

/// How long a sweep serves for each block there is: it takes a microsecond or two for each.
const SWEEP_FOR_EACH: Duration = Duration::from_millis(1);

/// How often the store is pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);

/// How long to wait at most: a wall clock that is set forward is noticed by then.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Where events come from.
pub(super) struct Sources {
    pub(super) kernel_events: EventStream,
    pub(super) verified: VerifiedStream,
    pub(super) net_events_rx: Option<mpsc::Receiver<NetEvent>>,
    pub(super) calls_rx: mpsc::Receiver<Call>,
    pub(super) synced_rx: mpsc::Receiver<Synced>,
    pub(super) names_rx: mpsc::Receiver<Resolved>,
    pub(super) places_rx: mpsc::Receiver<News>,
    pub(super) mirror_rx: Option<watch::Receiver<u64>>,
    pub(super) file_records_rx: Option<mpsc::Receiver<FileRecords>>,
    pub(super) feeds_rx: Option<mpsc::Receiver<FeedCall>>,
    pub(super) subscribed_rx: mpsc::Receiver<FeedCall>,
    pub(super) logs_rx: Option<mpsc::Receiver<LogEvent>>,
    pub(super) host: HostWatch,
    pub(super) connections: Option<ConnectionWatch>,
    pub(super) stop_rx: watch::Receiver<bool>,
    pub(super) reload_rx: mpsc::Receiver<()>,
}

impl Node {
    /// Runs until told to stop.
    pub(super) async fn run(&mut self, sources: &mut Sources) {
        let mut look_after = interval(LOOK_AFTER_INTERVAL);
        let mut prune = interval(PRUNE_INTERVAL);
        look_after.set_missed_tick_behavior(MissedTickBehavior::Delay);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = pin!(tokio::time::sleep(self.wait()));
            tokio::select! {
                _ = sources.stop_rx.wait_for(|is_stopping| *is_stopping) => return,
                event = sources.kernel_events.next() => {
                    self.handle_kernel(event, &mut sources.kernel_events);
                }
                addresses = sources.verified.next() => self.handle_verified(addresses),
                Some(call) = sources.calls_rx.recv() => {
                    self.handle_calls(call, &mut sources.calls_rx);
                }
                event = next_net(&mut sources.net_events_rx), if !self.alerts.is_full() => {
                    self.handle_next_net(event, &mut sources.net_events_rx);
                }
                call = next_feed_call(&mut sources.feeds_rx) => self.handle_feed_call(call),
                Some(call) = sources.subscribed_rx.recv() => self.handle_feed_call(call),
                // Whoever shares this thread has a turn between two handfuls: the control socket.
                () = std::future::ready(()), if self.alerts.has_short() || !self.feeds.is_idle() => {}
                () = tokio::time::sleep_until(self.rests_until), if !self.alerts.is_empty() => {}
                event = next_log_event(&mut sources.logs_rx) => self.handle_log_event(event),
                facts = sources.host.changed() => self.handle_facts(facts),
                addresses = next_connections(&mut sources.connections) => {
                    self.handle_established(addresses);
                }
                Some(synced) = sources.synced_rx.recv() => self.handle_synced(synced),
                Some(it) = sources.names_rx.recv() => self.handle_resolved(it),
                Some(it) = sources.places_rx.recv() => self.handle_places(it),
                event = self.mirror.next(&mut sources.mirror_rx) => {
                    if !self.handle_mirror(event) {
                        sources.mirror_rx = None;
                    }
                }
                records = next_records(&mut sources.file_records_rx) => {
                    self.handle_file_records(records);
                }
                () = next_reload(&mut sources.reload_rx) => drop(self.reload()), // it is logged
                _ = look_after.tick() => self.look_after(),
                _ = prune.tick() => self.prune(),
                () = due => {}
            }
            self.take_in(&mut sources.net_events_rx);
            let was_busy = self.hear() || !self.feeds.is_idle();
            self.apply_some();
            self.handle_due();
            if was_busy {
                // Whoever shares this thread has a turn between two handfuls: the control socket.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Returns how long nothing is due.
    fn wait(&self) -> Duration {
        let due = self.engine.poll_timeout();
        due.map_or(WAIT_MAX, |it| it.since(self.now()).min(WAIT_MAX))
    }

    /// Ends what is due, whatever else keeps the loop busy.
    fn handle_due(&mut self) {
        self.end_trial();
        let now = self.now();
        if self.engine.poll_timeout().is_some_and(|due| due <= now) {
            self.engine.handle_timeout(now);
            self.drain();
        }
    }

    fn handle_kernel(&mut self, event: std::io::Result<KernelEvent>, events: &mut EventStream) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                return self.degraded(format!("the kernel's events cannot be read: {error}"));
            }
        };
        self.take_up();
        let mut next = Some(event);
        for _ in 0..BURST_MAX {
            let Some(event) = next else { break };
            let now = self.now();
            match event.to_detection(now) {
                Some(it) => self.engine.handle_input(now, Input::Detected(it)),
                None => self.handle_finding(now, &event),
            }
            next = events.try_next();
        }
        self.drain();
    }

    fn handle_next_net(
        &mut self,
        event: Option<NetEvent>,
        events_rx: &mut Option<mpsc::Receiver<NetEvent>>,
    ) {
        let Some(event) = event else {
            *events_rx = None;
            self.net = super::Net::default();
            return self.degraded("the network service ended; this node works alone".to_owned());
        };
        self.handle_net(event);
    }

    /// Takes in what the network has ready, so that no alert waits behind another author's flood.
    fn take_in(&mut self, events_rx: &mut Option<mpsc::Receiver<NetEvent>>) {
        let Some(events_rx) = events_rx else { return };
        while !self.alerts.is_full() {
            let Ok(event) = events_rx.try_recv() else {
                break;
            };
            self.handle_net(event);
        }
    }

    /// Hears some of the alerts that wait, an author at a time; returns whether there were any.
    fn hear(&mut self) -> bool {
        let started_at = self.clock.instant();
        self.take_up();
        let may_hear_long = self.rests_until <= started_at;
        let (mut heard, mut is_news) = (0, false);
        while heard < HEARD_AT_ONCE
            && let Some(alert) = self.alerts.pop_short()
        {
            self.engine.handle_input(self.clock.now(), alert);
            heard += 1;
        }
        let mut heard_max = SYNCED_AT_ONCE;
        while may_hear_long
            && heard < heard_max
            && !self.alerts.has_short()
            && let Some(alert) = self.alerts.pop_long()
        {
            if is_gossip(&alert) {
                (is_news, heard_max) = (true, HEARD_AT_ONCE);
            }
            self.engine.handle_input(self.clock.now(), alert);
            heard += 1;
        }
        if heard > 0 {
            self.drain();
        }
        if is_news {
            let now = self.clock.instant();
            self.rests_until = now + (RESTS * (now - started_at)).min(REST_MAX);
        }
        heard > 0
    }

    fn handle_established(&mut self, addresses: Vec<IpAddr>) {
        let now = self.now();
        for address in &addresses {
            self.witness.note(now, *address, ContactKind::Connection);
        }
        self.handle(Input::Established(addresses));
    }

    pub(super) fn handle_facts(&mut self, facts: HostFacts) {
        let HostFacts {
            own,
            gateways,
            resolvers,
            time_servers,
            sessions,
            links,
        } = facts;
        if self.links.note(links) {
            self.send(aegis_net::NetCommand::Reconnect);
        }
        let now = self.now();
        for address in &sessions {
            self.witness.note(now, *address, ContactKind::Login);
        }
        self.answer_for(&own.iter().copied().collect::<Vec<_>>());
        let facts = aegis_core::HostFacts {
            own,
            gateways,
            resolvers,
            time_servers,
            sessions,
        };
        self.handle_host_facts(facts);
    }

    /// Does what must be done now and then whatever happens.
    fn look_after(&mut self) {
        self.liveness.tell();
        self.disk.ask();
        self.refresh_names();
        self.look_after_places();
        self.flush_p2p_logs();
        self.weigh_peers();
        self.reattach();
        self.look_after_cookies();
        self.sweep();
        self.end_attacks();
        self.look_after_logins();
        self.look_after_memory();
        self.look_after_chart();
    }

    /// Defends interfaces that came back under their names, or were left without our program.
    fn reattach(&mut self) {
        let taken_off = self.enforcer.taken_off();
        match self.enforcer.reattach() {
            Ok(true) => {
                for interface in taken_off {
                    let message = format!(
                        "something took the kernel program off {interface}, it is attached again"
                    );
                    self.alarm(&message);
                    self.mended(message);
                }
                self.announce_interfaces();
            }
            Ok(false) => {}
            Err(error) => {
                let error = super::dispatch::chain(&error);
                self.unprotected(format!(
                    "an interface came back and is not defended: {error}"
                ));
            }
        }
    }

    /// Sweeps the kernel's tables, as often as that takes a small part of the time: the Engine ends
    /// blocks by itself, a sweep only finds what it does not know of.
    fn sweep(&mut self) {
        let now = self.now();
        if self.is_in_doubt && self.enforcer.missing_program().is_none() {
            self.keep_in_agreement();
        }
        let count = u32::try_from(self.engine.ruleset().blocks().len()).unwrap_or(u32::MAX);
        if now.since(self.swept_at) < (SWEEP_FOR_EACH * count).max(SWEEP_INTERVAL_MIN) {
            return;
        }
        self.swept_at = now;
        if let Err(error) = self.enforcer.sweep(self.clock.now()) {
            self.read_back = None;
            if matches!(error, EnforceError::Mended { .. }) {
                return self.degraded(error.to_string());
            }
            let error = super::dispatch::chain(&error);
            return self.degraded(format!("the kernel's tables cannot be swept: {error}"));
        }
        // A sweep of nftables compares by itself.
        if self.enforcer.missing_program().is_none() {
            self.keep_in_agreement();
        }
    }

    fn prune(&mut self) {
        if let Err(error) = self.store.prune(self.clock.now()) {
            let error = super::dispatch::chain(&error);
            self.degraded(format!("the store cannot be pruned: {error}"));
        }
        self.rotate_keys();
    }
}

/// Returns whether an alert came as news; what sync asked for is wanted as fast as it can be had.
fn is_gossip(input: &Input) -> bool {
    matches!(
        input,
        Input::AlertReceived {
            channel: Channel::Gossip,
            ..
        }
    )
}

/// Returns the next event, `None` once there is no network any more, nothing where there is none.
async fn next_net(events_rx: &mut Option<mpsc::Receiver<NetEvent>>) -> Option<NetEvent> {
    match events_rx {
        Some(events_rx) => events_rx.recv().await,
        None => std::future::pending().await,
    }
}

/// Returns the next records about files, nothing where there are no files.
async fn next_records(records_rx: &mut Option<mpsc::Receiver<FileRecords>>) -> FileRecords {
    if let Some(open) = records_rx {
        if let Some(records) = open.recv().await {
            return records;
        }
        *records_rx = None; // the files' task has ended
    }
    std::future::pending().await
}

async fn next_connections(connections: &mut Option<ConnectionWatch>) -> Vec<IpAddr> {
    match connections {
        Some(connections) => connections.next().await,
        None => std::future::pending().await,
    }
}
