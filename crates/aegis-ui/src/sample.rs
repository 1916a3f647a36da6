//! Samples for tests: one of each thing that is shown, with hostile words where a peer may write.

mod chart;
pub(crate) mod feed;
pub(crate) mod file;
pub(crate) mod history;
mod import;
mod key;
mod network;
pub(crate) mod node;
mod organisation;
mod report;
pub(crate) mod safety;
mod trust;

use std::{net::Ipv4Addr, time::Duration};

use aegis_api::{
    AlertId, AlertStats, AllowEntry, AttachMode, Block, Evidence, EvidenceLine, Exempt, Indicator,
    Interface, KernelEntry, Location, NearMiss, NodeId, NodeMode, Origin, Peer, PeerClass,
    PeerCounts, RefusalLine, RulesetState, Severity, Stats, Status, SyncState, ThreatType,
    Timestamp, Traffic, Why, WhyPast,
};

pub(crate) use self::import::import_reply;
pub(crate) use self::key::key_reply;
pub(crate) use self::network::{joining, network_reply};
pub(crate) use self::organisation::{affiliation, organisation_id, organisation_reply};
pub(crate) use self::trust::{opinion, opinion_of_nobody, peer_trust, stranger, wide_opinion};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);

/// What a peer may write to deceive whoever reads it.
pub(crate) const HOSTILE: &str = "\u{1b}[2Jowned\u{202e}\r\nBlocked";

pub(crate) fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

pub(crate) fn node_id(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

pub(crate) fn block(number: u32) -> Block {
    Block {
        indicator: Indicator::host(Ipv4Addr::from(0x0a00_0000 + number).into()),
        origin: Origin::Operator,
        author: node_id(7),
        file: None,
        region: None,
        feed: None,
        alert_id: Some(AlertId::from_bytes([3; 16])),
        members_only: false,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: Evidence::Verified,
        decided_at: NOW,
        expires_at: NOW + Duration::from_secs(299),
        ttl_secs: 299,
        packets: 5,
        bytes: 300,
        violations: 1,
        location: None,
    }
}

pub(crate) fn wide_block() -> Block {
    Block {
        indicator: ip("2001:db8:1234:5678:9abc:def0:1234:5678"),
        origin: Origin::Detector,
        threat_type: "brute_force".parse().expect("a threat type"),
        severity: Severity::MIN,
        ttl_secs: 86_399,
        ..block(1)
    }
}

pub(crate) fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        node_id: node_id(7),
        instance: "default".into(),
        mode: NodeMode::Enforce,
        confirmation: None,
        started_at: NOW,
        uptime_secs: 3725,
        interfaces: vec![
            interface("eth0", AttachMode::Native, "the driver supports it"),
            interface("lo", AttachMode::Generic, "loopback has no driver"),
        ],
        ruleset: RulesetState {
            intended: 3,
            actual: 2,
            missing: 1,
            surplus: 0,
            misdated: 0,
            checked_at: NOW,
            generation: 9,
            in_agreement: false,
        },
        peers: PeerCounts {
            connected: 1,
            known: 2,
        },
        listen: vec!["/ip4/192.0.2.1/tcp/9001".into(), HOSTILE.into()],
        alerts_live: 4,
        sync: SyncState {
            set_hash: "0123456789abcdef".into(),
            last_at: Some(NOW),
            last_peer: Some(node_id(9)),
            begun: 5,
            equal: 3,
            failed: 1,
            heard: 12,
            given: 2,
            answered: 4,
            refused: 0,
        },
        blocks_active: 3,
        auto_publish: true,
        severity_min: Severity::MEDIUM,
        kernel_map_ids: vec![11, 12],
        state_dir: "state/aegis".into(),
        memory_bytes: 17 << 20,
        problems: vec!["the clock is not synchronised".into()],
        place: Some(aegis_api::Place {
            reachability: aegis_api::Reachability::Private,
            external: vec![],
            relays: vec![node_id(8).to_string(), HOSTILE.into()],
            seen_at: vec!["/ip4/203.0.113.9/tcp/9001".into(), HOSTILE.into()],
            in_vain: vec!["/ip4/203.0.113.9/tcp/9001".into()],
            reservations: 0,
            circuits: 0,
            relayed: 1,
            outbound: 1,
            low: 12,
            target: 50,
            high: 80,
            trimmed: 3,
        }),
        mirror: None,
        api: Some("http://127.0.0.1:9002".into()),
        page: Some("http://127.0.0.1:9004".into()),
        lapi: Some(lapi()),
        logs: Some(logs()),
        feeds: Vec::new(),
    }
}

fn lapi() -> aegis_api::LapiState {
    aegis_api::LapiState {
        url: "http://127.0.0.1:8080".into(),
        bouncers: vec![aegis_api::Bouncer {
            name: "edge".into(),
            address: Ipv4Addr::LOCALHOST.into(),
            program: HOSTILE.into(),
            last_at: NOW,
            cuts_prefixes: true,
        }],
    }
}

fn logs() -> Vec<aegis_api::LogSource> {
    use aegis_api::{LogKind, LogSource};
    let source = |path: &str, kind, lines: u64, problem: Option<&str>| LogSource {
        path: path.into(),
        kind,
        lines,
        last_at: (lines > 0).then_some(NOW),
        problem: problem.map(str::to_owned),
    };
    vec![
        source("/var/log/auth.log", LogKind::Auth, 12, None),
        source("/var/log/nginx/access.log", LogKind::Access, 0, None),
        source(HOSTILE, LogKind::Journal, 0, Some(HOSTILE)),
    ]
}

