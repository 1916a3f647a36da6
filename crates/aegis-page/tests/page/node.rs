//! A scripted node: as much of everything as a test wants, and whatever others could say.

mod made;

use std::{sync::Arc, time::Duration};

use aegis_api::{
    AllowEntry, ApiError, AttachMode, Block, Blocked, Caller, ChartReply, ChartRequest, Control,
    Disallowed, ErrorCode, EventHub, Evidence, EvidenceLine, FeedReply, FeedRequest, Indicator,
    KernelEntry, Metrics, NodeMode, Origin, Page, PageLink, Peer, PeerCounts, ProtectedLine,
    ProtectedList, Reply, Request, RulesetState, SafetyReply, SafetyRequest, Severity, Status,
    SyncState, Timestamp, Unblocked, Why, WhyPast,
};
use tokio::sync::Mutex;

pub(crate) use made::node_id;
use made::{allowed, block, charts, feeds, interface, line, peer, stats, threat, traffic, trust};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);

const DAY: u64 = 86_400;

/// What a text of somebody hostile looks like.
pub(crate) const HOSTILE: &str =
    "</td><script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\">'\"&\u{202e}";

/// What a node has.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    pub(crate) blocks: u32,
    pub(crate) peers: u32,
    pub(crate) lines: u32,
    pub(crate) has_places: bool,
    pub(crate) is_enforcing: bool,
    /// Whether everything that others write is an attack on who reads it.
    pub(crate) is_hostile: bool,
    pub(crate) problems: &'static [&'static str],
}

impl Script {
    /// Returns a node that is well and has seen some days.
    pub(crate) const fn busy() -> Self {
        Self {
            blocks: 1_284,
            peers: 9,
            lines: 1_800,
            has_places: true,
            is_enforcing: true,
            is_hostile: false,
            problems: &[],
        }
    }

    /// Returns a node to which nothing happened yet.
    pub(crate) const fn fresh() -> Self {
        Self {
            blocks: 0,
            peers: 0,
            lines: 0,
            has_places: false,
            is_enforcing: false,
            is_hostile: false,
            problems: &[],
        }
    }
}

/// A node that answers as its script says. Clones are the same node.
#[derive(Clone)]
pub(crate) struct Node {
    script: Script,
    blocks: Arc<Mutex<Vec<Block>>>,
    hub: EventHub,
}

impl Node {
    pub(crate) fn new(script: Script) -> Self {
        let blocks = (0..script.blocks).map(|it| block(&script, it)).collect();
        Self {
            script,
            blocks: Arc::new(Mutex::new(blocks)),
            hub: EventHub::new(),
        }
    }

    /// Returns whether something is blocked now.
    pub(crate) async fn is_blocked(&self, text: &str) -> bool {
        let indicator: Indicator = text.parse().expect("an indicator");
        self.blocks
            .lock()
            .await
            .iter()
            .any(|it| it.indicator == indicator)
    }

    async fn order(&self, request: &Request) -> Option<Reply> {
        let mut blocks = self.blocks.lock().await;
        Some(match request {
            Request::Block(it) => {
                let origin = Origin::Operator;
                let block = Block {
                    indicator: it.indicator,
                    origin,
                    threat_type: it.threat_type.clone(),
                    decided_at: NOW,
                    expires_at: NOW + it.duration_secs.into(),
                    location: None,
                    ..block(&self.script, 0)
                };
                let at = blocks.partition_point(|other| other.indicator < it.indicator);
                blocks.insert(at, block);
                Reply::Blocked(Blocked {
                    indicator: it.indicator,
                    expires_at: NOW,
                    ttl_secs: 1,
                    alert_id: None,
                })
            }
            Request::Unblock(it) => {
                let before = blocks.len();
                blocks.retain(|block| block.indicator != it.indicator);
                Reply::Unblocked(Unblocked {
                    indicator: it.indicator,
                    was_blocked: blocks.len() < before,
                    covered_by: None,
                    withdrawn: 0,
                    feeds: vec![],
                })
            }
            Request::Allow(it) => Reply::Allowed(AllowEntry {
                indicator: it.indicator,
                added_at: NOW,
                expires_at: None,
                ttl_secs: None,
                comment: it.comment.clone(),
            }),
            Request::Disallow(indicator) => Reply::Disallowed(Disallowed {
                indicator: *indicator,
                was_allowed: true,
            }),
            _ => return None,
        })
    }
}

