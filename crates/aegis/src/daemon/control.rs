//! The daemon's side of the control contract: calls go through a bounded queue to the one task.

use aegis_api::{ApiError, Caller, Control, ErrorCode, EventHub, Reply, Request};
use tokio::sync::{mpsc, oneshot};

/// Calls that wait for the task; more callers wait at the server's door.
pub(super) const CALLS_MAX: usize = 256;

/// One call on its way to the task.
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) request: Request,
    pub(super) reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
}

/// Answers the control contract by asking the task that owns the Engine.
#[derive(Clone, Debug)]
pub struct ControlHandle {
    calls_tx: mpsc::Sender<Call>,
    hub: EventHub,
}

impl ControlHandle {
    pub(super) fn new(hub: EventHub) -> (Self, mpsc::Receiver<Call>) {
        let (calls_tx, calls_rx) = mpsc::channel(CALLS_MAX);
        (Self { calls_tx, hub }, calls_rx)
    }
}

impl Control for ControlHandle {
    async fn call(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        let stopping = || ApiError::new(ErrorCode::Unavailable, "the node is stopping");
        let (reply_tx, reply_rx) = oneshot::channel();
        let call = Call {
            caller,
            request,
            reply_tx,
        };
        self.calls_tx.send(call).await.map_err(|_| stopping())?;
        reply_rx.await.map_err(|_| stopping())?
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}
