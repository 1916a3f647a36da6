//! `aegis-threat-intel`: a node in the foreground with the console on standard input.

use std::{
    io::{self, IsTerminal as _},
    os::unix::fs::FileTypeExt as _,
    path::PathBuf,
    process::ExitCode,
};

use aegis_api::Client;
use aegis_ui::{Console, ConsoleEnd, Format, Input, Outcome};
use anyhow::Context as _;
use clap::Parser;
use tokio::sync::watch;

use crate::{
    cli::{RunArgs, failed, logging, run_until_signal, surroundings, usage},
    config::Config,
    daemon::Daemon,
};

/// Run a node in the foreground, with its console on standard input
#[derive(Debug, Parser)]
#[command(name = "aegis-threat-intel", version)]
struct Foreground {
    /// Interface to defend
    #[arg(value_name = "INTERFACE", default_value = "lo")]
    on_interface: String,
    /// Port to listen on, TCP and UDP
    #[arg(value_name = "PORT", default_value_t = aegis_net::PORT_DEFAULT)]
    on_port: u16,
    /// Kernel object to load instead of the one inside the program
    #[arg(value_name = "OBJECT")]
    object: Option<PathBuf>,
    /// Name that tells nodes on one host apart [default: the interface and the port]
    #[arg(long, value_name = "NAME", env = "AEGIS_INSTANCE")]
    instance: Option<String>,
    /// Answer in JSON, one line for each command
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    args: RunArgs,
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let foreground = match Foreground::try_parse() {
        Ok(foreground) => foreground,
        Err(error) => return usage(&error),
    };
    run(foreground)
        .unwrap_or_else(|error| failed(&error))
        .into()
}

fn run(foreground: Foreground) -> anyhow::Result<Outcome> {
    let format = if foreground.json {
        Format::Json
    } else {
        Format::Text
    };
    let config = config(foreground)?;
    logging(&config.log_filter, config.log_json)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(async {
        let (client, history) = (
            Client::new(&config.socket),
            config.state_dir.join("history"),
        );
        let (daemon, ready) = Daemon::start(config).await?;
        let node = run_until_signal(daemon, ready.stop_tx.clone());
        let console = Console {
            format,
            with_backlog: true,
            history: Some(history),
        };
        let console = attend(console, client, ready.stop_tx);
        let (ended, outcome) = tokio::join!(node, console);
        ended?;
        outcome
    })
}

/// Runs the console; when a person or a script has said all, the node stops too.
async fn attend(
    console: Console,
    client: Client,
    stop_tx: watch::Sender<bool>,
) -> anyhow::Result<Outcome> {
    let ended = console
        .run(&client, Input::standard(), Box::new(io::stdout()))
        .await;
    match ended {
        Ok(ConsoleEnd::NodeGone) => return Ok(Outcome::Done), // a signal ended the node first
        Ok(ConsoleEnd::EndOfInput) if is_detached() => return Ok(Outcome::Done),
        Ok(ConsoleEnd::Quit | ConsoleEnd::EndOfInput) => {}
        Err(error) => {
            let _ = stop_tx.send(true);
            return Err(error).context("attach the console");
        }
    }
    // Fails only where the node has ended already.
    let _ = stop_tx.send(true);
    Ok(Outcome::Done)
}

/// Returns whether standard input is a device such as /dev/null: nobody was ever going to talk.
fn is_detached() -> bool {
    let is_device =
        std::fs::metadata("/proc/self/fd/0").is_ok_and(|it| it.file_type().is_char_device());
    is_device && !io::stdin().is_terminal()
}

fn config(foreground: Foreground) -> anyhow::Result<Config> {
    let Foreground {
        on_interface,
        on_port,
        object,
        instance,
        mut args,
        ..
    } = foreground;
    let instance = instance.unwrap_or_else(|| format!("{on_interface}-{on_port}"));
    args.interface = vec![on_interface];
    args.port = Some(on_port);
    args.ebpf_program_path = object.or(args.ebpf_program_path);
    // Events show on standard output; the log is for what is wrong.
    args.log = args.log.or_else(|| Some("warn".to_owned()));
    Ok(args.resolve(Some(instance), &surroundings())?)
}
