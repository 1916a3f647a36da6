//! Subscriptions: the feeds that this node fetches by itself, one task of its own that knows what is
//! subscribed to, fetches when it is due, and hands what was fetched to the node's loop.
//!
//! ```text
//! control ──calls──▶ ┌───────────────┐ ──FeedCall──▶ node's loop ──▶ store, kernel
//! threads ──events─▶ │ Subscriptions │ ──orders────▶ threads: HTTP, parsing
//!                    └───────────────┘ ──health────▶ status, metrics
//! ```

mod answer;
mod apply;
mod fetch;
mod kept;
mod key;
mod show;
mod sift;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aegis_api::{ApiError, Caller, EventHub, EventKind, FeedLast, FeedRequest, Reply};
use aegis_core::{FeedId, Timestamp};
use aegis_intel::feed::{Alarm, Asked, Course, Definition, Events, FeedName, Outcome};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

pub(super) use show::Health;
pub(super) use sift::sift;

use self::{
    fetch::{Fetch, Fetched, Found},
    sift::Sifted,
};
use super::{Clock, feeds::Renewed, files::FeedCall};

/// Feeds that are subscribed to at most.
const SUBSCRIPTIONS_MAX: usize = 32;

/// Feeds that are fetched at a time.
const FETCHES_MAX: usize = 2;

/// Calls that wait; more callers wait at the door.
const CALLS_MAX: usize = 16;

/// What the node's loop is to do and has not yet.
const ORDERS_MAX: usize = 16;

/// How often is looked what is due.
const BEAT: Duration = Duration::from_secs(1);

/// What a feed lists is blocked for at least so long without its being had again.
const HOLD_MIN: Duration = Duration::from_secs(48 * 3_600);

/// The same in intervals.
const HOLD_INTERVALS: u32 = 4;

/// How feeds are fetched.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FeedsConfig {
    /// Files of warninglists, none of which is ever blocked because a feed lists it.
    pub warninglists: Vec<PathBuf>,
    /// More certificates that are believed.
    pub ca_file: Option<PathBuf>,
    /// How long a server may be silent.
    pub timeout: Duration,
}

/// What is asked about feeds, with whom to answer.
pub(super) struct FeedAsk {
    pub(super) caller: Caller,
    pub(super) request: FeedRequest,
    pub(super) reply_tx: ReplyTx,
}

type ReplyTx = oneshot::Sender<Result<Reply, ApiError>>;

/// The other ends of the task's queues.
pub(super) struct Ends {
    pub(super) calls_tx: mpsc::Sender<FeedAsk>,
    pub(super) orders_rx: mpsc::Receiver<FeedCall>,
    pub(super) health_rx: watch::Receiver<Arc<Health>>,
}

/// What a thread or another task has done.
enum Done {
    /// Nothing that anybody waits for.
    Nothing,
    /// The file was written, or not.
    Wrote(Result<(), String>),
    /// What the node's loop made of a list.
    Applied {
        name: FeedName,
        number: u64,
        had_at: Instant,
        renewed: Result<Renewed, ApiError>,
    },
}

/// A feed that is subscribed to.
#[derive(Debug)]
struct Subscription {
    definition: Definition,
    course: Course,
    /// What the last list came to that was applied.
    last: Option<FeedLast>,
    attribution: Option<String>,
    made_at: Option<Timestamp>,
    /// Until when what it lists is blocked at most.
    holds_until: Timestamp,
    /// Tells it from another that had the name before.
    number: u64,
    is_under_way: bool,
    /// Whether the operator believes whatever it lists next.
    is_accepted: bool,
    /// Ends the fetch when it is dropped.
    cancel_tx: Option<oneshot::Sender<()>>,
    /// What of a list that is being applied is known already.
    pending: Option<FeedLast>,
    /// Alarms that were told.
    told: BTreeSet<Alarm>,
    /// What was read of a MISP feed, event by event.
    events: Events,
}

/// All subscriptions: what the one task owns.
pub(super) struct Subscriptions {
    clock: Clock,
    config: FeedsConfig,
    dir: PathBuf,
    hub: EventHub,
    feeds: BTreeMap<FeedName, Subscription>,
    problem: Option<String>,
    next_number: u64,
    chance: u64,
    calls_rx: mpsc::Receiver<FeedAsk>,
    orders_tx: mpsc::Sender<FeedCall>,
    fetched_tx: mpsc::Sender<Fetched>,
    fetched_rx: mpsc::Receiver<Fetched>,
    health_tx: watch::Sender<Arc<Health>>,
    jobs: JoinSet<Done>,
    is_writing: bool,
    /// Whether something changed since the file was begun to be written.
    is_changed: bool,
    /// Who waits until that is on the disk.
    replies: Vec<(ReplyTx, Reply)>,
    /// The same for what is being written.
    replies_under_way: Vec<(ReplyTx, Reply)>,
}

