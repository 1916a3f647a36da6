//! From what was written to what it means.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use aegis_core::{BlockDuration, BlockStep, Confidence, Policy, Severity, SeverityStep};
use aegis_enforce::{Capacity, DEFAULT_BPFFS, InstanceName, ModeRequest};
use aegis_net::{Address, P2pConfig, PeerAddress};
use tracing_subscriber::EnvFilter;

use crate::daemon::P2pLogConfig;

use crate::config::{
    Config, ConfigError, Interfaces, OneOrMany, RUNTIME_DIR_OF_HOST, RawConfig,
    api::api,
    cookies::syn_cookies,
    detect::{RawDetect, detectors},
    feeds::feeds,
    files::files,
    history::history,
    lapi::lapi,
    location::location,
    logs::logs,
    metrics::metrics,
    mirror::mirror,
    notify::notify,
    page::page,
    place,
    policy::quorum,
    raw::{RawLimits, RawLog, RawMode, RawP2p},
    secret::secret,
    trust::{ask, trust},
};

/// Interfaces that one node defends at most.
const INTERFACES_MAX: usize = 64;

/// The longest name of an interface in bytes (`IFNAMSIZ` with its final zero).
const INTERFACE_NAME_MAX: usize = 15;

/// Configured peers and bootstrap addresses at most, each.
const PEERS_MAX: usize = 1_000;

/// The host as the configuration depends on it: given in, so that resolving is pure.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Whether the process is root.
    pub is_root: bool,
    /// The user id.
    pub uid: u32,
    /// `XDG_STATE_HOME`, or `~/.local/state`.
    pub state_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_home: Option<PathBuf>,
}

/// Returns what `raw` means on this host.
pub fn resolve(raw: RawConfig, host: &Surroundings) -> Result<Config, ConfigError> {
    let instance: InstanceName = parse("instance", raw.instance.as_deref().unwrap_or("default"))?;
    let state_dir = raw
        .state_dir
        .unwrap_or_else(|| default_state_dir(host, &instance));
    let runtime_dir = raw.runtime_dir.unwrap_or_else(|| default_runtime_dir(host));
    let socket = runtime_dir.join(format!("{instance}.sock"));
    let (severity_steps, block_steps) = (severity_steps(&raw.detect)?, block_steps(&raw.detect)?);
    let policy = Policy {
        severity_min: severity("min_severity", raw.min_severity.0)?,
        confidence_min: Confidence::new(raw.trust.min_confidence.0)
            .ok_or_else(|| wrong("trust.min_confidence", "must be within 0…1"))?,
        auto_publish: raw.auto_publish,
        quorum: quorum(&raw.policy)?,
        severity_steps,
        block_steps,
        type_severities: Policy::default().type_severities,
    };
    Ok(Config {
        metrics: metrics(&raw.metrics)?,
        mirror: mirror(&raw.mirror, &instance)?,
        place: location(raw.place, &raw.policy)?,
        instance,
        interfaces: interfaces(raw.interface)?,
        mode: match raw.mode {
            RawMode::Auto => ModeRequest::Auto,
            RawMode::Native => ModeRequest::Native,
            RawMode::Generic => ModeRequest::Generic,
            RawMode::Tc => ModeRequest::Tc,
            RawMode::Nft => ModeRequest::Nft,
        },
        observe: raw.observe,
        object: raw.ebpf_program_path,
        bpffs: raw.bpffs.unwrap_or_else(|| DEFAULT_BPFFS.into()),
        capacity: capacity(&raw.limits)?,
        blocks_max: within("limits.blocks_max", raw.limits.blocks_max, 1, 10_000_000)? as usize,
        clear_on_exit: raw.clear_on_exit,
        nice: nice(raw.nice.0)?,
        detectors: detectors(&raw.detect)?,
        syn_cookies: syn_cookies(&raw.detect)?,
        policy,
        trust: trust(&raw.trust)?,
        ask: ask(&raw.ask)?,
        history: history(&raw.history)?,
        p2p_log: p2p_log(&raw.log, &state_dir)?,
        feeds: feeds(raw.feeds)?,
        files: files(raw.files)?,
        lapi: lapi(&raw.lapi)?,
        logs: logs(&raw.logs)?,
        api: api(raw.api)?,
        page: page(raw.page)?,
        notify: notify(&raw.notify)?,
        p2p: raw
            .p2p
            .enabled
            .then(|| p2p(raw.p2p, runtime_dir.clone()))
            .transpose()?,
        state_dir,
        runtime_dir,
        socket,
        log_filter: log_filter(raw.log.filter)?,
        log_json: raw.log.json,
    })
}

