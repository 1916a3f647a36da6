//! Addresses that proved themselves: they have an accepted TCP connection here that carried data
//! both ways, so their source address is not forged.
//!
//! A dump of all TCP sockets every few seconds finds the long connections; the kernel's
//! announcements of ended sockets find those too short for it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rtnetlink::sys::protocols::NETLINK_SOCK_DIAG;
use tokio::time::Interval;

use crate::host::every;
use crate::host::netlink::{Channel, Request, messages};
use diag::{DESTROY_GROUPS, Family, SOCK_DIAG_BY_FAMILY, question, tcp_socket};
use ledger::{Ledger, Survey};

mod diag;
mod ledger;

/// How often all sockets are looked at.
const DUMPS_EVERY: Duration = Duration::from_secs(5);

/// Between two batches of ended sockets: a busy server wakes the daemon ten times a second.
const BATCHES_APART: Duration = Duration::from_millis(100);

/// Room for the sockets that end between two batches; the kernel may grant less, and what is
/// lost is only a short connection less.
const ENDED_BYTES_MAX: libc::c_int = 4 * 1024 * 1024;

/// The connections of this host cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No netlink socket could be had.
    #[error("cannot open a socket-diagnosis socket")]
    Open(#[source] io::Error),
}

/// Watches which addresses have accepted connections here that carried data both ways.
#[derive(Debug)]
pub struct ConnectionWatch {
    dumps: Channel,
    ended: Result<Channel, String>,
    ledger: Ledger,
    survey: Option<Progress>,
    is_due: bool,
    has_failed: bool,
    dump_due: Interval,
    batch_due: Interval,
}

/// A dump that is under way; it outlives a cancelled wait.
#[derive(Debug, Default)]
struct Progress {
    survey: Survey,
    has_v4: bool,
}

impl ConnectionWatch {
    /// Starts watching in the calling thread's network namespace, inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails where no netlink socket can be had.
    pub fn start() -> Result<Self, ConnectionError> {
        let ended = watch_ended().inspect_err(|error| {
            tracing::debug!(%error, "Ended connections not announced, short ones may be missed");
        });
        Ok(Self {
            dumps: Channel::open(NETLINK_SOCK_DIAG).map_err(ConnectionError::Open)?,
            ended: ended.map_err(|error| error.to_string()),
            ledger: Ledger::default(),
            survey: None,
            is_due: false,
            has_failed: false,
            dump_due: every(DUMPS_EVERY), // its first tick comes at once
            batch_due: every(BATCHES_APART),
        })
    }

    /// Returns why connections shorter than five seconds may be missed, if they are.
    pub fn limitation(&self) -> Option<&str> {
        self.ended.as_ref().err().map(String::as_str)
    }

    /// Waits for addresses that have just been seen to be proven, each once. Cancel-safe.
    ///
    /// An address comes again as long as its connection stands, so its age is that of its proof.
    pub async fn next(&mut self) -> Vec<IpAddr> {
        loop {
            if self.is_due {
                self.look().await;
            }
            let found = self.ledger.take_found();
            if !found.is_empty() {
                return found;
            }
            tokio::select! {
                _ = self.dump_due.tick() => self.is_due = true,
                () = take_ended(&mut self.ended, &mut self.batch_due, &mut self.ledger) => {}
            }
        }
    }

    /// Looks at all sockets; when that fails, it is tried again at the next tick.
    async fn look(&mut self) {
        let progress = self.survey.get_or_insert_default();
        let result = dump_sockets(&mut self.dumps, progress).await;
        let progress = self.survey.take().unwrap_or_default();
        self.is_due = false;
        match result {
            Ok(()) => {
                self.has_failed = false;
                self.ledger.complete(progress.survey);
            }
            Err(error) if self.has_failed => tracing::debug!(%error, "Sockets still not read"),
            Err(error) => {
                self.has_failed = true;
                tracing::warn!(%error, "Sockets not read, addresses cannot prove themselves");
            }
        }
    }
}

/// Does what is left of a dump of both families; a host without IPv6 refuses the second.
async fn dump_sockets(dumps: &mut Channel, progress: &mut Progress) -> io::Result<()> {
    let survey = &mut progress.survey;
    let mut take = |kind: u16, payload: &[u8]| {
        if kind == SOCK_DIAG_BY_FAMILY
            && let Some(socket) = tcp_socket(payload)
        {
            survey.take(socket);
        }
    };
    if !progress.has_v4 {
        let body = question(Family::V4);
        dumps
            .dump(
                Request {
                    kind: SOCK_DIAG_BY_FAMILY,
                    body: &body,
                },
                &mut take,
            )
            .await?;
        progress.has_v4 = true;
    }
    let body = question(Family::V6);
    let result = dumps
        .dump(
            Request {
                kind: SOCK_DIAG_BY_FAMILY,
                body: &body,
            },
            &mut take,
        )
        .await;
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens a socket that hears of every TCP socket's end.
fn watch_ended() -> io::Result<Channel> {
    let channel = Channel::open(NETLINK_SOCK_DIAG)?;
    channel.widen(ENDED_BYTES_MAX)?;
    for group in DESTROY_GROUPS {
        channel.join(group)?;
    }
    Ok(channel)
}

/// Waits for ended sockets and takes all that are announced.
async fn take_ended(
    ended: &mut Result<Channel, String>,
    batch_due: &mut Interval,
    ledger: &mut Ledger,
) {
    let Ok(channel) = ended else {
        return std::future::pending().await;
    };
    batch_due.tick().await;
    match channel.receive().await {
        Ok(datagram) => take_datagram(ledger, datagram),
        Err(error) => tracing::trace!(%error, "Announcements of ended connections lost"),
    }
    channel.drain(|datagram| take_datagram(ledger, datagram));
}

fn take_datagram(ledger: &mut Ledger, datagram: &[u8]) {
    let sockets = messages(datagram).filter(|it| it.kind == SOCK_DIAG_BY_FAMILY);
    for socket in sockets.filter_map(|it| tcp_socket(it.payload)) {
        ledger.end(socket);
    }
}