pub(crate) fn stats() -> Stats {
    let traffic = |packets, bytes| Traffic { packets, bytes };
    let counters = |it: &[(&str, u64)]| {
        it.iter()
            .map(|(name, number)| ((*name).to_owned(), *number))
            .collect()
    };
    Stats {
        total: traffic(1_000_000, 64_000_000),
        passed: traffic(1000, 64_000),
        dropped: traffic(999_000, 63_936_000),
        early_drops: 998_000,
        packets_by_reason: counters(&[("blocked", 998_000), ("detected", 1000), ("passed", 1000)]),
        detectors: counters(&[("syn_flood", 3)]),
        events_lost: 1,
        alerts: AlertStats {
            received: 12,
            accepted: 10,
            published: 3,
            refused: counters(&[("protected", 1), ("too_fast", 1)]),
        },
        net: counters(&[("messages_in", 120), ("messages_forged", 0)]),
    }
}

/// A peer whose id is that of [`node_id`].
pub(crate) fn peer(number: u8) -> Peer {
    Peer {
        peer: node_id(number),
        class: PeerClass::Lan,
        connected: true,
        addresses: vec!["/ip4/192.0.2.9/tcp/9001".into(), HOSTILE.into()],
        first_seen_at: NOW,
        last_seen_at: NOW + Duration::from_secs(60),
        alerts_accepted: 1,
        alerts_refused: 2,
        weight_percent: 100,
        right: 41,
        wrong: 1,
        influence: 2.5,
        organisations: vec![affiliation()],
        route: Some(aegis_api::Route::Relayed),
        location: Some(location()),
        standing: Some("throttled until 12:10".into()),
    }
}

pub(crate) fn allow_entry(ttl_secs: Option<u64>) -> AllowEntry {
    AllowEntry {
        indicator: ip("192.0.2.0/28"),
        added_at: NOW,
        expires_at: ttl_secs.map(|it| NOW + Duration::from_secs(it)),
        ttl_secs,
        comment: "the \u{202e}office".parse().ok(),
    }
}

pub(crate) fn why() -> Why {
    Why {
        indicator: ip("192.168.1.100"),
        blocked: true,
        expires_at: Some(NOW + Duration::from_secs(299)),
        ttl_secs: Some(299),
        decisions: vec![Block {
            indicator: ip("192.168.1.100"),
            origin: Origin::Peers,
            ..block(1)
        }],
        reports: Vec::new(),
        exempt: None,
        refusals: vec![RefusalLine {
            at: NOW,
            code: "too_fast".into(),
            message: "the author sends faster than its rate".into(),
            author: Some(node_id(5)),
        }],
        evidence: vec![evidence(true), evidence(false)],
        opinion: Some(opinion(ip("192.168.1.100"))),
        kernel: Some(KernelEntry {
            in_kernel: true,
            observing: false,
            packets: 12,
            bytes: 720,
            violations: 1,
        }),
        location: Some(location()),
        near: vec![NearMiss {
            indicator: ip("192.168.1.1"),
            reason: "is a default gateway of this host".into(),
        }],
        past: Some(WhyPast {
            detections: 2,
            alerts: 1,
            blocks: 3,
        }),
        undo: Some("aegis unblock 192.168.1.100".into()),
        commands: vec!["aegis allow 192.168.1.100".into()],
    }
}

/// As [`why`] of an address that is never blocked and of which nothing is known.
pub(crate) fn why_not() -> Why {
    Why {
        indicator: ip("192.0.2.1"),
        blocked: false,
        expires_at: None,
        ttl_secs: None,
        decisions: Vec::new(),
        reports: Vec::new(),
        exempt: Some(Exempt {
            kind: "protected".into(),
            reason: "192.0.2.1 is a default gateway of this host".into(),
        }),
        refusals: Vec::new(),
        evidence: Vec::new(),
        opinion: None,
        kernel: None,
        location: None,
        near: Vec::new(),
        past: None,
        undo: None,
        commands: Vec::new(),
    }
}

fn evidence(own: bool) -> EvidenceLine {
    EvidenceLine {
        alert_id: AlertId::from_bytes([3; 16]),
        author: node_id(5),
        own,
        organisations: if own { Vec::new() } else { vec![affiliation()] },
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: Evidence::Spoofable,
        description: if own {
            None
        } else {
            "see \u{202e}moc.live".parse().ok()
        },
        stated_at: NOW,
        age_secs: 61,
        expires_at: NOW + Duration::from_secs(299),
        weight_percent: 100,
        outcome: if own { "blocked" } else { "too\u{1b}[2J" }.into(),
    }
}

fn interface(name: &str, mode: AttachMode, reason: &str) -> Interface {
    Interface {
        name: name.into(),
        mode,
        reason: reason.into(),
    }
}

/// Where nobody is.
pub(crate) fn location() -> Location {
    Location {
        continent: Some("EU".into()),
        country: Some("DE".into()),
        asn: Some(64_500),
        asn_name: Some("An example".into()),
    }
}