fn nice(value: i8) -> Result<i8, ConfigError> {
    if (-20..=19).contains(&value) {
        return Ok(value);
    }
    Err(wrong("nice", "must be within -20…19"))
}

fn default_state_dir(host: &Surroundings, instance: &InstanceName) -> PathBuf {
    let base = match &host.state_home {
        Some(home) if !host.is_root => home.join("aegis"),
        Some(_) | None => "/var/lib/aegis".into(),
    };
    base.join(instance.as_str())
}

/// Returns where the sockets are unless something else is said: what clients look at too.
pub(crate) fn default_runtime_dir(host: &Surroundings) -> PathBuf {
    if host.is_root {
        return RUNTIME_DIR_OF_HOST.into();
    }
    match &host.runtime_home {
        Some(home) => home.join("aegis"),
        None => std::env::temp_dir().join(format!("aegis-{}", host.uid)),
    }
}

fn interfaces(raw: OneOrMany) -> Result<Interfaces, ConfigError> {
    let names = match raw {
        OneOrMany::One(name) if name == "auto" => return Ok(Interfaces::Auto),
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    };
    let is_name = |it: &String| {
        (1..=INTERFACE_NAME_MAX).contains(&it.len())
            && !it.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
    };
    if names.is_empty() || names.len() > INTERFACES_MAX || !names.iter().all(is_name) {
        let problem = format!(
            "must be \"auto\" or 1 to {INTERFACES_MAX} interface names of 1 to \
             {INTERFACE_NAME_MAX} characters"
        );
        return Err(wrong("interface", problem));
    }
    let unique: BTreeSet<String> = names.into_iter().collect();
    Ok(Interfaces::Named(unique.into_iter().collect()))
}

fn p2p(raw: RawP2p, runtime_dir: PathBuf) -> Result<P2pConfig, ConfigError> {
    let listen = if raw.listen.is_empty() {
        P2pConfig::listen_on(raw.port)
    } else {
        list::<Address>("p2p.listen", &raw.listen)?
    };
    Ok(P2pConfig {
        listen,
        bootstrap: list::<Address>("p2p.bootstrap", &raw.bootstrap)?,
        peers: list::<PeerAddress>("p2p.peers", &raw.peers)?,
        secret: secret(raw.secret, raw.secret_file)?,
        mdns: raw.mdns,
        kad: raw.kad,
        runtime_dir: Some(runtime_dir),
        connections_max: within("p2p.connections_max", raw.connections_max, 2, 10_000)?,
        marks: place::marks(
            raw.connections_max,
            (
                raw.connections_low,
                raw.connections_target,
                raw.connections_high,
            ),
        )?,
        peer_exchange: raw.peer_exchange.into(),
        relay: place::relay(raw.relay)?,
        memory_bytes_max: within("p2p.memory_mib_max", raw.memory_mib_max, 64, 65_536)? as usize
            * 1024
            * 1024,
        ..P2pConfig::default()
    })
}

/// Returns the IP addresses that the configuration names: nobody blocks them on another's word.
pub fn configured_addresses(p2p: &P2pConfig) -> Vec<IpAddr> {
    let peers = p2p.peers.iter().map(PeerAddress::address);
    peers
        .chain(&p2p.bootstrap)
        .filter_map(Address::ip)
        .collect()
}

