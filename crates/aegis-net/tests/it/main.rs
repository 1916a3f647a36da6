//! Component tests of the network crate: real nodes on loopback and in network namespaces of the
//! test's own.

mod burst;
mod corpus;
mod floors;
mod hostile;
mod join;
mod mdns;
mod raw;
mod support;
