//! Notices of the Engine and events of the network, as the events that people watch.

use aegis_api::{EventKind, UnblockCause, ttl_secs};
use aegis_core::{Cause, Input, NodeId, Notice, PeerClass, Score, Truth};
use aegis_net::{Address, NetEvent, Via};

use super::Node;

impl Node {
    /// Tells whoever watches what the Engine noticed.
    pub(super) fn notice(&mut self, notice: Notice) {
        let now = self.now();
        self.log_report(&notice);
        let kind = match notice {
            // What it takes back is told where that changes something, as an unblock.
            Notice::AlertReceived { alert, .. } | Notice::Published(alert)
                if alert.statement().withdraws.is_some() =>
            {
                tracing::debug!(alert = %alert.id(), "Alert taken back");
                return;
            }
            detected @ Notice::Detected { .. } => match of_detection(detected) {
                Some(kind) => kind,
                None => return,
            },
            Notice::AlertReceived { alert, .. } => EventKind::AlertReceived {
                indicator: alert.statement().indicator,
                threat_type: alert.statement().threat_type.clone(),
                severity: alert.statement().severity,
                author: alert.author(),
            },
            Notice::Refused {
                indicator,
                author,
                refusal,
            } => EventKind::AlertRefused {
                indicator,
                code: refusal.code().to_owned(),
                message: refusal.to_string(),
                author,
            },
            Notice::Blocked {
                indicator,
                block_for,
                origin,
                ..
            } => EventKind::Blocked {
                indicator,
                ttl_secs: ttl_secs(now, now + block_for),
                origin: origin.into(),
            },
            Notice::Unblocked { indicator, cause } => EventKind::Unblocked {
                indicator,
                cause: unblock_cause(cause),
            },
            Notice::Published(alert) => EventKind::Published {
                indicator: alert.statement().indicator,
                threat_type: alert.statement().threat_type.clone(),
                severity: alert.statement().severity,
                alert_id: alert.id(),
            },
            Notice::Reported { .. } => return, // an event of its own tells of each alert
            notice @ (Notice::TrustMoved { .. } | Notice::NetworkOpinion { .. }) => {
                match of_trust(&notice) {
                    Some(kind) => kind,
                    None => return,
                }
            }
            Notice::Withheld { indicator } => {
                tracing::debug!(%indicator, "Detection not shared: sharing as fast as peers take it");
                return;
            }
        };
        self.hub.publish(now, kind);
    }

    fn peer_connected(
        &mut self,
        peer: NodeId,
        class: PeerClass,
        (address, dialled): (&Address, bool),
    ) {
        self.hub
            .publish(self.now(), EventKind::PeerConnected { peer });
        // A peer that called did so from a passing port: where it was reached stays known.
        let text = match self.known_address(peer) {
            Some(known) if !dialled => known,
            Some(_) | None => address.to_string(),
        };
        let address = (text, address.ip());
        self.handle(Input::PeerConnected {
            peer,
            class,
            address,
        });
        self.ask_about_joining(peer);
    }

    fn peer_left(&mut self, peer: NodeId, said_goodbye: bool) {
        let kind = if said_goodbye {
            EventKind::PeerLeft { peer }
        } else {
            EventKind::PeerLost { peer }
        };
        self.hub.publish(self.now(), kind);
        self.handle(Input::PeerLeft(peer));
    }

    /// Takes what the network reports.
    pub(super) fn handle_net(&mut self, event: NetEvent) {
        let now = self.now();
        self.log_peer_event(&event);
        match event {
            NetEvent::Listening { address } => {
                let address = address.to_string();
                self.listen.push(address.clone());
                self.hub.publish(now, EventKind::Listening { address });
            }
            NetEvent::PeerDiscovered { peer, via } => {
                self.hub.publish(
                    now,
                    EventKind::PeerDiscovered {
                        peer,
                        via: discovered(via),
                    },
                );
            }
            NetEvent::PeerConnected {
                peer,
                address,
                class,
                dialled,
            } => self.peer_connected(peer, class, (&address, dialled)),
            NetEvent::PeerClassChanged { peer, class } => self.class_changed(peer, class),
            NetEvent::PeerLeft { peer, said_goodbye } => self.peer_left(peer, said_goodbye),
            NetEvent::AlertReceived {
                alert,
                forwarder,
                channel,
            } => {
                let author = alert.author();
                let input = Input::AlertReceived {
                    alert,
                    forwarder,
                    channel,
                };
                self.alerts.push(author, input);
            }
            NetEvent::Misbehaved { peer, misbehaviour } => {
                tracing::debug!(%peer, ?misbehaviour, "Peer broke the protocol");
                if misbehaviour.is_proof() {
                    self.handle(Input::Misbehaved(peer));
                }
            }
            NetEvent::PeerBanned { peer, until } => {
                tracing::warn!(%peer, %until, "Peer cut off");
            }
            NetEvent::Answered { .. }
            | NetEvent::Unanswered { .. }
            | NetEvent::Recommended { .. }
            | NetEvent::Asked { .. }
            | NetEvent::AskedAbout { .. }
            | NetEvent::Shown { .. }
            | NetEvent::Pinged { .. } => self.handle_conversation(event),
            NetEvent::SyncAsked {
                request,
                from,
                asked,
            } => self.sync_asked(request, from, asked),
            NetEvent::SyncAnswered { id, from, answer } => self.sync_answered(id, from, answer),
            NetEvent::Join(event) => self.handle_join(event),
            NetEvent::SyncFailed { id, peer } => self.handle(Input::SyncFailed { id: id.0, peer }),
            NetEvent::Placed(surroundings) => self.handle_placed(surroundings),
        }
    }
}

