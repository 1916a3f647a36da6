//! `aegis export`: what is blocked, in the format of another program.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use aegis_api::{Block, Client, ClientError, Indicator, PageQuery};
use aegis_intel::export::{Entry, Export, Format, export};
use aegis_ui::{Outcome, Screen};
use anyhow::Context as _;
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _},
};

use super::block_on;
use crate::daemon::Clock;

/// What `export` takes.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Format
    #[arg(value_parser = formats())]
    format: Format,
    /// File that is replaced as a whole, so that its readers see the old list or the new one; standard
    /// output without it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|it| PossibleValue::new(it.as_str()).help(it.about()));
    PossibleValuesParser::new(values).map(|name| {
        let named = Format::ALL.into_iter().find(|it| it.as_str() == name);
        named.unwrap_or(Format::Plain) // the parser lets nothing else through
    })
}

/// Asks the node for all that it blocks, and writes it.
pub(super) fn run(
    args: &ExportArgs,
    client: &Client,
    format: aegis_ui::Format,
) -> anyhow::Result<Outcome> {
    let blocks = match block_on(all(client)) {
        Ok(blocks) => blocks,
        Err(error) => {
            let (mut out, mut talk) = (io::stdout(), io::stderr());
            let mut screen = Screen {
                out: &mut out,
                talk: &mut talk,
                format,
                is_terminal: false,
            };
            return Ok(screen.complain(&error)?);
        }
    };
    let open = blocks.iter().filter(|it| !it.members_only);
    let entries: Vec<Entry> = open.map(entry).collect();
    let kept_back = blocks.len() - entries.len();
    let written = export(args.format, Clock.now(), &entries);
    match &args.output {
        Some(path) => {
            replace(path, &written.text).with_context(|| format!("write {}", path.display()))?;
        }
        None => match io::stdout().lock().write_all(written.text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Done),
            ended => ended.context("write the list")?,
        },
    }
    tell(args, &written, kept_back);
    Ok(Outcome::Done)
}

async fn all(client: &Client) -> Result<Vec<Block>, ClientError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut query = PageQuery::<Indicator>::default();
    loop {
        let page = client.blocks(query).await?;
        let is_last = page.next.is_none() || page.items.is_empty();
        blocks.extend(page.items);
        let Some(last) = blocks.last().filter(|_| !is_last) else {
            return Ok(blocks);
        };
        query = PageQuery::default().after(last.indicator);
    }
}

fn entry(block: &Block) -> Entry {
    Entry {
        indicator: block.indicator,
        threat_type: block.threat_type.clone(),
        severity: block.severity,
        origin: block.origin.as_str(),
        decided_at: block.decided_at,
        expires_at: block.expires_at,
    }
}

/// Replaces a file by one that has been written beside it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // Made anew: in a folder where others may write, a link of that name could lead anywhere.
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = File::create_new(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Says on standard error what is not in a file, and what is where it is not seen.
fn tell(args: &ExportArgs, written: &Export, kept_back: usize) {
    let mut talk = io::stderr().lock();
    // Where nobody listens there is nobody to tell.
    let mut say = |line: String| drop(writeln!(talk, "{line}"));
    if let Some(path) = &args.output {
        say(format!(
            "Wrote {} entries to {}",
            written.written,
            path.display()
        ));
    }
    for (count, why) in [
        (written.covered, "lie in a wider one"),
        (
            written.left_out,
            "cannot be said in this format, or are too many for it",
        ),
        (kept_back, "are for members of an organisation alone"),
    ] {
        if count > 0 {
            say(format!("Left out {count} that {why}"));
        }
    }
}
