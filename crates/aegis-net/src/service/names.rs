//! What topics and protocols are called: in a closed network otherwise than everywhere else.

use libp2p::{StreamProtocol, gossipsub::IdentTopic};

use crate::NetworkSecret;

/// The topic that alerts are relayed on.
const TOPIC: &str = "aegis-threat-intel";

/// The topic that batches of alerts are relayed on. A node that does not know it is said alerts one
/// by one, on the other.
const BATCH_TOPIC: &str = "aegis-threat-intel-batch/1";

/// The DHT's own name, so that no other network's nodes get into ours.
const KAD_PROTOCOL: &str = "/aegis/kad/1";

/// The names of one network: those that everybody knows, or those with the network's own at their
/// end.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Option<String>);

impl Names {
    /// Returns the names of the network with this secret, or of the open one.
    pub(super) fn of(secret: Option<&NetworkSecret>) -> Self {
        Self(secret.map(NetworkSecret::network_name))
    }

    /// Returns the topic that alerts are relayed on.
    pub(super) fn topic(&self) -> IdentTopic {
        IdentTopic::new(self.name(TOPIC))
    }

    /// Returns the topic that batches of alerts are relayed on.
    pub(super) fn batch_topic(&self) -> IdentTopic {
        IdentTopic::new(self.name(BATCH_TOPIC))
    }

    /// Returns the protocol of the DHT.
    pub(super) fn kad(&self) -> StreamProtocol {
        self.protocol(KAD_PROTOCOL)
    }

    /// Returns a protocol that the open network calls `name`.
    pub(super) fn protocol(&self, name: &'static str) -> StreamProtocol {
        let open = StreamProtocol::new(name);
        // Every name here begins with a slash, and so does what it becomes.
        StreamProtocol::try_from_owned(self.name(name)).unwrap_or(open)
    }

    fn name(&self, open: &str) -> String {
        match &self.0 {
            Some(network) => format!("{open}/{network}"),
            None => open.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_network_has_the_names_that_everybody_knows_and_a_closed_one_its_own() {
        let open = Names::default();
        assert_eq!(open.topic().to_string(), "aegis-threat-intel");
        assert_eq!(open.kad().as_ref(), "/aegis/kad/1");
        let secret = NetworkSecret::from_bytes([1; 32]);
        let closed = Names::of(Some(&secret));
        let name = secret.network_name();
        let topic = format!("aegis-threat-intel/{name}");
        assert_eq!(closed.topic().to_string(), topic);
        assert_eq!(closed.kad().as_ref(), format!("/aegis/kad/1/{name}"));
        assert_ne!(closed.batch_topic().hash(), open.batch_topic().hash());
    }
}
