//! Running a node until somebody stops it.

use std::{io::IsTerminal as _, path::PathBuf};

use aegis_enforce::{
    InstanceName,
    privileges::{self, Capability},
};
use aegis_net::Address;
use aegis_ui::Outcome;
use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};
use tracing_subscriber::EnvFilter;

use super::{RunArgs, surroundings};
use crate::{
    config::{Config, resolve},
    daemon::{Daemon, Reloader, SetFilter},
};

/// Ports below this are given to root and CAP_NET_BIND_SERVICE only, port 0 to anybody.
const PORT_FREE_MIN: u16 = 1024;

/// Runs `aegis run`, answering on `socket` where one is named.
pub(super) fn run(
    args: RunArgs,
    instance: Option<InstanceName>,
    socket: Option<PathBuf>,
) -> anyhow::Result<Outcome> {
    let raw = args.clone().raw(instance.clone())?;
    let mut config = resolve(raw.clone(), &surroundings())?;
    config.socket = socket.unwrap_or(config.socket);
    let set_filter = logging(&config.log_filter, config.log_json)?;
    let read = move || {
        let raw = args.clone().raw(instance.clone())?;
        Ok((raw.clone(), resolve(raw, &surroundings())?))
    };
    let reloader = Reloader {
        raw,
        read: Box::new(read),
        set_filter,
    };
    reduce_privileges(&config);
    aegis_enforce::memory::hold_little();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(async {
        let (daemon, ready) = Box::pin(Daemon::start(config)).await?;
        let daemon = daemon.with_reloader(reloader);
        // Without a service manager there is nobody to tell, which is no error.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        Box::pin(run_until_signal(daemon, ready.stop_tx, ready.reload_tx)).await?;
        Ok(Outcome::Done)
    })
}

/// Runs `daemon` until it ends, or until SIGINT or SIGTERM asks it to; SIGHUP has it read its
/// configuration anew.
pub(crate) async fn run_until_signal(
    daemon: Daemon,
    stop_tx: watch::Sender<bool>,
    reload_tx: mpsc::Sender<()>,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("listen for SIGHUP")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let wait = async {
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = hangup.recv() => {
                    let _ = reload_tx.try_send(()); // full: it is going to
                }
            }
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        // Fails only where the daemon has ended already.
        let _ = stop_tx.send(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = daemon.run() => ended,
        () = wait => Ok(()),
    }
}

/// Takes the share of the processors that was asked for, keeps the capabilities that a node needs
/// and gives up the rest, before there are other threads.
pub(crate) fn reduce_privileges(config: &Config) {
    if let Err(error) = privileges::set_nice(config.nice) {
        tracing::debug!(%error, nice = config.nice, "The nice value stays as it was");
    }
    let listen = config.p2p.iter().flat_map(|it| &it.listen);
    let is_low = listen
        .filter_map(Address::port)
        .any(|it| (1..PORT_FREE_MIN).contains(&it));
    let also: &[Capability] = if is_low {
        &[Capability::NetBindService]
    } else {
        &[]
    };
    if let Err(error) = privileges::reduce(also) {
        tracing::warn!(%error, "Privileges that are not needed could not be given up");
    }
}

/// Returns the filter that `text` writes.
fn filter(text: &str) -> anyhow::Result<EnvFilter> {
    let is_about_libp2p = text.contains("libp2p");
    let mut filter: EnvFilter = text.parse().context("read the log filter")?;
    if !is_about_libp2p {
        // The first node of a network has nobody to ask yet, which Kademlia takes for a fault.
        // What peers do wrong is this node's to report, in its own words and not for each message.
        for quiet in ["libp2p_kad", "libp2p_request_response", "libp2p_gossipsub"] {
            filter = filter.add_directive(format!("{quiet}=error").parse()?);
        }
    }
    Ok(filter)
}

/// Logs to standard error what a filter lets through; returns what changes the filter.
pub(crate) fn logging(text: &str, is_json: bool) -> anyhow::Result<SetFilter> {
    let is_terminal = std::io::stderr().is_terminal();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(text)?)
        .with_ansi(is_terminal)
        .with_writer(std::io::stderr);
    let (started, set_filter): (_, SetFilter) = if is_json {
        let subscriber = subscriber.json().with_filter_reloading();
        let handle = subscriber.reload_handle();
        let set_filter = move |text: &str| Ok(handle.reload(filter(text)?)?);
        (subscriber.try_init(), Box::new(set_filter))
    } else {
        let subscriber = subscriber.with_filter_reloading();
        let handle = subscriber.reload_handle();
        let set_filter = move |text: &str| Ok(handle.reload(filter(text)?)?);
        (subscriber.try_init(), Box::new(set_filter))
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))?;
    Ok(set_filter)
}
