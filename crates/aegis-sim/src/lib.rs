//! Simulations: seeded worlds in which the trust models of `aegis-core` meet attackers, and
//! networks of its Engines on simulated time.
//!
//! For development only; nothing of the product depends on it. Equal seeds give equal worlds and
//! equal results, bit for bit, whatever the number of threads.

pub mod anchors;
pub mod attack;
pub mod chance;
pub mod experience;
pub mod metrics;
pub mod model;
pub mod net;
pub mod plot;
pub mod recheck;
pub mod roster;
pub mod run;
pub mod table;
pub mod tournament;
pub mod verification;
pub mod world;
