//! Shared files: shared, listed, fetched, watched, forgotten.

use std::{path::Path, time::Duration};

use aegis_api::{
    Client, ClientError, EventKind, FILE_BYTES_MAX, FileApplyRequest, FileId, FileLine, FileName,
    FileState, NodeId, PageQuery, ShareRequest,
};
use tokio::{
    fs::{File, OpenOptions},
    io::AsyncWriteExt as _,
    time::{MissedTickBehavior, interval},
};

use super::{Failure, Pages, empty_page, organisation::audience};
use crate::{
    Format, Outcome, Screen,
    command::{FileArg, FileCommand, GetArgs, ShareArgs},
    event, report,
};

/// How often is looked how far a fetch is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Files that are named at most where several may be meant.
const CANDIDATES_MAX: usize = 8;

/// Does what `file` asks for.
pub(super) async fn file(
    command: FileCommand,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match command {
        FileCommand::Share(args) => share(args, client, screen).await,
        FileCommand::List => list(client, screen).await,
        FileCommand::Get(args) => get(args, client, screen).await,
        FileCommand::Watch => watch(client, screen).await,
        FileCommand::Forget { file } => {
            let forgotten = client.forget_file(find(file, client).await?).await?;
            screen.show(&forgotten, report::file_forgotten)?;
            Ok(Outcome::answer(
                forgotten.was_here || forgotten.was_withdrawn,
            ))
        }
    }
}

async fn share(
    args: ShareArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let name = match args.name {
        Some(name) => name,
        None => name_of(&args.path)?,
    };
    let unreadable = |it: std::io::Error| {
        Failure::Refused(
            "unreadable",
            format!("cannot read {}: {it}", args.path.display()),
        )
    };
    let content = File::open(&args.path).await.map_err(unreadable)?;
    let metadata = content.metadata().await.map_err(unreadable)?;
    let refuse = |why: &str| {
        let message = format!("cannot share {}: {why}", args.path.display());
        Err(Failure::Refused("unshareable", message))
    };
    if !metadata.is_file() {
        return refuse("it is not a file");
    }
    if metadata.len() == 0 {
        return refuse("it is empty");
    }
    if metadata.len() > FILE_BYTES_MAX {
        return refuse("it has more than 2 GiB");
    }
    let mut organisations = Vec::new();
    for named in &args.organisations {
        organisations.extend(audience(Some(named), client).await?);
    }
    let request = ShareRequest {
        name,
        severity: args.severity,
        organisations,
        expires_in_secs: args.expires,
        description: args.describe,
    };
    let shared = client.share_file(&request, content).await?;
    screen.show(&shared, report::file_shared)?;
    Ok(Outcome::Done)
}

fn name_of(path: &Path) -> Result<FileName, Failure> {
    let name = path.file_name().and_then(|it| it.to_str());
    name.and_then(|it| it.parse().ok()).ok_or_else(|| {
        let message = format!(
            "{} needs another name: give one with --name",
            path.display()
        );
        Failure::Refused("unnamed", message)
    })
}

