//! Server and client over a real socket, with a scripted node behind it.

mod contract;
mod events;
mod limits;
mod node;
mod trust;
