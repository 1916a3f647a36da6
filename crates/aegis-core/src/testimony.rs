//! Testimonies: opinions that their authors signed, as answers to a question.

use std::{sync::Arc, time::Duration};

use crate::{Indicator, NodeId, Opinion, Timestamp, Topic};

/// Indicators that one question names at most.
pub const QUESTION_INDICATORS_MAX: usize = 32;

/// Peers that one question goes to at most.
pub const QUESTION_PEERS_MAX: usize = 64;

/// How often a question is passed on at most.
pub const QUESTION_HOPS_MAX: u8 = 2;

/// Testimonies that one answer carries at most: the answerer's own and those of whom it asked.
pub const ANSWER_TESTIMONIES_MAX: usize = 8 * QUESTION_INDICATORS_MAX;

/// How long a question waits for answers unless the asker says otherwise.
pub const QUESTION_DEADLINE: Duration = Duration::from_secs(3);

/// How old a testimony may be, so that nobody repeats for long what its author said once.
pub const TESTIMONY_AGE_MAX: Duration = Duration::from_secs(300);

/// What one node says of one indicator when asked.
///
/// Whoever makes this has checked `signature` against `author`. It does not say who asked: an
/// author's answer is the same for everybody within its freshness.
#[derive(Clone, Debug, PartialEq)]
pub struct Testimony {
    /// Whose opinion it is.
    pub author: NodeId,
    /// What it is about.
    pub indicator: Indicator,
    /// The behaviour that the author saw most of.
    pub topic: Topic,
    /// What it thinks; `None` says that it has no evidence of its own.
    pub opinion: Option<Opinion>,
    /// When it said so, in whole seconds.
    pub stated_at: Timestamp,
    /// The signed bytes, as they came and as they are passed on.
    pub signed: Arc<[u8]>,
}

/// A question as it reaches a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// What is asked about: 1 to [`QUESTION_INDICATORS_MAX`], no two equal.
    pub indicators: Vec<Indicator>,
    /// How often it may still be passed on: at most [`QUESTION_HOPS_MAX`].
    pub hops: u8,
    /// How long the asker waits.
    pub wait: Duration,
}
