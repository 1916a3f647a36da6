//! Where questions are put to the node, and what was gathered of its answers is kept for a while.

use std::sync::Arc;

use aegis_api::{
    ApiError, Caller, ChartReply, ChartRequest, Control, ErrorCode, Metrics, Reply, Request,
    Status, Timestamp, TrafficChart,
};

use crate::gather::{Almanac, Cached, Register};

/// Where questions are put. Clones share what was gathered.
#[derive(Clone)]
pub(crate) struct Desk<C> {
    pub(crate) control: C,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) almanac: Arc<Cached<Almanac>>,
    pub(crate) register: Arc<Cached<Register>>,
}

/// Takes a reply of one kind out of what was answered.
macro_rules! asked {
    ($desk:expr, $caller:expr, $request:expr, $kind:path) => {
        match $desk.ask($caller, $request).await {
            Ok($kind(it)) => Ok(it),
            Ok(_) => Err(crate::desk::unfit()),
            Err(error) => Err(error),
        }
    };
}

pub(crate) use asked;

impl<C: Control> Desk<C> {
    pub(crate) fn new(control: C, clock: fn() -> Timestamp) -> Self {
        Self {
            control,
            clock,
            almanac: Arc::default(),
            register: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Puts a question, or an order, as somebody.
    pub(crate) async fn ask(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        self.control.call(caller, request).await
    }

    pub(crate) async fn status(&self, caller: Caller) -> Result<Status, ApiError> {
        asked!(self, caller, Request::Status, Reply::Status).map(|it| *it)
    }

    pub(crate) async fn metrics(&self, caller: Caller) -> Result<Metrics, ApiError> {
        asked!(self, caller, Request::Metrics, Reply::Metrics).map(|it| *it)
    }

    pub(crate) async fn traffic(&self, caller: Caller) -> Result<TrafficChart, ApiError> {
        let request = Request::Chart(ChartRequest::Traffic);
        match asked!(self, caller, request, Reply::Chart)? {
            ChartReply::Traffic(it) => Ok(it),
            ChartReply::Trust(_) => Err(unfit()),
        }
    }
}

/// Returns what a reply of another kind than was asked for is.
pub(crate) fn unfit() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the answer does not fit the question")
}
