//! Records to write, and a place to write them to.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use aegis_core::{
    Action, Actor, Alert, AllowEntry, AuditEntry, BlockDuration, Confidence, Decision, Evidence,
    HistoryEntry, HistoryKind, Indicator, KeptTrust, KnownPeer, NodeId, Origin, PeerClass, Record,
    Severity, Statement, ThreatType, Timestamp, Unblock,
    file::{Announcement, Audience, FileId, FileSeverity, FileSize, Offer, Validity},
    trust::model::{Introduction, ModelKind},
};
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A place for a store that vanishes with the test.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node").join("store.db");
    (directory, path)
}

pub(crate) fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

pub(crate) fn indicator(number: u32) -> Indicator {
    Indicator::host(Ipv4Addr::from(0xcb00_7100 + number).into())
}

/// An alert whose bytes are its number, alive for a day after `NOW`.
pub(crate) fn alert(number: u32) -> Arc<Alert> {
    let statement = Statement {
        indicator: indicator(number),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: NOW,
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    let wire = format!("alert {number}").into_bytes();
    Arc::new(Alert::from_verified(node(7), statement, wire.into()))
}

pub(crate) fn alert_added(number: u32) -> Record {
    Record::AlertAdded {
        alert: alert(number),
        received_at: NOW,
    }
}

pub(crate) fn decision(number: u32) -> Decision {
    Decision {
        indicator: indicator(number),
        origin: Origin::Peers,
        author: node(7),
        alert: Some(alert(number).id()),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MEDIUM,
        evidence: Evidence::Spoofable,
        decided_at: NOW,
        expires_at: NOW + HOUR,
    }
}

pub(crate) fn allow_entry(number: u32) -> AllowEntry {
    AllowEntry {
        indicator: indicator(number),
        added_at: NOW,
        expires_at: None,
        comment: "the office".parse().ok(),
    }
}

pub(crate) fn unblock(number: u32) -> Unblock {
    Unblock {
        indicator: indicator(number),
        unblocked_at: NOW,
        expires_at: NOW + HOUR,
    }
}

pub(crate) fn peer(number: u8) -> KnownPeer {
    KnownPeer {
        peer: node(number),
        class: PeerClass::Lan,
        address: format!("/ip4/192.0.2.{number}/tcp/9001"),
        first_seen_at: NOW,
        last_seen_at: NOW + Duration::from_secs(number.into()),
    }
}

pub(crate) fn kept_trust(number: u8) -> KeptTrust {
    KeptTrust {
        peer: node(number),
        model: ModelKind::Aegis,
        memory: vec![number; 100].into(),
        trend: vec![
            (NOW - HOUR, Confidence::NONE),
            (NOW, Confidence::new(0.25).unwrap()),
        ],
        right: 3,
        kept_at: NOW,
    }
}

pub(crate) fn introduction() -> Introduction {
    Introduction {
        pretrust: Confidence::HALF,
        is_fixed: true,
    }
}

/// The word of a node that a file is there, from an hour before `NOW` to `end` and a minute.
pub(crate) fn announced(number: u8, end: Timestamp) -> Arc<Announcement> {
    let offer = Offer {
        author: node(number),
        file: FileId::from_bytes([number; 32]),
        size: FileSize::new(1).unwrap(),
        severity: FileSeverity::Major,
        audience: Audience::Everybody,
        validity: Validity::new(NOW - HOUR, end + Duration::from_secs(60)).unwrap(),
        is_withdrawn: false,
        name: "rules.yar".parse().unwrap(),
        description: None,
    };
    let wire = format!("{offer:?}").into_bytes();
    Arc::new(Announcement::from_verified(offer, wire.into()))
}

pub(crate) fn audited(number: u32) -> Record {
    Record::Audit(AuditEntry {
        at: NOW,
        actor: Actor::Peer(node(7)),
        action: Action::Block,
        indicator: Some(indicator(number)),
        detail: format!("line {number}"),
    })
}

/// A block by a peer, a minute later for each number.
pub(crate) fn happened(number: u32) -> HistoryEntry {
    HistoryEntry {
        indicator: Some(indicator(number)),
        threat_type: Some(ThreatType::syn_flood()),
        severity: Some(Severity::MEDIUM),
        until: Some(NOW + HOUR),
        detail: format!("entry {number}"),
        ..HistoryEntry::new(
            NOW + Duration::from_secs(60) * number,
            HistoryKind::Blocked,
            Actor::Peer(node(7)),
        )
    }
}

/// One record for each table.
pub(crate) fn one_of_each() -> Vec<Record> {
    vec![
        alert_added(1),
        Record::DecisionMade(decision(2)),
        Record::Allowed(allow_entry(3)),
        Record::Unblocked(unblock(4)),
        Record::PeerSeen(peer(5)),
        Record::TrustKept(kept_trust(7)),
        Record::SharedTrustKept {
            model: ModelKind::Aegis,
            memory: [8; 40].into(),
        },
        Record::PretrustSet {
            peer: node(9),
            introduction: introduction(),
        },
        Record::FileAnnounced(announced(10, NOW + HOUR)),
        audited(6),
        Record::Happened(happened(10)),
    ]
}
