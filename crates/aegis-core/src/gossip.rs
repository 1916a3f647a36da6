//! The shape of gossip: figures that the network service sets and the simulation plays, so that
//! what was simulated is what runs (`docs/sync.md`, *How fast it spreads*).

use std::time::Duration;

/// How often a node tells of what it has, and looks after its mesh.
pub const HEARTBEAT: Duration = Duration::from_millis(700);

/// Peers in the mesh, to whom a node passes on at once what it hears first. With half of them
/// mute, one node in a thousand has no other: with eight it was one in 250.
pub const MESH: usize = 10;

/// The mesh is filled up where it has fewer…
pub const MESH_MIN: usize = 8;

/// … and cut where it has as many.
pub const MESH_MAX: usize = 14;

/// Peers outside the mesh that are told, at a heartbeat, of what is new, at least.
pub const TOLD_MIN: usize = 6;

/// The share of them that is told where that is more.
pub const TOLD_SHARE: f64 = 0.25;

/// Heartbeats at which an alert is told of.
pub const TOLD_BEATS: usize = 3;
