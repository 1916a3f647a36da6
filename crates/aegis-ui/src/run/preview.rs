//! What would be sent, before anything is.

use aegis_api::{Client, Preview, PreviewRequest, PublishRequest, ReportsRequest};

use super::Failure;
use crate::{Outcome, Screen, command::ReportArgs, report};

/// Shows what publishing would send; a block that is not shared sends nothing.
pub(super) async fn publish(
    asked: PublishRequest,
    is_local: bool,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let found = if is_local {
        Preview {
            bytes: None,
            why: Some("nothing would be sent: it is for this node alone".to_owned()),
        }
    } else {
        client.preview(&PreviewRequest::Publish(asked)).await?
    };
    screen.show(&found, report::preview)?;
    Ok(Outcome::Done)
}

/// Shows what a report would send.
pub(super) async fn report(
    args: ReportArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let asked = ReportsRequest::from(args).reports.into_iter().next();
    let Some(asked) = asked else {
        return Ok(Outcome::Done); // there is always one
    };
    let found = client.preview(&PreviewRequest::Report(asked)).await?;
    screen.show(&found, report::preview)?;
    Ok(Outcome::Done)
}
