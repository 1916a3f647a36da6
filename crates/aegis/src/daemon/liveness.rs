//! Liveness: the loop tells the service manager that it goes round. A loop that stands still says
//! nothing, and the service manager starts another daemon.

/// Whoever watches this process.
#[derive(Debug)]
pub(super) struct Liveness {
    is_watched: bool,
}

impl Liveness {
    /// Finds out whether a service manager wants to be told.
    pub(super) fn find() -> Self {
        Self {
            is_watched: sd_notify::watchdog_enabled().is_some(),
        }
    }

    /// Tells it; said by the loop itself, once a second.
    pub(super) fn tell(&self) {
        if self.is_watched {
            // Who cannot be told is gone, or takes what it does not hear for what it is.
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}
