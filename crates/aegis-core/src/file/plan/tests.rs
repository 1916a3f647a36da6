//! The planner against holders that are honest, slow, mute and lying.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::file::tests::{T0, node};

fn secs(secs: u64) -> Timestamp {
    T0 + Duration::from_secs(secs)
}

fn drain(plan: &mut Plan, now: Timestamp) -> Vec<Ask> {
    std::iter::from_fn(|| plan.poll_ask(now)).collect()
}

#[test]
fn no_holder_owes_more_than_it_may_and_no_chunk_is_asked_twice() {
    let mut plan = Plan::new(ChunkSet::none(20), 1);
    assert!(plan.meet(node(1), ChunkSet::all(20)) && plan.meet(node(2), ChunkSet::all(20)));
    let asked = drain(&mut plan, T0);
    assert_eq!(asked.len(), 2 * IN_FLIGHT_PER_HOLDER_MAX);
    let chunks: BTreeSet<u32> = asked.iter().map(|it| it.chunk).collect();
    assert_eq!(chunks.len(), asked.len());
}

#[test]
fn the_rarest_chunk_comes_first() {
    let mut plan = Plan::new(ChunkSet::none(8), 1);
    plan.meet(node(1), ChunkSet::all(8));
    let mut most = ChunkSet::all(8);
    most.remove(5);
    plan.meet(node(2), most);
    let first_of_1 = drain(&mut plan, T0)
        .into_iter()
        .find(|it| it.holder == node(1));
    assert_eq!(first_of_1.map(|it| it.chunk), Some(5));
}

#[test]
fn equal_seeds_ask_alike_and_others_differ() {
    let asked = |seed| {
        let mut plan = Plan::new(ChunkSet::none(100), seed);
        plan.meet(node(1), ChunkSet::all(100));
        drain(&mut plan, T0)
    };
    assert_eq!(asked(1), asked(1));
    assert_ne!(asked(1), asked(2));
}

#[test]
fn what_a_slow_holder_owes_is_asked_of_another_and_comes_from_whoever_is_first() {
    let mut plan = Plan::new(ChunkSet::none(1), 1);
    plan.meet(node(1), ChunkSet::all(1));
    assert_eq!(drain(&mut plan, T0).len(), 1);
    plan.meet(node(2), ChunkSet::all(1));
    assert_eq!(drain(&mut plan, secs(2)), []);
    assert_eq!(plan.poll_timeout(T0), Some(T0 + SLOW_AFTER));
    let again = Ask {
        holder: node(2),
        chunk: 0,
    };
    assert_eq!(drain(&mut plan, secs(3)), [again]);
    assert_eq!(plan.take(&node(2), 0), Receipt::Taken);
    assert_eq!(plan.take(&node(1), 0), Receipt::Spare);
    assert!(plan.is_complete());
}

#[test]
fn a_holder_that_does_not_answer_is_left_alone_longer_each_time() {
    let mut plan = Plan::new(ChunkSet::none(1), 1);
    plan.meet(node(1), ChunkSet::all(1));
    let mut now = T0;
    for pause in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
        assert_eq!(drain(&mut plan, now).len(), 1);
        now = now + LOST_AFTER;
        plan.handle_timeout(now);
        assert_eq!(drain(&mut plan, now), []);
        let ready_at = now + Duration::from_millis(pause);
        assert_eq!(plan.poll_timeout(now), Some(ready_at));
        now = ready_at;
    }
}

#[test]
fn a_culprit_is_asked_nothing_any_more_though_it_leaves_and_comes_back() {
    let mut plan = Plan::new(ChunkSet::none(9), 1);
    plan.meet(node(1), ChunkSet::all(9));
    assert_eq!(drain(&mut plan, T0).len(), IN_FLIGHT_PER_HOLDER_MAX);
    plan.shun(&node(1));
    plan.part(&node(1));
    assert!(!plan.meet(node(1), ChunkSet::all(9)));
    assert_eq!(drain(&mut plan, secs(100)), []);
    assert!(plan.is_shunned(&node(1)) && plan.holders().next().is_none());
    plan.meet(node(2), ChunkSet::all(9));
    assert_eq!(drain(&mut plan, secs(100)).len(), IN_FLIGHT_PER_HOLDER_MAX);
}

