//! Runs a command: a call or a few, and a report.

mod feed;
mod file;
mod history;
mod import;
mod key;
mod network;
mod organisation;
mod preview;
mod safety;
mod trust;

use std::io;

pub use import::{ImportPlan, import};
pub use network::read_ticket;

use aegis_api::{BlockRequest, Client, ClientError, Page, PageQuery, PublishRequest};
use serde::Serialize;

use crate::{
    Command, Format, Outcome, Screen,
    command::{AuditCommand, BlockArgs, PublishArgs},
    report,
};

/// Why a command did not end as it should.
enum Failure {
    Client(ClientError),
    /// Something that the node was not asked for, with a code and words for a person.
    Refused(&'static str, String),
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Asks the node, shows what it says, and returns how that ended.
///
/// Whoever closes the output has seen enough, which is success.
pub async fn run(command: Command, client: &Client, screen: &mut Screen<'_>) -> Outcome {
    let ended = match answer(command, client, screen).await {
        Ok(outcome) => Ok(outcome),
        Err(Failure::Client(error)) => screen.complain(&error),
        Err(Failure::Refused(code, message)) => screen.refuse(code, &message),
        Err(Failure::Output(error)) => Err(error),
    };
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Done,
        Err(error) => {
            // Where talk cannot be written either, the exit code alone must do.
            let _ = writeln!(screen.talk, "error: cannot write the answer: {error}");
            Outcome::Negative
        }
    }
}

async fn answer(
    command: Command,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match command {
        Command::Status => screen.show(&client.status().await?, report::status)?,
        Command::Stats => screen.show(&client.stats().await?, report::stats)?,
        Command::List => list(client, screen).await?,
        Command::Block(args) => return block(args, client, screen).await,
        Command::Unblock(args) => {
            let unblocked = client.unblock(&args.into()).await?;
            screen.show(&unblocked, report::unblocked)?;
            // A wider block still covers it: what was asked for is not so.
            return Ok(Outcome::answer(unblocked.covered_by.is_none()));
        }
        Command::Publish(args) => return publish(args, client, screen).await,
        Command::Check { ip } => {
            let check = client.check(ip).await?;
            screen.show(&check, report::check)?;
            return Ok(Outcome::answer(check.blocked));
        }
        Command::Why { ip } => screen.show(&client.why(ip).await?, report::why)?,
        Command::Report(args) if args.preview => {
            return preview::report(args, client, screen).await;
        }
        Command::Report(args) => {
            let outcomes = client.report(&args.into()).await?;
            screen.show(&outcomes, report::reported)?;
            let is_refused = outcomes.reports.iter().any(|it| it.refused.is_some());
            return Ok(Outcome::answer(!is_refused));
        }
        Command::Withdraw(args) => {
            let withdrawn = client.withdraw_report(&args.into()).await?;
            screen.show(&withdrawn, report::report_withdrawn)?;
            return Ok(Outcome::answer(withdrawn.was_reported));
        }
        Command::Ask { ip } => screen.show(&client.ask(ip).await?, report::opinion)?,
        Command::Allow(args) => return safety::allow(args, client, screen).await,
        Command::Enforce(args) => return safety::enforce(args, client, screen).await,
        Command::Confirm => screen.show(&client.confirm().await?, report::mode_confirmed)?,
        Command::Observe => screen.show(&client.observe().await?, report::mode_observe)?,
        Command::Summary(args) => return safety::summary(args, client, screen).await,
        Command::BlockRegion(args) => return safety::region(args, client, screen).await,
        Command::Peers => peers(client, screen).await?,
        Command::Audit(AuditCommand::Verify) => {
            let found = client.verify_audit().await?;
            screen.show(&found, report::audit)?;
            return Ok(Outcome::answer(found.whole));
        }
        Command::History(args) => return history::history(args, client, screen).await,
        Command::Trust(args) => return trust::trust(args, client, screen).await,
        Command::Feed(command) => return feed::feed(command, client, screen).await,
        Command::File(args) => return Box::pin(file::file(args, client, screen)).await,
        Command::Org(command) => return organisation::org(command, client, screen).await,
        Command::Ticket(args) => return network::ticket(args, client, screen).await,
        Command::Key(command) => return key::key(command, client, screen).await,
        Command::Join(args) => return Box::pin(network::join(args, client, screen)).await,
    }
    Ok(Outcome::Done)
}

async fn block(
    args: BlockArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let to = organisation::audience(args.alert.to.as_deref(), client).await?;
    let (is_preview, is_local) = (args.alert.preview, args.local);
    if is_preview {
        let args = PublishArgs { alert: args.alert };
        let asked = PublishRequest { to, ..args.into() };
        return preview::publish(asked, is_local, client, screen).await;
    }
    let request = BlockRequest { to, ..args.into() };
    screen.show(&client.block(&request).await?, report::blocked)?;
    Ok(Outcome::Done)
}

async fn publish(
    args: PublishArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let to = organisation::audience(args.alert.to.as_deref(), client).await?;
    let is_preview = args.alert.preview;
    let request = PublishRequest { to, ..args.into() };
    if is_preview {
        return preview::publish(request, false, client, screen).await;
    }
    screen.show(&client.publish(&request).await?, report::published)?;
    Ok(Outcome::Done)
}

async fn list(client: &Client, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut pages = Pages::new(report::BLOCKS);
    let mut query = PageQuery::default();
    loop {
        let page = client.blocks(query).await?;
        let last = page.items.last().map(|it| it.indicator);
        if !pages.show(&page, screen)? {
            return Ok(());
        }
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
}

async fn peers(client: &Client, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut pages = Pages::new(report::PEERS);
    let mut query = PageQuery::default();
    loop {
        let page = client.peers(query).await?;
        let last = page.items.last().map(|it| it.peer);
        if !pages.show(&page, screen)? {
            return Ok(());
        }
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
}

async fn allow_entries(client: &Client, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut pages = Pages::new(report::ALLOW_ENTRIES);
    let mut query = PageQuery::default();
    loop {
        let page = client.allow_entries(query).await?;
        let last = page.items.last().map(|it| it.indicator);
        if !pages.show(&page, screen)? {
            return Ok(());
        }
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
}

fn empty_page() -> ClientError {
    ClientError::Protocol {
        what: "a page without items is not the last".into(),
    }
}

/// A list that is shown page by page: memory holds one page however long the list is.
struct Pages<T> {
    list: report::List<T>,
    shown: usize,
}

impl<T: Serialize> Pages<T> {
    fn new(list: report::List<T>) -> Self {
        Self { list, shown: 0 }
    }

    /// Shows a page; returns whether another follows.
    fn show(&mut self, page: &Page<T>, screen: &mut Screen<'_>) -> io::Result<bool> {
        let is_last = page.next.is_none();
        match screen.format {
            Format::Text => self.show_text(page, screen)?,
            Format::Json => self.show_json(page, is_last, screen)?,
        }
        self.shown += page.items.len();
        screen.out.flush()?;
        Ok(!is_last)
    }

    fn show_text(&self, page: &Page<T>, screen: &mut Screen<'_>) -> io::Result<()> {
        if self.shown == 0 {
            writeln!(screen.out, "{}", self.list.title)?;
        }
        if self.shown == 0 && page.items.is_empty() {
            writeln!(screen.out, "{}", self.list.none)?;
        }
        screen
            .out
            .write_all((self.list.lines)(&page.items).as_bytes())
    }

    fn show_json(&self, page: &Page<T>, is_last: bool, screen: &mut Screen<'_>) -> io::Result<()> {
        if self.shown == 0 {
            screen.out.write_all(b"[")?;
        }
        for (index, item) in page.items.iter().enumerate() {
            if self.shown + index > 0 {
                screen.out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *screen.out, item)?;
        }
        if is_last {
            screen.out.write_all(b"]\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
