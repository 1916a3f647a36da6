//! How far a peer is trusted: what it said, what of that was right, what it may still move.

use aegis_api::{JudgedWord, PeerTrust, Score, TrustForgotten, Truth};

use super::{table::Table, trend::trend};
use crate::text::{amount, count, shown, signed};

/// Tells how far a peer is trusted, and why.
pub fn trust(trust: &PeerTrust) -> String {
    let mut text = format!("{}\n", trust.peer);
    text.push_str(&meeting(trust));
    text.push_str(&format!(
        "Trust {} % (model {})\n",
        trust.trust_percent, trust.model
    ));
    text.push_str(&format!("  {}\n", start(trust)));
    text.push_str(&format!(
        "  {} right, {} wrong of what is verified; {} not verified yet\n",
        trust.right,
        trust.wrong,
        count(trust.open, "word"),
    ));
    text.push_str(&influence(trust));
    text.push_str(&misdeeds(trust));
    text.push_str(&trend(&trust.trend));
    text.push_str(&words(&trust.judged));
    text
}

/// Tells how far a peer is trusted in advance from now on.
pub(crate) fn trust_set(trust: &PeerTrust) -> String {
    let (peer, percent) = (trust.peer, trust.trust_percent);
    format!("{peer}\n  {}; trust is {percent} % now\n", start(trust))
}

/// Tells that nothing is kept of a peer's trust.
pub(crate) fn trust_forgotten(reply: &TrustForgotten) -> String {
    let peer = reply.peer;
    if reply.was_known {
        format!("Forgot the trust in {peer}\n")
    } else {
        format!("There was no trust in {peer}\n")
    }
}

fn meeting(trust: &PeerTrust) -> String {
    let state = match (trust.connected, trust.known) {
        (true, _) => "connected",
        (false, true) => "not connected",
        (false, false) => "not known here",
    };
    let class = trust.class.map(|it| format!("{it}, ")).unwrap_or_default();
    let mut text = format!("  {class}{state}\n");
    if let Some(first) = trust.first_seen_at {
        let last = trust.last_seen_at.map(|it| format!(", last {it}"));
        text.push_str(&format!(
            "  first seen {first}{}\n",
            last.unwrap_or_default()
        ));
    }
    for address in &trust.addresses {
        text.push_str(&format!("  {}\n", shown(address)));
    }
    text
}

/// Returns what the peer starts from, and who says so.
fn start(trust: &PeerTrust) -> String {
    let by = if trust.named {
        "said of this peer by name"
    } else {
        "by the preset"
    };
    let fixed = if trust.fixed { ", fixed" } else { "" };
    format!("{} % in advance, {by}{fixed}", trust.pretrust_percent)
}

fn influence(trust: &PeerTrust) -> String {
    if trust.influence <= 0.0 {
        return "  its word moves nothing\n".into();
    }
    format!(
        "  may move a verdict by {} nats now: alone, from 50 % to {} %\n  \
         may still be wrong by {} nats before its word weighs nothing\n",
        amount(trust.influence),
        percent_of_log_odds(trust.influence),
        amount(trust.budget)
    )
}

/// Tells what it did against the protocol, if anything.
fn misdeeds(trust: &PeerTrust) -> String {
    match trust.misdeeds {
        0 => String::new(),
        times => format!(
            "  broke the protocol {}: its word weighs {} % less for now\n",
            count(times, "time"),
            trust.penalty_percent
        ),
    }
}

/// Returns the probability that so many nats make of even odds, in whole percent rounded down.
fn percent_of_log_odds(nats: f64) -> u8 {
    (100.0 / (1.0 + (-nats).exp())) as u8
}

fn words(words: &[JudgedWord]) -> String {
    if words.is_empty() {
        return "What it said: nothing that is verified\n".into();
    }
    let mut table = Table::default();
    for word in words {
        table.row([
            word.at.to_string(),
            judgement(word).into(),
            signed(word.said),
            format!("is {}", word.truth),
            word.indicator.to_string(),
        ]);
    }
    format!("What it said\n{}", table.render(2))
}

fn judgement(word: &JudgedWord) -> &'static str {
    let leaning = match word.truth {
        Truth::Malicious => word.said.value(),
        Truth::Benign => -word.said.value(),
    };
    if word.said == Score::UNKNOWN {
        "unsure"
    } else if leaning > 0.0 {
        "right"
    } else {
        "wrong"
    }
}
