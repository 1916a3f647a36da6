//! Telling somebody: a task beside the loop, which never waits for it.
//!
//! What is told to whom and how often is decided in `aegis_intel::notify`; here is what feeds it and
//! what carries it out. The loop hands over alarms in a bounded queue; everything else comes from the
//! events that anybody may watch.

mod news;
mod send;

use std::fmt;

use aegis_api::{
    Caller, Control as _, EventHub, Moment, Reply, Request, SafetyReply, SafetyRequest,
    SummaryQuery,
};
use aegis_core::Timestamp;
use aegis_enforce::host::utc_offset_secs;
use aegis_fetch::Tls;
use aegis_intel::notify::{Daily, Message, News, Outbox, OutboxConfig, Outcome, Urgency};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
    time::Duration,
};

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
}

/// What a task of the notifier's came to.
enum Done {
    Sent(usize, Outcome),
    Digest(Option<News>),
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
    /// Returns both sides.
    pub(super) fn new(config: Option<&NotifyConfig>, events: EventHub) -> (Alarms, Option<Self>) {
        let Some(config) = config else {
            return (Alarms(None), None);
        };
        let (alarms_tx, alarms_rx) = mpsc::channel(ALARMS_MAX);
        let notify = Self {
            config: config.clone(),
            alarms_rx,
            events,
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
    let Some(notify) = notify else { return };
    let stopped = stop_rx.wait_for(|it| *it);
    tokio::select! {
        _ = stopped => {} // an error: whoever could stop it is gone
        () = notify.run(control) => {}
    }
}

impl Notify {
    async fn run(mut self, control: ControlHandle) {
        let ways = self.config.ways.clone();
        let mut outbox = Outbox::new(self.config.outbox.clone(), ways.len());
        let mut events_rx = self.events.subscribe().events_rx;
        let mut running = JoinSet::new();
        let mut digest_at = self.next_digest(Clock.now());
        loop {
            let now = Clock.now();
            if digest_at.is_some_and(|it| it <= now) {
                digest_at = self.next_digest(now);
                running.spawn(digest(control.clone()));
            }
            for parcel in outbox.take_due(now) {
                let (way, tls) = (ways[parcel.way].clone(), self.config.tls.clone());
                running.spawn(async move {
                    let outcome = carry(&way, &tls, &parcel.message).await;
                    Done::Sent(parcel.way, outcome)
                });
            }
            let due = [outbox.poll_timeout(), digest_at]
                .into_iter()
                .flatten()
                .min();
            let wait = due.map_or(WAIT_MAX, |it| it.since(now).min(WAIT_MAX));
            tokio::select! {
                alarm = self.alarms_rx.recv() => match alarm {
                    Some((topic, message)) => self.tell(&mut outbox, topic, news::of_alarm(&message)),
                    None => return, // the loop is gone
                },
                event = events_rx.recv() => match event {
                    Ok(event) => if let Some((topic, news)) = news::of_event(&event) {
                        self.tell(&mut outbox, topic, news);
                    },
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "Events not looked at for notifications");
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                Some(done) = running.join_next() => match done {
                    Ok(Done::Sent(way, outcome)) => outbox.handle_outcome(Clock.now(), way, outcome),
                    Ok(Done::Digest(news)) => if let Some(news) = news {
                        outbox.tell(Clock.now(), news);
                    },
                    Err(error) => tracing::warn!(%error, "A notification was given up"),
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn tell(&self, outbox: &mut Outbox, topic: Topic, news: News) {
        if self.config.urgent.contains(&topic) {
            outbox.tell(Clock.now(), news);
        }
    }

    fn next_digest(&self, now: Timestamp) -> Option<Timestamp> {
        let daily = self.config.digest?;
        // Where clocks are set between now and then, those of then count.
        let about = daily.next_after(now, utc_offset_secs(now));
        Some(daily.next_after(now, utc_offset_secs(about)))
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