impl Control for Node {
    async fn call(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        caller.require(request.scope())?;
        if let Some(reply) = self.order(&request).await {
            return Ok(reply);
        }
        let script = &self.script;
        Ok(match request {
            Request::Status => Reply::Status(Box::new(self.status().await)),
            Request::Stats => Reply::Stats(Box::new(stats())),
            Request::Metrics => Reply::Metrics(Box::new(self.metrics().await)),
            Request::Blocks(query) => {
                let blocks = self.blocks.lock().await;
                let start = query
                    .cursor()
                    .map_or(0, |last| blocks.partition_point(|it| it.indicator <= *last));
                let behind = blocks.get(start..).unwrap_or_default().iter();
                Reply::Blocks(query.collect(behind.map(|it| (it.indicator, it.clone()))))
            }
            Request::Peers(query) => {
                let mut peers: Vec<Peer> = (0..script.peers).map(|it| peer(script, it)).collect();
                peers.sort_by_key(|it| it.peer);
                let behind = peers
                    .into_iter()
                    .filter(|it| query.cursor().is_none_or(|last| it.peer > *last));
                Reply::Peers(query.collect(behind.map(|it| (it.peer, it))))
            }
            Request::AllowEntries(_) => Reply::AllowEntries(Page {
                items: allowed(script),
                next: None,
            }),
            Request::History(query) => {
                let since = query.scope.since.map(|it| it.at(NOW));
                let lines = (0..script.lines).map(|it| line(script, it));
                let lines = lines.filter(|it| {
                    since.is_none_or(|since| it.at >= since)
                        && query.page.cursor().is_none_or(|last| it.id < *last)
                        && query
                            .scope
                            .indicator
                            .is_none_or(|of| it.indicator == Some(of))
                });
                Reply::History(query.page.collect(lines.map(|it| (it.id, it))))
            }
            Request::Why(indicator) => Reply::Why(Box::new(self.why(indicator).await)),
            Request::Trust(peer) => Reply::PeerTrust(Box::new(trust(peer))),
            Request::Chart(ChartRequest::Traffic) => {
                Reply::Chart(ChartReply::Traffic(traffic(script)))
            }
            Request::Chart(ChartRequest::Trust(query)) => {
                Reply::Chart(ChartReply::Trust(charts(script, &query)))
            }
            Request::Feed(FeedRequest::List) => Reply::Feed(FeedReply::List(feeds(script))),
            Request::Safety(SafetyRequest::Protected) => protected(),
            _ => return Err(ApiError::new(ErrorCode::Unavailable, "not in the script")),
        })
    }

