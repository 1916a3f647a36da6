//! Telling somebody: a task beside the loop, which never waits for it.
//!
//! What is told to whom and how often is decided in `aegis_intel::notify`; here is what feeds it and
//! what carries it out. The loop hands over alarms in a bounded queue; everything else comes from the
//! events that anybody may watch.

mod kept;
mod news;
mod send;

use std::{fmt, io, path::Path, sync::Arc};

use aegis_api::{
    Caller, Control as _, Event, EventHub, Moment, Reply, Request, SafetyReply, SafetyRequest,
    SummaryQuery,
};
use aegis_core::Timestamp;
use aegis_enforce::host::utc_offset_secs;
use aegis_fetch::Tls;
use aegis_intel::notify::{Daily, Message, News, Outbox, OutboxConfig, Outcome, Urgency};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::{JoinError, JoinSet},
    time::Duration,
};

use self::kept::{Keeper, Kept};
use super::{Clock, ControlHandle, Node};

pub use send::Way;
pub(crate) use send::send;

/// Alarms that wait for the task: more than there are kinds of.
const ALARMS_MAX: usize = 64;

/// How long the task waits at most, so that it notices a wall clock that is set.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What a digest tells of: the seconds before it.
const DIGEST_SECS: u64 = 86_400;

/// Who asks for the summary: the node itself, which only reads.
const NOBODY: Caller = Caller::Local {
    uid: 65_534,
    pid: None,
};

/// What somebody is told of at once.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The kernel does not do what it should.
    Enforcement,
    /// Somebody reported or blocked an address that is allowed or protected.
    Allowlist,
    /// A feed is not what it was.
    Feeds,
}

impl Topic {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforcement => "enforcement",
            Self::Allowlist => "allowlist",
            Self::Feeds => "feeds",
        }
    }
}

/// Who is told what.
#[derive(Clone)]
pub struct NotifyConfig {
    /// How often.
    pub outbox: OutboxConfig,
    /// When the summary of a day is told; `None` for never.
    pub digest: Option<Daily>,
    /// Of what at once.
    pub urgent: Vec<Topic>,
    /// By which ways.
    pub ways: Vec<Way>,
    /// Whose certificates are believed.
    pub tls: Tls,
}

impl fmt::Debug for NotifyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NotifyConfig");
        shown
            .field("outbox", &self.outbox)
            .field("digest", &self.digest);
        shown
            .field("urgent", &self.urgent)
            .field("ways", &self.ways);
        shown.finish_non_exhaustive() // what is believed shows nothing of itself
    }
}

impl NotifyConfig {
    /// Returns the message that shows whether messages arrive.
    pub(crate) fn test(&self, now: Timestamp) -> Message {
        let text = "Somebody asked this node to send a test notification. Nothing happened.";
        Message {
            news: News::new(Urgency::Test, "test", "A test of notifications", text),
            host: self.outbox.host.clone(),
            at: now,
            count: 1,
        }
    }
}

/// The loop's side: where alarms go, or nowhere.
#[derive(Default)]
pub(super) struct Alarms(Option<mpsc::Sender<(Topic, String)>>);

/// What runs beside the loop.
pub(super) struct Notify {
    config: NotifyConfig,
    alarms_rx: mpsc::Receiver<(Topic, String)>,
    events: EventHub,
    outbox: Outbox,
    digest_at: Option<Timestamp>,
    running: JoinSet<Done>,
    keeper: Keeper,
}

/// What a task of the notifier's came to.
enum Done {
    Sent(usize, Outcome),
    Digest(Option<News>),
    Kept(io::Result<()>),
}

impl Node {
    /// Has somebody told at once that the kernel does not do what it should.
    pub(super) fn alarm(&self, message: &str) {
        if let Alarms(Some(alarms_tx)) = &self.alarms {
            // Where so many wait, they are of the same.
            let _ = alarms_tx.try_send((Topic::Enforcement, message.to_owned()));
        }
    }
}

impl Notify {
    /// Returns both sides; what was not told before the last end of the node is told now.
    pub(super) fn new(
        config: Option<&NotifyConfig>,
        events: EventHub,
        state_dir: &Path,
    ) -> (Alarms, Option<Self>) {
        let Some(config) = config else {
            return (Alarms(None), None);
        };
        let (alarms_tx, alarms_rx) = mpsc::channel(ALARMS_MAX);
        let (keeper, before) = Keeper::open(state_dir, Clock.instant());
        let (outbox, digest_at) = before.recall(config);
        let notify = Self {
            config: config.clone(),
            alarms_rx,
            events,
            outbox,
            digest_at,
            running: JoinSet::new(),
            keeper,
        };
        (Alarms(Some(alarms_tx)), Some(notify))
    }
}

/// Tells whoever is to be told, until the node stops.
pub(super) async fn run_notify(
    notify: Option<Notify>,
    control: ControlHandle,
    mut stop_rx: watch::Receiver<bool>,
) {
    let Some(mut notify) = notify else { return };
    let mut events_rx = notify.events.subscribe().events_rx;
    let stopped = stop_rx.wait_for(|it| *it);
    tokio::select! {
        _ = stopped => {} // an error: whoever could stop it is gone
        () = notify.run(control, &mut events_rx) => {}
    }
    while let Ok(event) = events_rx.try_recv() {
        notify.handle_event(&event);
    }
    notify.end().await;
}

