//! `aegis-threat-intel`: a node in the foreground with the console on standard input.

use std::{
    io::{self, IsTerminal as _},
    os::unix::fs::FileTypeExt as _,
    path::PathBuf,
    process::ExitCode,
};

use aegis_api::Client;
use aegis_enforce::InstanceName;
use aegis_ui::{Console, ConsoleEnd, Format, Input, Outcome};
use anyhow::Context as _;
use clap::Parser;
use tokio::sync::watch;

use crate::{
    cli::{
        RunArgs, failed, logging, parse, reduce_privileges, run_until_signal, surroundings, usage,
    },
    config::Config,
    daemon::Daemon,
};

/// Defended unless another is named: safe to try on any host.
const INTERFACE_DEFAULT: &str = "lo";

/// Run a node in the foreground, with its console on standard input: type `help` there
#[derive(Debug, Parser)]
#[command(name = "aegis-threat-intel", version)]
#[command(mut_arg("interface", |it| it.hide(true)), mut_arg("port", |it| it.hide(true)))]
#[command(mut_arg("ebpf_program_path", |it| it.hide(true)))] // these three have places instead
pub(crate) struct Foreground {
    /// Interface to defend [default: lo]
    #[arg(value_name = "INTERFACE")]
    on_interface: Option<String>,
    /// Port to listen on, TCP and UDP [default: 9001]
    #[arg(value_name = "PORT")]
    on_port: Option<u16>,
    /// Kernel object to load instead of the one inside the program
    #[arg(value_name = "OBJECT")]
    object: Option<PathBuf>,
    /// Name that tells nodes on one host apart [default: the interface and the port]
    #[arg(long, value_name = "NAME", env = "AEGIS_INSTANCE")]
    instance: Option<InstanceName>,
    /// Answer in JSON, one line for each command
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    args: RunArgs,
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let foreground = match parse::<Foreground>() {
        Ok(foreground) => foreground,
        Err(error) => return usage(&error),
    };
    let is_json = foreground.json;
    run(foreground)
        .unwrap_or_else(|error| failed(&error, is_json))
        .into()
}

fn run(foreground: Foreground) -> anyhow::Result<Outcome> {
    let format = if foreground.json {
        Format::Json
    } else {
        Format::Text
    };
    let config = config(foreground)?;
    // Whoever sits here starts it anew instead of having it reload.
    drop(logging(&config.log_filter, config.log_json)?);
    reduce_privileges(&config);
    aegis_enforce::memory::hold_little();
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
        let (daemon, ready) = Box::pin(Daemon::start(config)).await?;
        let node = run_until_signal(daemon, ready.stop_tx.clone(), ready.reload_tx);
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
        Err(_) if *stop_tx.borrow() => return Ok(Outcome::Done), // a signal was quicker
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
    let instance = foreground.instance.clone();
    let args = foreground.args();
    let instance = match instance {
        Some(instance) => instance,
        None => instance_of(&args.interface[0], args.port.unwrap_or_default())?,
    };
    Ok(args.resolve(Some(instance), &surroundings())?)
}

impl Foreground {
    /// Returns the node's flags, with what stands in their places put in.
    fn args(self) -> RunArgs {
        let mut args = self.args;
        if let Some(interface) = self.on_interface {
            args.interface = vec![interface];
        } else if args.interface.is_empty() {
            args.interface = vec![INTERFACE_DEFAULT.to_owned()];
        }
        args.port = self.on_port.or(args.port).or(Some(aegis_net::PORT_DEFAULT));
        args.ebpf_program_path = self.object.or(args.ebpf_program_path);
        // Events show on standard output; the log is for what is wrong.
        args.log = args.log.or_else(|| Some("warn".to_owned()));
        args
    }
}

/// Returns the name of a node that was given none. Interfaces may have names that instances may not.
fn instance_of(interface: &str, port: u16) -> anyhow::Result<InstanceName> {
    let is_fit = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    let name = interface.to_ascii_lowercase();
    let name = name.replace(|it| !is_fit(it), "-");
    let instance = format!("{name}-{port}").parse();
    instance.with_context(|| format!("find a name for the node on {interface}: use --instance"))
}

#[cfg(test)]
mod tests;
