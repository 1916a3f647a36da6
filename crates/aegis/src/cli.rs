//! The `aegis` command: parses, runs one thing, and says by its exit code how that ended.

mod config_command;
mod detach;
mod doctor;
mod explain;
mod export;
mod failure;
mod generate;
mod import;
mod join;
mod manual;
mod notify_command;
mod replay;
mod run_args;
mod run_node;
mod surroundings;
mod top;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use aegis_api::ClientError;
use aegis_enforce::InstanceName;
use aegis_ui::{ClientArgs, Console, Input, Outcome, Screen};
use clap::{CommandFactory as _, Parser, Subcommand};

pub(crate) use failure::failed;
pub use run_args::RunArgs;
pub(crate) use run_node::{logging, reduce_privileges, run_until_signal};
pub(crate) use surroundings::surroundings;

use crate::config::RUNTIME_DIR_OF_HOST;

/// Defend this host together with others: detect attacks, drop their sources in the kernel, share
/// signed alerts with peers
#[derive(Debug, Parser)]
#[command(name = "aegis", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    client: ClientArgs,
    /// Name of the node, `default` unless several run on this host
    #[arg(
        long,
        global = true,
        help_heading = aegis_ui::GLOBAL_HEADING,
        value_name = "NAME",
        env = "AEGIS_INSTANCE"
    )]
    instance: Option<InstanceName>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 refused or a negative answer, 2 usage, 3 no daemon answers, 4 not permitted.

  aegis lab                  see the main job happen in namespaces of its own (root)
  aegis run                  run the daemon
  aegis doctor               what this host allows, what is missing, how to mend it
  aegis status               what it does, and whether the kernel agrees
  aegis top                  what happens, live; `aegis page` prints a link to it in a browser
  aegis feed list            lists of others to block, and how to subscribe to one
  aegis why 203.0.113.7      why an address is blocked, or is not, and how to undo it";

/// What `aegis` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon in the foreground, as a service manager starts it
    Run(RunArgs),
    #[command(flatten)]
    Client(aegis_ui::Command),
    /// Bring along what another program blocked; other nodes do not hear of it
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Write what is blocked in the format of another program
    Export(export::ExportArgs),
    /// Talk to the daemon line by line and watch what happens
    Console,
    /// Watch what happens, live in the terminal; `?` there shows the keys
    Top(top::TopArgs),
    /// Take everything of a node out of the kernel: programs, blocks, counters
    Detach(detach::DetachArgs),
    /// Say what this host allows, what the node here reads and where it is asked, what is missing, and how
    /// to mend it (exit code 1: something does not work)
    Doctor(doctor::DoctorArgs),
    /// Say what lines of a log tell of attacks, and what would follow
    Explain(explain::ExplainArgs),
    /// Run the main job in network namespaces: attack, drop, share, drop everywhere
    Lab(crate::lab::LabArgs),
    /// Play what happened again by another policy, and say what it would decide otherwise (exit
    /// code 0: nothing, 1: something)
    Replay(replay::ReplayArgs),
    /// See whether notifications arrive
    #[command(subcommand)]
    Notify(notify_command::NotifyCommand),
    /// Check, show or print the configuration
    #[command(subcommand)]
    Config(config_command::ConfigCommand),
    /// Print the completion script for a shell
    Completions {
        /// Shell to complete in
        shell: clap_complete::Shell,
    },
    /// Do the work of one host of the lab
    #[command(hide = true, subcommand)]
    LabAgent(crate::lab::agent::Agent),
    /// Write generated documents
    #[command(hide = true)]
    Generate {
        /// Which
        what: generate::Document,
    },
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Manual {
        /// Where
        directory: PathBuf,
    },
}