async fn list(client: &Client, screen: &mut Screen<'_>) -> Result<Outcome, Failure> {
    let mut pages = Pages::new(report::FILES);
    let mut query = PageQuery::default();
    loop {
        let page = client.files(query).await?;
        let last = page.items.last().map(|it| it.file);
        if !pages.show(&page, screen)? {
            return Ok(Outcome::Done);
        }
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
}

/// Has the node fetch a file, and shows how far it is until it is here.
async fn get(args: GetArgs, client: &Client, screen: &mut Screen<'_>) -> Result<Outcome, Failure> {
    let file = find(args.file, client).await?;
    if let Some(path) = args.output.as_ref().filter(|it| it.exists()) {
        let message = format!("{} is there already", path.display());
        return Err(Failure::Refused("exists", message));
    }
    let mut line = client.fetch_file(file).await?;
    let mut shown = None;
    let mut idle = Duration::ZERO;
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while line.state != FileState::Kept {
        if let Some(problem) = &line.problem {
            let message = format!("cannot fetch {file}: {problem}");
            return Err(Failure::Refused("unfetchable", message));
        }
        let progress = (line.chunks_here, line.holders);
        if shown != Some(progress) {
            show_progress(&line, screen)?;
            idle = Duration::ZERO;
        }
        shown = Some(progress);
        if idle >= args.wait {
            return Err(Failure::Refused("no_holder", silent(&line, args.wait)));
        }
        looks.tick().await;
        idle += LOOK_EVERY;
        line = client.file(file).await?;
    }
    show_progress(&line, screen)?;
    end_progress(screen)?;
    if let Some(path) = &args.output {
        write_out(client, file, path).await?;
    }
    if !args.apply {
        screen.show(&line, report::file_kept)?;
        return Ok(Outcome::Done);
    }
    let apply = FileApplyRequest {
        file,
        dry_run: args.dry_run,
        format: args.format.clone(),
    };
    let applied = client.apply_file(&apply).await?;
    screen.show(&applied, report::file_applied)?;
    Ok(Outcome::Done)
}

fn silent(line: &FileLine, wait: Duration) -> String {
    format!(
        "no chunk came for {} s ({} of {} are here, {} holders); the node goes on by itself",
        wait.as_secs(),
        line.chunks_here,
        line.chunks,
        line.holders
    )
}

/// Shows how far it is: a bar that moves for a person, a line for a program.
fn show_progress(line: &FileLine, screen: &mut Screen<'_>) -> std::io::Result<()> {
    match screen.format {
        Format::Text if screen.is_terminal => {
            write!(screen.talk, "\r{}", report::file_progress(line))?;
            screen.talk.flush()
        }
        Format::Text => Ok(()),
        Format::Json if line.state == FileState::Kept => Ok(()), // the answer says so
        Format::Json => screen.show(line, |_| String::new()),
    }
}

fn end_progress(screen: &mut Screen<'_>) -> std::io::Result<()> {
    match screen.format {
        Format::Text if screen.is_terminal => writeln!(screen.talk),
        Format::Text | Format::Json => Ok(()),
    }
}

/// Writes a file to where the operator wants it, whole or not at all.
async fn write_out(client: &Client, file: FileId, path: &Path) -> Result<(), Failure> {
    let mut content = client.file_content(file).await?;
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .await;
    let unwritable = |it: std::io::Error| {
        Failure::Refused(
            "unwritable",
            format!("cannot write {}: {it}", path.display()),
        )
    };
    let mut out = opened.map_err(unwritable)?;
    let written = async {
        while let Some(piece) = content.next().await? {
            out.write_all(&piece).await.map_err(unwritable)?;
        }
        out.sync_all().await.map_err(unwritable)
    };
    let written = written.await;
    if written.is_err() {
        let _ = tokio::fs::remove_file(path).await; // half a file is none
    }
    written
}

/// Tells of files as it happens.
async fn watch(client: &Client, screen: &mut Screen<'_>) -> Result<Outcome, Failure> {
    let mut events = client.events(false).await?;
    while let Some(event) = events.next().await? {
        let is_of_files = matches!(
            event.kind,
            EventKind::FileAnnounced { .. }
                | EventKind::FileWithdrawn { .. }
                | EventKind::FileFetched { .. }
                | EventKind::FileExpired { .. }
                | EventKind::Lagged { .. }
        );
        if is_of_files {
            screen.show(&event, |it| format!("{}\n", event::line(it)))?;
        }
    }
    Err(Failure::Client(ClientError::Protocol {
        what: "the node ended the events".to_owned(),
    }))
}

/// Returns the file that is meant: a whole ID as it is, a part as the one known ID that starts so.
async fn find(file: FileArg, client: &Client) -> Result<FileId, Failure> {
    let start = match file {
        FileArg::Id(id) => return Ok(id),
        FileArg::Start(start) => start,
    };
    let mut candidates: Vec<(FileId, NodeId)> = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.files(query).await?;
        let meant = page
            .items
            .iter()
            .filter(|it| it.file.to_string().starts_with(&start));
        let room = CANDIDATES_MAX - candidates.len();
        candidates.extend(meant.map(|it| (it.file, it.author)).take(room));
        if page.next.is_none() || candidates.len() == CANDIDATES_MAX {
            break;
        }
        let last = page.items.last().map(|it| it.file);
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
    match candidates.as_slice() {
        [(only, _)] => Ok(*only),
        [] => {
            let message = format!("no file's ID starts with {start}");
            Err(Failure::Refused("unknown_file", message))
        }
        several => {
            let mut message = format!("{start} may be any of several files:");
            for (file, author) in several {
                message.push_str(&format!("\n  {file} by {author}"));
            }
            Err(Failure::Refused("ambiguous_file", message))
        }
    }
}

#[cfg(test)]
mod tests;
