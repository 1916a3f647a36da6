//! A restarted Engine is what it was.

use super::*;
use crate::KeptReport;

#[test]
fn comes_back_with_its_blocks_its_allowlist_and_its_unblocks() {
    let mut before = engine();
    let mut kept = Kept::default();
    kept.take(&hear(&mut before, LAN_PEER, statement(ATTACKER)));
    kept.take(&hear(&mut before, LAN_PEER, statement("203.0.113.8")));
    kept.take(&detect(&mut before, NOW, "203.0.113.9"));
    let unblock = Command::Unblock {
        indicator: "203.0.113.8".parse().unwrap(),
        withdraw: false,
    };
    kept.take(&order(&mut before, NOW, unblock).1);
    let indicator = "198.18.0.0/24".parse().unwrap();
    let allow = Command::Allow {
        indicator,
        allow_for: None,
        comment: None,
    };
    kept.take(&order(&mut before, NOW, allow).1);

    let mut after = engine();
    after.restore(NOW, kept.restore);
    connect(&mut after, LAN_PEER, PeerClass::Lan);
    assert_eq!(after.ruleset().blocks(), before.ruleset().blocks());
    assert_eq!(after.ruleset().exemptions(), before.ruleset().exemptions());
    assert_eq!(after.alerts_live(), before.alerts_live());
    assert_eq!(
        hear(&mut after, LAN_PEER, statement(ATTACKER)),
        [],
        "known already"
    );
    let again = Statement {
        severity: Severity::MAX,
        ..statement("203.0.113.8")
    };
    assert_eq!(refusals(&hear(&mut after, LAN_PEER, again)), ["unblocked"]);
    pass(&mut after, NOW + Duration::from_secs(86_400));
    assert_eq!(after.ruleset().blocks().len(), 0);
}

#[test]
fn what_became_protected_meanwhile_does_not_come_back() {
    let mut before = engine();
    let mut kept = Kept::default();
    kept.take(&detect(&mut before, NOW, ATTACKER));
    let mut after = engine();
    let own = [ATTACKER.parse().unwrap()].into();
    run(
        &mut after,
        NOW,
        Input::HostChanged(HostFacts {
            own,
            ..HostFacts::default()
        }),
    );
    after.restore(NOW, kept.restore);
    assert!(!is_blocked(&after, ATTACKER) && after.ruleset().blocks().is_empty());
}

#[test]
fn what_was_judged_before_a_restart_is_not_judged_again() {
    let mut before = engine();
    let mut kept = Kept::default();
    kept.take(&connect(&mut before, STRANGER, PeerClass::Dht));
    kept.take(&hear(&mut before, STRANGER, statement(ATTACKER)));
    kept.take(&order(&mut before, NOW, block(ATTACKER, 3600)).1);
    kept.take(&run(&mut before, NOW, Input::Stopping));
    assert_eq!(before.trust_in(NOW, &STRANGER).right, 1);
    let mut after = engine();
    after.restore(NOW, kept.restore);
    assert_eq!(after.trust_in(NOW, &STRANGER).right, 1, "it is remembered");
    order(&mut after, NOW, block(ATTACKER, 1800)).0.unwrap();
    assert_eq!(
        after.trust_in(NOW, &STRANGER).right,
        1,
        "and not paid twice"
    );
}

/// A store in memory that understands the records.
#[derive(Default)]
struct Kept {
    restore: Restore,
}

impl Kept {
    fn take(&mut self, outputs: &[Output]) {
        for output in outputs {
            let Output::Persist(record) = output else {
                continue;
            };
            self.write(record.clone());
        }
    }

    fn write(&mut self, record: Record) {
        let it = &mut self.restore;
        match record {
            Record::AlertAdded { alert, received_at } => it.alerts.push((alert, received_at)),
            Record::AlertRemoved(id) => it.alerts.retain(|(alert, _)| alert.id() != id),
            Record::DecisionMade(decision) => it.decisions.push(decision),
            Record::DecisionEnded {
                indicator,
                origin,
                author,
            } => it
                .decisions
                .retain(|it| (it.indicator, it.origin, it.author) != (indicator, origin, author)),
            Record::ReportKept(report) => {
                let is_same = |it: &KeptReport| {
                    (it.indicator, &it.source) == (report.indicator, &report.source)
                };
                it.reports.retain(|it| !is_same(it));
                it.reports.push(report);
            }
            Record::ReportGone { indicator, source } => it
                .reports
                .retain(|it| (it.indicator, &it.source) != (indicator, &source)),
            Record::ReportsEnded(gone) => it.reports.retain(|it| it.indicator != gone),
            Record::Allowed(entry) => it.allowlist.push(entry),
            Record::Disallowed(gone) => it.allowlist.retain(|it| it.indicator != gone),
            Record::Unblocked(unblock) => it.unblocks.push(unblock),
            Record::UnblockEnded(gone) => it.unblocks.retain(|it| it.indicator != gone),
            Record::TrustKept(kept) => {
                it.trust.retain(|earlier| earlier.peer != kept.peer);
                it.trust.push(kept);
            }
            Record::SharedTrustKept { model, memory } => it.shared_trust = vec![(model, memory)],
            Record::PretrustSet { peer, introduction } => it.pretrust.push((peer, introduction)),
            Record::TrustForgotten(gone) => {
                it.trust.retain(|kept| kept.peer != gone);
                it.pretrust.retain(|(peer, _)| *peer != gone);
            }
            Record::Happened(_) => {} // nothing that stands
            Record::PeerSeen(peer) => {
                it.peers.retain(|known| known.peer != peer.peer);
                it.peers.push(peer);
            }
            Record::Organisation(_)
            | Record::FileAnnounced(_)
            | Record::FileAnnouncementGone { .. }
            | Record::Access(_)
            | Record::Audit(_) => {}
        }
    }
}
