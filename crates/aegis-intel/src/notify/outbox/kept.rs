//! What an outbox is after a restart: what waits is still told, and what was told is not told again.

use std::collections::{BTreeMap, VecDeque};

use aegis_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Message, News, Outbox, OutboxConfig, SUBJECTS_MAX, Told, WAITING_MAX, Way};
use crate::notify::Urgency;

/// An outbox as it is kept. What it says may be anything: it is made to fit when it is taken back.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeptOutbox {
    subjects: Vec<KeptSubject>,
    ways: Vec<KeptWay>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct KeptSubject {
    subject: String,
    told_ms: u64,
    since: Option<KeptMessage>,
}

/// A way is known by its name: where it leads may have been changed meanwhile.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct KeptWay {
    name: String,
    waiting: Vec<KeptMessage>,
    sent_ms: Vec<u64>,
    dropped: u32,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct KeptMessage {
    urgency: KeptUrgency,
    subject: String,
    title: String,
    text: String,
    at_ms: u64,
    count: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptUrgency {
    Urgent,
    Digest,
    Test,
}

impl Outbox {
    /// Returns what is to be kept of it, with what its ways are called, each by another name.
    pub fn kept(&self, names: &[&str]) -> KeptOutbox {
        let subjects = self.subjects.iter().map(|(subject, told)| KeptSubject {
            subject: subject.clone(),
            told_ms: told.told_at.as_millis(),
            since: told
                .since
                .as_ref()
                .map(|(news, at, count)| KeptMessage::of(news, *at, *count)),
        });
        let ways = names.iter().zip(&self.ways).map(|(name, way)| KeptWay {
            name: (*name).to_owned(),
            waiting: way
                .waiting
                .iter()
                .map(|it| KeptMessage::of(&it.news, it.at, it.count))
                .collect(),
            sent_ms: way.sent.iter().map(|it| it.as_millis()).collect(),
            dropped: way.dropped,
        });
        KeptOutbox {
            subjects: subjects.collect(),
            ways: ways.collect(),
        }
    }

    /// Returns the outbox that goes on from what was kept. What was on its way waits again: it may arrive
    /// twice, and is not lost. Ways that failed are tried at once.
    pub fn recall(config: OutboxConfig, names: &[&str], kept: KeptOutbox) -> Self {
        let mut outbox = Self::new(config, names.len());
        let subjects = kept.subjects.into_iter().take(SUBJECTS_MAX);
        let subjects: BTreeMap<String, Told> = subjects.map(|it| it.into_told()).collect();
        outbox.subjects = subjects;
        for way in kept.ways {
            let place = names.iter().position(|it| **it == way.name);
            if let Some(place) = place {
                let host = &outbox.config.host;
                outbox.ways[place] = way.into_way(host, outbox.config.per_hour);
            }
        }
        outbox
    }
}

impl KeptSubject {
    fn into_told(self) -> (String, Told) {
        let told = Told {
            told_at: Timestamp::from_millis(self.told_ms),
            since: self.since.map(|it| {
                let (at, count) = (Timestamp::from_millis(it.at_ms), it.count);
                (it.into_news(), at, count)
            }),
        };
        // As a subject is cleaned.
        let news = News::new(Urgency::Test, &self.subject, "", "");
        (news.subject, told)
    }
}

impl KeptWay {
    fn into_way(self, host: &str, per_hour: usize) -> Way {
        let too_many = self.waiting.len().saturating_sub(WAITING_MAX);
        let waiting = self.waiting.into_iter().skip(too_many);
        let waiting = waiting.map(|it| {
            let (at, count) = (Timestamp::from_millis(it.at_ms), it.count);
            Message {
                news: it.into_news(),
                host: host.to_owned(),
                at,
                count,
            }
        });
        let mut sent: Vec<u64> = self.sent_ms;
        sent.sort_unstable();
        let surplus = sent.len().saturating_sub(per_hour);
        let sent = sent.into_iter().skip(surplus).map(Timestamp::from_millis);
        let too_many = u32::try_from(too_many).unwrap_or(u32::MAX);
        Way {
            waiting: waiting.collect::<VecDeque<_>>(),
            sent: sent.collect(),
            dropped: self.dropped.saturating_add(too_many),
            ..Way::default()
        }
    }
}

impl KeptMessage {
    fn of(news: &News, at: Timestamp, count: u32) -> Self {
        Self {
            urgency: match news.urgency {
                Urgency::Urgent => KeptUrgency::Urgent,
                Urgency::Digest => KeptUrgency::Digest,
                Urgency::Test => KeptUrgency::Test,
            },
            subject: news.subject.clone(),
            title: news.title().to_owned(),
            text: news.text().to_owned(),
            at_ms: at.as_millis(),
            count,
        }
    }

    fn into_news(self) -> News {
        let urgency = match self.urgency {
            KeptUrgency::Urgent => Urgency::Urgent,
            KeptUrgency::Digest => Urgency::Digest,
            KeptUrgency::Test => Urgency::Test,
        };
        News::new(urgency, &self.subject, &self.title, &self.text)
    }
}

#[cfg(test)]
mod tests;
