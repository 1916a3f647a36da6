//! What a person is told as it happens: one line for each event.

use aegis_api::{
    AttachMode, Confidence, Event, EventKind, Indicator, NodeId, Score, Severity, ThreatType,
    UnblockCause, Via,
};

use crate::text::{amount, bytes, count, shown, signed};

/// Returns the line that tells an event, without a line break.
pub fn line(event: &Event) -> String {
    match &event.kind {
        EventKind::ServiceRunning { .. } => "Service is running!".into(),
        EventKind::ServiceStopping => "Service is stopping".into(),
        EventKind::ProgramAttached {
            interface,
            mode,
            reason,
        } => attached(interface, *mode, reason),
        EventKind::ProgramDetached { interface, reason } => detached(interface, reason),
        EventKind::Listening { address } => format!("Listening on {}", shown(address)),
        EventKind::PeerDiscovered { peer, via } => {
            format!("Discovered peer via {}: {peer}", via_name(*via))
        }
        EventKind::PeerConnected { peer } => format!("Peer connected: {peer}"),
        EventKind::PeerLeft { peer } => format!("Peer left: {peer}"),
        EventKind::PeerLost { peer } => format!("Peer lost: {peer}"),
        EventKind::AlertReceived {
            indicator,
            threat_type,
            severity,
            author: _,
        } => intel("Received", indicator, threat_type, *severity),
        EventKind::AlertRefused {
            indicator, message, ..
        } => format!("Refused threat intel: {indicator}: {}", shown(message)),
        EventKind::Blocked {
            indicator,
            ttl_secs,
            ..
        } => format!("Blocklisted {indicator} for {ttl_secs}s"),
        EventKind::Unblocked { indicator, cause } => {
            let cause = cause_name(*cause);
            format!("Removed from blocklist: {indicator} ({cause})")
        }
        EventKind::Detected { .. } => detected(&event.kind),
        EventKind::AttackStarted { destination, rate } => attack_started(destination, *rate),
        EventKind::AttackEnded { destination, secs } => attack_ended(destination, *secs),
        EventKind::Published {
            indicator,
            threat_type,
            severity,
            alert_id: _,
        } => intel("Published", indicator, threat_type, *severity),
        EventKind::NetworkOpinion {
            indicator,
            score,
            confidence,
            voices,
        } => network_opinion(indicator, *score, *confidence, *voices),
        EventKind::TrustMoved {
            peer,
            trust_percent,
            indicator,
            was_right,
        } => trust_moved(peer, *trust_percent, (indicator, *was_right)),
        EventKind::Allowed { indicator } => format!("Allowlisted {indicator}"),
        EventKind::Disallowed { indicator } => format!("Removed from allowlist: {indicator}"),
        EventKind::FileAnnounced { .. }
        | EventKind::FileWithdrawn { .. }
        | EventKind::FileFetched { .. }
        | EventKind::FileExpired { .. } => of_file(&event.kind),
        EventKind::FeedApplied { .. }
        | EventKind::FeedFailed { .. }
        | EventKind::FeedAlarm { .. } => of_feed(&event.kind),
        EventKind::Degraded { message } => format!("Warning: {}", shown(message)),
        EventKind::Mended { message } => format!("Mended: {}", shown(message)),
        EventKind::Lagged { missed } => lagged(*missed),
    }
}

/// Returns the line that tells what a detector or a source on the host saw.
fn detected(kind: &EventKind) -> String {
    let EventKind::Detected {
        indicator,
        threat_type,
        rate,
        severity,
        source,
    } = kind
    else {
        return String::new();
    };
    match source {
        Some(source) => {
            let events = count(u64::from(*rate), "event");
            let seen = format!("{events} by {source}, severity: {severity}");
            format!("Reported {threat_type} from {indicator} ({seen})")
        }
        None => {
            format!("Detected {threat_type} from {indicator} ({rate}/s, severity: {severity})")
        }
    }
}

fn trust_moved(
    peer: &NodeId,
    trust_percent: u8,
    (indicator, was_right): (&Indicator, bool),
) -> String {
    let how = if was_right { "right" } else { "wrong" };
    format!("Trust in {peer} is {trust_percent} %: {how} about {indicator}")
}

