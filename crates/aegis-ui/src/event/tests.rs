//! Every event in the words that people, and programs that read over their shoulder, know.

use aegis_api::{
    AlertId, AttachMode, Confidence, Event, EventKind, Origin, Score, Severity, ThreatType,
    UnblockCause, Via,
};

use super::line;
use crate::sample::{HOSTILE, NOW, ip, node_id};

const PEER: &str = "12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt";

#[test]
fn a_node_that_starts_and_stops() {
    let running = EventKind::ServiceRunning {
        node_id: node_id(7),
        listen: vec!["/ip4/127.0.0.1/tcp/9001".into()],
    };
    check(running, "Service is running!");
    check(EventKind::ServiceStopping, "Service is stopping");
    let address = "/ip4/127.0.0.1/tcp/9001".to_owned();
    check(
        EventKind::Listening { address },
        "Listening on /ip4/127.0.0.1/tcp/9001",
    );
}

#[test]
fn a_program_that_hangs_on_an_interface_or_not() {
    for (mode, reason, expected) in [
        (
            AttachMode::Generic,
            "no driver",
            "XDP program attached to lo (generic): no driver",
        ),
        (
            AttachMode::Native,
            "",
            "XDP program attached to lo (native)",
        ),
        (
            AttachMode::Tc,
            "XDP is taken",
            "XDP program attached to lo (tc): XDP is taken",
        ),
        (
            AttachMode::Nft,
            "no BPF",
            "Sets of nftables hooked to lo (nft): no BPF",
        ),
        (
            AttachMode::None,
            "not root",
            "No program attached to lo: not root",
        ),
    ] {
        let (interface, reason) = ("lo".into(), reason.into());
        let kind = EventKind::ProgramAttached {
            interface,
            mode,
            reason,
        };
        check(kind, expected);
    }
    let detached = EventKind::ProgramDetached {
        interface: "lo".into(),
        reason: "it is gone".into(),
    };
    check(detached, "XDP program detached from lo: it is gone");
}

#[test]
fn peers_that_come_and_go() {
    let peer = node_id(7);
    for (via, name) in [
        (Via::Mdns, "mDNS"),
        (Via::Host, "this host"),
        (Via::Config, "configuration"),
        (Via::Memory, "an earlier meeting"),
        (Via::Peer, "another peer"),
        (Via::Dht, "the global network"),
        (Via::Inbound, "its call"),
    ] {
        let expected = format!("Discovered peer via {name}: {PEER}");
        check(EventKind::PeerDiscovered { peer, via }, &expected);
    }
    check(
        EventKind::PeerConnected { peer },
        &format!("Peer connected: {PEER}"),
    );
    check(EventKind::PeerLeft { peer }, &format!("Peer left: {PEER}"));
    check(EventKind::PeerLost { peer }, &format!("Peer lost: {PEER}"));
}

#[test]
fn alerts_that_come_and_go() {
    let (indicator, author) = (ip("192.168.1.100"), node_id(7));
    let threat_type = ThreatType::syn_flood;
    let severity = Severity::new(9).expect("within bounds");
    let received = EventKind::AlertReceived {
        indicator,
        threat_type: threat_type(),
        severity,
        author,
    };
    check(
        received,
        "Received threat intel: 192.168.1.100 (type: syn_flood, severity: 9)",
    );
    let refused = EventKind::AlertRefused {
        indicator,
        code: "protected".into(),
        message: "it is mine".into(),
        author,
    };
    check(refused, "Refused threat intel: 192.168.1.100: it is mine");
    let published = EventKind::Published {
        indicator,
        threat_type: threat_type(),
        severity,
        alert_id: AlertId::from_bytes([3; 16]),
    };
    check(
        published,
        "Published threat intel: 192.168.1.100 (type: syn_flood, severity: 9)",
    );
    let detected = EventKind::Detected {
        indicator,
        threat_type: threat_type(),
        rate: 1200,
        severity,
        source: None,
    };
    check(
        detected,
        "Detected syn_flood from 192.168.1.100 (1200/s, severity: 9)",
    );
    let reported = EventKind::Detected {
        indicator,
        threat_type: threat_type(),
        rate: 5,
        severity,
        source: "fail2ban/sshd".parse().ok(),
    };
    check(
        reported,
        "Reported syn_flood from 192.168.1.100 (5 events by fail2ban/sshd, severity: 9)",
    );
}

