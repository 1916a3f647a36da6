//! A daemon that is killed at any moment has what it acknowledged, and its store opens.
//!
//! A real daemon, observing in a directory of its own, is given orders by several callers at a
//! time and killed at a random moment, in the middle of its work or of its start; then its store
//! is opened and held against what was acknowledged, and it starts again as what it was.
//!
//! `AEGIS_KILLS` says how often (50), `AEGIS_KILL_SEED` repeats the choices of another run;
//! `cargo xtask kill-test` sets both.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]

mod chance;
mod hasty;
mod place;
mod shard;
mod stored;

use std::{ops::Range, time::Duration};

use aegis::daemon::Clock;
use aegis_api::{Client, PageQuery};
use tokio::{task::JoinSet, time::sleep};

use chance::Chance;
use hasty::Door;
use place::{Daemon, Place};
use shard::{SHARDS, Shard};
use stored::Tally;

/// How often the daemon is killed unless something else is said.
const KILLS_DEFAULT: u32 = 50;

/// How often one node is killed before another takes its place: looking through all it ever did
/// takes longer each time.
const KILLS_PER_STORE: usize = 100;

/// One daemon in so many is killed while it starts.
const KILLED_AT_START: u64 = 5;

/// The latest moments of a kill: of the start, and of the work.
const START_MS: u64 = 250;
const WORK_MS: u64 = 450;

#[tokio::test]
async fn a_daemon_killed_at_any_moment_has_all_that_it_acknowledged() {
    let kills: u32 = number("AEGIS_KILLS").map_or(KILLS_DEFAULT, |it| it as u32);
    let seed = number("AEGIS_KILL_SEED").unwrap_or_else(|| Clock.now().as_millis());
    println!("{kills} kills, AEGIS_KILL_SEED={seed}");
    let mut chance = Chance(seed);
    let (began_at, mut total) = (Clock.now(), Tally::default());
    for first in (0..kills).step_by(KILLS_PER_STORE) {
        let rounds = first..kills.min(first + KILLS_PER_STORE as u32);
        total.add(&kill_one_node(rounds, &mut chance).await);
    }
    let took = Clock.now().since(began_at);
    println!("{kills} kills in {took:.1?}: {total}, 0 lost, 0 stores unreadable");
    let is_at_work = total.acknowledged > u64::from(kills);
    assert!(is_at_work, "the daemon did some work");
}

/// Whatever this file says of a daemon that loses nothing, it must say otherwise of one that does.
#[tokio::test]
#[should_panic(expected = "acknowledged and lost")]
async fn a_daemon_that_acknowledges_before_it_writes_is_found_out() {
    let (place, mut chance) = (Place::new(), Chance(1));
    let shards = (0..SHARDS).map(Shard::new).collect();
    let since = Clock.now();
    let mut daemon = Daemon::start(&place);
    daemon.answers(&place.client()).await;
    let door = Door::open(&place);
    let working = set_to_work(shards, &door.client(), &mut chance);
    sleep(Duration::from_millis(WORK_MS)).await;
    door.close().await;
    daemon.kill();
    stored::check(&place, &mut stopped(working).await, (0, since));
}

/// Kills one node again and again, which goes on each time with what it had.
async fn kill_one_node(rounds: Range<u32>, chance: &mut Chance) -> Tally {
    let (place, mut total) = (Place::new(), Tally::default());
    let mut shards: Vec<Shard> = (0..SHARDS).map(Shard::new).collect();
    let first = rounds.start;
    for round in rounds {
        let since = Clock.now();
        let mut daemon = Daemon::start(&place);
        if round > first && chance.below(KILLED_AT_START) == 0 {
            sleep(Duration::from_millis(chance.below(START_MS))).await;
            daemon.kill();
        } else {
            shards = work_and_kill(&place, &mut daemon, shards, chance).await;
        }
        total.add(&stored::check(&place, &mut shards, (round, since)));
    }
    let mut last = Daemon::start(&place);
    holds_what_it_held(&place, &mut last, &shards).await;
    total
}

/// Has the daemon work for all shards at once, kills it, and returns what is known of each.
async fn work_and_kill(
    place: &Place,
    daemon: &mut Daemon,
    shards: Vec<Shard>,
    chance: &mut Chance,
) -> Vec<Shard> {
    holds_what_it_held(place, daemon, &shards).await;
    let working = set_to_work(shards, &place.client(), chance);
    sleep(Duration::from_millis(chance.below(WORK_MS))).await;
    daemon.kill();
    stopped(working).await
}

/// Has all shards give orders at once.
fn set_to_work(shards: Vec<Shard>, client: &Client, chance: &mut Chance) -> JoinSet<Shard> {
    let mut working = JoinSet::new();
    for shard in shards {
        let chance = Chance(chance.next());
        working.spawn(shard.work(client.clone(), chance));
    }
    working
}

/// Waits until all shards have noticed that nobody answers any more.
async fn stopped(working: JoinSet<Shard>) -> Vec<Shard> {
    let mut shards = working.join_all().await;
    shards.sort_by_key(|it| it.number);
    shards
}

/// Waits until the daemon answers, and holds its lists against what was stored.
async fn holds_what_it_held(place: &Place, daemon: &mut Daemon, shards: &[Shard]) {
    let client = place.client();
    daemon.answers(&client).await;
    let mut blocked: Vec<String> = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.blocks(query).await.expect("it answers");
        blocked.extend(page.items.iter().map(|it| it.indicator.to_string()));
        let (Some(_), Some(last)) = (page.next, page.items.last()) else {
            break;
        };
        query = query.after(last.indicator);
    }
    let mut expected: Vec<String> = shards.iter().flat_map(Shard::blocked).collect();
    blocked.sort();
    expected.sort();
    assert_eq!(blocked, expected, "what a restarted daemon blocks");
    for peer in shards.iter().filter_map(Shard::trusted) {
        let trust = client.trust(peer.0).await.expect("it answers");
        assert_eq!((trust.pretrust_percent, trust.named), (peer.1, true));
    }
}

/// Returns the number that a variable holds.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