impl Subscriptions {
    /// Takes in what is kept; nothing is fetched yet.
    pub(super) fn open(
        config: FeedsConfig,
        dir: PathBuf,
        hub: EventHub,
        chance: u64,
    ) -> (Self, Ends) {
        let (calls_tx, calls_rx) = mpsc::channel(CALLS_MAX);
        let (orders_tx, orders_rx) = mpsc::channel(ORDERS_MAX);
        let (fetched_tx, fetched_rx) = mpsc::channel(FETCHES_MAX);
        let (health_tx, health_rx) = watch::channel(Arc::default());
        let (kept, problem) = match kept::read(&dir) {
            Ok(kept) => (kept, None),
            Err(error) => {
                let path = kept::file(&dir);
                (
                    Vec::new(),
                    Some(format!("{} is no use: {error}", path.display())),
                )
            }
        };
        let mut subscriptions = Self {
            clock: Clock,
            config,
            dir,
            hub,
            feeds: BTreeMap::new(),
            problem,
            next_number: 0,
            chance,
            calls_rx,
            orders_tx,
            fetched_tx,
            fetched_rx,
            health_tx,
            jobs: JoinSet::new(),
            is_writing: false,
            is_changed: false,
            replies: Vec::new(),
            replies_under_way: Vec::new(),
        };
        for (definition, before) in kept {
            subscriptions.subscribe(definition, before);
        }
        subscriptions.tell_health();
        let ends = Ends {
            calls_tx,
            orders_rx,
            health_rx,
        };
        (subscriptions, ends)
    }