#[test]
fn blocks_that_come_and_go() {
    let indicator = ip("192.168.1.100");
    let blocked = EventKind::Blocked {
        indicator,
        ttl_secs: 300,
        origin: Origin::Peers,
    };
    check(blocked, "Blocklisted 192.168.1.100 for 300s");
    for (cause, words) in [
        (UnblockCause::Operator, "unblocked by the operator"),
        (UnblockCause::Expired, "its time is over"),
        (UnblockCause::Withdrawn, "withdrawn by its author"),
        (UnblockCause::Allowed, "now on the allowlist"),
        (UnblockCause::Protected, "now a protected address"),
        (
            UnblockCause::Displaced,
            "displaced by a stronger block in a full table",
        ),
    ] {
        let expected = format!("Removed from blocklist: 192.168.1.100 ({words})");
        check(EventKind::Unblocked { indicator, cause }, &expected);
    }
    check(
        EventKind::Allowed { indicator },
        "Allowlisted 192.168.1.100",
    );
    check(
        EventKind::Disallowed { indicator },
        "Removed from allowlist: 192.168.1.100",
    );
}

#[test]
fn an_attack_on_this_host() {
    let destination = ip("192.0.2.1");
    check(
        EventKind::AttackStarted {
            destination,
            rate: 25_000,
        },
        "192.0.2.1 is under a SYN flood from many sources (25000/s)",
    );
    check(
        EventKind::AttackEnded {
            destination,
            secs: 90,
        },
        "The SYN flood on 192.0.2.1 is over, after 90s",
    );
}

#[test]
fn what_the_network_thinks_and_whom_to_trust() {
    let opinion = |score: f64, voices| EventKind::NetworkOpinion {
        indicator: ip("192.0.2.1"),
        score: Score::clamped(score),
        confidence: Confidence::HALF,
        voices,
    };
    check(
        opinion(0.825, 2.5),
        "Network opinion: 192.0.2.1 (score: +0.83, confidence: 0.50, voices: 2.50)",
    );
    check(
        opinion(-0.004, f64::MAX),
        "Network opinion: 192.0.2.1 (score: 0.00, confidence: 0.50, voices: over 1000000)",
    );
    for (was_right, how) in [(true, "right"), (false, "wrong")] {
        let moved = EventKind::TrustMoved {
            peer: node_id(7),
            trust_percent: 87,
            indicator: ip("192.0.2.1"),
            was_right,
        };
        check(
            moved,
            &format!("Trust in {PEER} is 87 %: {how} about 192.0.2.1"),
        );
    }
}

#[test]
fn trouble() {
    let message = "the store is full".to_owned();
    check(
        EventKind::Degraded { message },
        "Warning: the store is full",
    );
    check(
        EventKind::Mended {
            message: "the store has room".to_owned(),
        },
        "Mended: the store has room",
    );
    check(
        EventKind::Lagged { missed: 2 },
        "Too much happened at once: 2 events not shown",
    );
}

#[test]
fn files_that_come_and_go() {
    let (file, author) = (crate::sample::file::id(1), node_id(7));
    let id = "01".repeat(32);
    let name = || "rules.yar\r".to_owned();
    let announced = EventKind::FileAnnounced {
        file,
        author,
        name: name(),
        size: 2048,
        severity: aegis_api::FileSeverity::Major,
    };
    check(
        announced,
        &format!("File offered: rules.yar\\u{{d}} (2.0 KiB, major) {id}"),
    );
    let withdrawn = EventKind::FileWithdrawn {
        file,
        author,
        name: name(),
    };
    check(
        withdrawn,
        &format!("File taken back: rules.yar\\u{{d}} {id}"),
    );
    let (name, size) = (name(), 1);
    let fetched = EventKind::FileFetched { file, name, size };
    check(
        fetched,
        &format!("File fetched: rules.yar\\u{{d}} (1 B) {id}"),
    );
    let name = "x".to_owned();
    check(
        EventKind::FileExpired { file, name },
        &format!("File is over: x {id}"),
    );
}

#[test]
fn feeds_that_come_and_fail() {
    let feed = || "drop".to_owned();
    let applied = EventKind::FeedApplied {
        feed: feed(),
        blocked: 1700,
        added: 12,
        gone: 3,
    };
    check(applied, "Feed drop applied: 1700 blocks (12 new, 3 gone)");
    let failed = EventKind::FeedFailed {
        feed: feed(),
        message: "cannot be reached: refused\n".into(),
    };
    check(failed, "Feed drop failed: cannot be reached: refused\\u{a}");
    let alarm = EventKind::FeedAlarm {
        feed: feed(),
        alarm: "empty".into(),
        message: "what it listed before stands".into(),
    };
    check(
        alarm,
        "Warning: feed drop is empty: what it listed before stands",
    );
}

#[test]
fn words_of_others_stay_on_their_line() {
    let refused = EventKind::AlertRefused {
        indicator: ip("192.0.2.1"),
        code: "protected".into(),
        message: HOSTILE.into(),
        author: node_id(7),
    };
    let expected = "Refused threat intel: 192.0.2.1: \\u{1b}[2Jowned\\u{202e}\\u{d}\\u{a}Blocked";
    check(refused, expected);
}

#[track_caller]
fn check(kind: EventKind, expected: &str) {
    let event = Event {
        seq: 1,
        at: NOW,
        kind,
    };
    assert_eq!(line(&event), expected);
}