    async fn page_link(&self, _caller: Caller) -> Result<PageLink, ApiError> {
        Err(ApiError::new(ErrorCode::Unavailable, "not in the script"))
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

fn protected() -> Reply {
    let line = |ip: &str, kind: &str, reason: &str| ProtectedLine {
        indicator: ip.parse().expect("an indicator"),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    };
    let protected = vec![
        line("127.0.0.0/8", "loopback", "a loopback address"),
        line("192.0.2.1", "gateway", "this host's default gateway"),
        line(
            "198.51.100.20",
            "admin_session",
            "somebody is logged in from there",
        ),
    ];
    Reply::Safety(Box::new(SafetyReply::Protected(ProtectedList {
        protected,
    })))
}

impl Node {
    async fn status(&self) -> Status {
        let script = &self.script;
        let blocked = self.blocks.lock().await.len() as u64;
        let missing = u64::from(!script.problems.is_empty()) * 3;
        let connected = u64::from(script.peers) * 7 / 9;
        Status {
            version: "0.1.0".into(),
            node_id: node_id(0),
            instance: "default".into(),
            mode: if script.is_enforcing {
                NodeMode::Enforce
            } else {
                NodeMode::Observe
            },
            confirmation: None,
            started_at: NOW - Duration::from_secs(12 * DAY + 7_300),
            uptime_secs: 12 * DAY + 7_300,
            interfaces: vec![
                interface("eth0", AttachMode::Native, "the driver supports it"),
                interface("eth1", AttachMode::Generic, "the driver has no XDP"),
            ],
            ruleset: RulesetState {
                intended: blocked,
                actual: blocked.saturating_sub(missing),
                missing,
                surplus: 0,
                misdated: 0,
                checked_at: NOW - Duration::from_secs(2),
                generation: 48_213,
                in_agreement: missing == 0,
            },
            feeds: Vec::new(),
            peers: PeerCounts {
                connected,
                known: script.peers.into(),
            },
            listen: vec!["/ip4/192.0.2.10/tcp/9001".into()],
            alerts_live: 318,
            sync: SyncState {
                set_hash: "0123456789abcdef".into(),
                ..SyncState::default()
            },
            blocks_active: blocked,
            auto_publish: true,
            severity_min: Severity::MEDIUM,
            kernel_map_ids: vec![11],
            state_dir: "/var/lib/aegis/default".into(),
            memory_bytes: 44 << 20,
            problems: script.problems.iter().map(|it| (*it).to_owned()).collect(),
            place: None,
            mirror: None,
            api: None,
            page: Some("http://127.0.0.1:9004".into()),
            lapi: None,
            logs: None,
        }
    }

    async fn metrics(&self) -> Metrics {
        let status = self.status().await;
        let blocks = self.blocks.lock().await;
        let count = |origin| blocks.iter().filter(|it| it.origin == origin).count() as u64;
        let origins = [
            Origin::Operator,
            Origin::Detector,
            Origin::Feed,
            Origin::Import,
            Origin::Peers,
        ];
        let decisions = origins.map(|it| (it, count(it))).into();
        Metrics {
            version: status.version,
            is_enforcing: self.script.is_enforcing,
            stats: stats(),
            ruleset: status.ruleset,
            peers: status.peers,
            decisions,
            tables: Vec::new(),
            allowlist_entries: allowed(&self.script).len() as u64,
            alerts_live: status.alerts_live,
            problems: 0,
            decision_latency: aegis_api::Latency::default(),
            feeds: Vec::new(),
            process: aegis_api::ProcessUse::default(),
            with_crowdsec_names: false,
        }
    }

    async fn why(&self, indicator: Indicator) -> Why {
        let script = &self.script;
        let blocks = self.blocks.lock().await;
        let decisions: Vec<Block> = blocks
            .iter()
            .filter(|it| it.indicator == indicator)
            .cloned()
            .collect();
        let words = if script.is_hostile {
            "<script>window.pwned=3</script>\u{201c}<b>"
        } else {
            "300 failed logins for root within two minutes"
        };
        let evidence = |number: u32, own: bool, weight_percent| EvidenceLine {
            alert_id: aegis_api::AlertId::from_bytes([number as u8; 16]),
            author: node_id(number),
            own,
            organisations: Vec::new(),
            threat_type: threat(script, number),
            severity: Severity::new(7).expect("a severity"),
            evidence: Evidence::Verified,
            description: words.parse().ok(),
            stated_at: NOW - Duration::from_secs(u64::from(number) * 340),
            age_secs: u64::from(number) * 340,
            expires_at: NOW + Duration::from_secs(3_000),
            weight_percent,
            outcome: "blocked".to_owned(),
        };
        let expires_at = decisions.iter().map(|it| it.expires_at).max();
        Why {
            indicator,
            blocked: !decisions.is_empty(),
            expires_at,
            ttl_secs: expires_at.map(|it| aegis_api::ttl_secs(NOW, it)),
            location: decisions.first().and_then(|it| it.location.clone()),
            decisions,
            reports: Vec::new(),
            exempt: None,
            refusals: Vec::new(),
            evidence: vec![
                evidence(1, true, 100),
                evidence(2, false, 71),
                evidence(3, false, 44),
            ],
            opinion: None,
            kernel: Some(KernelEntry {
                in_kernel: true,
                observing: false,
                packets: 18_233,
                bytes: 1_093_980,
                violations: 4,
            }),
            near: Vec::new(),
            past: Some(WhyPast {
                detections: 4,
                alerts: 2,
                blocks: 3,
            }),
            undo: Some(format!("aegis unblock {indicator}")),
            commands: vec![format!("aegis allow {indicator}")],
        }
    }
}