#[test]
fn only_what_lacks_is_asked_for() {
    let mut have = ChunkSet::all(9);
    have.remove(3);
    let mut plan = Plan::new(have, 1);
    plan.meet(node(1), ChunkSet::all(9));
    let chunks: Vec<u32> = drain(&mut plan, T0).iter().map(|it| it.chunk).collect();
    assert_eq!(chunks, [3]);
    plan.lack(T0, &node(1), 3);
    assert_eq!(drain(&mut plan, secs(100)), []);
    assert!(!plan.meet(node(2), ChunkSet::all(10)), "another file");
}

/// How a holder of the simulation behaves.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Honest,
    Slow,
    Liar,
    Mute,
    Busy,
    /// Says that it has all and has every second chunk.
    Boaster,
    /// Leaves at its third chunk.
    Leaver,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Honest,
        Kind::Slow,
        Kind::Liar,
        Kind::Mute,
        Kind::Busy,
        Kind::Boaster,
        Kind::Leaver,
    ])
}

/// Lets the plan meet holders of these kinds; returns how long it took, `None` where it never ends.
fn simulate(chunks: u32, kinds: &[Kind], seed: u64) -> Option<Duration> {
    let mut plan = Plan::new(ChunkSet::none(chunks), seed);
    for number in 0..kinds.len() as u8 {
        plan.meet(node(number), ChunkSet::all(chunks));
    }
    let mut answers: BTreeSet<(Timestamp, u8, u32)> = BTreeSet::new();
    let mut asked = vec![0u32; kinds.len()];
    let mut shunned = BTreeSet::new();
    let mut now = T0;
    for _ in 0..100_000 {
        plan.handle_timeout(now);
        while let Some(ask) = plan.poll_ask(now) {
            let number = ask.holder.public_key()[0];
            assert!(!shunned.contains(&number), "a culprit was asked");
            assert!(plan.owed_by(&ask.holder) <= IN_FLIGHT_PER_HOLDER_MAX);
            assert!(plan.expected(now) <= IN_FLIGHT_MAX);
            asked[usize::from(number)] += 1;
            let after = match kinds[usize::from(number)] {
                Kind::Mute => continue,
                Kind::Slow => SLOW_AFTER * 2,
                Kind::Honest | Kind::Liar | Kind::Busy | Kind::Boaster | Kind::Leaver => {
                    Duration::from_millis(20)
                }
            };
            answers.insert((now + after, number, ask.chunk));
        }
        if plan.is_complete() {
            return Some(now.since(T0));
        }
        let answer = answers.first().map(|it| it.0);
        let due = plan.poll_timeout(now);
        now = answer.into_iter().chain(due).min()?;
        while let Some((_, number, chunk)) = answers.first().copied().filter(|it| it.0 <= now) {
            answers.pop_first();
            let holder = node(number);
            match kinds[usize::from(number)] {
                Kind::Honest | Kind::Slow => drop(plan.take(&holder, chunk)),
                Kind::Liar => {
                    plan.shun(&holder);
                    shunned.insert(number);
                }
                Kind::Busy => plan.fail(now, &holder, chunk),
                Kind::Boaster if chunk % 2 == 1 => plan.lack(now, &holder, chunk),
                Kind::Leaver if asked[usize::from(number)] > 2 => plan.part(&holder),
                Kind::Boaster | Kind::Leaver => drop(plan.take(&holder, chunk)),
                Kind::Mute => {}
            }
        }
    }
    None
}

proptest! {
    #[test]
    fn with_one_honest_holder_every_file_arrives(
        chunks in 1u32..60,
        mut kinds in prop::collection::vec(kind(), 0..8),
        place in 0usize..8,
        seed: u64,
    ) {
        kinds.insert(place.min(kinds.len()), Kind::Honest);
        let took = simulate(chunks, &kinds, seed);
        // What the mute owe is asked elsewhere as soon as they are slow.
        prop_assert!(took.is_some_and(|it| it < Duration::from_secs(30)), "{took:?}");
    }

    #[test]
    fn without_an_honest_holder_nothing_wrong_is_taken(
        chunks in 1u32..20,
        kinds in prop::collection::vec(prop::sample::select(vec![Kind::Liar]), 1..8),
        seed: u64,
    ) {
        prop_assert_eq!(simulate(chunks, &kinds, seed), None);
    }
}
