//! Safety: the mode, and what is never blocked.

use aegis_api::{AllowNameRequest, Client, EnforceRequest, RegionRequest};

use super::{Failure, allow_entries};
use crate::{
    Format, Outcome, Screen,
    command::{AllowArg, AllowArgs, EnforceArgs, RegionArgs, SummaryArgs, SummaryBy},
    report,
};

/// Has the node drop.
pub(super) async fn enforce(
    args: EnforceArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let request = EnforceRequest {
        confirm_secs: args.confirm,
    };
    screen.show(&client.enforce(&request).await?, report::mode_enforce)?;
    Ok(Outcome::Done)
}

/// Does what `allow` asks for.
pub(super) async fn allow(
    args: AllowArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match &args.what {
        None => {
            listed(&args, client, screen).await?;
            Ok(Outcome::Done)
        }
        Some(AllowArg::Ip(indicator)) => {
            let indicator = *indicator;
            if args.remove {
                let disallowed = client.disallow(indicator).await?;
                screen.show(&disallowed, report::disallowed)?;
                return Ok(Outcome::answer(disallowed.was_allowed));
            }
            let entry = client.allow(&args.request(indicator)).await?;
            screen.show(&entry, report::allowed)?;
            Ok(Outcome::Done)
        }
        Some(AllowArg::Name(name)) if args.remove => {
            let disallowed = client.disallow_name(name).await?;
            screen.show(&disallowed, report::name_disallowed)?;
            Ok(Outcome::answer(disallowed.was_allowed))
        }
        Some(AllowArg::Name(_)) if args.allow_for.is_some() => {
            screen.refuse(
                "usage",
                "--for is for addresses: take a name off with --remove",
            )?;
            Ok(Outcome::Usage)
        }
        Some(AllowArg::Name(name)) => {
            let request = AllowNameRequest {
                name: name.clone(),
                comment: args.comment,
            };
            let allowed = client.allow_name(&request).await?;
            screen.show(&allowed, report::name_allowed)?;
            Ok(Outcome::Done)
        }
    }
}

/// Shows what is never blocked: for a person all of it, for a program what it asks for.
async fn listed(args: &AllowArgs, client: &Client, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if args.names {
        screen.show(&client.allow_names().await?, report::names)?;
        return Ok(());
    }
    if args.protected {
        screen.show(&client.protected().await?, report::protected)?;
        return Ok(());
    }
    allow_entries(client, screen).await?;
    if screen.format == Format::Text {
        let names = client.allow_names().await?;
        if !names.names.is_empty() {
            screen.show(&names, report::names)?;
        }
        screen.show(&client.protected().await?, report::protected)?;
    }
    Ok(())
}

/// Does what `block-region` asks for.
pub(super) async fn region(
    args: RegionArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let Some(region) = args.region else {
        screen.show(&client.regions().await?, report::regions)?;
        return Ok(Outcome::Done);
    };
    if args.remove {
        let unblocked = client.unblock_region(region).await?;
        screen.show(&unblocked, report::region_unblocked)?;
        return Ok(Outcome::answer(unblocked.was_blocked));
    }
    let request = RegionRequest {
        region,
        duration_secs: args.block_for,
    };
    let blocked = client.block_region(&request).await?;
    screen.show(&blocked, report::region_blocked)?;
    Ok(Outcome::Done)
}

/// Sums up, whole or by place.
pub(super) async fn summary(
    args: SummaryArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let by = args.by;
    let summary = client.summary(args.into()).await?;
    match by {
        None => screen.show(&summary, report::summary)?,
        Some(SummaryBy::Country) => screen.show(&summary.by_country, report::summary_by)?,
        Some(SummaryBy::Asn) => screen.show(&summary.by_asn, report::summary_by)?,
    }
    Ok(Outcome::Done)
}
