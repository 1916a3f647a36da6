//! Whatever is written reads back, as a plain map would give it, after a restart too.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aegis_core::{
    Action, Actor, Alert, AlertId, AllowEntry, AuditEntry, BlockDuration, Confidence, Decision,
    Description, Evidence, Indicator, KeptReport, KeptTrust, KnownPeer, NodeId,
    OrganisationSnapshot, Origin, PeerClass, Record, ReportSource, Severity, Snapshot, Statement,
    ThreatType, Timestamp, Unblock,
    file::{Announcement, FileId},
    trust::model::{Introduction, ModelKind},
};
use aegis_store::{AuditEvent, Store};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::fixture::{self, HOUR, NOW, place};

/// What the store must hold after some records, in the simplest way to say it.
#[derive(Default)]
struct Model {
    alerts: BTreeMap<AlertId, (Arc<[u8]>, Timestamp, Timestamp)>,
    decisions: BTreeMap<(Indicator, Origin, NodeId), Decision>,
    reports: BTreeMap<(Indicator, ReportSource), KeptReport>,
    allowlist: BTreeMap<Indicator, AllowEntry>,
    unblocks: BTreeMap<Indicator, Unblock>,
    peers: BTreeMap<NodeId, KnownPeer>,
    trust: BTreeMap<NodeId, KeptTrust>,
    shared_trust: BTreeMap<ModelKind, Arc<[u8]>>,
    pretrust: BTreeMap<NodeId, Introduction>,
    file_announcements: BTreeMap<(FileId, NodeId), Arc<Announcement>>,
    audit: Vec<AuditEvent>,
}

impl Model {
    fn apply(&mut self, record: Record) {
        match record {
            Record::AlertAdded { alert, received_at } => {
                let expires_at = alert.statement().expires_at();
                self.alerts
                    .entry(alert.id())
                    .or_insert_with(|| (Arc::clone(alert.wire()), received_at, expires_at));
            }
            Record::AlertRemoved(id) => drop(self.alerts.remove(&id)),
            Record::DecisionMade(it) => {
                let key = (it.indicator, it.origin, it.author);
                self.decisions.insert(key, it);
            }
            Record::DecisionEnded {
                indicator,
                origin,
                author,
            } => drop(self.decisions.remove(&(indicator, origin, author))),
            Record::ReportKept(it) => {
                let key = (it.indicator, it.source.clone());
                self.reports.insert(key, it);
            }
            Record::ReportGone { indicator, source } => {
                self.reports.remove(&(indicator, source));
            }
            Record::ReportsEnded(indicator) => self.reports.retain(|it, _| it.0 != indicator),
            Record::Allowed(it) => drop(self.allowlist.insert(it.indicator, it)),
            Record::Disallowed(indicator) => drop(self.allowlist.remove(&indicator)),
            Record::Unblocked(it) => drop(self.unblocks.insert(it.indicator, it)),
            Record::UnblockEnded(indicator) => drop(self.unblocks.remove(&indicator)),
            Record::PeerSeen(it) => self.see(it),
            Record::TrustKept(it) => drop(self.trust.insert(it.peer, it)),
            Record::SharedTrustKept { model, memory } => {
                self.shared_trust.insert(model, memory);
            }
            Record::PretrustSet { peer, introduction } => {
                self.pretrust.insert(peer, introduction);
            }
            Record::TrustForgotten(peer) => {
                self.trust.remove(&peer);
                self.pretrust.remove(&peer);
            }
            Record::Happened(_) => {} // nothing that stands
            Record::FileAnnounced(it) => {
                let key = (it.offer().file, it.offer().author);
                self.file_announcements.insert(key, it);
            }
            Record::FileAnnouncementGone { file, author } => {
                self.file_announcements.remove(&(file, author));
            }
            Record::Organisation(_) | Record::Access(_) => {} // have tests of their own
            Record::Audit(it) => self.audit.push(AuditEvent::Entry(it)),
        }
    }

    fn see(&mut self, mut peer: KnownPeer) {
        if let Some(known) = self.peers.get(&peer.peer) {
            peer.first_seen_at = peer.first_seen_at.min(known.first_seen_at);
        }
        self.peers.insert(peer.peer, peer);
    }

