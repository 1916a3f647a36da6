//! What the views show and what keys do: pure, without a clock, a terminal or a node.
//!
//! [`Model::update`] takes what happened and returns what is to be done; the views are drawn from
//! what the model is then, and from nothing else.

mod act;
mod cursor;
mod evidence;
mod feeds;
mod log;
mod poll;
mod popup;
mod press;
mod rows;
mod traffic;

use std::time::Duration;

use aegis_api::{
    Block, BlockSort, Event, HistoryGroup, Indicator, Peer, PeerSort, Status, Timestamp,
};
use ratatui::layout::Size;

pub(crate) use self::{
    act::BLOCK_FORM,
    evidence::{Evidence, LINES_MAX},
    feeds::Feeds,
    log::Log,
    popup::{Popup, popup_size},
    rows::{Row, Rows, Sort},
    traffic::Traffic,
};
use self::{
    poll::{Polls, Topic},
    press::Typing,
};
use crate::{
    ask::{Answer, Ask, Fault},
    key::Key,
};

/// Below this the views make no sense.
pub(crate) const SIZE_MIN: Size = Size {
    width: 40,
    height: 10,
};

/// Rows of the screen that are no rows of a list: title, tabs, caption, header, notice, keys.
pub(crate) const ROWS_AROUND: u16 = 6;

/// How long a notice is seen.
const NOTICE_FOR: Duration = Duration::from_secs(10);

/// How often the top threats are counted, and feeds looked at by whoever sees only their alarms.
const THREATS_EVERY: Duration = Duration::from_secs(15);

/// How often a node that does not answer is asked whether it is there.
pub(crate) const RETRY_EVERY: Duration = Duration::from_secs(1);

/// How long after a refusal to tell events they are asked for again.
const LISTEN_AGAIN: Duration = Duration::from_secs(10);

/// How the views are to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How often what is seen is asked for anew, at the most.
    pub interval: Duration,
    /// Whether colours may be used.
    pub colour: bool,
    /// Whether the terminal shows characters that are not ASCII.
    pub unicode: bool,
}

/// What is seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tab {
    Overview,
    Blocks,
    Evidence,
    Peers,
    Feeds,
    Log,
}

impl Tab {
    pub(crate) const ALL: [Self; 6] = [
        Self::Overview,
        Self::Blocks,
        Self::Evidence,
        Self::Peers,
        Self::Feeds,
        Self::Log,
    ];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Blocks => "Blocks",
            Self::Evidence => "Evidence",
            Self::Peers => "Peers",
            Self::Feeds => "Feeds",
            Self::Log => "Log",
        }
    }

    /// Returns the topic that it shows, beside what is always asked for.
    const fn topic(self) -> Option<Topic> {
        match self {
            Self::Overview => Some(Topic::Threats),
            Self::Blocks => Some(Topic::Blocks),
            Self::Evidence => Some(Topic::Evidence),
            Self::Peers => Some(Topic::Peers),
            Self::Feeds => Some(Topic::Feeds),
            Self::Log => None,
        }
    }
}

/// Whether the node is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    Up,
    Down { since: Timestamp, why: String },
}

/// What became of something that somebody wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    at: Timestamp,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Key(Key),
    Resized(Size),
    /// Time went on.
    Now(Timestamp),
    /// The node answered a question, or did not, after so long.
    Answered {
        ask: Box<Ask>,
        took: Duration,
        answer: Result<Answer, Fault>,
    },
    /// The node tells events from now on.
    Listening,
    /// Something happened on the node.
    Event(Box<Event>),
    /// The node tells no more events.
    Deaf(Fault),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Ask(Ask),
    Listen,
    Repaint,
    Suspend,
    Quit,
}

/// All that the views show.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) settings: Settings,
    pub(crate) size: Size,
    pub(crate) now: Timestamp,
    pub(crate) tab: Tab,
    pub(crate) link: Link,
    pub(crate) is_paused: bool,
    pub(crate) status: Option<Box<Status>>,
    pub(crate) traffic: Traffic,
    pub(crate) threats: Vec<HistoryGroup>,
    pub(crate) blocks: Rows<Block, BlockSort>,
    pub(crate) evidence: Evidence,
    pub(crate) peers: Rows<Peer, PeerSort>,
    pub(crate) feeds: Feeds,
    pub(crate) log: Log,
    pub(crate) popup: Option<Popup>,
    pub(crate) typing: Option<Typing>,
    pub(crate) notice: Option<Notice>,
    /// Whether something is to be seen that was not drawn yet.
    pub(crate) is_stale: bool,
    polls: Polls,
    listen_at: Option<Timestamp>, // from when on events are asked for; `None` while they come
}

