//! Asking and answering: what an operator chooses about questions between nodes.

use std::time::Duration;

use crate::{QUESTION_DEADLINE, Score};

/// Who gets an answer that says more than "no data".
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Audience {
    /// Nobody.
    Nobody,
    /// Peers of the local network, configured ones, and those that earned trust.
    Trusted,
    /// Whoever asks.
    #[default]
    Everybody,
}

/// What an answer may say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Disclosure {
    /// Who attacked this host.
    #[default]
    Malicious,
    /// That, and which addresses hold working connections here without having attacked.
    All,
}

/// How this node asks others and answers them.
#[derive(Clone, Debug, PartialEq)]
pub struct AskPolicy {
    /// Whether new sources are asked about without being told to.
    pub automatic: bool,
    /// Peers that one automatic question goes to: 1…[`QUESTION_PEERS_MAX`](crate::QUESTION_PEERS_MAX).
    pub peers_max: usize,
    /// How long answers are waited for.
    pub deadline: Duration,
    /// How often others may pass this node's questions on.
    pub hops: u8,
    /// A network opinion with a score above this is told to the operator.
    pub notice_above: Score,
    /// Who is answered.
    pub audience: Audience,
    /// What answers say.
    pub disclosure: Disclosure,
    /// How often, about, peers are asked what this node knows for itself; `None`: never.
    pub challenge_every: Option<Duration>,
}

impl Default for AskPolicy {
    fn default() -> Self {
        Self {
            automatic: true,
            peers_max: 16,
            deadline: QUESTION_DEADLINE,
            hops: 0,
            notice_above: Score::UNKNOWN,
            audience: Audience::default(),
            disclosure: Disclosure::default(),
            challenge_every: Some(Duration::from_secs(600)),
        }
    }
}
