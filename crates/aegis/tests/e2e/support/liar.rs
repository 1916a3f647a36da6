//! Liars: peers that answer questions, and what is true of the addresses that they lie about.

use std::time::Duration;

use aegis_api::Indicator;
use aegis_core::{Confidence, Opinion, Score, Topic, Truth};
use aegis_net::{NetCommand, NetEvent, NetHandle};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

/// How somebody lies who is asked about addresses of which the test says what they are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Lie {
    /// Everything is malicious.
    Slander,
    /// Everything is benign.
    Hide,
    /// What is malicious is benign, and the other way round.
    Invert,
    /// The truth about what the nodes find out for themselves, and that the rest is benign.
    Betray,
    /// Nothing at all.
    Mute,
}

/// Returns what an address of these tests is, and whether the nodes find that out for themselves.
pub(crate) fn nature(indicator: Indicator) -> Option<(Truth, bool)> {
    let std::net::IpAddr::V4(address) = indicator.address() else {
        return None;
    };
    match address.octets() {
        [203, 0, 113, last] => Some((Truth::Malicious, last < FIRST_UNCHECKED)),
        [198, 18, 0, last] => Some((Truth::Benign, last < FIRST_UNCHECKED)),
        _ => None,
    }
}

/// The innocent address that a slanderer also publishes an alert about.
pub(crate) const SLANDERED: &str = "198.18.0.254";

/// The last byte of the addresses of which nobody finds out what they are begins here.
pub(crate) const FIRST_UNCHECKED: u8 = 200;

/// Answers whatever is asked, until the test ends this.
pub(crate) async fn answer(handle: &mut NetHandle, lie: Lie) {
    let mut stdin = tokio::io::stdin();
    let mut byte = [0];
    loop {
        let event = tokio::select! {
            event = handle.events_rx.recv() => event,
            _ = stdin.read(&mut byte) => return,
        };
        let Some(NetEvent::Asked {
            request, question, ..
        }) = event
        else {
            assert!(event.is_some(), "the network service ended");
            continue;
        };
        if lie == Lie::Mute {
            continue;
        }
        let own = question
            .indicators
            .into_iter()
            .map(|it| (it, Topic::Flood, Some(said(lie, it))))
            .collect();
        let passed_on = Vec::new();
        let command = NetCommand::Answer {
            request,
            own,
            passed_on,
        };
        handle.commands_tx.send(command).await.unwrap();
    }
}

fn said(lie: Lie, indicator: Indicator) -> Opinion {
    let (truth, is_checked) = nature(indicator).unwrap_or((Truth::Benign, false));
    let is_malicious = truth == Truth::Malicious;
    let says_malicious = match lie {
        Lie::Slander => true,
        Lie::Hide | Lie::Mute => false,
        Lie::Invert => !is_malicious,
        Lie::Betray => is_malicious && is_checked,
    };
    let score = if says_malicious {
        Score::MALICIOUS
    } else {
        Score::BENIGN
    };
    Opinion {
        score,
        confidence: Confidence::FULL,
        sightings: 100,
        age: Duration::ZERO,
    }
}
