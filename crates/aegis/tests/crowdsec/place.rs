//! The place of a test: hosts on a network, a node with its Local API, and CrowdSec's programs set up
//! to use it.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aegis::lab::{
    node::LabNode,
    testbed::{Host, Testbed},
};
use aegis_enforce::{DEFAULT_BPFFS, InstanceName, mount_bpffs_if_missing};
use serde_json::Value;

use crate::{
    package,
    program::{Running, Said, must, run},
};

/// The daemon and command line under test.
const AEGIS: &str = env!("CARGO_BIN_EXE_aegis");

/// Where the Local API listens.
pub(crate) const PORT: u16 = 8080;

/// Where the node's host sends what is not for this network. Nobody is there.
const GATEWAY: &str = "10.77.0.1";

/// What the agent reads logs with; Debian's package enables these and more.
const HUB_ITEMS: [&str; 5] = [
    "parsers/s00-raw/crowdsecurity/syslog-logs.yaml",
    "parsers/s01-parse/crowdsecurity/sshd-logs.yaml",
    "parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml",
    "scenarios/crowdsecurity/ssh-bf.yaml",
    "scenarios/crowdsecurity/ssh-slow-bf.yaml",
];

/// A network with a node on the host `node`; everything goes when it is dropped.
pub(crate) struct Place {
    pub(crate) node: LabNode,
    /// After the node, which puts back what is taken from it while it runs.
    _pins: Pins,
    testbed: Testbed,
    directory: tempfile::TempDir,
    /// Where CrowdSec's packages are unpacked.
    pub(crate) root: &'static Path,
}

impl Place {
    /// Makes the hosts `node` (10.77.0.11), `edge` (10.77.0.12) and `attacker` (10.77.0.66) and starts
    /// the node, with these lines in its configuration below `[lapi]`; or says why the test is skipped.
    pub(crate) async fn new(config: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let root = package::unpacked()?;
        mount_bpffs_if_missing(Path::new(DEFAULT_BPFFS)).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("aegis-cs-{}-{number}", std::process::id());
        let hosts = [("node", 11), ("edge", 12), ("attacker", 66)];
        let testbed = Testbed::create(&name, &hosts).unwrap();
        let directory = tempfile::Builder::new().prefix(&name).tempdir().unwrap();
        let instance: InstanceName = name.trim_start_matches("aegis-").parse().unwrap();
        let host = testbed.host("node").unwrap();
        let route = ["route", "add", "default", "via", GATEWAY];
        must(host.command("ip").args(route));
        let node = start(directory.path(), host, &instance, config).await;
        Some(Self {
            node,
            _pins: Pins(instance),
            testbed,
            directory,
            root,
        })
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        self.testbed.host(name).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs the node's own command line.
    pub(crate) fn aegis(&self, words: &[&str]) -> Said {
        let mut command = Command::new(AEGIS);
        run(command.arg("--socket").arg(&self.node.socket).args(words))
    }

    /// Gives out a key; returns the lines that it is used with, as they are to be pasted.
    #[track_caller]
    pub(crate) fn key(&self, name: &str, scope: &str, user: &str) -> String {
        let url = format!("http://{}:{PORT}/", self.host("node").address);
        let words = [
            "key", "create", name, "--scope", scope, "--for", user, "--url", &url,
        ];
        let said = self.aegis(&words);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out
    }

    /// Sets CrowdSec's agent and `cscli` up as the machine with this key.
    pub(crate) fn machine(&self, name: &str, scope: &str) -> Machine<'_> {
        let directory = self.path(name);
        for below in ["etc", "data", "hub", "log"] {
            fs::create_dir_all(directory.join(below)).unwrap();
        }
        let hub = self.root.join("usr/share/crowdsec/hub");
        for item in fs::read_dir(&hub).unwrap().flatten() {
            symlink(item.path(), directory.join("hub").join(item.file_name())).unwrap();
        }
        let etc = directory.join("etc");
        symlink(
            self.root.join("etc/crowdsec/patterns"),
            etc.join("patterns"),
        )
        .unwrap();
        for item in HUB_ITEMS {
            let link = etc.join(item.replace("crowdsecurity/", ""));
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(directory.join("hub").join(item), link).unwrap();
        }
        fs::write(etc.join("simulation.yaml"), "simulation: false\n").unwrap();
        fs::write(directory.join("log/auth.log"), "").unwrap();
        let acquis = format!(
            "filenames:\n  - {}/log/auth.log\nlabels:\n  type: syslog\n",
            directory.display()
        );
        fs::write(etc.join("acquis.yaml"), acquis).unwrap();
        let credentials = self.key(name, scope, "machine");
        fs::write(etc.join("credentials.yaml"), credentials).unwrap();
        fs::write(etc.join("config.yaml"), agent_config(&directory)).unwrap();
        Machine {
            place: self,
            directory,
        }
    }

    /// Starts CrowdSec's firewall bouncer on `edge`, with a key of its own.
    pub(crate) fn start_bouncer(&self) -> Running {
        let directory = self.path("bouncer");
        fs::create_dir_all(&directory).unwrap();
        let config = directory.join("bouncer.yaml");
        let key = self.key("edge", "read", "bouncer");
        fs::write(&config, bouncer_config(&directory, &key)).unwrap();
        let program = self.root.join("usr/bin/crowdsec-firewall-bouncer");
        let mut command = self.host("edge").command(program);
        Running::start(command.arg("-c").arg(config), &self.path("bouncer.log"))
    }

    /// Returns what the bouncer's sets on `edge` hold.
    pub(crate) fn bouncer_sets(&self) -> String {
        let mut sets = String::new();
        for (family, table) in [("ip", "crowdsec"), ("ip6", "crowdsec6")] {
            let mut nft = self.host("edge").command("nft");
            sets += &run(nft.args(["list", "table", family, table])).out;
        }
        sets
    }

