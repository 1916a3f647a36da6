//! One caller's orders, and what is known of what they changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use aegis_api::{
    AlertId, AllowRequest, BlockDuration, BlockRequest, Client, ClientError, Confidence, Indicator,
    NodeId, PublishRequest, Severity, ThreatType, TrustRequest, UnblockRequest,
};
use aegis_core::HistoryKind;

use crate::chance::Chance;

/// Callers at a time.
pub(crate) const SHARDS: u8 = 4;

/// Addresses of each kind that a caller changes.
const ADDRESSES: u64 = 24;

/// Alerts of one caller: together fewer than a node keeps of one author.
const PUBLISHED_MAX: u64 = 4_000;

/// What one caller changed, and only it.
pub(crate) struct Shard {
    pub(crate) number: u8,
    pub(crate) blocks: BTreeMap<Indicator, Known<bool>>,
    pub(crate) allows: BTreeMap<Indicator, Known<bool>>,
    pub(crate) trust: Known<Option<u8>>,
    /// Alerts that were asked for.
    published: u64,
    /// Acknowledged alerts.
    pub(crate) alerts: BTreeSet<AlertId>,
    /// What was acknowledged since the last check, by the kind of entry it leaves in the history.
    pub(crate) acknowledged: BTreeMap<HistoryKind, u64>,
    /// What nobody answered, because the daemon was killed.
    pub(crate) unanswered: Option<HistoryKind>,
}

/// What is known of one thing: what was acknowledged last, and what may have been done since.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<T> {
    pub(crate) acknowledged: T,
    pub(crate) possible: Option<T>,
}

/// One order.
enum Order {
    Block(Indicator),
    Unblock(Indicator),
    /// Each with another duration: the same words in the same second are one alert.
    Publish(Indicator, BlockDuration),
    Allow(Indicator),
    Disallow(Indicator),
    Trust(u8),
    Forget,
}

impl Shard {
    pub(crate) fn new(number: u8) -> Self {
        Self {
            number,
            blocks: BTreeMap::new(),
            allows: BTreeMap::new(),
            trust: Known::default(),
            published: 0,
            alerts: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            unanswered: None,
        }
    }

    /// Returns whose trust this caller changes.
    pub(crate) fn peer(&self) -> NodeId {
        NodeId::from_public_key([self.number + 1; 32])
    }

    /// Returns what is blocked.
    pub(crate) fn blocked(&self) -> impl Iterator<Item = String> {
        let blocked = self.blocks.iter().filter(|(_, it)| it.acknowledged);
        blocked.map(|(indicator, _)| indicator.to_string())
    }

    /// Returns how far a peer is trusted by the operator's word, in percent.
    pub(crate) fn trusted(&self) -> Option<(NodeId, u8)> {
        Some((self.peer(), self.trust.acknowledged?))
    }

    /// Gives orders until the daemon is gone.
    pub(crate) async fn work(mut self, client: Client, mut chance: Chance) -> Self {
        loop {
            let order = self.choose(&mut chance);
            self.expect(&order);
            match carry_out(&client, &order, self.peer()).await {
                Ok(alert) => self.done(&order, alert),
                Err(ClientError::Refused(refusal)) => panic!("refused: {refusal}"),
                Err(ClientError::Unreachable { .. } | ClientError::Protocol { .. }) => {
                    self.unanswered = Some(order.leaves());
                    return self;
                }
                Err(error @ ClientError::Denied { .. }) => panic!("{error}"),
            }
        }
    }

    fn choose(&self, chance: &mut Chance) -> Order {
        let host = u8::try_from(chance.below(ADDRESSES)).expect("few addresses");
        let address = |net| Indicator::host(Ipv4Addr::new(net, 0, self.number, host).into());
        let (blocked, allowed, published) = (address(11), address(12), address(13));
        let is = |map: &BTreeMap<Indicator, Known<bool>>, key| {
            map.get(&key)
                .is_some_and(|it: &Known<bool>| it.acknowledged)
        };
        match chance.below(8) {
            0..=1 => Order::Block(blocked),
            2..=3 if is(&self.blocks, blocked) => Order::Unblock(blocked),
            4 if self.published < PUBLISHED_MAX => {
                let secs = 10_000 + self.published % 70_000;
                Order::Publish(
                    published,
                    BlockDuration::from_secs(secs).expect("within a day"),
                )
            }
            5 if is(&self.allows, allowed) => Order::Disallow(allowed),
            6 => Order::Trust(u8::try_from(chance.below(101)).expect("a percentage")),
            7 if self.trust.acknowledged.is_some() => Order::Forget,
            2..=4 => Order::Block(blocked),
            _ => Order::Allow(allowed),
        }
    }

