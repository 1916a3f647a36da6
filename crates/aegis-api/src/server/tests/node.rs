//! A scripted node: every request has one known answer.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aegis_core::{AlertId, Confidence, Indicator, NodeId, Score, Severity, ThreatType, Timestamp};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::{Notify, oneshot},
    task::JoinSet,
};

use crate::{
    AllowEntry, ApiError, AttachMode, AuditReport, Block, Blocked, Caller, Check, Client, Control,
    Disallowed, ErrorCode, Event, EventHub, EventKind, EventStream, Evidence, HistoryGroup,
    HistoryId, HistoryKind, HistoryLine, Interface, JudgedWord, Listener, LocalOpinion, ModelKind,
    NetworkOpinion, NodeMode, Origin, Page, Peer, PeerClass, PeerCounts, PeerTrust, Published,
    Reloaded, Reply, Request, RulesetState, Stance, Stats, Status, SyncState, TrendPoint,
    TrustForgotten, Truth, Unblocked, VoiceLine, Why, serve,
};

/// Long enough for a busy machine; nothing waits for it unless it fails.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);

/// Asking why about this address is answered only once the gate opens.
pub(super) const GATED: &str = "198.51.100.99";

/// A server on a socket of its own; dropping it stops the server.
pub(super) struct Node {
    pub(super) client: Client,
    pub(super) path: PathBuf,
    pub(super) hub: EventHub,
    pub(super) gate: Arc<Notify>,
    stop_tx: oneshot::Sender<()>,
    server: JoinSet<()>,
    _directory: TempDir,
}

#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) hub: EventHub,
    gate: Arc<Notify>,
}

impl Node {
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("control.sock");
        let listener = Listener::bind(&path).expect("binds");
        let (hub, gate) = (EventHub::new(), Arc::new(Notify::new()));
        let script = Script {
            hub: hub.clone(),
            gate: Arc::clone(&gate),
        };
        let (stop_tx, stop_rx) = oneshot::channel();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, script, async {
            let _ = stop_rx.await;
        }));
        Self {
            client: Client::new(&path),
            path,
            hub,
            gate,
            stop_tx,
            server,
            _directory: directory,
        }
    }

    pub(super) async fn stop(mut self) {
        self.stop_tx.send(()).expect("the server runs");
        let ended = tokio::time::timeout(DEADLINE, self.server.join_next());
        ended
            .await
            .expect("it ends in time")
            .expect("a server")
            .expect("no panic");
        assert!(!self.path.exists(), "the socket is gone");
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(super) async fn raw(&self, request: &str) -> String {
        let mut stream = UnixStream::connect(&self.path).await.expect("connects");
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer));
        let _ = read.await.expect("it closes in time");
        String::from_utf8(answer).expect("text")
    }
}

pub(super) fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

pub(super) fn node_id() -> NodeId {
    NodeId::from_public_key([7; 32])
}

pub(super) fn block(number: u32) -> Block {
    Block {
        indicator: Indicator::host(std::net::Ipv4Addr::from(0x0a00_0000 + number).into()),
        origin: Origin::Operator,
        author: node_id(),
        file: None,
        region: None,
        feed: None,
        alert_id: Some(AlertId::from_bytes([3; 16])),
        members_only: false,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: Evidence::Verified,
        decided_at: NOW,
        expires_at: NOW + Duration::from_secs(300),
        ttl_secs: 300,
        packets: 5,
        bytes: 300,
        violations: 1,
        location: None,
    }
}

pub(super) fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        node_id: node_id(),
        instance: "default".into(),
        mode: NodeMode::Observe,
        confirmation: None,
        started_at: NOW,
        uptime_secs: 5,
        interfaces: vec![Interface {
            name: "lo".into(),
            mode: AttachMode::Generic,
            reason: "loopback has no driver".into(),
        }],
        ruleset: RulesetState {
            intended: 3,
            actual: 3,
            missing: 0,
            surplus: 0,
            misdated: 0,
            checked_at: NOW,
            generation: 9,
            in_agreement: true,
        },
        peers: PeerCounts {
            connected: 1,
            known: 2,
        },
        listen: vec!["/ip4/127.0.0.1/tcp/9001".into()],
        alerts_live: 4,
        sync: SyncState {
            set_hash: "0123456789abcdef".into(),
            last_at: Some(NOW),
            last_peer: Some(node_id()),
            ..SyncState::default()
        },
        blocks_active: 3,
        auto_publish: true,
        severity_min: Severity::MEDIUM,
        kernel_map_ids: vec![11, 12],
        state_dir: "state".into(),
        memory_bytes: 1 << 24,
        problems: Vec::new(),
        place: None,
        mirror: None,
        api: None,
        page: None,
        lapi: None,
        logs: None,
        feeds: Vec::new(),
    }
}

