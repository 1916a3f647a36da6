//! `aegis import`: what another program blocked, read here and sent to the node.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use aegis_api::Client;
use aegis_intel::feed::{Format, WARNINGLIST_BYTES_MAX, Warninglists};
use aegis_ui::{ImportPlan, Outcome, Screen};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::block_on;
use crate::{
    daemon::Clock,
    import::{Found, crowdsec, fail2ban, feed, list},
};

/// The longest file that is read: far more than a million decisions have.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How long an entry of a list is blocked that says nothing of it.
const DEFAULT_DURATION: &str = "1d";

/// From what is imported.
#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// A list: one address or prefix on each line, `#` before comments
    List(ListArgs),
    /// A feed's file as its publisher writes it: Spamhaus, abuse.ch, STIX, MISP …
    Feed(FeedArgs),
    /// Decisions of CrowdSec, as `cscli decisions list -o json` (or `-o raw`) prints them
    Crowdsec(FileArgs),
    /// Bans of fail2ban: its database, /var/lib/fail2ban/fail2ban.sqlite3
    Fail2ban(DatabaseArgs),
}

/// What `import list` takes.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    file: FileArgs,
    /// How long: seconds, or 90s, 15m, 2h, 7d (30 days at most)
    #[arg(long = "for", value_name = "DURATION", default_value = DEFAULT_DURATION,
          value_parser = duration_secs)]
    block_for: u64,
}

/// What `import feed` takes.
#[derive(Args, Debug)]
pub(super) struct FeedArgs {
    #[command(flatten)]
    file: FileArgs,
    /// How it is written: plain drop feodo sslbl urlhaus threatfox dshield otx abuseipdb csv stix
    /// taxii misp
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// How long, unless the feed says sooner: seconds, or 90s, 15m, 2h, 7d (30 days at most)
    #[arg(long = "for", value_name = "DURATION", default_value = DEFAULT_DURATION,
          value_parser = duration_secs)]
    block_for: u64,
    /// How far it is trusted; what it is too unsure of for that is left out
    #[arg(long, value_name = "PERCENT", default_value_t = 100,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    trust: u8,
    /// A warninglist of MISP; what it has is left out, like what everybody needs
    #[arg(long, value_name = "FILE")]
    warninglist: Vec<PathBuf>,
}

/// What every import takes.
#[derive(Args, Debug)]
pub(super) struct FileArgs {
    /// File, or `-` for standard input
    file: PathBuf,
}

/// What `import fail2ban` takes.
#[derive(Args, Debug)]
pub(super) struct DatabaseArgs {
    /// Database; fail2ban may go on running meanwhile
    file: PathBuf,
}

/// Reads what is to be imported and has the node block it.
pub(super) fn run(
    command: ImportCommand,
    client: &Client,
    format: aegis_ui::Format,
) -> anyhow::Result<Outcome> {
    let (program, file, found) = match command {
        ImportCommand::List(ListArgs { file, block_for }) => {
            let found = list::read(&text(&file.file)?, block_for);
            ("list", file.file, found)
        }
        ImportCommand::Feed(args) => {
            let (found, attribution) = feed(&args)?;
            let file = args.file.file;
            return Ok(send(
                (&said("feed", attribution), &file),
                found,
                client,
                format,
            ));
        }
        ImportCommand::Crowdsec(FileArgs { file }) => {
            let read = crowdsec::read(&text(&file)?);
            let found = read.with_context(|| format!("read {}", file.display()))?;
            ("crowdsec", file, found)
        }
        ImportCommand::Fail2ban(DatabaseArgs { file }) => {
            let read = fail2ban::read(&file, Clock.now());
            let found = read.with_context(|| format!("read {}", file.display()))?;
            ("fail2ban", file, found)
        }
    };
    Ok(send((program, &file), found, client, format))
}

/// Reads a feed by its rules.
fn feed(args: &FeedArgs) -> anyhow::Result<(Found, Option<String>)> {
    let lists: Vec<Vec<u8>> = args
        .warninglist
        .iter()
        .map(|it| bytes(it, WARNINGLIST_BYTES_MAX as u64))
        .collect::<Result<_, _>>()?;
    let warninglists = Warninglists::read(&lists).context("read the warninglists")?;
    let terms = feed::Terms {
        format: args.format,
        block_for_secs: args.block_for,
        trust: args.trust,
        warninglists: &warninglists,
    };
    let path = &args.file.file;
    let bytes = bytes(path, FILE_BYTES_MAX)?;
    let read = feed::read(&bytes, terms, Clock.now());
    read.with_context(|| format!("read {}", path.display()))
}

/// Adds to a program's name what a publisher wants said of its data.
fn said(program: &str, attribution: Option<String>) -> String {
    match attribution {
        Some(it) => format!("{program} ({it})"),
        None => program.to_owned(),
    }
}

/// Has the node block what was found.
fn send(
    (program, file): (&str, &Path),
    found: Found,
    client: &Client,
    format: aegis_ui::Format,
) -> Outcome {
    let Found { entries, skipped } = found.sorted();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plan = ImportPlan {
        // A name that cannot be shown is left out.
        source: format!("{program} {name}")
            .parse()
            .or_else(|_| program.parse())
            .ok(),
        entries,
        skipped,
    };
    let (mut out, mut talk) = (io::stdout(), io::stderr());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format,
        is_terminal: io::stderr().is_terminal(),
    };
    block_on(aegis_ui::import(plan, client, &mut screen))
}

fn text(path: &Path) -> anyhow::Result<String> {
    // What is not text shows where it is: in the line that cannot be read.
    let bytes = bytes(path, FILE_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file, or standard input, that has no more than so many bytes.
fn bytes(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(bytes_max + 1)
            .read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|it| it.take(bytes_max + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("read {}", path.display()))?;
    if bytes.len() as u64 > bytes_max {
        bail!("{} has more than {bytes_max} bytes", path.display());
    }
    Ok(bytes)
}

fn duration_secs(text: &str) -> Result<u64, String> {
    let secs =
        aegis_ui::parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h, 7d")?;
    let max = aegis_core::IMPORT_TTL_MAX.as_secs();
    if (1..=max).contains(&secs) {
        return Ok(secs);
    }
    Err(format!("must be 1 second to {} days", max / 86_400))
}
