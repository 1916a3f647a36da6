//! Feeds: subscribed to, listed, shown, fetched, removed.

use aegis_api::Client;

use super::Failure;
use crate::{Outcome, Screen, command::FeedCommand, report};

/// Does what `feed` asks for.
pub(super) async fn feed(
    command: FeedCommand,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match command {
        FeedCommand::Add(args) => {
            screen.show(&client.add_feed(&args.into()).await?, report::feed_added)?;
        }
        FeedCommand::List => screen.show(&client.feeds().await?, report::feeds)?,
        FeedCommand::Show { name } => return show(&name, client, screen).await,
        FeedCommand::Refresh(args) => {
            let fetched = client.refresh_feed(&args.into()).await?;
            screen.show(&fetched, report::feed_refreshed)?;
        }
        FeedCommand::Remove { name } => {
            let removed = client.remove_feed(&name).await?;
            screen.show(&removed, report::feed_removed)?;
            return Ok(Outcome::answer(removed.was_there));
        }
    }
    Ok(Outcome::Done)
}

async fn show(name: &str, client: &Client, screen: &mut Screen<'_>) -> Result<Outcome, Failure> {
    let list = client.feeds().await?;
    if let Some(feed) = list.feeds.iter().find(|it| it.name == name) {
        screen.show(feed, report::feed)?;
        return Ok(Outcome::Done);
    }
    let message = if list.built_in.iter().any(|it| it == name) {
        format!("{name} is built in and not subscribed to: aegis feed add {name}")
    } else {
        format!("there is no feed {name}: aegis feed list shows those there are")
    };
    Err(Failure::Refused("not_found", message))
}