pub(super) fn audit_report() -> AuditReport {
    AuditReport {
        whole: true,
        rows: 3,
        cut_through: 0,
        last_seq: 3,
        head: "00ff".into(),
        fault: None,
    }
}

fn line() -> HistoryLine {
    HistoryLine {
        id: HistoryId { at: NOW, seq: 3 },
        at: NOW,
        kind: HistoryKind::Blocked,
        actor: "user:0".into(),
        indicator: Some(ip("192.0.2.7")),
        threat_type: None,
        severity: Some(7),
        until: None,
        detail: String::new(),
        location: None,
    }
}

fn group() -> HistoryGroup {
    HistoryGroup {
        key: "user:0".into(),
        entries: 3,
        detections: 1,
        alerts: 0,
        blocks: 1,
        indicators: 1,
        first_at: NOW,
        last_at: NOW,
    }
}

fn maintained(request: &Request) -> Reply {
    if *request == Request::Metrics {
        return Reply::Metrics(Box::new(crate::metrics::tests::metrics()));
    }
    Reply::Reloaded(Reloaded {
        applied: vec!["min_severity".to_owned()],
        needs_restart: vec!["p2p.port".to_owned()],
    })
}

fn trusted(it: &crate::TrustRequest) -> PeerTrust {
    PeerTrust {
        peer: it.peer,
        pretrust_percent: it.trust.percent(),
        fixed: it.fixed,
        named: true,
        ..trust()
    }
}

fn stats(caller: Caller) -> Stats {
    let events_lost = match caller {
        Caller::Local { uid, .. } => uid.into(),
        Caller::Key(_) => 0,
    };
    Stats {
        events_lost,
        ..Stats::default()
    }
}

