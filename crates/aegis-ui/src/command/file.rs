//! What `file` takes.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use aegis_api::{Description, FileId, FileName, FileSeverity};

use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::{FEED_KINDS, parse};

/// How long a file is announced unless something else is said.
const EXPIRES_DEFAULT: &str = "30d";

/// What can be done with shared files.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum FileCommand {
    /// Share a file with the other nodes
    Share(ShareArgs),
    /// List the files that this and other nodes offer
    List,
    /// Fetch a file from the nodes that have it
    Get(GetArgs),
    /// Tell of files as they are offered, taken back, fetched and over, until interrupted
    Watch,
    /// Remove a file here, and take back that this node offers it
    Forget {
        /// File: its ID, or 4 or more digits that only this ID starts with
        #[arg(value_parser = parse::file)]
        file: FileArg,
    },
}

/// What `file share` takes.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct ShareArgs {
    /// File to share; its content is copied, what happens to it later does not matter
    pub path: PathBuf,
    /// For the members of this organisation only: its ID, a part of it, or its name; may be given
    /// several times
    #[arg(long = "to", value_name = "ORG")]
    pub organisations: Vec<String>,
    /// How far and how fast others hear of it: minor, major or critical
    #[arg(long, value_name = "SEVERITY", default_value = "minor")]
    pub severity: FileSeverity,
    /// How long it is offered: seconds, or 90s, 15m, 2h, 30d (1 second to 366 days)
    #[arg(long, value_name = "DURATION", default_value = EXPIRES_DEFAULT,
          value_parser = parse::file_expires)]
    pub expires: NonZeroU32,
    /// Words for the operators of other nodes, at most 512 bytes
    #[arg(long, value_name = "TEXT")]
    pub describe: Option<Description>,
    /// What it is called, if not as the file [1 to 128 bytes, without a slash]
    #[arg(long, value_name = "NAME")]
    pub name: Option<FileName>,
}

/// What `file get` takes.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct GetArgs {
    /// File: its ID, or 4 or more digits that only this ID starts with
    #[arg(value_parser = parse::file)]
    pub file: FileArg,
    /// Also write it here; a file that is there already is not touched
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Block the addresses and prefixes that it lists, one a line, for as long as it is offered;
    /// `file forget` frees them
    #[arg(long)]
    pub apply: bool,
    /// Only say what would be blocked, and what left out
    #[arg(long, requires = "apply")]
    pub dry_run: bool,
    /// How what it lists is spelled, in place of one a line: csv, stix, misp … as in `feed add --kind`
    #[arg(long, value_name = "FORMAT", requires = "apply",
          value_parser = PossibleValuesParser::new(FEED_KINDS))]
    pub format: Option<String>,
    /// How long to wait for holders while nothing comes; the node goes on by itself
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::wait)]
    pub wait: Duration,
}

/// A file as people name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileArg {
    /// By its ID.
    Id(FileId),
    /// By what its ID starts with: lower-case hexadecimal digits.
    Start(String),
}