/// Runs the command line and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match parse::<Cli>() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let json = cli.client.json;
    let instance = cli.instance;
    let outcome = match cli.command {
        Command::Run(args) => run_node::run(args, instance, cli.client.socket),
        Command::Client(aegis_ui::Command::Join(args)) => join_or_keep(args, &cli.client, instance),
        Command::Client(command) => Ok(client(command, &cli.client, instance.as_ref())),
        Command::Import(command) => {
            let client = cli.client.client(&socket(instance.as_ref()));
            import::run(command, &client, cli.client.format())
        }
        Command::Export(args) => {
            let client = cli.client.client(&socket(instance.as_ref()));
            export::run(&args, &client, cli.client.format())
        }
        Command::Console => Ok(console(&cli.client, instance.as_ref())),
        Command::Top(args) => {
            let client = cli.client.client(&socket(instance.as_ref()));
            Ok(top::run(&args, &client, cli.client.format()))
        }
        Command::Detach(args) => detach::run(args, instance, json),
        Command::Doctor(args) => {
            let daemon = cli.client.client(&socket(instance.as_ref()));
            let status = block_on(daemon.status()).ok();
            doctor::run(args, status.as_ref(), json)
        }
        Command::Explain(args) => explain::run(&args, json),
        Command::Lab(args) => crate::lab::run(args, json),
        Command::LabAgent(agent) => crate::lab::agent::run(agent),
        Command::Config(command) => {
            let daemon = cli.client.client(&socket(instance.as_ref()));
            config_command::run(command, instance, json, &daemon)
        }
        Command::Notify(command) => notify_command::run(command, json),
        Command::Replay(args) => {
            let daemon = cli.client.client(&socket(instance.as_ref()));
            replay::run(&args, &daemon, json)
        }
        Command::Completions { shell } => {
            let command = quiet(Cli::command());
            finish(aegis_ui::completions(
                shell,
                &command,
                "aegis",
                &mut io::stdout().lock(),
            ))
        }
        Command::Generate { what } => print(&generate::document(what)),
        Command::Manual { directory } => manual::write(&directory),
    };
    outcome.unwrap_or_else(|error| failed(&error, json)).into()
}

/// Reads the command line as `T` says.
pub(crate) fn parse<T: Parser>() -> Result<T, clap::Error> {
    T::from_arg_matches(&quiet(T::command()).try_get_matches()?)
}

/// Returns a command whose help names the variables it reads, but not what they hold.
fn quiet(command: clap::Command) -> clap::Command {
    command
        .mut_args(|it| it.hide_env_values(true))
        .mut_subcommands(quiet)
}

/// Prints help or what is wrong; help that was asked for is success.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing better can be done where neither output can be written.
    let _ = error.print();
    if error.use_stderr() {
        Outcome::Usage.into()
    } else {
        Outcome::Done.into()
    }
}

/// Whoever closes the output has seen enough.
pub(crate) fn finish(written: io::Result<()>) -> anyhow::Result<Outcome> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(Outcome::Done),
    }
}

/// Prints data.
pub(crate) fn print(text: &str) -> anyhow::Result<Outcome> {
    let mut stdout = io::stdout().lock();
    finish(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
}

/// Returns the socket of a node on this host.
fn socket(instance: Option<&InstanceName>) -> PathBuf {
    let runtime_dir = std::env::var_os("AEGIS_RUNTIME_DIR").map(PathBuf::from);
    let is_said = runtime_dir.is_some();
    let runtime_dir =
        runtime_dir.unwrap_or_else(|| crate::config::default_runtime_dir(&surroundings()));
    let instance = instance.map_or("default", InstanceName::as_str);
    let name = format!("{instance}.sock");
    let socket = runtime_dir.join(&name);
    // Who is not root may belong to the group that uses the socket of the host's own node.
    let of_host = Path::new(RUNTIME_DIR_OF_HOST).join(name);
    if is_said || socket.exists() || !of_host.exists() {
        return socket;
    }
    of_host
}

/// Has the daemon join by a ticket; where none runs, the ticket is kept for the next.
fn join_or_keep(
    args: aegis_ui::JoinArgs,
    client_args: &ClientArgs,
    instance: Option<InstanceName>,
) -> anyhow::Result<Outcome> {
    let daemon = client_args.client(&socket(instance.as_ref()));
    if let Err(ClientError::Unreachable { .. }) = block_on(daemon.status()) {
        return join::keep(&args, instance, client_args.json);
    }
    let command = aegis_ui::Command::Join(args);
    Ok(client(command, client_args, instance.as_ref()))
}

fn client(
    command: aegis_ui::Command,
    args: &ClientArgs,
    instance: Option<&InstanceName>,
) -> Outcome {
    let client = args.client(&socket(instance));
    let (mut out, mut talk) = (io::stdout(), io::stderr());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format: args.format(),
        is_terminal: io::stderr().is_terminal(),
    };
    block_on(aegis_ui::run(command, &client, &mut screen))
}

fn console(args: &ClientArgs, instance: Option<&InstanceName>) -> Outcome {
    let client = args.client(&socket(instance));
    let history = surroundings().state_home.map(|it| it.join("aegis/history"));
    let console = Console {
        format: args.format(),
        with_backlog: false,
        history,
    };
    let ended = block_on(console.run(&client, Input::standard(), Box::new(io::stdout())));
    match ended {
        Ok(end) => end.outcome(),
        Err(error) => {
            // Where talk cannot be written, the exit code alone must do.
            let _ = writeln!(
                io::stderr(),
                "error: {}",
                aegis_ui::shown(&error.to_string())
            );
            Outcome::of(&error)
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    #[expect(
        clippy::expect_used,
        reason = "cannot fail because a thread and an epoll are there"
    )]
    runtime.expect("a runtime starts").block_on(future)
}