impl Model {
    pub(crate) fn new(settings: Settings, size: Size, now: Timestamp) -> Self {
        Self {
            settings,
            size,
            now,
            tab: Tab::Overview,
            link: Link::Up,
            is_paused: false,
            status: None,
            traffic: Traffic::default(),
            threats: Vec::new(),
            blocks: Rows::new(BlockSort::default()),
            evidence: Evidence::default(),
            peers: Rows::new(PeerSort::default()),
            feeds: Feeds::default(),
            log: Log::new(),
            popup: None,
            typing: None,
            notice: None,
            is_stale: true,
            polls: Polls::default(),
            listen_at: Some(now),
        }
    }

    /// Takes what happened; returns what is to be done.
    pub(crate) fn update(&mut self, message: Message) -> Vec<Effect> {
        let mut effects = Vec::new();
        match message {
            Message::Key(key) => {
                self.is_stale = true;
                effects.extend(self.press(key));
            }
            Message::Resized(size) => self.resize(size),
            Message::Now(now) => self.pass(now),
            Message::Answered { ask, took, answer } => self.answered(*ask, took, answer),
            Message::Listening => self.log.problem = None,
            Message::Event(event) => self.hear(*event),
            Message::Deaf(fault) => self.deaf(fault),
        }
        effects.extend(self.due());
        effects
    }

    /// Returns how many rows of a list are seen.
    pub(crate) fn height(&self) -> usize {
        usize::from(self.size.height.saturating_sub(ROWS_AROUND)).max(1)
    }

    /// Returns the address or prefix that is selected.
    pub(crate) fn selected(&self) -> Option<Indicator> {
        match self.tab {
            Tab::Overview | Tab::Peers | Tab::Feeds => None,
            Tab::Blocks => self.blocks.selected().map(|it| it.indicator),
            Tab::Evidence => self.evidence.selected(),
            Tab::Log => self.log.selected(),
        }
    }

    fn resize(&mut self, size: Size) {
        self.size = size;
        let height = self.height();
        self.blocks.cursor.keep_within(self.blocks.matching, height);
        self.peers.cursor.keep_within(self.peers.matching, height);
        self.evidence
            .cursor
            .keep_within(self.evidence.len(), height);
        let feeds = self.feeds.shown().count();
        self.feeds.cursor.keep_within(feeds, height);
        self.log.keep_within(height);
        self.is_stale = true;
    }

    fn pass(&mut self, now: Timestamp) {
        let is_over = |it: &Notice| now.since(it.at) >= NOTICE_FOR;
        if self.notice.as_ref().is_some_and(is_over) {
            self.notice = None;
            self.is_stale = true;
        }
        // How long the node has been away is told by the second.
        let is_counting = matches!(self.link, Link::Down { .. });
        self.is_stale |= is_counting && now.as_secs() != self.now.as_secs();
        self.now = now;
    }

    fn hear(&mut self, event: Event) {
        let (is_paused, height) = (self.is_paused, self.height());
        self.log.take(event, is_paused, height);
        self.is_stale |= self.tab == Tab::Log;
    }

    fn deaf(&mut self, fault: Fault) {
        self.is_stale = true;
        match fault {
            Fault::Gone(why) => {
                self.listen_at = Some(self.now + RETRY_EVERY);
                self.lose(why);
            }
            Fault::Refused(why) => {
                self.listen_at = Some(self.now + LISTEN_AGAIN);
                self.log.problem = Some(why);
            }
        }
    }

    fn lose(&mut self, why: String) {
        if self.link == Link::Up {
            let since = self.now;
            self.link = Link::Down { since, why };
            self.traffic.interrupt();
            self.polls.hasten(Topic::Status);
        }
    }

    fn find_again(&mut self) {
        if self.link != Link::Up {
            self.link = Link::Up;
            self.polls.hasten_all();
        }
    }

    /// Returns what is to be asked now.
    fn due(&mut self) -> Vec<Effect> {
        let is_up = self.link == Link::Up;
        let mut effects = Vec::new();
        if is_up && self.listen_at.is_some_and(|it| it <= self.now) {
            self.listen_at = None;
            effects.push(Effect::Listen);
        }
        let mut topics = vec![Topic::Status];
        if is_up {
            topics.push(Topic::Stats);
            topics.extend(self.tab.topic());
            // Their alarms are to be seen in the overview, too.
            topics.extend((self.tab == Tab::Overview).then_some(Topic::Feeds));
        }
        for topic in topics {
            if self.is_paused && is_up && self.is_here(topic) {
                continue;
            }
            if self.polls.is_due(topic, self.now) {
                self.polls.asked(topic);
                effects.push(Effect::Ask(self.question(topic)));
            }
        }
        effects
    }

