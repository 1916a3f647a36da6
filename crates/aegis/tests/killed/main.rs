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
#[path = "../support/sandbox.rs"]
mod sandbox;
mod shard;
mod stored;

use std::{
    fs::{self, File},
    io::Write as _,
    process::{Child, Stdio},
    time::Duration,
};

use aegis::daemon::Clock;
use aegis_api::{Client, PageQuery};
use tokio::{task::JoinSet, time::sleep};

use chance::Chance;
use sandbox::Sandbox;
use shard::{SHARDS, Shard};
use stored::Tally;

/// How often the daemon is killed unless something else is said.
const KILLS_DEFAULT: u32 = 50;

/// One daemon in so many is killed while it starts.
const KILLED_AT_START: u64 = 5;

/// The latest moments of a kill: of the start, and of the work.
const START_MS: u64 = 250;
const WORK_MS: u64 = 450;

/// How often is looked whether the daemon answers, and how often at most: half a minute.
const INTERVAL: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 6_000;

/// Little history, so that old entries go all the time.
const HISTORY: &str = "[history]\nentries_max = 1000\n";

#[tokio::test]
async fn a_daemon_killed_at_any_moment_has_all_that_it_acknowledged() {
    let kills: u32 = number("AEGIS_KILLS").map_or(KILLS_DEFAULT, |it| it as u32);
    let seed = number("AEGIS_KILL_SEED").unwrap_or_else(|| Clock.now().as_millis());
    println!("{kills} kills, AEGIS_KILL_SEED={seed}");
    let mut chance = Chance(seed);
    let sandbox = Sandbox::new();
    let config = fs::OpenOptions::new()
        .append(true)
        .open(sandbox.path().join("aegis.toml"));
    let written = config.and_then(|mut it| it.write_all(HISTORY.as_bytes()));
    written.expect("a file can be written");
    let mut shards: Vec<Shard> = (0..SHARDS).map(Shard::new).collect();
    let (began_at, mut total) = (Clock.now(), Tally::default());
    for round in 0..kills {
        let since = Clock.now();
        let mut daemon = Daemon::start(&sandbox);
        if round > 0 && chance.below(KILLED_AT_START) == 0 {
            sleep(Duration::from_millis(chance.below(START_MS))).await;
            daemon.kill();
        } else {
            shards = work_and_kill(&sandbox, &mut daemon, shards, &mut chance).await;
        }
        let tally = stored::check(&sandbox, &mut shards, (round, since));
        total.add(&tally);
    }
    let took = Clock.now().since(began_at);
    println!("{kills} kills in {took:.1?}: {total}, 0 lost, 0 stores unreadable");
    assert!(
        total.acknowledged > u64::from(kills),
        "the daemon did some work"
    );
    let mut last = Daemon::start(&sandbox);
    holds_what_it_held(&sandbox, &mut last, &shards).await;
}

/// Has the daemon work for all shards at once, kills it, and returns what is known of each.
async fn work_and_kill(
    sandbox: &Sandbox,
    daemon: &mut Daemon,
    shards: Vec<Shard>,
    chance: &mut Chance,
) -> Vec<Shard> {
    holds_what_it_held(sandbox, daemon, &shards).await;
    let mut working = JoinSet::new();
    for shard in shards {
        let client = Client::new(&sandbox.socket());
        let chance = Chance(chance.next());
        working.spawn(shard.work(client, chance));
    }
    sleep(Duration::from_millis(chance.below(WORK_MS))).await;
    daemon.kill();
    let mut shards = working.join_all().await;
    shards.sort_by_key(|it| it.number);
    shards
}

/// Waits until the daemon answers, and holds its lists against what was stored.
async fn holds_what_it_held(sandbox: &Sandbox, daemon: &mut Daemon, shards: &[Shard]) {
    let client = Client::new(&sandbox.socket());
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

/// A daemon; dropping it kills it.
struct Daemon {
    process: Child,
    log: std::path::PathBuf,
}

impl Daemon {
    fn start(sandbox: &Sandbox) -> Self {
        let log = sandbox.path().join("log");
        let mut command = sandbox.node(env!("CARGO_BIN_EXE_aegis"), &["run"]);
        let process = command
            .arg("--no-p2p")
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file can be made"))
            .spawn();
        Self {
            process: process.expect("the program starts"),
            log,
        }
    }

    async fn answers(&mut self, client: &Client) {
        for _ in 0..LOOKS_MAX {
            if client.status().await.is_ok() {
                return;
            }
            let ended = self.process.try_wait().expect("a child of ours");
            let said = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(
                ended.is_none(),
                "it does not start again: {ended:?}\n{}",
                said()
            );
            sleep(INTERVAL).await;
        }
        panic!("it does not answer");
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("a child of ours");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the number that a variable holds.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