/// Returns the line that tells of a file; of anything else it has nothing to say.
fn of_file(kind: &EventKind) -> String {
    if let EventKind::FileAnnounced {
        file,
        name,
        size,
        severity,
        ..
    } = kind
    {
        let (name, size) = (shown(name), bytes(*size));
        return format!("File offered: {name} ({size}, {severity}) {file}");
    }
    if let EventKind::FileFetched { file, name, size } = kind {
        return format!("File fetched: {} ({}) {file}", shown(name), bytes(*size));
    }
    if let EventKind::FileWithdrawn { file, name, .. } = kind {
        return format!("File taken back: {} {file}", shown(name));
    }
    if let EventKind::FileExpired { file, name } = kind {
        return format!("File is over: {} {file}", shown(name));
    }
    String::new()
}

/// Returns the line that tells of a feed; of anything else it has nothing to say.
fn of_feed(kind: &EventKind) -> String {
    if let EventKind::FeedApplied {
        feed,
        blocked,
        added,
        gone,
    } = kind
    {
        let (blocked, feed) = (count(*blocked, "block"), shown(feed));
        return format!("Feed {feed} applied: {blocked} ({added} new, {gone} gone)");
    }
    if let EventKind::FeedFailed { feed, message } = kind {
        return format!("Feed {} failed: {}", shown(feed), shown(message));
    }
    if let EventKind::FeedAlarm {
        feed,
        alarm,
        message,
    } = kind
    {
        let (feed, alarm, message) = (shown(feed), shown(alarm), shown(message));
        return format!("Warning: feed {feed} is {alarm}: {message}");
    }
    String::new()
}

fn intel(
    deed: &str,
    indicator: &Indicator,
    threat_type: &ThreatType,
    severity: Severity,
) -> String {
    format!("{deed} threat intel: {indicator} (type: {threat_type}, severity: {severity})")
}

fn network_opinion(
    indicator: &Indicator,
    score: Score,
    confidence: Confidence,
    voices: f64,
) -> String {
    let (score, confidence) = (signed(score), confidence.value());
    let voices = amount(voices);
    format!(
        "Network opinion: {indicator} (score: {score}, confidence: {confidence:.2}, \
         voices: {voices})"
    )
}

fn lagged(missed: u64) -> String {
    let missed = count(missed, "event");
    format!("Too much happened at once: {missed} not shown")
}

fn attack_started(destination: &Indicator, rate: u32) -> String {
    format!("{destination} is under a SYN flood from many sources ({rate}/s)")
}

fn attack_ended(destination: &Indicator, secs: u64) -> String {
    format!("The SYN flood on {destination} is over, after {secs}s")
}

fn attached(interface: &str, mode: AttachMode, reason: &str) -> String {
    let interface = shown(interface);
    let fact = match mode {
        AttachMode::Native | AttachMode::Generic | AttachMode::Tc => {
            format!("XDP program attached to {interface} ({mode})")
        }
        AttachMode::Nft => format!("Sets of nftables hooked to {interface} ({mode})"),
        AttachMode::None => format!("No program attached to {interface}"),
    };
    because(fact, reason)
}

fn detached(interface: &str, reason: &str) -> String {
    let interface = shown(interface);
    because(format!("XDP program detached from {interface}"), reason)
}

fn because(fact: String, reason: &str) -> String {
    if reason.is_empty() {
        fact
    } else {
        format!("{fact}: {}", shown(reason))
    }
}

fn via_name(via: Via) -> &'static str {
    match via {
        Via::Mdns => "mDNS",
        Via::Host => "this host",
        Via::Config => "configuration",
        Via::Memory => "an earlier meeting",
        Via::Peer => "another peer",
        Via::Dht => "the global network",
        Via::Inbound => "its call",
    }
}

fn cause_name(cause: UnblockCause) -> &'static str {
    match cause {
        UnblockCause::Operator => "unblocked by the operator",
        UnblockCause::Expired => "its time is over",
        UnblockCause::Withdrawn => "withdrawn by its author",
        UnblockCause::Allowed => "now on the allowlist",
        UnblockCause::Protected => "now a protected address",
        UnblockCause::Displaced => "displaced by a stronger block in a full table",
    }
}

#[cfg(test)]
mod tests;
