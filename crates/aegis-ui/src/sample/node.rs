//! A scripted node behind a real socket.

use std::{path::PathBuf, time::Duration};

use aegis_api::{
    AlertId, ApiError, BlockRequest, Blocked, Caller, Check, Client, Control, Disallowed,
    ErrorCode, EventHub, EventKind, Indicator, Listener, NodeId, Origin, Page, PageQuery, Peer,
    PeerTrust, Published, Reply, Request, TrustForgotten, TrustRequest, UnblockCause,
    UnblockRequest, Unblocked, serve,
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinSet};

use super::{
    NOW, allow_entry, block, history, ip, network_reply, node_id, opinion, organisation_reply,
    peer, peer_trust, stats, status, stranger, why,
};

/// Long enough for a busy machine; nothing waits for it unless it fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A server that answers every request in one known way; dropping it stops it.
pub(crate) struct Node {
    pub(crate) client: Client,
    pub(crate) hub: EventHub,
    pub(crate) path: PathBuf,
    stop_tx: oneshot::Sender<()>,
    server: JoinSet<()>,
    _directory: TempDir,
}

#[derive(Clone)]
struct Script {
    hub: EventHub,
    blocks: u32,
}

impl Node {
    /// Starts a node that has just come up and holds this many blocks.
    pub(crate) fn start(blocks: u32) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("control.sock");
        let listener = Listener::bind(&path).expect("binds");
        let hub = EventHub::new();
        hub.publish(
            NOW,
            EventKind::ServiceRunning {
                node_id: node_id(7),
                listen: Vec::new(),
            },
        );
        let script = Script {
            hub: hub.clone(),
            blocks,
        };
        let (stop_tx, stop_rx) = oneshot::channel();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, script, async {
            let _ = stop_rx.await;
        }));
        Self {
            client: Client::new(&path),
            hub,
            path,
            stop_tx,
            server,
            _directory: directory,
        }
    }

    pub(crate) async fn stop(mut self) {
        self.stop_tx.send(()).expect("the server runs");
        let ended = tokio::time::timeout(DEADLINE, self.server.join_next());
        ended
            .await
            .expect("in time")
            .expect("a server")
            .expect("no panic");
    }
}

