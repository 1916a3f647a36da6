//! What somebody wants done: why, unblock, allow, block.

use aegis_api::{BlockDuration, BlockRequest, Evidence, Indicator, Severity, ThreatType};
use aegis_ui::{
    DEFAULT_DURATION, DEFAULT_SEVERITY, DEFAULT_THREAT_TYPE, parse_duration_secs, reports,
};

use super::{Effect, Model, Popup, Tab, Topic};
use crate::{
    ask::{Answer, Ask},
    view::feed_report,
};

/// What is typed to block something.
pub(crate) const BLOCK_FORM: &str = "ADDRESS [DURATION [TYPE]]";

impl Model {
    /// Asks why what is selected is blocked, or is not; of a peer, how far it is trusted.
    pub(super) fn explain(&mut self) -> Option<Effect> {
        if let (Tab::Peers, Some(peer)) = (self.tab, self.peers.selected()) {
            return Some(Effect::Ask(Ask::Trust(peer.peer)));
        }
        if let (Tab::Feeds, Some(feed)) = (self.tab, self.feeds.selected()) {
            self.popup = Some(Popup::text("Feed", feed_report(feed)));
            return None;
        }
        let selected = self.named()?;
        Some(Effect::Ask(Ask::Why(selected)))
    }

    pub(super) fn want_unblocked(&mut self) {
        let Some(it) = self.named() else { return };
        self.confirm(
            format!("Unblock {it}? Neither alerts of others nor feeds bring it back."),
            Ask::Unblock(it),
        );
    }

    pub(super) fn want_allowed(&mut self) {
        let Some(it) = self.named() else { return };
        self.confirm(
            format!("Never block {it} from now on? Ends its block, too."),
            Ask::Allow(it),
        );
    }

    /// Has the selected feed fetched.
    pub(super) fn refresh(&mut self) -> Option<Effect> {
        if self.tab != Tab::Feeds {
            self.say("only feeds are fetched: they have a view of their own");
            return None;
        }
        let ask = self.feeds.refresh();
        if ask.is_none() {
            self.say("no feed is selected");
        }
        ask.map(Effect::Ask)
    }

    fn confirm(&mut self, question: String, ask: Ask) {
        let ask = Box::new(ask);
        self.popup = Some(Popup::Confirm { question, ask });
    }

    /// Returns what is selected, or says that nothing is.
    fn named(&mut self) -> Option<Indicator> {
        let selected = self.selected();
        if selected.is_none() {
            self.say(match self.tab {
                Tab::Overview => "choose an address in another view first: 2 shows the blocks",
                Tab::Peers => "a peer is not blocked by its name: Enter tells how it is trusted",
                Tab::Feeds => "no address here: Enter tells of a feed, r fetches it",
                Tab::Blocks | Tab::Evidence | Tab::Log => "no address is selected",
            });
        }
        selected
    }

    /// Tells what came of it.
    pub(super) fn done(&mut self, answer: Answer) {
        match answer {
            Answer::Why(it) => {
                let title = format!("Why {}", it.indicator);
                self.popup = Some(Popup::text(title, reports::why(&it)));
                return;
            }
            Answer::Trust(it) => {
                self.popup = Some(Popup::text("Trust", reports::trust(&it)));
                return;
            }
            Answer::Unblocked(it) => self.say(one_line(&reports::unblocked(&it))),
            Answer::Allowed(it) => self.say(one_line(&reports::allowed(&it))),
            Answer::Blocked(it) => self.say(one_line(&reports::blocked(&it))),
            Answer::FeedUnderWay(it) => {
                self.say(format!("{} is being fetched", it.name));
                self.polls.hasten(Topic::Feeds);
            }
            Answer::Status(_)
            | Answer::Stats(_)
            | Answer::Threats(_)
            | Answer::Blocks(_)
            | Answer::Peers(_)
            | Answer::History(_)
            | Answer::Groups(_)
            | Answer::Feeds(_) => return, // not what was asked for
        }
        for topic in [Topic::Status, Topic::Blocks, Topic::Evidence] {
            self.polls.hasten(topic);
        }
    }
}

/// Returns a report on one line.
fn one_line(report: &str) -> String {
    let lines: Vec<_> = report.lines().map(str::trim).collect();
    lines.join("; ")
}

/// Returns what is asked for by a line as somebody types it, or what is wrong with it.
pub(super) fn block_request(line: &str) -> Result<BlockRequest, String> {
    let mut words = line.split_whitespace();
    let indicator = words.next().unwrap_or_default();
    let indicator = indicator.parse::<Indicator>();
    let duration = words.next().unwrap_or(DEFAULT_DURATION);
    let secs = parse_duration_secs(duration).and_then(BlockDuration::from_secs);
    let threat_type = words.next().unwrap_or(DEFAULT_THREAT_TYPE);
    let threat_type = threat_type.parse::<ThreatType>();
    if let Some(more) = words.next() {
        return Err(format!("nothing follows the type: {more}"));
    }
    Ok(BlockRequest {
        indicator: indicator.map_err(|it| format!("address: {it}"))?,
        duration_secs: secs.ok_or("duration: 1 second to 24 hours, like 90s, 15m, 2h")?,
        threat_type: threat_type.map_err(|it| format!("type: {it}"))?,
        severity: severity(),
        evidence: Some(Evidence::Verified),
        description: None,
        to: None,
        publish: true,
        force: false,
    })
}

fn severity() -> Severity {
    let severity = DEFAULT_SEVERITY.parse().ok().and_then(Severity::new);
    severity.unwrap_or(Severity::MAX)
}
