//! The flags of a node, and how they change what the file says.

use std::path::{Path, PathBuf};

use aegis_enforce::InstanceName;
use clap::Args;

use crate::config::{
    Config, ConfigError, FILE_DEFAULT, MinSeverity, OneOrMany, RawConfig, RawMode, Surroundings,
    resolve,
};

/// Flags and variables of a node. Each wins over the same key of the file.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// Configuration file [default: /etc/aegis/aegis.toml where that is]
    #[arg(long, value_name = "FILE", env = "AEGIS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Interface to defend, or several; `auto` for those with a default route
    #[arg(
        long,
        value_name = "NAME",
        env = "AEGIS_INTERFACE",
        value_delimiter = ','
    )]
    pub interface: Vec<String>,
    /// How to attach to interfaces
    #[arg(long, value_enum, env = "AEGIS_MODE")]
    pub mode: Option<RawMode>,
    /// Count and report what would be dropped, drop nothing; needs no root
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = "BOOL", env = "AEGIS_OBSERVE")]
    pub observe: Option<bool>,
    /// Share what this host's own detectors find, without being asked
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = "BOOL", env = "AEGIS_AUTO_PUBLISH")]
    pub auto_publish: Option<bool>,
    /// Severity from which alerts of peers block here and detections are shared, 1…10
    #[arg(long, value_name = "1-10", env = "AEGIS_MIN_SEVERITY")]
    pub min_severity: Option<u8>,
    /// End all blocks when the node stops
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = "BOOL", env = "AEGIS_CLEAR_ON_EXIT")]
    pub clear_on_exit: Option<bool>,
    /// Directory of the node's key and store
    #[arg(long, value_name = "DIR", env = "AEGIS_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Directory of the control socket
    #[arg(long, value_name = "DIR", env = "AEGIS_RUNTIME_DIR")]
    pub runtime_dir: Option<PathBuf>,
    /// Kernel object to load instead of the one inside the program
    #[arg(long, value_name = "FILE", env = "AEGIS_EBPF_PROGRAM_PATH")]
    pub ebpf_program_path: Option<PathBuf>,
    /// Port to listen on, TCP and UDP
    #[arg(long, value_name = "PORT", env = "AEGIS_PORT")]
    pub port: Option<u16>,
    /// Multiaddr to listen on instead, or several
    #[arg(long, value_name = "ADDR", env = "AEGIS_LISTEN", value_delimiter = ',')]
    pub listen: Vec<String>,
    /// Peer you know, as a multiaddr that ends with /p2p/ and its ID, or several
    #[arg(long, value_name = "ADDR", env = "AEGIS_PEERS", value_delimiter = ',')]
    pub peer: Vec<String>,
    /// Multiaddr of a node where to enter the global network, or several
    #[arg(
        long,
        value_name = "ADDR",
        env = "AEGIS_BOOTSTRAP",
        value_delimiter = ','
    )]
    pub bootstrap: Vec<String>,
    /// Work alone: detect and drop, talk to nobody
    #[arg(long)]
    pub no_p2p: bool,
    /// Do not look for nodes on the local network
    #[arg(long)]
    pub no_mdns: bool,
    /// What to log: error, warn, info, debug, trace, or a filter by module
    #[arg(long, value_name = "FILTER", env = "AEGIS_LOG")]
    pub log: Option<String>,
}

impl RunArgs {
    /// Returns what a node is told: the file, changed by variables and flags.
    pub fn raw(self, instance: Option<InstanceName>) -> Result<RawConfig, ConfigError> {
        let raw = match &self.config {
            Some(path) => RawConfig::read(path)?,
            None if Path::new(FILE_DEFAULT).exists() => RawConfig::read(Path::new(FILE_DEFAULT))?,
            None => RawConfig::default(),
        };
        let mut raw = self.over(raw);
        raw.instance = instance.map(|it| it.to_string()).or(raw.instance);
        Ok(raw)
    }

    /// Returns what that means on this host.
    pub fn resolve(
        self,
        instance: Option<InstanceName>,
        host: &Surroundings,
    ) -> Result<Config, ConfigError> {
        resolve(self.raw(instance)?, host)
    }

    /// Returns `raw` with everything replaced that a flag or a variable says.
    pub fn over(self, mut raw: RawConfig) -> RawConfig {
        if !self.interface.is_empty() {
            raw.interface = match <[String; 1]>::try_from(self.interface) {
                Ok([name]) => OneOrMany::One(name),
                Err(names) => OneOrMany::Many(names),
            };
        }
        raw.mode = self.mode.unwrap_or(raw.mode);
        raw.observe = self.observe.unwrap_or(raw.observe);
        raw.auto_publish = self.auto_publish.unwrap_or(raw.auto_publish);
        raw.min_severity = self.min_severity.map_or(raw.min_severity, MinSeverity);
        raw.clear_on_exit = self.clear_on_exit.unwrap_or(raw.clear_on_exit);
        raw.state_dir = self.state_dir.or(raw.state_dir);
        raw.runtime_dir = self.runtime_dir.or(raw.runtime_dir);
        raw.ebpf_program_path = self.ebpf_program_path.or(raw.ebpf_program_path);
        raw.p2p.port = self.port.unwrap_or(raw.p2p.port);
        let lists = [
            (self.listen, &mut raw.p2p.listen),
            (self.peer, &mut raw.p2p.peers),
            (self.bootstrap, &mut raw.p2p.bootstrap),
        ];
        for (said, written) in lists {
            if !said.is_empty() {
                *written = said;
            }
        }
        raw.p2p.enabled &= !self.no_p2p;
        raw.p2p.mdns &= !self.no_mdns;
        raw.log.filter = self.log.unwrap_or(raw.log.filter);
        raw
    }
}

#[cfg(test)]
mod tests;
