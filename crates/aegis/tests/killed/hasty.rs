//! A broken daemon, to see that the harness finds it out: a door before a real one that acknowledges
//! what it has not handed on yet.
//!
//! Nothing of it is in the product: the door speaks the control protocol by itself, and the daemon
//! behind it is the real one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else can be asked is not for this door"
)]

use std::time::Duration;

use aegis::daemon::Clock;
use aegis_api::{
    AllowEntry, ApiError, Caller, Client, ClientError, Control, Disallowed, EventHub, Listener,
    Reply, Request,
};
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

use crate::place::Place;

/// How long an acknowledged order waits before it is handed on.
const LATE: Duration = Duration::from_millis(20);

/// Orders that wait at most: more than callers give in the time that a test takes.
const WAITING_MAX: usize = 100_000;

/// The door.
pub(crate) struct Door {
    serving: JoinHandle<()>,
    client: Client,
}

impl Door {
    /// Opens a door before the daemon of `place`.
    #[expect(clippy::disallowed_methods, reason = "the test ends the task")]
    pub(crate) fn open(place: &Place) -> Self {
        let socket = place.beside("hasty.sock");
        let listener = Listener::bind(&socket).expect("a socket can be made");
        let (late_tx, mut late_rx) = mpsc::channel(WAITING_MAX);
        let hasty = Hasty {
            daemon: place.client(),
            late_tx,
            hub: EventHub::new(),
        };
        let daemon = place.client();
        let serving = tokio::spawn(async move {
            let hand_on = async {
                while let Some(request) = late_rx.recv().await {
                    sleep(LATE).await;
                    let _ = do_allowing(&daemon, request).await; // nobody waits for the answer
                }
            };
            tokio::join!(
                aegis_api::serve(listener, hasty, std::future::pending()),
                hand_on
            );
        });
        Self {
            serving,
            client: Client::new(socket),
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Closes it: callers are cut off, and what waits is handed on no more.
    pub(crate) async fn close(self) {
        self.serving.abort();
        assert!(self.serving.await.is_err(), "it ran until now");
    }
}

#[derive(Clone)]
struct Hasty {
    daemon: Client,
    late_tx: mpsc::Sender<Request>,
    hub: EventHub,
}

impl Control for Hasty {
    async fn call(&self, _: Caller, request: Request) -> Result<Reply, ApiError> {
        let acknowledged = match &request {
            Request::Allow(asked) => Reply::Allowed(AllowEntry {
                indicator: asked.indicator,
                added_at: Clock.now(),
                expires_at: None,
                ttl_secs: None,
                comment: None,
            }),
            Request::Disallow(indicator) => Reply::Disallowed(Disallowed {
                indicator: *indicator,
                was_allowed: true,
            }),
            _ => return do_other(&self.daemon, request).await,
        };
        let is_taken = self.late_tx.try_send(request).is_ok();
        assert!(is_taken, "there is room");
        Ok(acknowledged)
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

async fn do_allowing(daemon: &Client, request: Request) -> Result<(), ClientError> {
    match request {
        Request::Allow(asked) => daemon.allow(&asked).await.map(|_| ()),
        Request::Disallow(indicator) => daemon.disallow(indicator).await.map(|_| ()),
        _ => Ok(()),
    }
}

/// Has the daemon do what callers of the harness may want beside, and answers when it has.
async fn do_other(daemon: &Client, request: Request) -> Result<Reply, ApiError> {
    let done = match request {
        Request::Block(asked) => daemon.block(&asked).await.map(Reply::Blocked),
        Request::Unblock(asked) => daemon.unblock(&asked).await.map(Reply::Unblocked),
        Request::Publish(asked) => daemon.publish(&asked).await.map(Reply::Published),
        Request::SetTrust(asked) => {
            let trust = daemon.set_trust(&asked).await;
            trust.map(|it| Reply::PeerTrust(Box::new(it)))
        }
        Request::ForgetTrust(peer) => daemon.forget_trust(peer).await.map(Reply::TrustForgotten),
        other => panic!("nobody asks {other:?}"),
    };
    match done {
        Ok(reply) => Ok(reply),
        Err(ClientError::Refused(refusal)) => Err(refusal),
        // The daemon is gone: the caller learns of it when the door is closed.
        Err(_) => std::future::pending().await,
    }
}
