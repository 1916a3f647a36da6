//! `aegis top`: what happens, live in the terminal.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use aegis_api::Client;
use aegis_top::{Settings, TopError};
use aegis_ui::{Format, Outcome, Screen, parse_duration_secs, shown};
use clap::Args;

use super::block_on;

/// The longest that somebody who watches waits for something new: an hour.
const INTERVAL_SECS_MAX: u64 = 3_600;

/// What `top` takes.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct TopArgs {
    /// How often to ask anew, at the most: seconds, or 5s, 1m
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    let secs = parse_duration_secs(text).filter(|it| (1..=INTERVAL_SECS_MAX).contains(it));
    secs.map(Duration::from_secs)
        .ok_or("must be 1 second to 1 hour")
}

/// Watches until somebody quits.
pub(super) fn run(args: &TopArgs, client: &Client, format: Format) -> Outcome {
    if format == Format::Json {
        let why =
            "top is for people: `aegis status --json` and `aegis console --json` are for programs";
        return complain(why);
    }
    let settings = Settings::of(args.interval, |it| std::env::var_os(it));
    match block_on(aegis_top::run(client, settings)) {
        Ok(()) => Outcome::Done,
        Err(TopError::Node(error)) => {
            let (mut out, mut talk) = (io::stdout(), io::stderr());
            let mut screen = Screen {
                out: &mut out,
                talk: &mut talk,
                format,
                is_terminal: false,
            };
            screen
                .complain(&error)
                .unwrap_or_else(|_| Outcome::of(&error))
        }
        Err(error @ TopError::NoTerminal(_)) => complain(&error.to_string()),
        Err(error @ TopError::Terminal(_)) => {
            complain(&error.to_string());
            Outcome::Negative
        }
    }
}

fn complain(why: &str) -> Outcome {
    // Where talk cannot be written, the exit code alone must do.
    let _ = writeln!(io::stderr(), "error: {}", shown(why));
    Outcome::Usage
}