    /// Notes what an order may change even if nobody says that it did.
    fn expect(&mut self, order: &Order) {
        match order {
            Order::Block(it) => self.blocks.entry(*it).or_default().possible = Some(true),
            Order::Unblock(it) => self.blocks.entry(*it).or_default().possible = Some(false),
            Order::Allow(it) => self.allows.entry(*it).or_default().possible = Some(true),
            Order::Disallow(it) => self.allows.entry(*it).or_default().possible = Some(false),
            Order::Trust(percent) => self.trust.possible = Some(Some(*percent)),
            Order::Forget => self.trust.possible = Some(None),
            Order::Publish(..) => self.published += 1,
        }
    }

    /// Notes that an order was acknowledged.
    fn done(&mut self, order: &Order, alert: Option<AlertId>) {
        match order {
            Order::Block(it) | Order::Unblock(it) => settle(self.blocks.entry(*it).or_default()),
            Order::Allow(it) | Order::Disallow(it) => settle(self.allows.entry(*it).or_default()),
            Order::Trust(_) | Order::Forget => settle(&mut self.trust),
            Order::Publish(..) => {}
        }
        self.alerts.extend(alert);
        *self.acknowledged.entry(order.leaves()).or_default() += 1;
    }
}

impl Order {
    /// Returns what it leaves in the history.
    fn leaves(&self) -> HistoryKind {
        match self {
            Self::Block(_) => HistoryKind::Blocked,
            Self::Unblock(_) => HistoryKind::Unblocked,
            Self::Publish(..) => HistoryKind::Published,
            Self::Allow(_) => HistoryKind::Allowed,
            Self::Disallow(_) => HistoryKind::Disallowed,
            Self::Trust(_) => HistoryKind::Trusted,
            Self::Forget => HistoryKind::Forgotten,
        }
    }
}

fn settle<T: Copy>(known: &mut Known<T>) {
    if let Some(done) = known.possible.take() {
        known.acknowledged = done;
    }
}

/// Has an order done, and returns the alert that it made.
async fn carry_out(
    client: &Client,
    order: &Order,
    peer: NodeId,
) -> Result<Option<AlertId>, ClientError> {
    match order {
        Order::Block(it) => client.block(&block(*it)).await.map(|it| it.alert_id),
        Order::Publish(it, duration) => {
            let published = client.publish(&publish(*it, *duration)).await?;
            Ok(Some(published.alert_id))
        }
        Order::Unblock(it) => {
            let request = UnblockRequest {
                indicator: *it,
                withdraw: false,
            };
            client.unblock(&request).await.map(|_| None)
        }
        Order::Allow(it) => {
            let request = AllowRequest {
                indicator: *it,
                duration_secs: None,
                comment: None,
            };
            client.allow(&request).await.map(|_| None)
        }
        Order::Disallow(it) => client.disallow(*it).await.map(|_| None),
        Order::Trust(percent) => {
            let request = TrustRequest {
                peer,
                trust: Confidence::new(f64::from(*percent) / 100.0).expect("within 0 to 1"),
                fixed: false,
            };
            client.set_trust(&request).await.map(|_| None)
        }
        Order::Forget => client.forget_trust(peer).await.map(|_| None),
    }
}

fn block(indicator: Indicator) -> BlockRequest {
    BlockRequest {
        to: None,
        indicator,
        duration_secs: BlockDuration::MAX,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: None,
        description: None,
        publish: false,
        force: false,
    }
}

fn publish(indicator: Indicator, duration_secs: BlockDuration) -> PublishRequest {
    PublishRequest {
        to: None,
        indicator,
        duration_secs,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: None,
        description: None,
        force: false,
    }
}
