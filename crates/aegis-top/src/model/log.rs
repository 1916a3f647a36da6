//! What happened, event by event.

use std::collections::VecDeque;

use aegis_api::{Event, EventKind, Indicator};
use aegis_ui::line;

use super::cursor::Cursor;

/// Events that are kept: some screens to go back to.
pub(crate) const EVENTS_MAX: usize = 1_000;

/// The newest events, and where somebody is in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) text: String,
    pub(crate) cursor: Cursor,
    /// Whether the newest is to be seen.
    pub(crate) follows: bool,
    /// Why events do not come, where they do not.
    pub(crate) problem: Option<String>,
    /// So many of the newest came since it was paused.
    pub(crate) held: usize,
    events: VecDeque<Event>, // oldest first, at most EVENTS_MAX
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            follows: true,
            ..Self::default()
        }
    }

    /// Takes an event, unless it was told already before the stream broke.
    pub(crate) fn take(&mut self, event: Event, is_paused: bool, height: usize) {
        let is_known = self.events.back().is_some_and(|last| {
            event.at < last.at || (event.at == last.at && event.seq <= last.seq)
        });
        if is_known {
            return;
        }
        if self.events.len() == EVENTS_MAX {
            self.forget_oldest();
        }
        self.events.push_back(event);
        if is_paused {
            self.held = (self.held + 1).min(self.events.len());
        }
        self.keep_within(height);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.events.pop_front();
        let was_shown = oldest.is_some_and(|it| self.has(&it));
        if was_shown && !self.follows {
            self.cursor.selected = self.cursor.selected.saturating_sub(1);
            self.cursor.top = self.cursor.top.saturating_sub(1);
        }
        self.held = self.held.min(self.events.len());
    }

    /// Returns the events that are shown, oldest first.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Event> {
        let count = self.events.len() - self.held;
        self.events.iter().take(count).filter(|it| self.has(it))
    }

    /// Returns what the selected event is about.
    pub(crate) fn selected(&self) -> Option<Indicator> {
        indicator(&self.shown().nth(self.cursor.selected)?.kind)
    }

    pub(crate) fn filter(&mut self, text: String, height: usize) {
        self.text = text;
        self.follows = true;
        self.keep_within(height);
    }

    pub(crate) fn keep_within(&mut self, height: usize) {
        let count = match self.text.is_empty() {
            true => self.events.len() - self.held,
            false => self.shown().count(),
        };
        if self.follows {
            self.cursor.selected = count.saturating_sub(1);
        }
        self.cursor.keep_within(count, height);
    }

    fn has(&self, event: &Event) -> bool {
        self.text.is_empty()
            || line(event)
                .to_lowercase()
                .contains(&self.text.to_lowercase())
    }
}

/// Returns what an event is about, where that is an address or prefix.
fn indicator(kind: &EventKind) -> Option<Indicator> {
    match kind {
        EventKind::AlertReceived { indicator, .. }
        | EventKind::AlertRefused { indicator, .. }
        | EventKind::Blocked { indicator, .. }
        | EventKind::Unblocked { indicator, .. }
        | EventKind::Detected { indicator, .. }
        | EventKind::Published { indicator, .. }
        | EventKind::NetworkOpinion { indicator, .. }
        | EventKind::TrustMoved { indicator, .. }
        | EventKind::Allowed { indicator }
        | EventKind::Disallowed { indicator } => Some(*indicator),
        EventKind::AttackStarted { destination, .. }
        | EventKind::AttackEnded { destination, .. } => Some(*destination),
        EventKind::ServiceRunning { .. }
        | EventKind::ServiceStopping
        | EventKind::ProgramAttached { .. }
        | EventKind::ProgramDetached { .. }
        | EventKind::Listening { .. }
        | EventKind::PeerDiscovered { .. }
        | EventKind::PeerConnected { .. }
        | EventKind::PeerLeft { .. }
        | EventKind::PeerLost { .. }
        | EventKind::FileAnnounced { .. }
        | EventKind::FileWithdrawn { .. }
        | EventKind::FileFetched { .. }
        | EventKind::FileExpired { .. }
        | EventKind::FeedApplied { .. }
        | EventKind::FeedFailed { .. }
        | EventKind::FeedAlarm { .. }
        | EventKind::Degraded { .. }
        | EventKind::Mended { .. }
        | EventKind::Lagged { .. } => None,
    }
}
