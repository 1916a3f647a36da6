//! What a scripted node has, made of numbers: the same each time, and as if it had happened.

use std::{net::Ipv4Addr, time::Duration};

use aegis_api::{
    AllowEntry, AttachMode, Block, Evidence, FeedLast, FeedLine, FeedList, HistoryId, HistoryKind,
    HistoryLine, Indicator, Interface, Location, ModelKind, NodeId, Origin, Page, PageQuery, Peer,
    PeerClass, PeerTrust, Severity, Stats, Traffic, TrafficChart, TrafficPoint, TrendPoint,
    TrustChart,
};

use super::{DAY, HOSTILE, NOW, Script};

pub(super) fn interface(name: &str, mode: AttachMode, reason: &str) -> Interface {
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

pub(super) fn threat(script: &Script, number: u32) -> aegis_api::ThreatType {
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

pub(super) fn block(script: &Script, number: u32) -> Block {
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
    let origin = ORIGINS[chance as usize % ORIGINS.len()];
    let feed = if script.is_hostile { HOSTILE } else { "drop" };
    Block {
        indicator: address(number),
        origin,
        author: node_id(chance % 9),
        file: None,
        region: None,
        feed: (origin == Origin::Feed).then(|| feed.to_owned()),
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

pub(super) fn line(script: &Script, number: u32) -> HistoryLine {
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

pub(super) fn peer(script: &Script, number: u32) -> Peer {
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

pub(super) fn charts(script: &Script, query: &PageQuery<NodeId>) -> Page<TrustChart> {
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

pub(super) fn trust(peer: NodeId) -> PeerTrust {
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

pub(super) fn traffic(script: &Script) -> TrafficChart {
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

pub(super) fn stats() -> Stats {
    Stats {
        dropped: Traffic {
            packets: 48_120_331,
            bytes: 2_887_219_860,
        },
        ..Stats::default()
    }
}

pub(super) fn allowed(script: &Script) -> Vec<AllowEntry> {
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

pub(super) fn feeds(script: &Script) -> FeedList {
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
            left_out: [
                ("too wide".to_owned(), 21),
                ("on the allowlist".to_owned(), 3),
            ]
            .into(),
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
        built_in: vec!["feodo".to_owned(), "otx".to_owned()],
        need_key: vec!["otx".to_owned()],
    }
}
