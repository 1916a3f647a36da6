//! The blocklist in the kernel against a plain model: random entries, random packets, random
//! changes in between, and no difference.
//!
//! Ten million packets in all; a failure names its seed and its round.

mod burst;
mod chance;
mod model;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use aegis_core::{Change, Exemption, Indicator, Ruleset, Timestamp};
use aegis_enforce::{Capacity, Counter, Enforcer};

use self::{
    burst::{Burst, Tally},
    chance::Chance,
    model::{LATE_MAX, Model},
};
use crate::support::{Instance, T0, clock, count, unwrap};

/// No burst may take longer: what ends within this time decides nothing.
const BURST_MAX: Duration = Duration::from_secs(20);
const PACKETS: u64 = 10_000_000;
/// How far two readings of the clocks may differ on a busy machine.
const JITTER: Duration = Duration::from_millis(500);
/// Entries of up to twelve days say when they end; longer ones are renewed.
const SAYABLE: Duration = Duration::from_secs(11 * 86_400);

/// One run: how many blocks there are at first, how many changes come in each round.
struct Plan {
    seed: u64,
    first: usize,
    rounds: u64,
    changes: usize,
    /// Of so many rounds one changes more than is changed in place.
    bulk_every: u64,
    /// Of the packets of the whole test.
    share: u64,
}

const PLANS: [Plan; 5] = [
    // A few entries, nothing grows.
    Plan {
        seed: 1,
        first: 60,
        rounds: 10,
        changes: 8,
        bulk_every: 99,
        share: 20,
    },
    // Full tables: neighbours and the stash are used, and tables grow.
    Plan {
        seed: 2,
        first: 900,
        rounds: 16,
        changes: 400,
        bulk_every: 99,
        share: 20,
    },
    Plan {
        seed: 3,
        first: 5000,
        rounds: 8,
        changes: 7000,
        bulk_every: 99,
        share: 20,
    },
    // Whole lists at once.
    Plan {
        seed: 4,
        first: 12_000,
        rounds: 8,
        changes: 100,
        bulk_every: 3,
        share: 20,
    },
    Plan {
        seed: 5,
        first: 30_000,
        rounds: 6,
        changes: 2000,
        bulk_every: 4,
        share: 20,
    },
];

/// The kernel, the model, and what changes both.
struct Pair {
    /// Ends before its pins are removed.
    enforcer: Option<Enforcer>,
    instance: Instance,
    model: Model,
    known: Vec<Indicator>,
    chance: Chance,
    start: Instant,
}

#[test]
fn the_kernel_drops_exactly_what_a_plain_model_drops() {
    let mut tally = Tally::default();
    for plan in &PLANS {
        let Some(instance) = Instance::new() else {
            return;
        };
        let start = clock();
        let done = run(plan, instance, PACKETS * plan.share / 100);
        eprintln!("seed {}: {done:?} in {:?}", plan.seed, start.elapsed());
        tally.add(done);
    }
    eprintln!("all: {tally:?}");
    assert_eq!(tally.packets, PACKETS);
    // Neither side is trivial.
    let share = tally.dropped * 100 / tally.packets;
    assert!((30..=70).contains(&share), "{share} of a hundred dropped");
    assert!(tally.unsure * 20 < tally.packets, "{tally:?}");
}

fn run(plan: &Plan, mut instance: Instance, packets: u64) -> Tally {
    instance.config.capacity = Capacity::default();
    let mut pair = Pair {
        enforcer: Some(unwrap(Enforcer::start(&instance.config, T0))),
        instance,
        model: Model::default(),
        known: Vec::new(),
        chance: Chance(plan.seed),
        start: clock(),
    };
    let mut changes = Vec::new();
    for _ in 0..plan.first {
        changes.push(pair.chance.block(T0, &mut pair.known));
    }
    pair.apply(&changes);
    let mut tally = Tally::default();
    for round in 0..plan.rounds {
        tally.add(pair.burst(plan, round, packets / plan.rounds / 2 * 2));
        let is_bulk = round % plan.bulk_every == plan.bulk_every - 1;
        pair.change(if is_bulk { 16_000 } else { plan.changes });
        match round % 5 {
            1 => pair.sweep(),
            2 => pair.restart(),
            3 => pair.reconcile(),
            _ => {}
        }
    }
    let rest = packets - tally.packets;
    tally.add(pair.burst(plan, plan.rounds, rest));
    pair.check_counters(tally);
    tally
}

impl Pair {
    fn now(&self) -> Timestamp {
        T0 + self.start.elapsed()
    }

    fn enforcer(&mut self) -> &mut Enforcer {
        self.enforcer.as_mut().unwrap()
    }