    fn alive(&self, now: Timestamp) -> Snapshot {
        let alerts = self.alerts.values().filter(|(.., end)| now < *end);
        let decisions = self.decisions.values().filter(|it| it.is_active(now));
        let reports = self.reports.values().filter(|it| now < it.expires_at);
        let allowlist = self.allowlist.values();
        let unblocks = self.unblocks.values().filter(|it| now < it.expires_at);
        let announced = self.file_announcements.values();
        let announced = announced.filter(|it| now < it.offer().validity.expires_at());
        sorted(Snapshot {
            access_keys: Vec::new(),
            alerts: alerts.map(|(wire, at, _)| (wire.clone(), *at)).collect(),
            decisions: decisions.cloned().collect(),
            reports: reports.cloned().collect(),
            allowlist: allowlist
                .filter(|it| it.expires_at.is_none_or(|end| now < end))
                .cloned()
                .collect(),
            unblocks: unblocks.copied().collect(),
            peers: self.peers.values().cloned().collect(),
            trust: self.trust.values().cloned().collect(),
            shared_trust: self.shared_trust.clone().into_iter().collect(),
            pretrust: self.pretrust.clone().into_iter().collect(),
            file_announcements: announced.map(|it| it.wire().clone()).collect(),
            organisations: OrganisationSnapshot::default(),
        })
    }
}

/// Returns the snapshot in an order that both sides share.
fn sorted(mut snapshot: Snapshot) -> Snapshot {
    snapshot.alerts.sort();
    let key = |it: &Decision| (it.indicator, it.origin, it.author);
    snapshot.decisions.sort_by_key(key);
    snapshot
        .reports
        .sort_by_key(|it| (it.indicator, it.source.clone()));
    snapshot.allowlist.sort_by_key(|it| it.indicator);
    snapshot.unblocks.sort_by_key(|it| it.indicator);
    snapshot.peers.sort_by_key(|it| it.peer);
    snapshot.trust.sort_by_key(|it| it.peer);
    snapshot.shared_trust.sort();
    snapshot
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_store_holds_what_a_map_would(batches in batches(), later in time()) {
        let mut store = Store::in_memory().unwrap();
        let model = apply(&mut store, batches);
        check(&store, &model, later);
    }
}

proptest! {
    // Few, because each waits for the disk at every batch.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_reopened_store_holds_what_a_map_would(batches in batches(), later in time()) {
        let (_directory, path) = place();
        let mut store = Store::open(&path).unwrap();
        let model = apply(&mut store, batches);
        drop(store);
        check(&Store::open(&path).unwrap(), &model, later);
    }
}

fn apply(store: &mut Store, batches: Vec<Vec<Record>>) -> Model {
    let mut model = Model::default();
    for batch in batches {
        store.apply(&batch).unwrap();
        batch.into_iter().for_each(|it| model.apply(it));
    }
    model
}

#[track_caller]
fn check(store: &Store, model: &Model, later: Timestamp) {
    for now in [NOW, later.max(NOW)] {
        assert_eq!(sorted(store.load(now).unwrap()), model.alive(now));
    }
    let lines = store.audit_tail(usize::MAX).unwrap();
    let events: Vec<AuditEvent> = lines.into_iter().map(|it| it.event).collect();
    assert_eq!(events, model.audit);
    assert_eq!(store.audit_verify().unwrap().fault, None);
    assert_eq!(store.corrupt_rows(), 0);
}

#[test]
fn one_record_of_each_kind_survives_a_restart() {
    let (_directory, path) = place();
    let mut model = Model::default();
    let records = fixture::one_of_each();
    Store::open(&path).unwrap().apply(&records).unwrap();
    records.into_iter().for_each(|it| model.apply(it));
    let store = Store::open(&path).unwrap();
    let snapshot = store.load(NOW).unwrap();
    assert_eq!(sorted(snapshot.clone()), model.alive(NOW));
    let counts = (
        snapshot.alerts.len(),
        snapshot.decisions.len(),
        snapshot.allowlist.len(),
        snapshot.unblocks.len(),
        snapshot.peers.len(),
        snapshot.trust.len(),
        snapshot.shared_trust.len(),
        snapshot.pretrust.len(),
        store.audit_tail(9).unwrap().len(),
    );
    assert_eq!(counts, (1, 1, 1, 1, 1, 1, 1, 1, 1));
}

#[test]
fn a_time_beyond_what_the_file_can_hold_stays_far_ahead() {
    let mut store = Store::in_memory().unwrap();
    let decision = Decision {
        expires_at: Timestamp::from_millis(u64::MAX),
        ..fixture::decision(1)
    };
    store.apply(&[Record::DecisionMade(decision)]).unwrap();
    let far_ahead = Timestamp::from_millis(i64::MAX as u64 - 1);
    assert_eq!(store.load(far_ahead).unwrap().decisions.len(), 1);
}

