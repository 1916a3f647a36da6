//! `aegis export`: what is blocked, in the format of another program.

mod replacing;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use aegis_api::{Client, ClientError, Indicator, PageQuery};
use aegis_intel::export::{Counts, Entry, Format, Wants, Writing};
use aegis_ui::{Outcome, Screen};
use anyhow::{Context as _, bail};
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _},
};
use serde_json::Value;

use self::replacing::Replacing;
use super::block_on;
use crate::daemon::{Clock, entry};

/// What the feed of MISP is called among the formats.
const MISP_FEED: &str = "misp-feed";

/// How often the files of a feed are asked for until all are of the same list.
const FEED_TRIES: usize = 5;

/// What `export` takes.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Format
    #[arg(value_parser = forms())]
    form: Form,
    /// File that is replaced as a whole, so that its readers see the old list or the new one; standard
    /// output without it. For misp-feed the directory, of which each file is replaced so
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What may be written.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A list.
    List(Format),
    /// The files of a feed of MISP.
    MispFeed,
}

/// What the files of a feed hold.
type Feed = Vec<(String, Replacing)>;

fn forms() -> impl clap::builder::TypedValueParser<Value = Form> {
    let lists = Format::ALL.map(|it| PossibleValue::new(it.as_str()).help(it.about()));
    let feed = PossibleValue::new(MISP_FEED)
        .help("directory that MISP follows as a feed: manifest, event, hashes");
    PossibleValuesParser::new(lists.into_iter().chain([feed])).map(|name| {
        let named = Format::ALL.into_iter().find(|it| it.as_str() == name);
        named.map_or(Form::MispFeed, Form::List) // the parser lets nothing else through
    })
}

/// Asks the node for all that it blocks, and writes it.
pub(super) fn run(
    args: &ExportArgs,
    client: &Client,
    format: aegis_ui::Format,
) -> anyhow::Result<Outcome> {
    match args.form {
        Form::List(it) => export_list(it, args, client, format),
        Form::MispFeed => export_feed(args, client, format),
    }
}

fn export_list(
    list: Format,
    args: &ExportArgs,
    client: &Client,
    format: aegis_ui::Format,
) -> anyhow::Result<Outcome> {
    let (entries, kept_back) = match block_on(all(client)) {
        Ok(all) => all,
        Err(error) => return complain(&error, format),
    };
    let mut writing = Writing::new(list, Clock.now(), entries.as_slice(), &Wants::default());
    let counts = writing.counts();
    match &args.output {
        Some(path) => {
            let mut written = || {
                let mut file = Replacing::begin(path)?;
                writing.try_for_each(|it| file.write(it.as_bytes()))?;
                file.finish()
            };
            written().with_context(|| format!("write {}", path.display()))?;
        }
        None => {
            let mut out = io::stdout().lock();
            match writing.try_for_each(|it| out.write_all(it.as_bytes())) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(Outcome::Done);
                }
                ended => ended.context("write the list")?,
            }
        }
    }
    tell(args, counts, kept_back);
    Ok(Outcome::Done)
}

fn complain(error: &ClientError, format: aegis_ui::Format) -> anyhow::Result<Outcome> {
    let (mut out, mut talk) = (io::stdout(), io::stderr());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format,
        is_terminal: false,
    };
    Ok(screen.complain(error)?)
}

/// Returns all that is blocked and for everybody, and how many blocks are not.
async fn all(client: &Client) -> Result<(Vec<Entry>, usize), ClientError> {
    let (mut entries, mut kept_back) = (Vec::new(), 0);
    let mut query = PageQuery::<Indicator>::default();
    loop {
        let page = client.blocks(query).await?;
        let last = page.items.last().map(|it| it.indicator);
        for block in &page.items {
            if block.members_only {
                kept_back += 1;
            } else {
                entries.push(entry(block));
            }
        }
        let Some(last) = last.filter(|_| page.next.is_some()) else {
            return Ok((entries, kept_back));
        };
        query = PageQuery::default().after(last);
    }
}

/// Has the node write its feed of MISP, and replaces the files of the directory by it.
fn export_feed(
    args: &ExportArgs,
    client: &Client,
    format: aegis_ui::Format,
) -> anyhow::Result<Outcome> {
    let Some(directory) = &args.output else {
        bail!("a feed is a directory: give it with --output");
    };
    std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    for _ in 0..FEED_TRIES {
        match block_on(fetch(client, directory)) {
            Ok(Some(feed)) => {
                let count = feed.len();
                for (name, file) in feed {
                    file.finish().with_context(|| format!("write {name}"))?;
                }
                let mut talk = io::stderr().lock();
                // Where nobody listens there is nobody to tell.
                let files = aegis_ui::count(count as u64, "file");
                let _ = writeln!(talk, "Wrote {files} to {}", directory.display());
                return Ok(Outcome::Done);
            }
            Ok(None) => {} // something changed between two files
            Err(error) => match error.downcast::<ClientError>() {
                Ok(error) => return complain(&error, format),
                Err(error) => return Err(error),
            },
        }
    }
    bail!("the blocklist changes faster than it can be written; try again")
}

/// Fetches the files of a feed and writes each beside the old one, the manifest last: who reads it finds what it
/// names. `None` where they are not all of the same list.
async fn fetch(client: &Client, directory: &std::path::Path) -> anyhow::Result<Option<Feed>> {
    let mut manifest = client.misp_file("manifest.json").await?;
    let mut bytes = Vec::new();
    while let Some(piece) = manifest.next().await? {
        bytes.extend_from_slice(&piece);
    }
    let named: Value = serde_json::from_slice(&bytes).context("read the manifest")?;
    let event = named.as_object().and_then(|it| it.keys().next());
    let event = event.context("the manifest names no event")?;
    let mut feed = Vec::new();
    for name in [format!("{event}.json"), "hashes.csv".to_owned()] {
        let mut stream = client.misp_file(&name).await?;
        if stream.tag() != manifest.tag() {
            return Ok(None);
        }
        let mut file = Replacing::begin(&directory.join(&name))?;
        while let Some(piece) = stream.next().await? {
            file.write(&piece)?;
        }
        feed.push((name, file));
    }
    let mut file = Replacing::begin(&directory.join("manifest.json"))?;
    file.write(&bytes)?;
    feed.push(("manifest.json".to_owned(), file));
    Ok(Some(feed))
}

/// Says on standard error what is not in a file, and what is where it is not seen.
fn tell(args: &ExportArgs, counts: Counts, kept_back: usize) {
    let mut talk = io::stderr().lock();
    // Where nobody listens there is nobody to tell.
    let mut say = |line: String| drop(writeln!(talk, "{line}"));
    if let Some(path) = &args.output {
        say(format!(
            "Wrote {} to {}",
            match counts.written {
                1 => "1 entry".to_owned(),
                written => format!("{written} entries"),
            },
            path.display()
        ));
    }
    for (count, why) in [
        (counts.covered, "lie in a wider one"),
        (
            counts.left_out,
            "cannot be said in this format, or are too many for it",
        ),
        (kept_back, "are for members of an organisation alone"),
    ] {
        if count > 0 {
            say(format!("Left out {count} that {why}"));
        }
    }
}
