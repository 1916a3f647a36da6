//! Keys: given out, listed, taken back.

use aegis_api::{Client, KeyCreateRequest};

use super::Failure;
use crate::{
    Format, Outcome, Screen,
    command::{KeyCommand, KeyUserArg, ScopeArg},
    report,
};

/// Does what `key` asks for.
pub(super) async fn key(
    command: KeyCommand,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match command {
        KeyCommand::Create {
            name,
            scope,
            user,
            url,
        } => {
            // The command line asks for one of the two.
            let scope = scope.or_else(|| user.map(KeyUserArg::scope));
            let scope = scope.unwrap_or(ScopeArg::Read).into();
            let created = client.create_key(&KeyCreateRequest { name, scope }).await?;
            match screen.format {
                // The secret alone is data, so that a pipe can carry it to where it is kept.
                Format::Text => {
                    write!(screen.talk, "{}", report::key_created(&created))?;
                    screen.talk.flush()?;
                    let secret = match user {
                        Some(it) => report::key_lines(&created, it, &url),
                        None => format!("{}\n", created.secret),
                    };
                    write!(screen.out, "{}", crate::text::shown_lines(&secret))?;
                    screen.out.flush()?;
                }
                Format::Json => screen.show(&created, |_| String::new())?,
            }
        }
        KeyCommand::List => screen.show(&client.keys().await?, report::keys)?,
        KeyCommand::Revoke { name } => {
            let revoked = client.revoke_key(name).await?;
            screen.show(&revoked, report::key_revoked)?;
            return Ok(Outcome::answer(revoked.was_there));
        }
    }
    Ok(Outcome::Done)
}