#[test]
fn peers_come_back_with_those_seen_last_first() {
    let mut store = Store::in_memory().unwrap();
    let records = [3, 9, 1].map(|it| Record::PeerSeen(fixture::peer(it)));
    store.apply(&records).unwrap();
    let peers = store.load(NOW).unwrap().peers;
    let nodes: Vec<NodeId> = peers.into_iter().map(|it| it.peer).collect();
    assert_eq!(nodes, [9, 3, 1].map(fixture::node));
}

#[test]
fn a_peer_with_an_endless_address_is_not_kept() {
    let mut store = Store::in_memory().unwrap();
    let endless = KnownPeer {
        address: "x".repeat(257),
        ..fixture::peer(1)
    };
    let longest = KnownPeer {
        address: "x".repeat(256),
        ..fixture::peer(2)
    };
    let records = [endless, longest.clone()].map(Record::PeerSeen);
    store.apply(&records).unwrap();
    assert_eq!(store.load(NOW).unwrap().peers, [longest]);
}

#[test]
fn a_full_allowlist_refuses_the_batch_and_keeps_what_it_has() {
    let mut store = Store::in_memory().unwrap();
    let full: Vec<Record> = (0..100_000)
        .map(|it| Record::Allowed(fixture::allow_entry(it)))
        .collect();
    store.apply(&full).unwrap();
    let over = [
        Record::Allowed(fixture::allow_entry(100_000)),
        fixture::alert_added(1),
    ];
    let error = store.apply(&over).unwrap_err();
    assert_eq!(error.to_string(), "the allowlist is full at 100000 entries");
    let replaced = [Record::Allowed(fixture::allow_entry(0))];
    store.apply(&replaced).unwrap();
    let snapshot = store.load(NOW).unwrap();
    assert_eq!(
        (snapshot.allowlist.len(), snapshot.alerts.len()),
        (100_000, 0)
    );
}

fn batches() -> impl Strategy<Value = Vec<Vec<Record>>> {
    vec(vec(record(), 0..30), 1..6)
}

/// Few indicators and authors, so that records meet earlier ones.
fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        (alert(), time()).prop_map(|(alert, received_at)| Record::AlertAdded {
            alert: Arc::new(alert),
            received_at
        }),
        alert().prop_map(|it| Record::AlertRemoved(it.id())),
        decision().prop_map(Record::DecisionMade),
        (indicator(), origin(), node()).prop_map(|(indicator, origin, author)| {
            Record::DecisionEnded {
                indicator,
                origin,
                author,
            }
        }),
        report().prop_map(Record::ReportKept),
        (indicator(), source())
            .prop_map(|(indicator, source)| Record::ReportGone { indicator, source }),
        indicator().prop_map(Record::ReportsEnded),
        (indicator(), time(), option::of(time()), option::of(text())).prop_map(
            |(indicator, added_at, expires_at, comment)| Record::Allowed(AllowEntry {
                indicator,
                added_at,
                expires_at,
                comment,
            })
        ),
        indicator().prop_map(Record::Disallowed),
        (indicator(), time(), time()).prop_map(|(indicator, unblocked_at, expires_at)| {
            Record::Unblocked(Unblock {
                indicator,
                unblocked_at,
                expires_at,
            })
        }),
        indicator().prop_map(Record::UnblockEnded),
        known_peer().prop_map(Record::PeerSeen),
        kept_trust().prop_map(Record::TrustKept),
        (model(), vec(any::<u8>(), 0..50)).prop_map(|(model, memory)| Record::SharedTrustKept {
            model,
            memory: memory.into(),
        }),
        (node(), confidence(), any::<bool>()).prop_map(|(peer, pretrust, is_fixed)| {
            let introduction = Introduction { pretrust, is_fixed };
            Record::PretrustSet { peer, introduction }
        }),
        node().prop_map(Record::TrustForgotten),
        (0u8..4, 0u32..3).prop_map(|(number, halves)| {
            Record::FileAnnounced(fixture::announced(number, NOW + HOUR * halves / 2))
        }),
        (0u8..4).prop_map(|number| Record::FileAnnouncementGone {
            file: FileId::from_bytes([number; 32]),
            author: fixture::node(number),
        }),
        audit_entry().prop_map(Record::Audit),
    ]
}