impl Control for Script {
    async fn call(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        caller.require(request.scope())?;
        Ok(match request {
            Request::Metrics | Request::ReloadConfig => maintained(&request),
            Request::Status => Reply::Status(Box::new(status())),
            Request::Stats => Reply::Stats(Box::new(stats(caller))),
            Request::Blocks(page) => {
                let start = page.cursor().map_or(0, |it| number(it) + 1);
                let blocks = (start..2500).map(block);
                Reply::Blocks(page.collect(blocks.map(|it| (it.indicator, it))))
            }
            Request::Check(indicator) => Reply::Check(Check {
                indicator,
                blocked: true,
                covered_by: Some(ip("198.51.100.0/24")),
                expires_at: Some(NOW),
                ttl_secs: Some(1),
            }),
            Request::Why(indicator) => Reply::Why(Box::new(self.why(indicator).await)),
            Request::File(_) => Err(ApiError::new(ErrorCode::Unavailable, "no files here"))?,
            Request::Peers(_) => Reply::Peers(last_page(peer())),
            Request::AllowEntries(_) => Reply::AllowEntries(last_page(allowed(ip("192.0.2.1")))),
            Request::Block(it) => self.block(it.indicator)?,
            Request::Publish(it) => Reply::Published(Published {
                indicator: it.indicator,
                alert_id: AlertId::from_bytes([3; 16]),
                expires_at: NOW + it.duration_secs.into(),
            }),
            Request::Unblock(it) => Reply::Unblocked(Unblocked {
                indicator: it.indicator,
                was_blocked: true,
                covered_by: None,
                withdrawn: u64::from(it.withdraw),
                feeds: vec![],
            }),
            Request::Allow(it) => Reply::Allowed(allowed(it.indicator)),
            Request::Disallow(indicator) => Reply::Disallowed(Disallowed {
                indicator,
                was_allowed: false,
            }),
            Request::Ask(indicator) => Reply::Opinion(Box::new(opinion(indicator))),
            Request::Trust(peer) => Reply::PeerTrust(Box::new(PeerTrust { peer, ..trust() })),
            Request::SetTrust(it) => Reply::PeerTrust(Box::new(trusted(&it))),
            it @ (Request::Report(_)
            | Request::WithdrawReport(_)
            | Request::Logins
            | Request::Preview(_)) => super::reports::script(it)?,
            Request::VerifyAudit => Reply::AuditReport(audit_report()),
            Request::History(it) => Reply::History(last_page(HistoryLine {
                detail: format!("{it:?}"),
                ..line()
            })),
            Request::HistoryGroups(it) => Reply::HistoryGroups(vec![HistoryGroup {
                key: format!("{it:?}"),
                ..group()
            }]),
            Request::ForgetTrust(peer) => Reply::TrustForgotten(TrustForgotten {
                peer,
                was_known: peer == node_id(),
            }),
            Request::Organisation(it) => super::organisation::script(it),
            Request::Network(it) => super::network::script(it),
            Request::Import(it) => super::import::script(&it),
            Request::Key(it) => super::key::script(it)?,
            Request::Safety(it) => super::safety::script(&it),
            Request::View(it) => super::view::script(it),
            Request::Chart(it) => Reply::Chart(super::page::script(&it)),
            Request::Feed(it) => super::feed::script(it)?,
        })
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

impl Script {
    fn block(&self, indicator: Indicator) -> Result<Reply, ApiError> {
        if indicator == ip("127.0.0.1") {
            let message = "127.0.0.1 is a loopback address and is never blocked";
            return Err(ApiError::new(ErrorCode::Protected, message));
        }
        if indicator == ip("192.0.2.66") {
            return Err(ApiError::new(ErrorCode::Denied, "only root may"));
        }
        self.hub.publish(
            NOW,
            EventKind::Blocked {
                indicator,
                ttl_secs: 300,
                origin: Origin::Operator,
            },
        );
        Ok(Reply::Blocked(Blocked {
            indicator,
            expires_at: NOW,
            ttl_secs: 300,
            alert_id: None,
        }))
    }

    async fn why(&self, indicator: Indicator) -> Why {
        if indicator == ip(GATED) {
            self.gate.notified().await;
        }
        Why {
            reports: Vec::new(),
            indicator,
            blocked: true,
            expires_at: Some(NOW),
            ttl_secs: Some(2),
            decisions: vec![block(1)],
            exempt: None,
            refusals: Vec::new(),
            evidence: Vec::new(),
            opinion: Some(opinion(indicator)),
            kernel: None,
            location: None,
            near: Vec::new(),
            past: None,
            undo: Some(format!("aegis unblock {indicator}")),
            commands: Vec::new(),
        }
    }
}

pub(super) fn peer() -> Peer {
    Peer {
        peer: node_id(),
        class: PeerClass::Lan,
        connected: true,
        addresses: vec!["/ip4/192.0.2.9/tcp/9001".into()],
        first_seen_at: NOW,
        last_seen_at: NOW,
        alerts_accepted: 1,
        alerts_refused: 2,
        weight_percent: 100,
        right: 3,
        wrong: 1,
        influence: 1.5,
        organisations: vec![super::organisation::affiliation()],
        route: None,
        location: None,
        standing: None,
    }
}

pub(super) fn opinion(indicator: Indicator) -> NetworkOpinion {
    NetworkOpinion {
        indicator,
        score: Score::new(0.75).expect("within bounds"),
        confidence: Confidence::HALF,
        probability: Confidence::new(0.875).expect("within bounds"),
        stance: Stance::Malicious,
        independent_voices: 1.5,
        local: Some(LocalOpinion {
            score: Score::BENIGN,
            confidence: Confidence::HALF,
            sightings: 1,
            age_secs: 60,
        }),
        asked: 4,
        answered: 3,
        waited_ms: 12,
        voices: vec![VoiceLine {
            peer: node_id(),
            score: Score::MALICIOUS,
            confidence: Confidence::FULL,
            sightings: 2,
            age_secs: 5,
            evidence: Evidence::Verified,
            weight_percent: 90,
        }],
        voices_total: 1,
        check_value: 0.25,
        hint: Some(format!("aegis block {indicator} 300 --local")),
    }
}

pub(super) fn trust() -> PeerTrust {
    PeerTrust {
        peer: node_id(),
        model: ModelKind::Aegis,
        known: true,
        class: Some(PeerClass::Dht),
        connected: true,
        trust_percent: 80,
        right: 3,
        wrong: 1,
        influence: 1.5,
        budget: 4.0,
        misdeeds: 0,
        penalty_percent: 0,
        pretrust_percent: 0,
        fixed: false,
        named: false,
        open: 2,
        judged: vec![JudgedWord {
            indicator: ip("192.0.2.7"),
            said: Score::MALICIOUS,
            truth: Truth::Benign,
            at: NOW,
        }],
        trend: vec![TrendPoint {
            at: NOW,
            percent: 80,
        }],
        addresses: vec!["/ip4/192.0.2.9/tcp/9001".into()],
        first_seen_at: Some(NOW),
        last_seen_at: None,
    }
}

pub(super) fn allowed(indicator: Indicator) -> AllowEntry {
    AllowEntry {
        indicator,
        added_at: NOW,
        expires_at: None,
        ttl_secs: None,
        comment: "the \u{202e}office".parse().ok(),
    }
}

pub(super) async fn next_event(events: &mut EventStream) -> Event {
    let next = tokio::time::timeout(DEADLINE, events.next());
    let next = next.await.expect("an event in time").expect("a stream");
    next.expect("the stream goes on")
}

fn last_page<T>(item: T) -> Page<T> {
    Page {
        items: vec![item],
        next: None,
    }
}

fn number(indicator: &Indicator) -> u32 {
    match indicator.address() {
        std::net::IpAddr::V4(address) => u32::from(address) - 0x0a00_0000,
        std::net::IpAddr::V6(_) => 0,
    }
}