    /// Returns whether what is seen of a topic is here, be it old.
    fn is_here(&self, topic: Topic) -> bool {
        let height = self.height();
        match topic {
            Topic::Status => self.status.is_some(),
            Topic::Stats | Topic::Threats => true,
            Topic::Feeds => self.feeds.is_known || self.feeds.problem.is_some(),
            Topic::Blocks => self.blocks.is_in_sight(height),
            Topic::Peers => self.peers.is_in_sight(height),
            Topic::Evidence => self.evidence.is_known && self.evidence.older(height).is_none(),
        }
    }

    fn question(&self, topic: Topic) -> Ask {
        let height = self.height();
        match topic {
            Topic::Status => Ask::Status,
            Topic::Stats => Ask::Stats,
            Topic::Threats => Ask::Threats,
            Topic::Feeds => Ask::Feeds,
            Topic::Blocks => Ask::Blocks(self.blocks.query(height)),
            Topic::Peers => Ask::Peers(self.peers.query(height)),
            Topic::Evidence => {
                let older = self.evidence.older(height);
                older.unwrap_or_else(|| self.evidence.newest())
            }
        }
    }

    /// Has what somebody moved to fetched at once, where it is not here.
    fn fetch(&mut self, topic: Topic) {
        if !self.is_here(topic) {
            self.polls.hasten(topic);
        }
    }

    fn interval(&self, topic: Topic) -> Duration {
        let interval = self.settings.interval;
        match (topic, &self.link) {
            (Topic::Status, Link::Down { .. }) => interval.max(RETRY_EVERY),
            (Topic::Threats, _) => interval.max(THREATS_EVERY),
            (Topic::Feeds, _) if self.tab != Tab::Feeds => interval.max(THREATS_EVERY),
            (_, _) => interval,
        }
    }

    fn answered(&mut self, ask: Ask, took: Duration, answer: Result<Answer, Fault>) {
        let topic = Topic::of(&ask);
        match (answer, topic) {
            (Ok(answer), _) => {
                if topic == Some(Topic::Status) {
                    self.find_again();
                }
                self.take(&ask, answer);
            }
            (Err(Fault::Gone(why)), Some(_)) => self.lose(why),
            (Err(Fault::Gone(why)), None) => {
                self.say_bad(why.clone());
                self.lose(why);
            }
            (Err(Fault::Refused(why)), Some(Topic::Feeds)) => self.feeds.problem = Some(why),
            (Err(Fault::Refused(why)), _) => self.say_bad(why),
        }
        if let Some(topic) = topic {
            let interval = self.interval(topic);
            self.polls.answered(topic, (self.now, took), interval);
            self.fetch(topic);
        }
        self.is_stale = true;
    }

    fn take(&mut self, ask: &Ask, answer: Answer) {
        let height = self.height();
        match (ask, answer) {
            (_, Answer::Status(it)) => self.status = Some(it),
            (_, Answer::Stats(it)) => self.traffic.take(self.now, &it),
            (_, Answer::Threats(it)) => self.threats = it,
            (Ask::Blocks(query), Answer::Blocks(view)) => self.blocks.take(query, view, height),
            (Ask::Peers(query), Answer::Peers(view)) => self.peers.take(query, view, height),
            (Ask::History(query), Answer::History(page)) => self.evidence.take(query, page),
            (_, Answer::Feeds(list)) => self.feeds.take(list),
            (Ask::Groups(query), Answer::Groups(it)) => self.evidence.take_groups(query, it),
            (_, answer) => self.done(answer),
        }
        let (len, feeds) = (self.evidence.len(), self.feeds.shown().count());
        self.evidence.cursor.keep_within(len, height);
        self.feeds.cursor.keep_within(feeds, height);
    }

    fn say(&mut self, text: impl Into<String>) {
        self.tell(text.into(), false);
    }

    fn say_bad(&mut self, text: impl Into<String>) {
        self.tell(text.into(), true);
    }

    fn tell(&mut self, text: String, is_bad: bool) {
        let at = self.now;
        self.notice = Some(Notice { text, is_bad, at });
    }
}

#[cfg(test)]
mod tests;
