//! What goes into the logs of what peers say and do; see `p2p_log` for the files.

use aegis_core::{Notice, Truth};
use aegis_net::NetEvent;
use serde_json::{Map, Value, json};

use super::Node;

impl Node {
    /// Writes a notice that is about a peer's word.
    pub(super) fn log_report(&mut self, notice: &Notice) {
        let line = match notice {
            Notice::Reported {
                peer,
                indicator,
                opinion,
                weight,
            } => json!({
                "event": "report",
                "peer": peer.to_string(),
                "indicator": indicator.to_string(),
                "score": opinion.score.value(),
                "confidence": opinion.confidence.value(),
                "weight": weight.value(),
            }),
            Notice::TrustMoved {
                peer,
                indicator,
                truth,
                said,
                trust,
            } => json!({
                "event": "peer_update",
                "peer": peer.to_string(),
                "trust": trust.service_trust.value(),
                "right": trust.right,
                "wrong": trust.wrong,
                "influence": trust.influence,
                "indicator": indicator.to_string(),
                "said": said.value(),
                "truth": match truth {
                    Truth::Benign => "benign",
                    Truth::Malicious => "malicious",
                },
            }),
            Notice::Detected { .. }
            | Notice::AlertReceived { .. }
            | Notice::Refused { .. }
            | Notice::Blocked { .. }
            | Notice::Unblocked { .. }
            | Notice::Published(_)
            | Notice::NetworkOpinion { .. }
            | Notice::Withheld { .. } => return,
        };
        let now = self.now();
        let written = self.p2p_logs.report(now, fields(line));
        self.told_once(written);
    }

    /// Writes an event of the network that is about a peer's doings.
    pub(super) fn log_peer_event(&mut self, event: &NetEvent) {
        let (name, peer, more) = match event {
            NetEvent::PeerDiscovered { peer, via } => {
                ("discovered", peer, json!({ "via": via.as_str() }))
            }
            NetEvent::PeerConnected {
                peer,
                address,
                class,
                ..
            } => {
                let more = json!({ "address": address.to_string(), "class": class.as_str() });
                ("connected", peer, more)
            }
            NetEvent::PeerClassChanged { peer, class } => {
                ("class_changed", peer, json!({ "class": class.as_str() }))
            }
            NetEvent::PeerLeft { peer, said_goodbye } => {
                ("left", peer, json!({ "said_goodbye": said_goodbye }))
            }
            NetEvent::Misbehaved { peer, misbehaviour } => {
                let more = json!({ "misbehaviour": format!("{misbehaviour:?}") });
                ("misbehaved", peer, more)
            }
            NetEvent::PeerBanned { peer, until } => {
                ("banned", peer, json!({ "until": until.to_string() }))
            }
            NetEvent::Unanswered { peer, why, .. } => {
                ("unanswered", peer, json!({ "why": why.as_str() }))
            }
            NetEvent::Answered {
                from, testimonies, ..
            } => {
                let more = json!({ "testimonies": testimonies.len() });
                ("answered", from, more)
            }
            NetEvent::Asked { from, question, .. } => {
                let more = json!({ "indicators": question.indicators.len() });
                ("asked", from, more)
            }
            NetEvent::AskedAbout { from, .. } => ("asked_about", from, json!({})),
            NetEvent::Recommended { from, .. } => ("recommended", from, json!({})),
            NetEvent::Shown { from, words } => ("shown", from, json!({ "words": words.len() })),
            NetEvent::SyncAsked { from, .. } => ("sync_asked", from, json!({})),
            NetEvent::SyncAnswered { from, .. } => ("sync_answered", from, json!({})),
            NetEvent::SyncFailed { peer, .. } => ("sync_failed", peer, json!({})),
            NetEvent::Pinged { peer, rtt } => {
                let millis = rtt.map(|it| it.as_secs_f64() * 1000.0);
                ("ping", peer, json!({ "rtt_ms": millis }))
            }
            NetEvent::Listening { .. }
            | NetEvent::AlertReceived { .. }
            | NetEvent::Join(_)
            | NetEvent::Placed(_) => {
                return;
            }
        };
        let mut line = Map::new();
        line.insert("event".to_owned(), name.into());
        line.insert("peer".to_owned(), peer.to_string().into());
        line.extend(fields(more));
        let now = self.now();
        let written = self.p2p_logs.event(now, line);
        self.told_once(written);
    }

    /// Brings what was written to the files.
    pub(super) fn flush_p2p_logs(&mut self) {
        let flushed = self.p2p_logs.flush();
        self.told_once(flushed);
    }

    fn told_once(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.degraded(format!("the peers' logs cannot be written: {error}"));
        }
    }
}

fn fields(line: Value) -> Map<String, Value> {
    match line {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
