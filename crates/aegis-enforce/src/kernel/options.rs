//! What an instance was asked for, and keeps through its generations.

use std::path::PathBuf;

use crate::{Capacity, CookieMode, EnforceConfig, ModeRequest};

/// What stays as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) interfaces: Vec<String>,
    pub(super) mode: ModeRequest,
    pub(super) object: Option<PathBuf>,
    pub(super) capacity: Capacity,
    /// Whether programs are wanted that answer with SYN cookies.
    pub(super) is_answering: bool,
}

impl Options {
    pub(super) fn of(config: &EnforceConfig) -> Self {
        Self {
            interfaces: config.interfaces.clone(),
            mode: config.mode,
            object: config.object.clone(),
            capacity: config.capacity,
            is_answering: config.syn_cookies.mode != CookieMode::Off,
        }
    }
}