impl Control for Script {
    async fn call(&self, _: Caller, request: Request) -> Result<Reply, ApiError> {
        Ok(match request {
            Request::Status => Reply::Status(Box::new(status())),
            Request::Stats => Reply::Stats(Box::new(stats())),
            Request::Blocks(page) => {
                let start = page.cursor().map_or(0, |it| number(*it) + 1);
                let blocks = (start..self.blocks).map(block);
                Reply::Blocks(page.collect(blocks.map(|it| (it.indicator, it))))
            }
            Request::Check(indicator) => Reply::Check(check(indicator)),
            Request::Why(indicator) => {
                let mut why = why();
                why.indicator = indicator;
                Reply::Why(Box::new(why))
            }
            Request::Peers(page) => Reply::Peers(peers(&page)),
            Request::AllowEntries(_) => Reply::AllowEntries(last_page(allow_entry(None))),
            Request::Block(it) => Reply::Blocked(self.block(&it)?),
            Request::Publish(it) => Reply::Published(publish(it.indicator)?),
            Request::Unblock(it) => Reply::Unblocked(self.unblock(&it)),
            Request::Allow(it) => {
                let mut entry = allow_entry(it.duration_secs.map(|it| it.get().into()));
                entry.indicator = it.indicator;
                Reply::Allowed(entry)
            }
            Request::Disallow(indicator) => Reply::Disallowed(Disallowed {
                indicator,
                was_allowed: indicator == ip("192.0.2.0/28"),
            }),
            Request::Ask(indicator) => {
                refuse(indicator)?;
                Reply::Opinion(Box::new(opinion(indicator)))
            }
            Request::Trust(peer) if is_met(&peer) => Reply::PeerTrust(Box::new(peer_trust(peer))),
            Request::Trust(peer) => Reply::PeerTrust(Box::new(stranger(peer))),
            Request::SetTrust(it) => Reply::PeerTrust(Box::new(trusted(it))),
            Request::Report(it) => Reply::Reported(super::report::outcomes(&it)),
            Request::WithdrawReport(it) => Reply::ReportWithdrawn(super::report::withdrawn(it)),
            Request::Preview(it) => Reply::Preview(super::report::preview(&it)),
            Request::Logins => Reply::Logins(aegis_api::LoginList::default()),
            Request::VerifyAudit => Reply::AuditReport(history::audit_report()),
            Request::History(it) => Reply::History(history::page(&it)),
            Request::HistoryGroups(_) => Reply::HistoryGroups(history::groups()),
            Request::File(request) => super::file::answer(&request)?,
            Request::Organisation(it) => organisation_reply(it)?,
            Request::Network(it) => network_reply(it)?,
            Request::Import(it) => super::import_reply(&it),
            Request::Key(it) => super::key_reply(it),
            Request::ReloadConfig => reloaded(),
            Request::Metrics | Request::View(_) => return Err(not_asked()),
            Request::Safety(it) => super::safety::reply(&it)?,
            Request::Chart(it) => Reply::Chart(super::chart::reply(&it)),
            Request::Feed(it) => super::feed::reply(it)?,
            Request::ForgetTrust(peer) => Reply::TrustForgotten(TrustForgotten {
                peer,
                was_known: is_met(&peer),
            }),
        })
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

impl Script {
    fn block(&self, it: &BlockRequest) -> Result<Blocked, ApiError> {
        refuse(it.indicator)?;
        let ttl_secs = it.duration_secs.as_secs();
        self.tell(EventKind::Blocked {
            indicator: it.indicator,
            ttl_secs,
            origin: Origin::Operator,
        });
        Ok(Blocked {
            indicator: it.indicator,
            expires_at: NOW,
            ttl_secs,
            alert_id: it.publish.then(|| AlertId::from_bytes([3; 16])),
        })
    }

    fn unblock(&self, it: &UnblockRequest) -> Unblocked {
        self.tell(EventKind::Unblocked {
            indicator: it.indicator,
            cause: UnblockCause::Operator,
        });
        Unblocked {
            indicator: it.indicator,
            was_blocked: true,
            covered_by: None,
            withdrawn: u64::from(it.withdraw),
            feeds: vec![],
        }
    }

    fn tell(&self, kind: EventKind) {
        self.hub.publish(NOW, kind);
    }
}

fn publish(indicator: Indicator) -> Result<Published, ApiError> {
    refuse(indicator)?;
    Ok(Published {
        indicator,
        alert_id: AlertId::from_bytes([3; 16]),
        expires_at: NOW,
    })
}

fn trusted(it: TrustRequest) -> PeerTrust {
    PeerTrust {
        known: true,
        trust_percent: it.trust.percent(),
        pretrust_percent: it.trust.percent(),
        fixed: it.fixed,
        named: true,
        ..stranger(it.peer)
    }
}

/// Refuses as a node does.
fn refuse(indicator: Indicator) -> Result<(), ApiError> {
    if indicator == ip("127.0.0.1") {
        let message = "127.0.0.1 is a loopback address and is never blocked";
        return Err(ApiError::new(ErrorCode::Protected, message));
    }
    if indicator == ip("192.0.2.66") {
        return Err(ApiError::new(ErrorCode::Denied, "only root may block"));
    }
    if indicator == ip("192.0.2.67") {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "no such value"));
    }
    Ok(())
}

/// The private range of 192.168.0.0/16 is blocked, nothing else.
fn check(indicator: Indicator) -> Check {
    let blocked = ip("192.168.0.0/16").contains(&indicator);
    Check {
        indicator,
        blocked,
        covered_by: blocked.then_some(indicator),
        expires_at: blocked.then_some(NOW),
        ttl_secs: blocked.then_some(299),
    }
}

/// The ids of the peers that the node knows are those of `node_id` of these.
const PEERS: std::ops::Range<u8> = 9..12;

fn is_met(peer: &NodeId) -> bool {
    PEERS.map(node_id).any(|it| it == *peer)
}

/// One peer on each page, so that whoever looks for one must turn pages.
fn peers(page: &PageQuery<NodeId>) -> Page<Peer> {
    let mut peers: Vec<Peer> = PEERS.map(peer).collect();
    peers.sort_by_key(|it| it.peer);
    peers.retain(|it| page.cursor().is_none_or(|cursor| it.peer > *cursor));
    let first = PageQuery::first(std::num::NonZeroU16::MIN);
    first.collect(peers.into_iter().map(|it| (it.peer, it)))
}

fn last_page<T>(item: T) -> Page<T> {
    Page {
        items: vec![item],
        next: None,
    }
}

fn number(indicator: Indicator) -> u32 {
    match indicator.address() {
        std::net::IpAddr::V4(address) => u32::from(address) - 0x0a00_0000,
        std::net::IpAddr::V6(_) => 0,
    }
}

fn reloaded() -> Reply {
    Reply::Reloaded(aegis_api::Reloaded {
        applied: vec!["min_severity".to_owned()],
        needs_restart: Vec::new(),
    })
}

fn not_asked() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "no command asks for this")
}
