//! `aegis top`: what happens on a node, live in a terminal.
//!
//! The wall around ratatui. A pure model takes what happens and says what is to be done, the views
//! draw the model, and the session carries out: it asks the node through the API's client, reads
//! keys and signals, and gives the terminal back however it ends. The node keeps, sorts and filters
//! its lists; here is a screenful of them.

mod ask;
mod clock;
mod help;
mod key;
mod model;
mod paint;
#[cfg(test)]
mod sample;
mod session;
mod settings;
mod terminal;
mod text;
mod view;

use std::io;

use aegis_api::{Client, ClientError};

pub use self::model::Settings;

/// Why nothing is shown.
#[derive(Debug)]
pub enum TopError {
    /// Standard input or output is no terminal, or one that cannot move its cursor.
    NoTerminal(&'static str),
    /// The node does not answer, or does not let the caller in.
    Node(ClientError),
    /// The terminal broke.
    Terminal(io::Error),
}

impl std::fmt::Display for TopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTerminal(why) => write!(
                f,
                "top needs a terminal, and {why}: use `aegis status`, `aegis list` or `aegis console`"
            ),
            Self::Node(error) => error.fmt(f),
            Self::Terminal(error) => write!(f, "the terminal cannot be used: {error}"),
        }
    }
}

impl std::error::Error for TopError {}

impl From<io::Error> for TopError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

/// Shows the node behind `client` until somebody quits or a signal ends it.
///
/// Fails where there is no terminal, or nobody answers at the start; a node that goes away later is
/// waited for.
pub async fn run(client: &Client, settings: Settings) -> Result<(), TopError> {
    terminal::check()?;
    // Whoever may not, or calls the wrong node, hears it as from any other command.
    client.status().await.map_err(TopError::Node)?;
    Box::pin(session::run(client, settings)).await?;
    Ok(())
}