impl Notify {
    async fn run(
        &mut self,
        control: ControlHandle,
        events_rx: &mut broadcast::Receiver<Arc<Event>>,
    ) {
        loop {
            let wait = self.start_due(Clock.now(), &control);
            tokio::select! {
                alarm = self.alarms_rx.recv() => match alarm {
                    Some((topic, message)) => self.tell(topic, news::of_alarm(&message)),
                    None => return, // the loop is gone
                },
                event = events_rx.recv() => match event {
                    Ok(event) => self.handle_event(&event),
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "Events not looked at for notifications");
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                Some(done) = self.running.join_next() => self.handle_done(done),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Starts whatever is due; returns how long nothing more is.
    fn start_due(&mut self, now: Timestamp, control: &ControlHandle) -> Duration {
        if self.digest_at.is_some_and(|it| it <= now) {
            self.digest_at = None;
            self.keeper.is_changed = true;
            self.running.spawn(digest(control.clone()));
        }
        // The earlier of both: where the clock was set back, the one that was known is far away.
        let next = self.next_digest(now);
        self.digest_at = [self.digest_at, next].into_iter().flatten().min();
        for parcel in self.outbox.take_due(now) {
            let (way, tls) = (
                self.config.ways[parcel.way].clone(),
                self.config.tls.clone(),
            );
            self.keeper.is_changed = true;
            self.running.spawn(async move {
                let outcome = carry(&way, &tls, &parcel.message).await;
                Done::Sent(parcel.way, outcome)
            });
        }
        let rest = self.keep();
        let due = [self.outbox.poll_timeout(), self.digest_at];
        let due = due.into_iter().flatten().min();
        let wait = due.map_or(WAIT_MAX, |it| it.since(now).min(WAIT_MAX));
        rest.map_or(wait, |it| it.min(wait))
    }

    fn handle_done(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(Done::Sent(way, outcome)) => {
                self.outbox.handle_outcome(Clock.now(), way, outcome);
                self.keeper.is_changed = true;
            }
            Ok(Done::Digest(Some(news))) => {
                self.outbox.tell(Clock.now(), news);
                self.keeper.is_changed = true;
            }
            Ok(Done::Digest(None)) => {}
            Ok(Done::Kept(result)) => self.keeper.handle_kept(result),
            Err(error) if error.is_cancelled() => {}
            Err(error) => tracing::warn!(%error, "A notification was given up"),
        }
    }

    fn handle_event(&mut self, event: &Event) {
        if let Some((topic, news)) = news::of_event(event) {
            self.tell(topic, news);
        }
    }

    fn tell(&mut self, topic: Topic, news: News) {
        if self.config.urgent.contains(&topic) {
            self.outbox.tell(Clock.now(), news);
            self.keeper.is_changed = true;
        }
    }

    fn next_digest(&self, now: Timestamp) -> Option<Timestamp> {
        let daily = self.config.digest?;
        // Where clocks are set between now and then, those of then count.
        let about = daily.next_after(now, utc_offset_secs(now));
        Some(daily.next_after(now, utc_offset_secs(about)))
    }

    /// Has what changed written, in a thread and not all the time; returns how long it rests before that.
    fn keep(&mut self) -> Option<Duration> {
        let now = Clock.instant();
        if let Some(rest) = self.keeper.rest(now) {
            return Some(rest);
        }
        if self.keeper.begin(now) {
            let (dir, kept) = (self.keeper.dir.clone(), self.kept());
            self.running
                .spawn_blocking(move || Done::Kept(kept.write(&dir)));
        }
        None
    }

    fn kept(&self) -> Kept {
        Kept::of(&self.config, &self.outbox, self.digest_at)
    }

    /// Keeps what is not told yet, after what is being written is.
    async fn end(mut self) {
        self.running.abort_all();
        while let Some(done) = self.running.join_next().await {
            self.handle_done(done);
        }
        if self.keeper.is_behind()
            && let Err(error) = self.kept().write(&self.keeper.dir)
        {
            tracing::warn!(%error, "What is not told yet was not kept");
        }
    }
}

/// Sends a message, and logs what becomes of it.
async fn carry(way: &Way, tls: &Tls, message: &Message) -> Outcome {
    let (name, subject) = (way.name(), message.news.subject.as_str());
    match send(way, tls, message, Clock.now()).await {
        Ok(said) => {
            tracing::info!(way = name, subject, said, "Notified");
            Outcome::Sent
        }
        Err(error) if error.may_retry => {
            tracing::warn!(way = name, subject, error = %error.said, "Not notified, tried again later");
            Outcome::Failed
        }
        Err(error) => {
            tracing::warn!(way = name, subject, error = %error.said, "Not notified");
            Outcome::Refused
        }
    }
}

/// Asks for the summary of a day, as `aegis summary` does.
async fn digest(control: ControlHandle) -> Done {
    let query = SummaryQuery {
        since: Moment::Ago(DIGEST_SECS),
        would_have_blocked: false,
    };
    let reply = control
        .call(NOBODY, Request::Safety(SafetyRequest::Summary(query)))
        .await;
    let summary = match reply {
        Ok(reply) => reply,
        Err(error) => {
            tracing::warn!(%error, "No summary for the digest");
            return Done::Digest(None);
        }
    };
    let Reply::Safety(summary) = summary else {
        return Done::Digest(None); // another question's answer
    };
    let SafetyReply::Summary(summary) = *summary else {
        return Done::Digest(None);
    };
    Done::Digest(Some(news::of_summary(&summary)))
}
