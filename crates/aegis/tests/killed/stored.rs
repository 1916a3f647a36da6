//! What a killed daemon left in its store, held against what it acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Debug, Display},
};

use aegis::daemon::Clock;
use aegis_core::{AlertId, HistoryKind, Indicator, Timestamp};
use aegis_store::{HistoryFilter, Store};

use crate::{
    place::Place,
    shard::{Known, Shard},
};

/// What was looked at.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) unanswered: u64,
    pub(crate) unanswered_but_done: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.unanswered += other.unanswered;
        self.unanswered_but_done += other.unanswered_but_done;
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} changes acknowledged, {} in flight, of which {} were done",
            self.acknowledged, self.unanswered, self.unanswered_but_done
        )
    }
}

/// Opens the store, checks it, and notes what is true of all that may have been done.
pub(crate) fn check(
    place: &Place,
    shards: &mut [Shard],
    (round, since): (u32, Timestamp),
) -> Tally {
    let store = Store::open(&place.store()).unwrap_or_else(|error| panic!("kill {round}: {error}"));
    let snapshot = store.load(Clock.now()).expect("it can be read");
    assert_eq!(
        store.check().expect("it can be read"),
        [""; 0],
        "kill {round}"
    );
    assert_eq!(store.audit_verify().expect("it can be read").fault, None);
    assert_eq!(store.corrupt_rows(), 0, "kill {round}");
    let blocks: BTreeSet<Indicator> = snapshot.decisions.iter().map(|it| it.indicator).collect();
    let allows: BTreeSet<Indicator> = snapshot.allowlist.iter().map(|it| it.indicator).collect();
    let alerts: BTreeSet<AlertId> = snapshot
        .alerts
        .iter()
        .map(|it| AlertId::of(&it.0))
        .collect();
    let mut tally = history(&store, shards, (round, since));
    for shard in shards {
        settle_all(&mut shard.blocks, &blocks, round);
        settle_all(&mut shard.allows, &allows, round);
        let peer = shard.peer();
        let set = snapshot.pretrust.iter().find(|(it, _)| *it == peer);
        settle(
            &mut shard.trust,
            set.map(|it| it.1.pretrust.percent()),
            (round, &peer),
        );
        let lost: Vec<_> = shard.alerts.difference(&alerts).collect();
        assert!(
            lost.is_empty(),
            "kill {round}: acknowledged and lost: {lost:?}"
        );
        tally.unanswered += u64::from(shard.unanswered.take().is_some());
        shard.acknowledged.clear();
    }
    tally
}

/// Checks that the history tells of every acknowledged change, and of nothing that was not asked.
fn history(store: &Store, shards: &[Shard], (round, since): (u32, Timestamp)) -> Tally {
    let reader = store.history().expect("it can be read").expect("on disk");
    let filter = HistoryFilter {
        since: Some(since),
        ..HistoryFilter::default()
    };
    let entries = reader
        .entries(&filter, None, 10_000)
        .expect("it can be read");
    let mut told: BTreeMap<HistoryKind, u64> = BTreeMap::new();
    for (_, entry) in &entries {
        *told.entry(entry.kind).or_default() += 1;
    }
    let mut tally = Tally::default();
    for kind in HistoryKind::ALL {
        let of = |it: &Shard| it.acknowledged.get(&kind).copied().unwrap_or(0);
        let acknowledged: u64 = shards.iter().map(of).sum();
        let unanswered = shards.iter().filter(|it| it.unanswered == Some(kind));
        let most = acknowledged + unanswered.count() as u64;
        let told = told.get(&kind).copied().unwrap_or(0);
        let is_asked_for = !matches!(
            kind,
            HistoryKind::Started | HistoryKind::Stopped | HistoryKind::Ended
        );
        if is_asked_for {
            assert!(
                told >= acknowledged,
                "kill {round}: acknowledged and lost: {kind} {acknowledged} times, told {told} times"
            );
            assert!(
                told <= most,
                "kill {round}: {kind} is told {told} times, and was asked for {most} times"
            );
            tally.unanswered_but_done += told - acknowledged;
        }
        tally.acknowledged += acknowledged;
    }
    tally
}

fn settle_all(
    known: &mut BTreeMap<Indicator, Known<bool>>,
    stored: &BTreeSet<Indicator>,
    round: u32,
) {
    for (indicator, known) in known.iter_mut() {
        settle(known, stored.contains(indicator), (round, indicator));
    }
    let unknown: Vec<_> = stored
        .iter()
        .filter(|it| !known.contains_key(it) && known.keys().any(|key| is_of_one(key, it)))
        .collect();
    assert!(
        unknown.is_empty(),
        "kill {round}: nobody asked for {unknown:?}"
    );
}

/// Returns whether two addresses are of one caller and kind.
fn is_of_one(one: &Indicator, other: &Indicator) -> bool {
    let octets = |it: &Indicator| match it.address() {
        std::net::IpAddr::V4(it) => it.octets(),
        std::net::IpAddr::V6(_) => [0; 4],
    };
    octets(one)[..3] == octets(other)[..3]
}

#[track_caller]
fn settle<T: Copy + Debug + PartialEq>(
    known: &mut Known<T>,
    stored: T,
    (round, what): (u32, &dyn Display),
) {
    let is_right = stored == known.acknowledged || Some(stored) == known.possible;
    assert!(
        is_right,
        "kill {round}: acknowledged and lost: {what} is {stored:?}, known {known:?}"
    );
    *known = Known {
        acknowledged: stored,
        possible: None,
    };
}
