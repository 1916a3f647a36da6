//! When what is asked again: as often as somebody wants to see it, and the less often the longer the
//! node takes to answer.

use std::time::Duration;

use aegis_api::Timestamp;

use crate::ask::Ask;

/// So many times as long as an answer took passes before the same is asked again: asking takes a
/// fiftieth of the node's time at most, however long its lists are.
const REST_FACTOR: u32 = 50;

/// What is asked again and again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Topic {
    Status,
    Stats,
    Threats,
    Blocks,
    Peers,
    Evidence,
    Feeds,
}

const TOPICS: usize = 7;

/// How each topic stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Polls([Poll; TOPICS]);

#[derive(Clone, Copy, Debug)]
struct Poll {
    due_at: Timestamp,
    is_under_way: bool,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            due_at: Timestamp::from_millis(0),
            is_under_way: false,
        }
    }
}

impl Topic {
    /// Returns the topic of a question that is asked again and again.
    pub(crate) fn of(ask: &Ask) -> Option<Self> {
        Some(match ask {
            Ask::Status => Self::Status,
            Ask::Stats => Self::Stats,
            Ask::Threats => Self::Threats,
            Ask::Blocks(_) => Self::Blocks,
            Ask::Peers(_) => Self::Peers,
            Ask::History(_) | Ask::Groups(_) => Self::Evidence,
            Ask::Feeds => Self::Feeds,
            Ask::RefreshFeed(_)
            | Ask::Why(_)
            | Ask::Trust(_)
            | Ask::Unblock(_)
            | Ask::Allow(_)
            | Ask::Block(_) => {
                return None;
            }
        })
    }
}

impl Polls {
    /// Returns whether it is to be asked now.
    pub(crate) fn is_due(&self, topic: Topic, now: Timestamp) -> bool {
        let poll = self.0[topic as usize];
        !poll.is_under_way && poll.due_at <= now
    }

    pub(crate) fn asked(&mut self, topic: Topic) {
        self.0[topic as usize].is_under_way = true;
    }

    /// Notes that it was answered after so long, and is to be asked again after `interval`.
    pub(crate) fn answered(
        &mut self,
        topic: Topic,
        (now, took): (Timestamp, Duration),
        interval: Duration,
    ) {
        self.0[topic as usize] = Poll {
            due_at: now + interval.max(took.saturating_mul(REST_FACTOR)),
            is_under_way: false,
        };
    }

    /// Has it asked as soon as nothing is under way.
    pub(crate) fn hasten(&mut self, topic: Topic) {
        self.0[topic as usize].due_at = Timestamp::from_millis(0);
    }

    /// Has everything asked again.
    pub(crate) fn hasten_all(&mut self) {
        for it in &mut self.0 {
            it.due_at = Timestamp::from_millis(0);
        }
    }
}
