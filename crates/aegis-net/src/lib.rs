//! The wall around libp2p: how a node talks to other nodes.
//!
//! - [`wire`]: the signed threat message, bytes to [`aegis_core::Alert`] and back
//! - [`ask`]: questions to peers, and the testimonies and recommendations that answer them
//! - [`batch`]: many messages in one compressed piece
//! - [`mod@file`]: what nodes say to each other of files that they share, and the announcements of them
//! - [`join`]: how a node that brings a [`Ticket`] is let in
//! - [`organisation`]: what organisations sign, and their keys
//! - [`sync`]: what is said while two nodes reconcile
//! - [`crowd`]: how many peers a node keeps and whom it parts from; pure, too
//! - [`gate`]: what becomes of a message and what it costs whom; pure, time is given in
//! - [`start`]: the service, a thread of its own, reached by [`NetCommand`] and [`NetEvent`]
//!
//! No type of libp2p appears in a public signature. Nothing here decides what is blocked: an alert
//! that comes out of here is authentic, fresh and within quota, no more.

mod address;
pub mod ask;
pub mod batch;
mod config;
mod counters;
pub mod crowd;
mod event;
mod exchange;
pub mod file;
mod file_event;
pub mod gate;
mod identity;
pub mod join;
mod join_event;
mod network_secret;
pub mod organisation;
mod service;
mod surroundings;
pub mod sync;
mod ticket;
pub mod wire;

pub use address::{Address, InvalidAddress, InvalidPeerAddress, PeerAddress};
pub use config::{Clock, P2pConfig, PORT_DEFAULT, PeerExchange, RelayConfig};
pub use counters::{CounterValues, Counters};
pub use event::{NetCommand, NetEvent, QuestionId, RequestId, Silence, Via};
pub use file_event::{FileAskId, FileCommand, FileEvent, FileRequestId};
pub use identity::{Identity, IdentityError};
pub use join_event::{JoinCommand, JoinEvent};
pub use network_secret::{InvalidNetworkSecret, NetworkSecret};
pub use service::{NetError, NetHandle, PUSH_ALERTS_MAX, QUESTION_WAIT_MAX, start};
pub use surroundings::{Reachability, Route, Surroundings};
pub use ticket::{
    InvalidTicket, TICKET_ADDRESSES_MAX, TICKET_CHARS_MAX, Ticket, TicketParts, Token,
};