    /// Runs until told to stop.
    pub(super) async fn run(mut self, mut stop_rx: watch::Receiver<bool>) {
        self.resume().await;
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop_rx.wait_for(|is_stopping| *is_stopping) => break,
                Some(call) = self.calls_rx.recv() => self.handle_call(call).await,
                Some(fetched) = self.fetched_rx.recv() => self.handle_fetched(fetched).await,
                Some(done) = self.jobs.join_next() => {
                    // A job that panicked was our bug, and is told by the panic itself.
                    self.handle_done(done.unwrap_or(Done::Nothing));
                }
                _ = beat.tick() => {}
            }
            self.fetch_due();
            self.tell_alarms();
            self.write();
        }
        self.end().await;
    }

    /// Has the loop free what nobody subscribes to any more, and learns of what nothing is blocked
    /// although it should be: the store is another, or was lost.
    async fn resume(&mut self) {
        if self.problem.is_some() {
            return; // who is subscribed to is not known, and nothing is free because of that
        }
        let ids = self
            .feeds
            .keys()
            .filter_map(|it| FeedId::subscribed(it.as_str()));
        let (active_tx, active_rx) = oneshot::channel();
        let call = FeedCall::KeepSubscribed(ids.collect(), active_tx);
        let sent = self.orders_tx.send(call).await;
        let Ok(active) = active_rx.await else {
            return drop(sent); // the loop is gone, and this task with it soon
        };
        let now = self.clock.now();
        for (name, feed) in &mut self.feeds {
            let is_active =
                FeedId::subscribed(name.as_str()).is_some_and(|it| active.contains(&it));
            let blocked = feed.last.as_ref().map_or(0, |it| it.blocked);
            if blocked > 0 && !is_active {
                (feed.course.etag, feed.course.last_modified) = (None, None);
                feed.course.next_at = now;
            }
        }
    }

    fn subscribe(&mut self, definition: Definition, before: kept::Before) {
        self.next_number += 1;
        let feed = Subscription {
            course: before.course,
            last: before.last,
            attribution: before.attribution,
            made_at: before.made_at,
            holds_until: before.holds_until,
            number: self.next_number,
            is_under_way: false,
            is_accepted: false,
            cancel_tx: None,
            pending: None,
            told: BTreeSet::new(),
            events: Events::default(),
            definition,
        };
        self.feeds.insert(feed.definition.name.clone(), feed);
    }

    /// Begins to fetch what is due, as many at a time as may be, the longest due first.
    fn fetch_due(&mut self) {
        let now = self.clock.now();
        let under_way = self.feeds.values().filter(|it| it.cancel_tx.is_some());
        let room = FETCHES_MAX.saturating_sub(under_way.count());
        let is_due = |it: &&mut Subscription| !it.is_under_way && it.course.is_due(now);
        let mut due: Vec<_> = self.feeds.values_mut().filter(is_due).collect();
        due.sort_by_key(|it| it.course.next_at);
        let mut failed = Vec::new();
        for feed in due.into_iter().take(room) {
            let (cancel_tx, cancel_rx) = oneshot::channel();
            let fetch = Fetch {
                definition: feed.definition.clone(),
                conditions: feed.conditions(now),
                events: feed.events.clone(),
                number: feed.number,
                now,
                config: self.config.clone(),
            };
            feed.is_under_way = true;
            match fetch::start(fetch, cancel_rx, self.fetched_tx.clone()) {
                Ok(()) => feed.cancel_tx = Some(cancel_tx),
                Err(error) => failed.push((feed.definition.name.clone(), error)),
            }
        }
        for (name, error) in failed {
            let why = format!("no thread can be started: {error}");
            let fault = aegis_intel::feed::Fault::Unreachable(why);
            self.conclude(&name, Outcome::Failed(fault));
        }
    }

    async fn handle_fetched(&mut self, fetched: Fetched) {
        let Fetched {
            name,
            number,
            found,
            had_at,
        } = fetched;
        let feed = self.feeds.get_mut(&name);
        let Some(feed) = feed.filter(|it| it.number == number) else {
            return; // removed meanwhile
        };
        feed.cancel_tx = None;
        match found {
            Err(fault) => drop(self.conclude(&name, Outcome::Failed(fault))),
            Ok(Found::Unchanged) => drop(self.conclude(&name, Outcome::Unchanged)),
            Ok(Found::Listed {
                sifted,
                etag,
                last_modified,
                events,
            }) => {
                feed.events = events;
                feed.attribution = sifted.attribution.clone();
                feed.made_at = sifted.made_at;
                let outcome = Outcome::Listed {
                    entries: sifted.entries.len(),
                    etag,
                    last_modified,
                };
                if self.conclude(&name, outcome) == Some(Asked::Apply) {
                    self.apply(&name, *sifted, had_at).await;
                }
            }
        }
    }

    /// Takes what came of a fetch; returns what to do with what was fetched.
    fn conclude(&mut self, name: &FeedName, outcome: Outcome) -> Option<Asked> {
        let chance = self.chance();
        let now = self.clock.now();
        let feed = self.feeds.get_mut(name)?;
        let manner = (feed.definition.interval, feed.is_accepted);
        let message = match &outcome {
            Outcome::Failed(fault) => Some(fault.to_string()),
            Outcome::Unchanged | Outcome::Listed { .. } => None,
        };
        let asked = feed.course.handle(now, manner, outcome, chance);
        (feed.is_under_way, feed.is_accepted) = (false, false);
        if let Some(message) = message {
            let failures = feed.course.failures;
            tracing::warn!(feed = %name, failures, problem = message, "Feed not fetched");
            let feed = name.to_string();
            self.hub
                .publish(now, EventKind::FeedFailed { feed, message });
        }
        self.is_changed = true;
        Some(asked)
    }

    fn handle_done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Wrote(result) => self.handle_wrote(result),
            Done::Applied {
                name,
                number,
                had_at,
                renewed,
            } => self.handle_applied(&name, number, (had_at, renewed)),
        }
    }

    /// Tells of alarms that were not there before.
    fn tell_alarms(&mut self) {
        let now = self.clock.now();
        for (name, feed) in &mut self.feeds {
            let alarms: BTreeSet<Alarm> = feed.alarms(now).into_iter().collect();
            for alarm in alarms.difference(&feed.told) {
                // Of those each failure tells by itself.
                if matches!(alarm, Alarm::Failing | Alarm::Unauthorised) {
                    continue;
                }
                let message = show::meaning(name, &feed.course, *alarm);
                let (alarm, feed) = (alarm.as_str(), name.to_string());
                tracing::warn!(feed, alarm, problem = message, "Feed is to be looked at");
                let kind = EventKind::FeedAlarm {
                    feed,
                    alarm: alarm.to_owned(),
                    message,
                };
                self.hub.publish(now, kind);
            }
            feed.told = alarms;
        }
        self.tell_health();
    }

    fn tell_health(&self) {
        let health = show::health(self.clock.now(), &self.feeds, self.problem.as_deref());
        self.health_tx.send_if_modified(|before| {
            let is_other = **before != health;
            if is_other {
                *before = Arc::new(health);
            }
            is_other
        });
    }

    /// Returns a number that nobody foresees (`SplitMix64`, Steele, Lea and Flood 2014).
    fn chance(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Subscription {
    /// Returns how long what it lists is blocked without its being had again.
    fn hold_for(&self) -> Duration {
        (self.definition.interval * HOLD_INTERVALS).max(HOLD_MIN)
    }

    /// Returns whether what is blocked of it is to be blocked for longer soon.
    fn is_to_be_held(&self, now: Timestamp) -> bool {
        self.holds_until.since(now) <= self.hold_for() / 2
    }

    /// Has what it lists blocked for longer, where that is due: not each time, for each block would be
    /// written anew.
    fn hold(&mut self, now: Timestamp) {
        if self.is_to_be_held(now) {
            self.holds_until = now + self.hold_for();
        }
    }

    /// Returns what to say of what was had before: nothing where the list is needed whole.
    fn conditions(&self, now: Timestamp) -> Course {
        let mut course = self.course.clone();
        if self.is_to_be_held(now) || self.is_accepted {
            (course.etag, course.last_modified) = (None, None);
        }
        course
    }

    fn alarms(&self, now: Timestamp) -> Vec<Alarm> {
        self.course.alarms(now, self.definition.interval)
    }
}

#[cfg(test)]
mod tests;
