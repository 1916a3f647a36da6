//! Notices of the Engine and events of the network, as the events that people watch.

use aegis_api::{EventKind, UnblockCause, ttl_secs};
use aegis_core::{Cause, Input, Notice};
use aegis_net::{NetEvent, Via};

use super::Node;

impl Node {
    /// Tells whoever watches what the Engine noticed.
    pub(super) fn notice(&mut self, notice: Notice) {
        let now = self.now();
        let kind = match notice {
            // What it takes back is told where that changes something, as an unblock.
            Notice::AlertReceived { alert, .. } | Notice::Published(alert)
                if alert.statement().withdraws.is_some() =>
            {
                tracing::debug!(alert = %alert.id(), "Alert taken back");
                return;
            }
            Notice::Detected {
                indicator,
                threat_type,
                rate,
                severity,
                ..
            } => EventKind::Detected {
                indicator,
                threat_type,
                rate,
                severity,
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
            Notice::Withheld { indicator } => {
                tracing::debug!(%indicator, "Detection not shared: sharing as fast as peers take it");
                return;
            }
        };
        self.hub.publish(now, kind);
    }

    /// Takes what the network reports.
    pub(super) fn handle_net(&mut self, event: NetEvent) {
        let now = self.now();
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
            } => {
                self.hub.publish(now, EventKind::PeerConnected { peer });
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
            }
            NetEvent::PeerClassChanged { peer, class } => self.class_changed(peer, class),
            NetEvent::PeerLeft { peer } => {
                self.hub.publish(now, EventKind::PeerLeft { peer });
                self.handle(Input::PeerLeft(peer));
            }
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
            }
            NetEvent::PeerBanned { peer, until } => {
                tracing::warn!(%peer, %until, "Peer cut off");
            }
        }
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
        Via::Dht => aegis_api::Via::Dht,
    }
}