fn severity_steps(raw: &RawDetect) -> Result<Vec<SeverityStep>, ConfigError> {
    let steps = raw.severity.iter().map(|it| {
        let severity = severity("detect.severity.severity", it.severity)?;
        Ok(SeverityStep {
            rate_min: it.rate_min,
            severity,
        })
    });
    let steps: Vec<SeverityStep> = steps.collect::<Result<_, ConfigError>>()?;
    let grows =
        |it: &[SeverityStep]| it[0].rate_min < it[1].rate_min && it[0].severity <= it[1].severity;
    if steps.is_empty() || steps.len() > 10 || !steps.windows(2).all(grows) {
        let problem = "must have 1 to 10 steps of growing rate_min and severity";
        return Err(wrong("detect.severity", problem));
    }
    Ok(steps)
}

fn block_steps(raw: &RawDetect) -> Result<Vec<BlockStep>, ConfigError> {
    let steps = raw.severity.iter().map(|it| {
        Ok(BlockStep {
            severity_min: severity("detect.severity.severity", it.severity)?,
            block_for: block_for("detect.severity.block_for", &it.block_for)?,
        })
    });
    steps.collect()
}

fn capacity(raw: &RawLimits) -> Result<Capacity, ConfigError> {
    let entries = |name: &str, value| within(&format!("limits.{name}"), value, 16, 16_777_216);
    Ok(Capacity {
        hosts_v4: entries("kernel_ipv4_max", raw.kernel_ipv4_max)?,
        hosts_v6: entries("kernel_ipv6_max", raw.kernel_ipv6_max)?,
        prefixes: entries("kernel_prefixes_max", raw.kernel_prefixes_max)?,
    })
}

fn p2p_log(raw: &RawLog, state_dir: &Path) -> Result<P2pLogConfig, ConfigError> {
    let dir = raw.p2p_dir.clone();
    Ok(P2pLogConfig {
        dir: dir.unwrap_or_else(|| state_dir.join("log")),
        with_events: raw.create_p2p_logfile,
        keep_days: within("log.p2p_keep_days", raw.p2p_keep_days, 0, 3650)?,
    })
}

fn log_filter(text: String) -> Result<String, ConfigError> {
    match text.parse::<EnvFilter>() {
        Ok(_) => Ok(text),
        Err(_) => Err(wrong(
            "log.filter",
            format!(
                "{text:?} is not error, warn, info, debug, trace, or a filter by module such as \
                 \"warn,aegis=debug\""
            ),
        )),
    }
}

pub(super) fn severity(field: &str, value: u8) -> Result<Severity, ConfigError> {
    Severity::new(value).ok_or_else(|| wrong(field, "must be within 1…10"))
}

pub(super) fn block_for(field: &str, text: &str) -> Result<BlockDuration, ConfigError> {
    let duration = duration(field, text)?;
    let secs = BlockDuration::from_secs(duration.as_secs());
    secs.ok_or_else(|| wrong(field, "must be within 1s…24h"))
}

pub(super) fn duration(field: &str, text: &str) -> Result<Duration, ConfigError> {
    let problem =
        |source| format!("{text:?} is not a duration such as \"90s\" or \"2h\": {source}");
    humantime::parse_duration(text).map_err(|it| wrong(field, problem(it)))
}

pub(super) fn within(field: &str, value: u32, min: u32, max: u32) -> Result<u32, ConfigError> {
    let is_within = (min..=max).contains(&value);
    is_within
        .then_some(value)
        .ok_or_else(|| wrong(field, format!("must be within {min}…{max}")))
}

fn list<T: FromStr<Err: std::fmt::Display>>(
    field: &str,
    texts: &[String],
) -> Result<Vec<T>, ConfigError> {
    if texts.len() > PEERS_MAX {
        return Err(wrong(
            field,
            format!("must have at most {PEERS_MAX} entries"),
        ));
    }
    texts.iter().map(|text| parse(field, text)).collect()
}

pub(super) fn parse<T: FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, ConfigError> {
    text.parse()
        .map_err(|it| wrong(field, format!("{text:?}: {it}")))
}

pub(super) fn wrong(field: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Field {
        field: field.to_owned(),
        problem: problem.into(),
    }
}
