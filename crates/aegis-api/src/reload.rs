//! Reload: what became of a configuration that was read anew.

use serde::{Deserialize, Serialize};

/// What a reload came to. Keys are written with their sections, as in `detect.syn_flood.threshold`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reloaded {
    /// Keys that changed and hold from now on.
    pub applied: Vec<String>,
    /// Keys that changed and are left as they were until the node is started again.
    pub needs_restart: Vec<String>,
}