impl Node {
    /// Hands on what peers ask and answer.
    fn handle_conversation(&mut self, event: NetEvent) {
        let input = match event {
            NetEvent::Answered {
                id,
                from,
                testimonies,
            } => Input::Answered {
                id: id.0,
                from,
                testimonies,
            },
            NetEvent::Unanswered { id, peer, why } => {
                tracing::debug!(%peer, why = why.as_str(), "Peer did not answer");
                Input::Unanswered { id: id.0, peer }
            }
            NetEvent::Recommended {
                id,
                from,
                recommendation,
            } => Input::Recommended {
                id: id.0,
                from,
                recommendation,
            },
            NetEvent::Asked {
                request,
                from,
                question,
            } => Input::Asked {
                request: request.0,
                from,
                question,
            },
            NetEvent::AskedAbout {
                request,
                from,
                subject,
                ..
            } => Input::AskedAbout {
                request: request.0,
                from,
                subject,
            },
            NetEvent::Shown { from, words } => Input::Shown { from, words },
            NetEvent::Pinged { peer, rtt } => Input::Pinged {
                peer,
                is_good: rtt.is_some(),
            },
            NetEvent::Listening { .. }
            | NetEvent::PeerDiscovered { .. }
            | NetEvent::PeerConnected { .. }
            | NetEvent::PeerClassChanged { .. }
            | NetEvent::PeerLeft { .. }
            | NetEvent::Join(_)
            | NetEvent::AlertReceived { .. }
            | NetEvent::Misbehaved { .. }
            | NetEvent::PeerBanned { .. }
            | NetEvent::SyncAsked { .. }
            | NetEvent::SyncAnswered { .. }
            | NetEvent::SyncFailed { .. }
            | NetEvent::Placed(_) => return,
        };
        self.handle(input);
    }
}

/// Returns the event that tells what a detector or a source on this host saw.
fn of_detection(notice: Notice) -> Option<EventKind> {
    let Notice::Detected {
        indicator,
        threat_type,
        rate,
        severity,
        source,
        ..
    } = notice
    else {
        return None;
    };
    Some(EventKind::Detected {
        indicator,
        threat_type,
        rate,
        severity,
        source,
    })
}

/// Returns the event that tells of a peer's trust or of what peers think; `None` where a peer said
/// nothing that could be right or wrong.
fn of_trust(notice: &Notice) -> Option<EventKind> {
    match notice {
        Notice::TrustMoved {
            peer,
            indicator,
            truth,
            said,
            trust,
        } if *said != Score::UNKNOWN => Some(EventKind::TrustMoved {
            peer: *peer,
            trust_percent: trust.service_trust.percent(),
            indicator: *indicator,
            was_right: (*said > Score::UNKNOWN) == (*truth == Truth::Malicious),
        }),
        Notice::NetworkOpinion { indicator, verdict } => Some(EventKind::NetworkOpinion {
            indicator: *indicator,
            score: verdict.score,
            confidence: verdict.confidence,
            voices: verdict.voices,
        }),
        Notice::TrustMoved { .. }
        | Notice::Detected { .. }
        | Notice::AlertReceived { .. }
        | Notice::Refused { .. }
        | Notice::Blocked { .. }
        | Notice::Unblocked { .. }
        | Notice::Published(_)
        | Notice::Reported { .. }
        | Notice::Withheld { .. } => None,
    }
}

fn unblock_cause(cause: Cause) -> UnblockCause {
    match cause {
        Cause::Expired => UnblockCause::Expired,
        Cause::Operator => UnblockCause::Operator,
        Cause::Withdrawn => UnblockCause::Withdrawn,
        Cause::Exempted => UnblockCause::Protected,
        Cause::Displaced => UnblockCause::Displaced,
    }
}

fn discovered(via: Via) -> aegis_api::Via {
    match via {
        Via::Mdns => aegis_api::Via::Mdns,
        Via::RuntimeDir => aegis_api::Via::Host,
        Via::Bootstrap | Via::Configured => aegis_api::Via::Config,
        Via::Known => aegis_api::Via::Memory,
        Via::Exchange => aegis_api::Via::Peer,
        Via::Member | Via::Holder | Via::Dht => aegis_api::Via::Dht,
    }
}
