//! Tests of the Local API from its door: a request in, a reply out, and a node that is asked.

mod agents;
mod bouncers;
mod corpus;
mod lists;
mod mirror;
mod script;
mod sockets;
