//! Keeping what changed: in a thread, one write at a time, and whoever waits for it is answered after it.

use aegis_api::{ApiError, ErrorCode};

use super::{Done, Subscriptions, kept};

impl Subscriptions {
    /// Writes what changed, in a thread; one write at a time.
    pub(super) fn write(&mut self) {
        if self.is_writing || !self.is_changed {
            return;
        }
        (self.is_writing, self.is_changed) = (true, false);
        self.replies_under_way.append(&mut self.replies);
        let (dir, text) = (self.dir.clone(), kept::text(&self.feeds));
        self.jobs.spawn_blocking(move || {
            let wrote = text.and_then(|it| kept::write_text(&dir, &it));
            Done::Wrote(wrote.map_err(|it| it.to_string()))
        });
    }

    pub(super) fn handle_wrote(&mut self, result: Result<(), String>) {
        self.is_writing = false;
        let problem = result.err().map(|it| format!("feeds cannot be kept: {it}"));
        for (reply_tx, reply) in self.replies_under_way.drain(..) {
            let reply = match &problem {
                Some(message) => Err(ApiError::new(ErrorCode::Internal, message.clone())),
                None => Ok(reply),
            };
            let _ = reply_tx.send(reply); // whoever went away meanwhile has lost nothing
        }
        if let Some(message) = &problem {
            tracing::warn!(problem = message, "Degraded");
        }
        self.problem = problem;
    }

    /// Writes what changed, after what is being written is.
    pub(super) async fn end(mut self) {
        while self.is_writing
            && let Some(done) = self.jobs.join_next().await
        {
            self.handle_done(done.unwrap_or(Done::Nothing));
        }
        if self.is_changed
            && let Err(error) = kept::write(&self.dir, &self.feeds)
        {
            tracing::warn!(%error, "What is known of feeds was not kept");
        }
    }
}