    fn apply(&mut self, changes: &[Change]) {
        let now = self.now();
        unwrap(self.enforcer().apply(now, changes));
        for change in changes {
            self.model.apply(now, *change);
        }
    }

    fn change(&mut self, count: usize) {
        let now = self.now();
        let changes: Vec<Change> = (0..count)
            .map(|_| self.chance.change(now, &self.model, &mut self.known))
            .collect();
        self.apply(&changes);
    }

    fn sweep(&mut self) {
        let now = self.now();
        unwrap(self.enforcer().sweep(now));
    }

    /// Ends the enforcer and starts another, which takes over what is pinned.
    fn restart(&mut self) {
        self.enforcer = None;
        let now = self.now();
        self.enforcer = Some(unwrap(Enforcer::start(&self.instance.config, now)));
    }

    /// Makes the kernel agree with a list that lost some and gained some.
    fn reconcile(&mut self) {
        let now = self.now();
        let gone: Vec<Indicator> = self.model.blocks.keys().copied().step_by(9).collect();
        for indicator in gone {
            self.model.apply(now, Change::Unblock(indicator));
        }
        for _ in 0..20 {
            let change = self.chance.block(now, &mut self.known);
            self.model.apply(now, change);
        }
        let mut ruleset = Ruleset::default();
        for (&indicator, &expires_at) in &self.model.blocks {
            ruleset.apply(Change::Block {
                indicator,
                expires_at,
            });
        }
        for &indicator in &self.model.exemptions {
            let exemption = Exemption::Allowlisted;
            ruleset.apply(Change::Exempt {
                indicator,
                exemption,
            });
        }
        unwrap(self.enforcer().reconcile(now, &ruleset));
    }

    fn burst(&mut self, plan: &Plan, round: u64, packets: u64) -> Tally {
        let (from, start) = (self.now(), clock());
        let view = self.model.view(from, from + BURST_MAX);
        let burst = Burst {
            view: &view,
            known: &self.known,
            // Every third round most is dropped, so that the filter is skipped.
            strangers: if round % 3 == 2 { 5 } else { 40 },
            packets,
            seed: plan.seed << 32 | round << 8,
        };
        let tally = burst.run(&self.instance);
        let seed = plan.seed;
        assert_eq!(tally.differences, 0, "seed {seed}, round {round}");
        let took = start.elapsed();
        assert!(took < BURST_MAX, "too slow to know what ended: {took:?}");
        self.check_lists(&format!("seed {seed}, round {round}"));
        tally
    }

    /// Checks that what is read back is what was asked for.
    fn check_lists(&mut self, place: &str) {
        let now = self.now();
        let listed = unwrap(self.enforcer().get_blocklist(now));
        let found: BTreeSet<Indicator> = listed.iter().map(|it| it.indicator).collect();
        let surely = self.model.surely_live(now + Duration::from_secs(2));
        let possibly = self.model.possibly_live(now);
        let lacking: Vec<_> = surely.difference(&found).take(5).collect();
        let surplus: Vec<_> = found.difference(&possibly).take(5).collect();
        assert!(lacking.is_empty(), "{place}: {lacking:?} are lacking");
        assert!(surplus.is_empty(), "{place}: {surplus:?} are too much");
        for entry in listed {
            let wanted = self.model.blocks[&entry.indicator];
            let is_right =
                entry.expires_at + JITTER >= wanted && entry.expires_at < wanted + LATE_MAX;
            let is_long = wanted > now + SAYABLE && entry.expires_at > now + SAYABLE;
            assert!(is_right || is_long, "{place}: {entry:?}, not {wanted:?}");
        }
        for _ in 0..200 {
            let indicator = self.chance.indicator(&self.known);
            let covers = |it: &Indicator| it.contains(&indicator);
            let is_exempt = self.model.exemptions.iter().any(covers);
            let [surely, possibly] = [&surely, &possibly].map(|it| it.iter().any(covers));
            let found = unwrap(self.enforcer().is_blocklisted(now, indicator));
            let expected = [surely && !is_exempt, possibly && !is_exempt];
            assert!(expected.contains(&found), "{place}: {indicator} is {found}");
        }
    }

    fn check_counters(&self, tally: Tally) {
        let enforcer = self.enforcer.as_ref().unwrap();
        assert_eq!(count(enforcer, Counter::Packets), tally.packets);
        assert_eq!(count(enforcer, Counter::Dropped), tally.dropped);
        for counter in [
            Counter::MatchedHostV4,
            Counter::MatchedHostV6,
            Counter::MatchedPrefixV4,
            Counter::MatchedPrefixV6,
            Counter::MappedSource,
            Counter::TooManyTags,
            Counter::Truncated,
            Counter::BadHeader,
        ] {
            assert!(count(enforcer, counter) > 0, "{counter:?} was never met");
        }
    }
}
