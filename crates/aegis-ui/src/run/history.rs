//! History: listed page by page, or counted; for people, as CSV or as JSON.

use std::num::NonZeroU16;

use aegis_api::{
    Client, HistoryGroupsQuery, HistoryLine, HistoryQuery, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX,
    Page, PageQuery,
};

use super::{Failure, Pages, empty_page};
use crate::{Format, Outcome, Screen, command::HistoryArgs, report};

/// Does what `history` asks for.
pub(super) async fn history(
    args: HistoryArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    if args.csv && screen.format == Format::Json {
        screen.refuse("usage", "--csv and --json are two formats: choose one")?;
        return Ok(Outcome::Usage);
    }
    match args.by {
        Some(by) => groups(&args, by.into(), client, screen).await?,
        None => entries(&args, client, screen).await?,
    }
    Ok(Outcome::Done)
}

async fn groups(
    args: &HistoryArgs,
    by: aegis_api::HistoryBy,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let query = HistoryGroupsQuery {
        scope: args.scope(),
        by,
        limit: narrow(args.limit, PAGE_ITEMS_MAX),
    };
    let groups = client.history_groups(&query).await?;
    if args.csv {
        let mut text = report::GROUPS_CSV.to_owned();
        groups
            .iter()
            .for_each(|it| text.push_str(&report::csv_group(it)));
        screen.out.write_all(text.as_bytes())?;
        return Ok(screen.out.flush()?);
    }
    Ok(screen.show(&groups, |it| report::history_groups(it))?)
}

async fn entries(
    args: &HistoryArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let mut pages = Pages::new(report::HISTORY);
    let (mut left, mut after) = (args.limit, args.after);
    if args.csv {
        screen.out.write_all(report::HISTORY_CSV.as_bytes())?;
    }
    loop {
        let mut page = PageQuery::first(narrow(left, PAGE_ITEMS_DEFAULT));
        if let Some(after) = after {
            page = page.after(after);
        }
        let scope = args.scope();
        let mut found = client.history(&HistoryQuery { scope, page }).await?;
        let has_older = found.next.is_some();
        left = left.saturating_sub(u32::try_from(found.items.len()).unwrap_or(u32::MAX));
        if left == 0 {
            found.next = None;
        }
        let goes_on = if args.csv {
            show_csv(&found, screen)?
        } else {
            pages.show(&found, screen)?
        };
        if goes_on {
            after = Some(found.items.last().ok_or_else(empty_page)?.id);
            continue;
        }
        if has_older && screen.format == Format::Text {
            writeln!(
                screen.talk,
                "there are older entries: see --limit and --until"
            )?;
        }
        return Ok(());
    }
}

/// Shows a page; returns whether another follows.
fn show_csv(page: &Page<HistoryLine>, screen: &mut Screen<'_>) -> std::io::Result<bool> {
    for line in &page.items {
        screen.out.write_all(report::csv_line(line).as_bytes())?;
    }
    screen.out.flush()?;
    Ok(page.next.is_some())
}

/// Returns the number, `max` where it is more.
fn narrow(number: u32, max: NonZeroU16) -> NonZeroU16 {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    NonZeroU16::new(number).map_or(NonZeroU16::MIN, |it| it.min(max))
}
