//! A scripted node: as much of everything as a test wants, and whatever others could say.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use aegis_api::{
    AllowEntry, ApiError, AttachMode, Block, Blocked, Caller, ChartReply, ChartRequest, Control,
    Disallowed, ErrorCode, EventHub, Evidence, EvidenceLine, FeedLast, FeedLine, FeedList,
    FeedReply, FeedRequest, HistoryId, HistoryKind, HistoryLine, Indicator, Interface, KernelEntry,
    Location, Metrics, ModelKind, NodeId, NodeMode, Origin, Page, PageLink, PageQuery, Peer,
    PeerClass, PeerCounts, PeerTrust, ProtectedLine, ProtectedList, Reply, Request, RulesetState,
    SafetyReply, SafetyRequest, Severity, Stats, Status, SyncState, Timestamp, Traffic,
    TrafficChart, TrafficPoint, TrendPoint, TrustChart, Unblocked, Why, WhyPast,
};
use tokio::sync::Mutex;

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
            Request::Safety(SafetyRequest::Protected) => {
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

fn interface(name: &str, mode: AttachMode, reason: &str) -> Interface {
    Interface {
        name: name.to_owned(),
        mode,
        reason: reason.to_owned(),
    }
}

pub(crate) fn node_id(number: u32) -> NodeId {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    key[31] = 9;
    NodeId::from_public_key(key)
}

/// Mixes a number, so that what is scripted looks as if it had happened.
fn mixed(number: u32) -> u32 {
    let it = number.wrapping_mul(0x85eb_ca6b) ^ 0x27d4_eb2f;
    (it ^ (it >> 13)).wrapping_mul(0xc2b2_ae35) >> 7
}

fn threat(script: &Script, number: u32) -> aegis_api::ThreatType {
    const THREATS: [&str; 10] = [
        "ssh_brute_force",
        "syn_flood",
        "port_scan",
        "ssh_brute_force",
        "http_scan",
        "spam",
        "syn_flood",
        "ssh_brute_force",
        "udp_flood",
        "botnet",
    ];
    let word = THREATS[number as usize % THREATS.len()];
    let hostile = "<b>x</b>&'\"";
    let word = if script.is_hostile { hostile } else { word };
    word.parse()
        .unwrap_or_else(|_| aegis_api::ThreatType::syn_flood())
}

fn location(script: &Script, number: u32) -> Option<Location> {
    const PLACES: [(&str, u32, &str); 12] = [
        ("CN", 4134, "CHINANET-BACKBONE"),
        ("US", 14061, "DIGITALOCEAN-ASN"),
        ("RU", 49505, "SELECTEL"),
        ("BR", 28573, "Claro NXT"),
        ("NL", 202425, "IP Volume inc"),
        ("IN", 9829, "BSNL-NIB"),
        ("VN", 45899, "VNPT-AS-VN"),
        ("DE", 51167, "CONTABO"),
        ("US", 396982, "GOOGLE-CLOUD"),
        ("ID", 7713, "TELKOMNET"),
        ("IR", 44244, "IRANCELL-AS"),
        ("UA", 15895, "KSNET-AS"),
    ];
    // The first come up more often than the last.
    let at = (mixed(number) % 144).isqrt() as usize;
    let (country, asn, name) = PLACES[11 - at.min(11)];
    let name = if script.is_hostile { HOSTILE } else { name };
    script.has_places.then(|| Location {
        continent: None,
        country: Some(country.to_owned()),
        asn: Some(asn),
        asn_name: Some(name.to_owned()),
    })
}

fn address(number: u32) -> Indicator {
    // In growing order, spread over the documentation's and others' addresses.
    let base = u32::from(Ipv4Addr::new(23, 0, 0, 0));
    Indicator::host(Ipv4Addr::from(base + number * 16_411 + 7).into())
}

fn block(script: &Script, number: u32) -> Block {
    const ORIGINS: [Origin; 8] = [
        Origin::Feed,
        Origin::Detector,
        Origin::Peers,
        Origin::Feed,
        Origin::Feed,
        Origin::Import,
        Origin::Peers,
        Origin::Detector,
    ];
    let chance = mixed(number);
    let age = u64::from(chance % 70_000);
    Block {
        indicator: address(number),
        origin: ORIGINS[chance as usize % ORIGINS.len()],
        author: node_id(chance % 9),
        file: None,
        region: None,
        feed: None,
        alert_id: None,
        members_only: false,
        threat_type: threat(script, chance),
        severity: Severity::new((chance % 6 + 5) as u8).expect("a severity"),
        evidence: Evidence::Verified,
        decided_at: NOW - Duration::from_secs(age),
        expires_at: NOW + Duration::from_secs(u64::from(chance % 90_000) + 30),
        ttl_secs: 0,
        packets: u64::from(chance % 50_000),
        bytes: 0,
        violations: 0,
        location: location(script, number),
    }
}

fn line(script: &Script, number: u32) -> HistoryLine {
    let chance = mixed(number);
    // Thick in the last day, thin before, with a wave in it.
    let spread = 7.0 * DAY as f64 / f64::from(script.lines.max(1)).powf(1.7);
    let wave = 2_000.0 * (f64::from(number) / 60.0).sin().abs();
    let ago = f64::from(number).powf(1.7) * spread + wave * f64::from(number).min(40.0) / 40.0;
    let at = NOW - Duration::from_secs_f64(ago.min(6.9 * DAY as f64));
    let kind = match chance % 10 {
        0..4 => HistoryKind::Detected,
        4..6 => HistoryKind::Alert,
        6..9 => HistoryKind::Blocked,
        _ => HistoryKind::Ended,
    };
    let actor = match kind {
        HistoryKind::Alert => format!("peer:{}", node_id(chance % 9)),
        _ => "detector".to_owned(),
    };
    HistoryLine {
        id: HistoryId {
            at,
            seq: u64::from(u32::MAX - number),
        },
        at,
        kind,
        actor,
        indicator: Some(address(chance % script.blocks.max(1))),
        threat_type: Some(threat(script, chance)),
        severity: Some(7),
        until: None,
        detail: if script.is_hostile {
            HOSTILE.to_owned()
        } else {
            String::new()
        },
        location: location(script, chance),
    }
}

fn peer(script: &Script, number: u32) -> Peer {
    let classes = [PeerClass::Configured, PeerClass::Lan, PeerClass::Dht];
    Peer {
        peer: node_id(number + 1),
        class: classes[number as usize % 3],
        connected: number % 9 < 7,
        addresses: vec!["/ip4/198.51.100.7/tcp/9001".into()],
        first_seen_at: NOW - Duration::from_secs(9 * DAY),
        last_seen_at: NOW - Duration::from_secs(u64::from(number) * 700),
        alerts_accepted: u64::from(mixed(number) % 900),
        alerts_refused: 3,
        weight_percent: (mixed(number) % 60 + 35) as u8,
        right: u64::from(mixed(number) % 200),
        wrong: u64::from(mixed(number) % 4),
        influence: 1.0,
        organisations: Vec::new(),
        route: None,
        location: location(script, number),
        standing: script.is_hostile.then(|| HOSTILE.to_owned()),
    }
}

fn charts(script: &Script, query: &PageQuery<NodeId>) -> Page<TrustChart> {
    let mut all: Vec<TrustChart> = (0..script.peers).map(chart).collect();
    all.sort_by_key(|it| it.peer);
    let behind = all
        .into_iter()
        .filter(|it| query.cursor().is_none_or(|last| it.peer > *last));
    query.collect(behind.map(|it| (it.peer, it)))
}

fn chart(number: u32) -> TrustChart {
    let now = i64::from(mixed(number) % 60 + 35);
    let points = (0..40_u32).rev().map(|step| {
        let drift = i64::from(step) * (i64::from(number % 5) - 2) / 3;
        let noise = i64::from(mixed(number * 64 + step) % 7) - 3;
        TrendPoint {
            at: NOW - Duration::from_secs(u64::from(step) * 15_000),
            percent: (now - drift + noise).clamp(2, 100) as u8,
        }
    });
    TrustChart {
        peer: node_id(number + 1),
        points: points.collect(),
    }
}

fn trust(peer: NodeId) -> PeerTrust {
    PeerTrust {
        peer,
        model: ModelKind::Aegis,
        known: true,
        class: Some(PeerClass::Dht),
        connected: true,
        trust_percent: 71,
        right: 112,
        wrong: 2,
        influence: 1.2,
        budget: 3.0,
        misdeeds: 0,
        penalty_percent: 0,
        pretrust_percent: 40,
        fixed: false,
        named: false,
        open: 14,
        judged: Vec::new(),
        trend: Vec::new(),
        addresses: vec!["/ip4/198.51.100.7/tcp/9001".into()],
        first_seen_at: Some(NOW),
        last_seen_at: Some(NOW),
    }
}

fn traffic(script: &Script) -> TrafficChart {
    let points = (0..2_016_u32).rev().map(|step| {
        let chance = mixed(step * 7 + 1);
        let flood = if (300..318).contains(&step) || (60..66).contains(&step) {
            40
        } else {
            1
        };
        let wave = 1.2 + (f64::from(step) / 46.0).sin();
        let count = (f64::from(chance % 900) * wave) as u64 * flood;
        TrafficPoint {
            at: NOW - Duration::from_secs(300 * u64::from(step)),
            packets: count * 20,
            dropped_packets: if script.is_enforcing { count } else { 0 },
            dropped_bytes: count * 60,
            spared_packets: if script.is_enforcing { 0 } else { count },
        }
    });
    TrafficChart {
        interval_secs: 300,
        points: if script.lines == 0 {
            Vec::new()
        } else {
            points.collect()
        },
    }
}

fn stats() -> Stats {
    Stats {
        dropped: Traffic {
            packets: 48_120_331,
            bytes: 2_887_219_860,
        },
        ..Stats::default()
    }
}

fn allowed(script: &Script) -> Vec<AllowEntry> {
    if script.blocks == 0 {
        return Vec::new();
    }
    let comment = if script.is_hostile {
        "<i>office</i>"
    } else {
        "the office"
    };
    vec![AllowEntry {
        indicator: "198.51.100.0/24".parse().expect("a prefix"),
        added_at: NOW - Duration::from_secs(3 * DAY),
        expires_at: None,
        ttl_secs: None,
        comment: comment.parse().ok(),
    }]
}

fn feeds(script: &Script) -> FeedList {
    let feed = |name: &str, kind: &str, url: &str| FeedLine {
        name: name.to_owned(),
        kind: kind.to_owned(),
        url: url.to_owned(),
        interval_secs: 3_600,
        trust: 80,
        key_file: None,
        terms: None,
        attribution: None,
        made_at: None,
        under_way: false,
        tried_at: Some(NOW - Duration::from_secs(1_260)),
        succeeded_at: Some(NOW - Duration::from_secs(1_260)),
        next_at: NOW + Duration::from_secs(2_340),
        failures: 0,
        problem: None,
        alarms: Vec::new(),
        last: Some(FeedLast {
            entries: 1_573,
            blocked: 1_549,
            left_out: [("too_wide".to_owned(), 21), ("allowlisted".to_owned(), 3)].into(),
            ..FeedLast::default()
        }),
    };
    let hostile = |text: &str| if script.is_hostile { HOSTILE } else { text }.to_owned();
    let failing = FeedLine {
        succeeded_at: Some(NOW - Duration::from_secs(2 * DAY)),
        failures: 5,
        problem: Some(hostile("the server answers 503 Service Unavailable")),
        alarms: vec![hostile("stale")],
        last: None,
        ..feed(
            "example",
            "plain",
            &hostile("https://lists.example.org/bad.txt"),
        )
    };
    let well = FeedLine {
        attribution: Some(hostile("Data of The Spamhaus Project")),
        ..feed("drop", "drop", "https://www.spamhaus.org/drop/drop_v4.json")
    };
    FeedList {
        feeds: if script.blocks == 0 {
            Vec::new()
        } else {
            vec![well, failing]
        },
        built_in: vec!["feodo".to_owned(), "tor-exits".to_owned()],
        ..FeedList::default()
    }
}
