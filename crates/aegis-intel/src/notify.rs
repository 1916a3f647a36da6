//! Notifications: what is worth waking somebody for, how often he is told, and in which words.
//!
//! Pure: times and outcomes come in, messages go out. What others wrote comes into a message only as
//! [`News`], cleaned of what could end a line or a header.

mod daily;
mod mail;
mod outbox;
mod smtp;
mod template;

use std::borrow::Cow;

use aegis_core::Timestamp;

pub use daily::{Daily, InvalidDaily};
pub use mail::{InvalidMailAddress, Letter, MailAddress};
pub use outbox::{KeptOutbox, Outbox, OutboxConfig, Outcome, Parcel};
pub use smtp::{ANSWER_BYTES_MAX, Answer, Dialogue, InvalidAnswer, Next};
pub use template::{ContentType, InvalidTemplate, Template};

/// The longest title, in bytes of UTF-8.
pub const TITLE_BYTES_MAX: usize = 200;

/// The longest text, in bytes of UTF-8: a page.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The longest message that an ntfy server takes as one, in bytes of UTF-8. From 4,096 on it is an attachment
/// (`message-size-limit`), which a server refuses unless it was told to keep such.
const NTFY_MESSAGE_BYTES_MAX: usize = 4_000;

/// The longest one as it stands in the document, whose size ntfy limits to twice that of a message.
const NTFY_WRITTEN_BYTES_MAX: usize = 7_000;

/// Stands where a text was cut, or a character was that would do something else than show itself.
const REPLACED: char = '\u{fffd}';

/// How soon somebody should know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Urgency {
    /// At once: protection is off, or somebody meant harm to one of ours.
    Urgent,
    /// With the day's other news.
    Digest,
    /// Somebody asked whether it arrives.
    Test,
}

impl Urgency {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }
}

/// Something that somebody is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct News {
    /// How soon.
    pub urgency: Urgency,
    /// What it is about: of the same, no more is told for a while.
    pub subject: String,
    title: String, // one line without control characters, bounded
    text: String,  // lines without other control characters, bounded
}

impl News {
    /// Returns news in words of which others may have chosen some.
    pub fn new(urgency: Urgency, subject: &str, title: &str, text: &str) -> Self {
        Self {
            urgency,
            subject: cleaned(subject, TITLE_BYTES_MAX, |_| false),
            title: cleaned(title, TITLE_BYTES_MAX, |_| false),
            text: cleaned(text, TEXT_BYTES_MAX, |it| it == '\n'),
        }
    }

    /// Returns what it is, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns what there is to say of it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// News as they are sent: who tells them, when it happened, and how often since it was told last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// What is told.
    pub news: News,
    /// The host that tells it: letters, digits, `.`, `-` and `_`.
    pub host: String,
    /// When it happened last.
    pub at: Timestamp,
    /// How often.
    pub count: u32,
}

impl Message {
    /// Returns the title with the host before it, and how often it happened where that is more than once.
    pub fn headline(&self) -> String {
        let Self { news, host, .. } = self;
        match self.count {
            0 | 1 => format!("[{host}] {}", news.title()),
            count => format!("[{host}] {} ({count} times)", news.title()),
        }
    }
}

/// Returns a host's name of which nothing can be more than a name; `aegis` where nothing is left.
pub fn host_word(name: &str) -> String {
    let is_allowed = |it: &char| it.is_ascii_alphanumeric() || ".-_".contains(*it);
    let word: String = name.chars().filter(is_allowed).take(64).collect();
    match word.as_str() {
        "" => "aegis".to_owned(),
        _ => word,
    }
}

/// Returns a text without control characters but those that may stay, cut to so many bytes.
fn cleaned(text: &str, bytes_max: usize, may_stay: impl Fn(char) -> bool) -> String {
    let mut cleaned = String::new();
    for character in text.chars() {
        let is_bad = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        let shown = match is_bad && !may_stay(character) {
            true => REPLACED,
            false => character,
        };
        if cleaned.len() + shown.len_utf8() > bytes_max {
            break;
        }
        cleaned.push(shown);
    }
    cleaned
}

/// Returns ntfy's document for a message: everything stands in it, so nothing stands in a header.
pub fn ntfy(topic: &str, message: &Message) -> String {
    let priority = match message.news.urgency {
        Urgency::Urgent => 5,
        Urgency::Digest => 2,
        Urgency::Test => 3,
    };
    let document = serde_json::json!({
        "topic": topic,
        "title": message.headline(),
        "message": for_ntfy(message.news.text()),
        "priority": priority,
        "tags": [message.news.urgency.as_str()],
    });
    document.to_string()
}

/// Returns as much of a text as an ntfy server takes, and says where it was cut.
fn for_ntfy(text: &str) -> Cow<'_, str> {
    const CUT: &str = "\n…";
    let mut written = 0;
    let end_of_room = text.char_indices().find(|&(at, it)| {
        // Of what may be in a text JSON writes these with two bytes.
        written += it.len_utf8() + usize::from(matches!(it, '\n' | '"' | '\\'));
        let end = at + it.len_utf8() + CUT.len();
        end > NTFY_MESSAGE_BYTES_MAX || written > NTFY_WRITTEN_BYTES_MAX
    });
    match end_of_room {
        None => text.into(),
        Some((at, _)) => format!("{}{CUT}", &text[..at]).into(),
    }
}

#[cfg(test)]
mod tests;