    /// Returns how many of `count` pings from the attacker are answered by the node.
    pub(crate) fn pings(&self, count: u32) -> usize {
        let mut command = self.host("attacker").command("ping");
        let to = self.host("node").address.to_string();
        command.args(["-n", "-i", "0.05", "-W", "1", "-c", &count.to_string(), &to]);
        let answered = run(&mut command).out;
        answered
            .lines()
            .filter(|it| it.contains("bytes from"))
            .count()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for file in fs::read_dir(self.directory.path())
                .into_iter()
                .flatten()
                .flatten()
            {
                if file.path().extension().is_some_and(|it| it == "log") {
                    let text = fs::read_to_string(file.path()).unwrap_or_default();
                    eprintln!("--- {}\n{text}", file.path().display());
                }
            }
        }
    }
}

/// What a node leaves in the kernel when it is ended.
struct Pins(InstanceName);

impl Drop for Pins {
    fn drop(&mut self) {
        // A node that took everything out itself has left nothing to take out.
        let _ = aegis_enforce::detach(&self.0, Path::new(DEFAULT_BPFFS));
    }
}

/// A machine: an agent and `cscli`, both on the node's host.
pub(crate) struct Machine<'a> {
    place: &'a Place,
    directory: PathBuf,
}

impl Machine<'_> {
    /// Starts the agent.
    pub(crate) fn start_agent(&self) -> Running {
        let program = self.place.root.join("usr/bin/crowdsec");
        let mut command = self.place.host("node").command(program);
        command
            .arg("-c")
            .arg(self.directory.join("etc/config.yaml"));
        Running::start(&mut command, &self.place.path("agent.log"))
    }

    /// Writes into its log what a server writes of somebody who guesses passwords.
    pub(crate) fn append_failures(&self, from: &str) {
        let mut date = Command::new("date");
        let stamp = must(date.args(["-u", "+%b %e %H:%M:%S"]));
        let stamp = stamp.trim_end();
        let mut lines = String::new();
        for number in 0..7 {
            let port = 44_000 + number;
            lines.push_str(&format!(
                "{stamp} host sshd[123]: Failed password for root from {from} port {port} ssh2\n"
            ));
        }
        let log = self.directory.join("log/auth.log");
        let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
        log.write_all(lines.as_bytes()).unwrap();
    }

    /// Runs `cscli`.
    pub(crate) fn cscli(&self, words: &[&str]) -> Said {
        let program = self.place.root.join("usr/bin/cscli");
        let mut command = self.place.host("node").command(program);
        let config = self.directory.join("etc/config.yaml");
        run(command.arg("-c").arg(config).args(words))
    }

    /// Runs `cscli`, which must succeed, and returns its JSON.
    #[track_caller]
    pub(crate) fn cscli_json(&self, words: &[&str]) -> Value {
        let said = self.cscli(&[words, &["-o", "json"]].concat());
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap()
    }
}

async fn start(directory: &Path, host: &Host, instance: &InstanceName, config: &str) -> LabNode {
    let (state, run) = (directory.join("state"), directory.join("run"));
    let text = format!(
        "interface = \"eth0\"\nstate_dir = {state:?}\nruntime_dir = {run:?}\n\
        [p2p]\nenabled = false\n[lapi]\nenabled = true\nlisten = \"0.0.0.0:{PORT}\"\n{config}"
    );
    let file = directory.join("aegis.toml");
    fs::write(&file, text).unwrap();
    let mut command = host.command(AEGIS);
    command.args(["run", "--log", "info", "--instance", instance.as_str()]);
    command.arg("--config").arg(&file);
    let socket = run.join(format!("{instance}.sock"));
    let mut node = LabNode::start("node", command, directory, socket).unwrap();
    let deadline = Duration::from_secs(20);
    node.wait_for("answer", deadline, |_| Some(()))
        .await
        .unwrap();
    node
}

fn agent_config(directory: &Path) -> String {
    let at = directory.display();
    format!(
        "common:\n  daemonize: false\n  log_media: stdout\n  log_level: info\n  working_dir: .\n\
        config_paths:\n  config_dir: {at}/etc/\n  data_dir: {at}/data/\n  hub_dir: {at}/hub/\n\
        \x20 simulation_path: {at}/etc/simulation.yaml\n  index_path: {at}/hub/.index.json\n\
        crowdsec_service:\n  acquisition_path: {at}/etc/acquis.yaml\n  parser_routines: 1\n\
        cscli:\n  output: human\ndb_config:\n  type: sqlite\n  db_path: {at}/data/crowdsec.db\n\
        api:\n  client:\n    credentials_path: {at}/etc/credentials.yaml\n  server:\n    enable: false\n\
        prometheus:\n  enabled: false\n"
    )
}

fn bouncer_config(directory: &Path, key_lines: &str) -> String {
    let at = directory.display();
    format!(
        "mode: nftables\npid_dir: {at}/\nupdate_frequency: 1s\ndaemonize: false\nlog_mode: stdout\n\
        log_level: info\n{key_lines}disable_ipv6: false\ndeny_action: DROP\n\
        deny_log: false\nsupported_decisions_types:\n  - ban\nblacklists_ipv4: crowdsec-blacklists\n\
        blacklists_ipv6: crowdsec6-blacklists\nnftables:\n  ipv4:\n    enabled: true\n\
        \x20   set-only: false\n    table: crowdsec\n    chain: crowdsec-chain\n  ipv6:\n\
        \x20   enabled: true\n    set-only: false\n    table: crowdsec6\n    chain: crowdsec6-chain\n\
        prometheus:\n  enabled: false\n"
    )
}
