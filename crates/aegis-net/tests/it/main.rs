//! Component tests of the network crate: real nodes on loopback and in network namespaces of the
//! test's own.

mod join;
mod support;
