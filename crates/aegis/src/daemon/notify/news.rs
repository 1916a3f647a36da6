//! What is news, in words.

use aegis_api::{Event, EventKind, NodeMode, Summary};
use aegis_intel::notify::{News, Urgency};
use aegis_ui::{count, line, shown_lines, summary_text};

use super::Topic;

/// Refusals of what is said against addresses that are somebody's of ours. Anybody may provoke them, as
/// many as he likes: so all are one subject, and told once in a while.
const OURS: [&str; 4] = ["protected", "allowlisted", "configured_peer", "local_peer"];

/// Returns the news that an alarm of the loop's is.
pub(super) fn of_alarm(message: &str) -> News {
    urgent(
        Topic::Enforcement,
        "Protection is not as it should be",
        message,
    )
}

/// Returns the news that an event is, if it is one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whoever watches sees everything: few events are worth a message"
)]
pub(super) fn of_event(event: &Event) -> Option<(Topic, News)> {
    let (topic, title, text) = match &event.kind {
        EventKind::ProgramDetached { .. } => (
            Topic::Enforcement,
            "The kernel program is detached".to_owned(),
            line(event),
        ),
        EventKind::AlertRefused {
            indicator,
            code,
            message,
            author,
        } if OURS.contains(&code.as_str()) => (
            Topic::Allowlist,
            format!("{indicator} was reported, and must not be blocked"),
            format!("{indicator} was reported by {author}. It is not blocked: {message}.\n"),
        ),
        EventKind::FeedAlarm {
            feed,
            alarm,
            message,
        } => (
            Topic::Feeds,
            format!("The feed {feed} is to be looked at: {alarm}"),
            format!("{message}\n"),
        ),
        _ => return None,
    };
    let subject = match &event.kind {
        EventKind::FeedAlarm { feed, alarm, .. } => format!("feeds {feed} {alarm}"),
        _ => topic.as_str().to_owned(),
    };
    let news = News::new(
        Urgency::Urgent,
        &subject,
        &shown_lines(&title),
        &shown_lines(&text),
    );
    Some((topic, news))
}

/// Returns the news that the summary of a day is.
pub(super) fn of_summary(summary: &Summary) -> News {
    let sources = count(summary.sources, "source");
    let title = match summary.mode {
        NodeMode::Observe => format!("Would have blocked {sources} in 24 hours"),
        NodeMode::Enforce => format!("Blocked {sources} in 24 hours"),
    };
    News::new(Urgency::Digest, "digest", &title, &summary_text(summary))
}

fn urgent(topic: Topic, title: &str, text: &str) -> News {
    News::new(
        Urgency::Urgent,
        topic.as_str(),
        title,
        &format!("{}\n", shown_lines(text)),
    )
}

#[cfg(test)]
mod tests;