/// The same number always gives the same alert: an id stands for one statement.
fn alert() -> impl Strategy<Value = Alert> {
    (0u32..8).prop_map(|number| {
        let block_for = BlockDuration::from_secs(u64::from(number) * 600 + 1).unwrap();
        let statement = Statement {
            block_for,
            stated_at: NOW - Duration::from_secs(1200),
            ..fixture::alert(number).statement().clone()
        };
        let wire = vec![number as u8; number as usize * 100];
        Alert::from_verified(fixture::node(7), statement, wire.into())
    })
}

fn source() -> impl Strategy<Value = ReportSource> {
    (0u8..3).prop_map(|it| format!("source/{it}").parse().unwrap())
}

prop_compose! {
    fn report()(
        decision in decision(),
        source in source(),
        events in any::<u32>(),
        reason in option::of(text()),
        alerts in vec(any::<[u8; 16]>(), 0..3),
    ) -> KeptReport {
        KeptReport {
            indicator: decision.indicator,
            source,
            threat_type: decision.threat_type,
            severity: decision.severity,
            evidence: decision.evidence,
            events,
            reason,
            reported_at: decision.decided_at,
            expires_at: decision.expires_at,
            alerts: alerts.into_iter().map(AlertId::from_bytes).collect(),
        }
    }
}

prop_compose! {
    fn decision()(
        (indicator, origin, author) in (indicator(), origin(), node()),
        alert in option::of(any::<[u8; 16]>()),
        threat_type in "[a-z0-9_.-]{1,64}",
        severity in 1u8..=10,
        evidence in select(&[Evidence::Spoofable, Evidence::Verified]),
        (decided_at, expires_at) in (time(), time()),
    ) -> Decision {
        Decision {
            indicator,
            origin,
            author,
            alert: alert.map(AlertId::from_bytes),
            threat_type: threat_type.parse::<ThreatType>().unwrap(),
            severity: Severity::new(severity).unwrap(),
            evidence,
            decided_at,
            expires_at,
        }
    }
}

prop_compose! {
    fn known_peer()(
        peer in node(),
        class in select(&[PeerClass::Dht, PeerClass::Lan, PeerClass::Configured]),
        address in "\\PC{0,64}",
        (first_seen_at, last_seen_at) in (time(), time()),
    ) -> KnownPeer {
        KnownPeer { peer, class, address, first_seen_at, last_seen_at }
    }
}

prop_compose! {
    fn kept_trust()(
        peer in node(),
        model in model(),
        memory in vec(any::<u8>(), 0..200),
        trend in vec((time(), confidence()), 0..5),
        right in 0u64..1_000,
        kept_at in time(),
    ) -> KeptTrust {
        KeptTrust { peer, model, memory: memory.into(), trend, right, kept_at }
    }
}

fn model() -> impl Strategy<Value = ModelKind> {
    select(&[ModelKind::Aegis, ModelKind::Fides, ModelKind::Dovecot])
}

fn confidence() -> impl Strategy<Value = Confidence> {
    (0.0..=1.0).prop_map(|it| Confidence::new(it).unwrap())
}

prop_compose! {
    fn audit_entry()(
        at in time(),
        actor in prop_oneof![
            Just(Actor::Detector),
            Just(Actor::Node),
            any::<u32>().prop_map(Actor::User),
            node().prop_map(Actor::Peer),
        ],
        action in select(&[Action::Block, Action::Expire, Action::Allow, Action::Stop]),
        indicator in option::of(indicator()),
        detail in "\\PC{0,100}",
    ) -> AuditEntry {
        AuditEntry { at, actor, action, indicator, detail }
    }
}

fn indicator() -> impl Strategy<Value = Indicator> {
    let texts = [
        "0.0.0.0",
        "203.0.113.7",
        "203.0.113.0/24",
        "0.0.0.0/0",
        "2001:db8::1",
        "2001:db8::/48",
        "::/0",
    ];
    select(texts.map(|it| it.parse::<Indicator>().unwrap()).to_vec())
}

fn origin() -> impl Strategy<Value = Origin> {
    select(&[Origin::Peers, Origin::Detector, Origin::Operator])
}

fn node() -> impl Strategy<Value = NodeId> {
    (0u8..4).prop_map(fixture::node)
}

/// Near `NOW`, so that some are over and some are not, and now and then at either end.
fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (0u64..7200).prop_map(|it| NOW - HOUR + Duration::from_secs(it)),
        1 => Just(NOW),
        1 => Just(Timestamp::EPOCH),
        1 => Just(Timestamp::from_millis(i64::MAX as u64)),
    ]
}

fn text() -> impl Strategy<Value = Description> {
    "\\PC{0,100}".prop_map(|it| it.parse().unwrap())
}
