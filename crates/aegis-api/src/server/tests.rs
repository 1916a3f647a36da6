//! Server and client over a real socket, with a scripted node behind it.

mod contract;
mod events;
mod history;
mod key;
mod limits;
mod network;
mod node;
mod organisation;
mod reports;
mod trust;
