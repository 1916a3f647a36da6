//! The document that a webhook gets: the operator's text with placeholders.

use std::{fmt::Write as _, str::FromStr};

use super::{Message, News, Urgency};

/// The longest template in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// How the values in a document are written, so that none of them can be more than a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentType {
    /// `application/json`: within a text's quotes.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `text/plain`: as they are.
    Plain,
}

/// A template that was read and found right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    content_type: ContentType,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    Value(Value),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Value {
    Host,
    Urgency,
    Subject,
    Title,
    Text,
    At,
    Count,
}

/// Why a template is no use.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTemplate {
    /// It is too long.
    #[error("more than 16384 bytes")]
    TooLong,
    /// A placeholder that there is not, or that has no end.
    #[error(
        "`{{{{{0}` is no placeholder: there are host, urgency, subject, title, text, at, count, each \
         between two braces"
    )]
    Placeholder(String),
    /// It makes no JSON, whatever the values are.
    #[error("with values in it, it is no JSON: texts must be between quotes")]
    NotJson,
}

impl ContentType {
    /// Returns the type as a header has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Plain => "text/plain; charset=utf-8",
        }
    }
}

impl FromStr for ContentType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "json" => Ok(Self::Json),
            "form" => Ok(Self::Form),
            "plain" => Ok(Self::Plain),
            _ => Err(()),
        }
    }
}

impl Template {
    /// The document unless another is configured.
    pub const DEFAULT: &str = "{\"host\":\"{{host}}\",\"urgency\":\"{{urgency}}\",\
                               \"subject\":\"{{subject}}\",\"title\":\"{{title}}\",\
                               \"text\":\"{{text}}\",\"at\":\"{{at}}\",\"count\":{{count}}}";

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Fails where a placeholder is unknown, and where a document of JSON would be none.
    pub fn parse(text: &str, content_type: ContentType) -> Result<Self, InvalidTemplate> {
        if text.len() > BYTES_MAX {
            return Err(InvalidTemplate::TooLong);
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once("{{") {
            let unknown = || InvalidTemplate::Placeholder(behind.chars().take(20).collect());
            let (name, after) = behind.split_once("}}").ok_or_else(unknown)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(Value::of(name.trim()).ok_or_else(unknown)?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let template = Self {
            content_type,
            parts,
        };
        let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(&template.render(&sample()));
        if content_type == ContentType::Json && is_json().is_err() {
            return Err(InvalidTemplate::NotJson);
        }
        Ok(template)
    }

    /// Returns how the document is written.
    pub fn content_type(&self) -> ContentType {
        self.content_type
    }

    /// Returns the document for a message.
    pub fn render(&self, message: &Message) -> String {
        let mut document = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => document.push_str(text),
                Part::Value(value) => {
                    document.push_str(&escaped(self.content_type, &value.in_message(message)));
                }
            }
        }
        document
    }
}

impl Value {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "host" => Self::Host,
            "urgency" => Self::Urgency,
            "subject" => Self::Subject,
            "title" => Self::Title,
            "text" => Self::Text,
            "at" => Self::At,
            "count" => Self::Count,
            _ => return None,
        })
    }

    fn in_message(self, message: &Message) -> String {
        let news = &message.news;
        match self {
            Self::Host => message.host.clone(),
            Self::Urgency => news.urgency.as_str().to_owned(),
            Self::Subject => news.subject.clone(),
            Self::Title => news.title().to_owned(),
            Self::Text => news.text().to_owned(),
            Self::At => message.at.to_string(),
            Self::Count => message.count.to_string(),
        }
    }
}

fn escaped(content_type: ContentType, value: &str) -> String {
    match content_type {
        ContentType::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            let within = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            within.unwrap_or_default().to_owned()
        }
        ContentType::Form => percent_encoded(value),
        ContentType::Plain => value.to_owned(),
    }
}

fn percent_encoded(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}"); // a String takes whatever there is
            }
        }
    }
    encoded
}

/// A message with everything in it that may go wrong in a document.
fn sample() -> Message {
    let all = "\"\\\u{fffd}\u{2603}{}[]:,";
    Message {
        news: News::new(Urgency::Urgent, all, all, &format!("{all}\n{all}")),
        host: "host".to_owned(),
        at: aegis_core::Timestamp::EPOCH,
        count: 1,
    }
}

#[cfg(test)]
mod tests;
