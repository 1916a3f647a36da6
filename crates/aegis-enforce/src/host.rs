//! Facts about this host that decide whom it must never block.
//!
//! Own addresses and gateways come from netlink, within milliseconds of a change; resolvers and
//! authenticated sessions from files, read again every few seconds. Root is not needed. The facts
//! are those of the network namespace in which [`HostWatch::start`] was called.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rtnetlink::sys::protocols::NETLINK_ROUTE;
use tokio::time::{Interval, MissedTickBehavior, interval};

pub use login::{Login, LoginMark, NotNew};

use files::Sources;
use netlink::{Channel, messages};
use network::Network;

pub(crate) mod files;
mod login;
pub(crate) mod netlink;
pub(crate) mod network;
mod resolvers;
mod sessions;
#[cfg(test)]
mod tests;
mod wall_clock;

pub use wall_clock::utc_offset_secs;
mod time_servers;

/// How often the files are read again.
const FILES_EVERY: Duration = Duration::from_secs(5);

/// Between two dumps at least: a storm of changes costs twenty dumps a second, not thousands.
const DUMPS_APART: Duration = Duration::from_millis(50);

/// Whom this host must never block, whoever asks for it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HostFacts {
    /// Addresses of this host's own interfaces (at most 4,096).
    pub own: BTreeSet<IpAddr>,
    /// Next hops of default routes, of all routing tables (at most 1,024).
    pub gateways: BTreeSet<IpAddr>,
    /// Name servers this host asks (at most 64).
    pub resolvers: BTreeSet<IpAddr>,
    /// Time servers that this host's configuration names by address (at most 64).
    pub time_servers: BTreeSet<IpAddr>,
    /// Where authenticated remote sessions come from (at most 1,024).
    pub sessions: BTreeSet<IpAddr>,
    /// The kernel's numbers of links that are up and have a carrier (at most 4,096).
    pub links: BTreeSet<u32>,
}

/// The host's facts cannot be learnt.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No netlink socket could be had.
    #[error("cannot open a netlink socket")]
    Open(#[source] io::Error),
    /// The kernel did not answer a question about addresses, routes or interfaces.
    #[error("cannot read addresses and routes from the kernel")]
    Read(#[source] io::Error),
}

/// Watches the host's facts and tells when they change.
#[derive(Debug)]
pub struct HostWatch {
    sources: Sources,
    changes: Channel,
    dumps: Channel,
    survey: Option<Survey>,
    network: Network,
    told: HostFacts,
    is_unread: bool, // the files are to be read and all to be compared with what was told
    is_stale: bool,
    has_failed: bool,
    files_due: Interval,
    dump_due: Interval,
}

/// A look at the network that is under way; it outlives a cancelled wait.
#[derive(Debug, Default)]
struct Survey {
    found: Network,
    has_addresses: bool,
    has_links: bool,
}

impl HostWatch {
    /// Starts watching, and returns the facts as they are now.
    ///
    /// # Errors
    ///
    /// Fails where the kernel gives no netlink socket or no answer.
    pub async fn start() -> Result<(Self, HostFacts), HostError> {
        Self::start_with(Sources::under(Path::new("/"))).await
    }

    async fn start_with(sources: Sources) -> Result<(Self, HostFacts), HostError> {
        let changes = Channel::open(NETLINK_ROUTE).map_err(HostError::Open)?;
        for group in network::GROUPS {
            changes.join(group as u32).map_err(HostError::Open)?; // before the dump: no gap
        }
        let mut watch = Self {
            sources,
            changes,
            dumps: Channel::open(NETLINK_ROUTE).map_err(HostError::Open)?,
            survey: None,
            network: Network::default(),
            told: HostFacts::default(),
            is_unread: false,
            is_stale: false,
            has_failed: false,
            files_due: every(FILES_EVERY),
            dump_due: every(DUMPS_APART),
        };
        watch.network = watch.survey().await.map_err(HostError::Read)?;
        watch.told = watch.facts();
        let facts = watch.told.clone();
        Ok((watch, facts))
    }

    /// Waits until the facts differ from those told last, and returns them. Cancel-safe.
    pub async fn changed(&mut self) -> HostFacts {
        loop {
            if self.is_stale {
                self.refresh().await;
            }
            // Not whenever somebody begins to wait: a busy node does so thousands of times a second.
            if std::mem::take(&mut self.is_unread) {
                let facts = self.facts();
                if facts != self.told {
                    self.told.clone_from(&facts);
                    return facts;
                }
            }
            self.wait().await;
        }
    }

    /// Waits for a reason to look again.
    async fn wait(&mut self) {
        while !self.is_stale {
            tokio::select! {
                _ = self.files_due.tick() => {
                    self.is_stale = self.has_failed;
                    self.is_unread = true;
                    return;
                }
                // An error means that changes were lost: then only a new look tells.
                datagram = self.changes.receive() => {
                    self.is_stale = datagram.map_or(true, may_matter);
                }
            }
        }
    }

    /// Looks at the network again; when that fails, the last facts stand and it is tried later.
    async fn refresh(&mut self) {
        self.dump_due.tick().await;
        if self.survey.is_none() {
            // One look answers all changes announced before it began.
            self.changes.drain(|_| ());
        }
        match self.survey().await {
            Ok(network) => {
                self.network = network;
                self.has_failed = false;
            }
            Err(error) if self.has_failed => tracing::debug!(%error, "Host facts still not read"),
            Err(error) => {
                self.has_failed = true;
                tracing::warn!(%error, "Host facts not read, the last ones stand");
            }
        }
        self.is_stale = false;
        self.is_unread = true;
    }

    async fn survey(&mut self) -> io::Result<Network> {
        let survey = self.survey.get_or_insert_default();
        let result = look(&mut self.dumps, survey).await;
        let survey = self.survey.take().unwrap_or_default();
        result.map(|()| survey.found)
    }

    fn facts(&self) -> HostFacts {
        HostFacts {
            own: self.network.own.clone(),
            gateways: self.network.gateways.clone(),
            resolvers: resolvers::resolvers(&self.sources),
            time_servers: time_servers::time_servers(&self.sources),
            sessions: sessions::sessions(&self.sources),
            links: self.network.links.clone(),
        }
    }
}

/// Returns the addresses of this host's own interfaces, at most 4,096.
///
/// # Errors
///
/// Fails where the kernel gives no answer.
pub fn own_addresses() -> Result<BTreeSet<IpAddr>, HostError> {
    network::own_addresses().map_err(HostError::Read)
}

/// Returns the names of the interfaces that carry a default route, best metric first.
///
/// # Errors
///
/// Fails where the kernel gives no answer.
pub fn default_interfaces() -> Result<Vec<String>, HostError> {
    network::default_interfaces().map_err(HostError::Read)
}

/// Does what is left of a survey.
async fn look(dumps: &mut Channel, survey: &mut Survey) -> io::Result<()> {
    let found = &mut survey.found;
    if !survey.has_addresses {
        dumps
            .dump(network::ADDRESSES, |kind, payload| {
                found.take(kind, payload)
            })
            .await?;
        survey.has_addresses = true;
    }
    if !survey.has_links {
        dumps
            .dump(network::LINKS, |kind, payload| found.take(kind, payload))
            .await?;
        survey.has_links = true;
    }
    dumps
        .dump(network::ROUTES, |kind, payload| found.take(kind, payload))
        .await
}

fn may_matter(datagram: &[u8]) -> bool {
    messages(datagram).any(|it| network::may_matter(it.kind, it.payload))
}

/// Returns a ticker that never makes up for missed ticks.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
