//! One connection to the server, and what is done over it.

use std::time::Duration;

use aegis_core::Timestamp;
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisError, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::{MirrorCommand, MirrorConfig};

/// How long the server may take to answer: far more than a part of a list takes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the mirror is not current.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("Redis does not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
}

/// A connection, and the names of the sets.
pub(super) struct Link {
    connection: MultiplexedConnection,
    live: String,
    next: String,
}

/// Which sets a change goes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// What others read.
    Live,
    /// What is being built, and what others read until then.
    Both,
}

impl Link {
    pub(super) async fn open(config: &MirrorConfig) -> Result<Self, LinkError> {
        let client = Client::open(config.server.clone())?;
        let patience = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let connection = client.get_multiplexed_async_connection_with_config(&patience);
        let connection = timeout(ANSWER_TIMEOUT, connection);
        Ok(Self {
            connection: connection.await.map_err(|_| LinkError::Silent)??,
            live: config.key.clone(),
            next: format!("{}:next", config.key),
        })
    }

    /// Begins a new set beside the one that others read.
    pub(super) async fn begin(&mut self) -> Result<(), LinkError> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("DEL").arg(&self.next).ignore();
        self.run(&pipeline).await
    }

    /// Carries changes out, in their order.
    pub(super) async fn apply(
        &mut self,
        commands: &[MirrorCommand],
        place: Place,
    ) -> Result<(), LinkError> {
        let mut pipeline = Pipeline::new();
        let places: &[&String] = match place {
            Place::Live => &[&self.live],
            Place::Both => &[&self.next, &self.live],
        };
        let mut has_any = false;
        for command in commands {
            match command {
                MirrorCommand::Block {
                    indicator,
                    expires_at,
                } => {
                    for key in places {
                        let add = pipeline.cmd("ZADD").arg(key).arg(score(*expires_at));
                        add.arg(indicator.to_string()).ignore();
                    }
                }
                MirrorCommand::Unblock(indicator) => {
                    for key in places {
                        let remove = pipeline.cmd("ZREM").arg(key);
                        remove.arg(indicator.to_string()).ignore();
                    }
                }
                MirrorCommand::Part { blocks, .. } if blocks.is_empty() => continue,
                MirrorCommand::Part { blocks, .. } => {
                    let add = pipeline.cmd("ZADD").arg(&self.next);
                    for (indicator, expires_at) in blocks {
                        add.arg(score(*expires_at)).arg(indicator.to_string());
                    }
                    add.ignore();
                }
            }
            has_any = true;
        }
        if !has_any {
            return Ok(()); // a pipeline of nothing is refused
        }
        self.run(&pipeline).await
    }

    /// Puts the new set in the place of the one that others read, at once.
    pub(super) async fn publish(&mut self) -> Result<(), LinkError> {
        let exists: bool = {
            let mut command = redis::cmd("EXISTS");
            let answer = command.arg(&self.next).query_async(&mut self.connection);
            timeout(ANSWER_TIMEOUT, answer)
                .await
                .map_err(|_| LinkError::Silent)??
        };
        let mut pipeline = Pipeline::new();
        if exists {
            pipeline.cmd("RENAME").arg(&self.next).arg(&self.live);
        } else {
            pipeline.cmd("DEL").arg(&self.live); // a set of nothing is no set
        }
        pipeline.ignore();
        self.run(&pipeline).await
    }

    /// Removes what is over at `now`, and returns how many blocks there are.
    pub(super) async fn tidy(&mut self, now: Timestamp) -> Result<u64, LinkError> {
        let mut pipeline = Pipeline::new();
        let remove = pipeline.cmd("ZREMRANGEBYSCORE").arg(&self.live);
        remove.arg("-inf").arg(score(now)).ignore();
        pipeline.cmd("ZCARD").arg(&self.live);
        let answer = pipeline.query_async(&mut self.connection);
        let (entries,) = timeout(ANSWER_TIMEOUT, answer)
            .await
            .map_err(|_| LinkError::Silent)??;
        Ok(entries)
    }

    /// Takes everything away.
    pub(super) async fn clear(&mut self) -> Result<(), LinkError> {
        let mut pipeline = Pipeline::new();
        let delete = pipeline.cmd("DEL").arg(&self.live).arg(&self.next);
        delete.ignore();
        self.run(&pipeline).await
    }

    async fn run(&mut self, pipeline: &Pipeline) -> Result<(), LinkError> {
        let answer = pipeline.query_async::<()>(&mut self.connection);
        let answer = timeout(ANSWER_TIMEOUT, answer).await;
        Ok(answer.map_err(|_| LinkError::Silent)??)
    }
}

/// Returns a time as a score: seconds, with milliseconds behind the point. A double holds that
/// exactly enough for the next quarter of a million years.
fn score(at: Timestamp) -> String {
    format!("{}.{:03}", at.as_secs(), at.as_millis() % 1000)
}
