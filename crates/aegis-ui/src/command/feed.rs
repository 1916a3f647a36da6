//! What `feed` takes.

use std::path::PathBuf;

use aegis_api::{FeedAddRequest, FeedRefreshRequest};
use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::parse;

/// How a feed may be read.
pub const FEED_KINDS: [&str; 13] = [
    "plain",
    "csv",
    "stix",
    "taxii",
    "misp",
    "drop",
    "feodo",
    "sslbl",
    "urlhaus",
    "threatfox",
    "dshield",
    "otx",
    "abuseipdb",
];

/// What is said below the help of `feed add`.
const AFTER_ADD: &str = "\
Built in, without a key: spamhaus-drop spamhaus-drop6 feodo dshield firehol-level1 firehol-level2
Built in, with a key:    threatfox urlhaus otx abuseipdb

  aegis feed add spamhaus-drop
  aegis feed add otx --key-file /etc/aegis/otx.key
  aegis feed add office --url https://lists.example/bad.txt
  aegis feed add isac --url https://taxii.example/api/collections/1/ --kind taxii \\
      --key-file /etc/aegis/isac.key

A key's file holds the one line that goes in the header, for HTTP Basic `Basic …`; nobody else may
read it (chmod 600). Most publishers shut out whoever asks too often: their terms hold for you.";

/// What can be done with feeds.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum FeedCommand {
    /// Subscribe to a feed: to one that is built in by its name, to another with its address
    #[command(after_help = AFTER_ADD)]
    Add(FeedAddArgs),
    /// List the feeds that are subscribed to, and those that are built in
    List,
    /// Tell everything of a feed: how it goes, what was left out, lines that cannot be read
    Show {
        /// What it is called, as `aegis feed list` shows it
        #[arg(value_parser = parse::feed_name)]
        name: String,
    },
    /// Fetch a feed now instead of when it is due
    Refresh(FeedRefreshArgs),
    /// Subscribe to a feed no more, and free what only it blocks (exit code 1: there was none)
    Remove {
        /// What it is called, as `aegis feed list` shows it
        #[arg(value_parser = parse::feed_name)]
        name: String,
    },
}

/// What `feed add` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct FeedAddArgs {
    /// What it is called: 1 to 16 of a-z, 0-9 and `-`
    #[arg(value_parser = parse::feed_name)]
    pub name: String,
    /// Where it is, http:// or https://; not needed for a feed that is built in
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How it is read [default: plain, or as the built-in feed is]
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(FEED_KINDS))]
    pub kind: Option<String>,
    /// The file that has its key; the node reads it for each fetch
    #[arg(long, value_name = "PATH")]
    pub key_file: Option<PathBuf>,
    /// The header in which the key goes [default: Authorization, or the one of its kind]
    #[arg(long, value_name = "HEADER", requires = "key_file")]
    pub key_header: Option<String>,
    /// How often it is fetched: 1h, 12h … (7d at most) [default: 1h, or as its publisher allows]
    #[arg(long, value_name = "DURATION", value_parser = parse::feed_interval)]
    pub interval: Option<u32>,
    /// How often it is right, in percent, 1 to 100: what is under even chances is left out
    /// [default: 75, or as the built-in feed deserves]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub trust: Option<u8>,
}

/// What `feed refresh` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct FeedRefreshArgs {
    /// What it is called, as `aegis feed list` shows it
    #[arg(value_parser = parse::feed_name)]
    pub name: String,
    /// Believe it even where it lists nothing any more, or less than half of what it did
    #[arg(long)]
    pub accept: bool,
}

impl From<FeedAddArgs> for FeedAddRequest {
    fn from(args: FeedAddArgs) -> Self {
        // The node is not where the operator is.
        let absolute = |it: PathBuf| std::path::absolute(&it).unwrap_or(it);
        let key_file = args.key_file.map(absolute);
        Self {
            name: args.name,
            url: args.url,
            kind: args.kind,
            key_file: key_file.map(|it| it.to_string_lossy().into_owned()),
            key_header: args.key_header,
            interval_secs: args.interval,
            trust: args.trust,
        }
    }
}

impl From<FeedRefreshArgs> for FeedRefreshRequest {
    fn from(args: FeedRefreshArgs) -> Self {
        Self {
            name: args.name,
            accept: args.accept,
        }
    }
}
