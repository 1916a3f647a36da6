//! A network of hosts with nodes on them; everything goes when it is dropped, pins too.

use std::{
    cell::RefCell,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aegis::lab::{
    node::LabNode,
    testbed::{Host, Testbed},
};
use aegis_enforce::{DEFAULT_BPFFS, InstanceName, mount_bpffs_if_missing};

use super::{
    AEGIS, DEADLINE, fresh_name, has_kernel,
    shell::{Said, run},
};

/// Lines of each node's log that a failed test shows.
const LOG_LINES: usize = 15;

/// Says in the environment what nodes are to log, for a person who looks into a failure.
const LOG: &str = "AEGIS_E2E_LOG";

/// The hosts of a test and what its nodes keep.
pub(crate) struct World {
    name: String,
    instances: RefCell<Vec<InstanceName>>,
    testbed: Testbed,
    dir: tempfile::TempDir,
}

/// How a node is to run: more lines of its configuration, more flags, and a script to run it in.
#[derive(Clone, Copy, Default)]
pub(crate) struct How<'a> {
    pub(crate) config: &'a str,
    pub(crate) flags: &'a [&'a str],
    /// Ends with `exec "$@"`.
    pub(crate) script: Option<&'a str>,
}

impl World {
    /// Makes the hosts, or says why the test is skipped.
    pub(crate) fn new(hosts: &[(&str, u8)]) -> Option<Self> {
        if !has_kernel() {
            return None;
        }
        mount_bpffs_if_missing(Path::new(DEFAULT_BPFFS)).unwrap();
        let name = fresh_name();
        Some(Self {
            testbed: Testbed::create(&name, hosts).unwrap(),
            dir: tempfile::Builder::new().prefix(&name).tempdir().unwrap(),
            instances: RefCell::default(),
            name,
        })
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        self.testbed.host(name).unwrap()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the name of the node on `host`.
    pub(crate) fn instance(&self, host: &str) -> InstanceName {
        format!("{}-{host}", self.name.trim_start_matches("aegis-"))
            .parse()
            .unwrap()
    }

    /// Returns where the node on `host` pins what it has in the kernel.
    pub(crate) fn pins(&self, host: &str) -> PathBuf {
        Path::new(DEFAULT_BPFFS)
            .join("aegis")
            .join(self.instance(host).as_str())
    }

    /// Starts a node on `host`, again where it ran before, and waits until it answers.
    pub(crate) async fn start(&self, host: &str, how: How<'_>) -> LabNode {
        let dir = self.dir.path().join(host);
        fs::create_dir_all(&dir).unwrap();
        let instance = self.instance(host);
        let config = dir.join("aegis.toml");
        let (state, run) = (dir.join("state"), dir.join("run"));
        let text = format!(
            "interface = \"eth0\"\nstate_dir = {state:?}\nruntime_dir = {run:?}\n{}",
            how.config
        );
        fs::write(&config, text).unwrap();
        let host_of = self.host(host);
        let mut command = match how.script {
            None => host_of.command(AEGIS),
            Some(script) => {
                let mut command = host_of.command("sh");
                command.args(["-c", script, "sh", AEGIS]);
                command
            }
        };
        let log = std::env::var(LOG).unwrap_or_else(|_| "info".to_owned());
        command.args(["run", "--log", &log, "--instance", instance.as_str()]);
        command.arg("--config").arg(&config).args(how.flags);
        let socket = run.join(format!("{instance}.sock"));
        self.instances.borrow_mut().push(instance);
        let mut node = LabNode::start(host, command, &dir, socket).unwrap();
        let started = node.wait_for("answer", DEADLINE, |_| Some(())).await;
        started.unwrap();
        node
    }

    /// Starts a node with defaults on each of `hosts` and waits until all are connected.
    pub(crate) async fn start_joined<const N: usize>(&self, hosts: [&str; N]) -> [LabNode; N] {
        let mut nodes = Vec::new();
        for host in hosts {
            nodes.push(self.start(host, How::default()).await);
        }
        let mut nodes: [LabNode; N] = nodes.try_into().unwrap();
        join(&mut nodes).await;
        nodes
    }
}

/// Waits until every one of `nodes` is connected to all others.
pub(crate) async fn join(nodes: &mut [LabNode]) {
    let others = nodes.len() as u64 - 1;
    for node in nodes {
        let joined = |it: &aegis_api::Status| (it.peers.connected >= others).then_some(());
        node.wait_for("all peers", DEADLINE, joined).await.unwrap();
    }
}

/// Runs a command of the command line against a node.
pub(crate) fn cli(node: &LabNode, arguments: &str) -> Said {
    let mut command = Command::new(AEGIS);
    command
        .arg("--socket")
        .arg(&node.socket)
        .args(arguments.split(' '));
    run(&mut command)
}

/// Runs a console against a node with `text` as what is typed; returns what it shows.
pub(crate) fn console(node: &LabNode, text: &str) -> String {
    let mut command = Command::new(AEGIS);
    command.arg("--socket").arg(&node.socket).arg("console");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// Ends a node the way an operator does.
pub(crate) async fn stop(node: LabNode) {
    node.stop().await.unwrap();
}

/// Ends a node the way a crash does.
pub(crate) fn kill_9(node: LabNode) {
    drop(node);
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show_logs(self.dir.path());
        }
        for instance in self.instances.borrow().iter() {
            // A node that took everything out itself has left nothing to take out, which is no error.
            let detached = aegis_enforce::detach(instance, Path::new(DEFAULT_BPFFS));
            if let Err(error) = detached
                && !std::thread::panicking()
            {
                panic!("{instance} stays in the kernel: {error}");
            }
        }
    }
}

fn show_logs(dir: &Path) {
    for host in fs::read_dir(dir).into_iter().flatten().flatten() {
        for file in fs::read_dir(host.path()).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|it| it == "log") {
                let text = fs::read_to_string(file.path()).unwrap_or_default();
                let skipped = text.lines().count().saturating_sub(LOG_LINES);
                let last: Vec<&str> = text.lines().skip(skipped).collect();
                eprintln!("--- {}\n{}", file.path().display(), last.join("\n"));
            }
        }
    }
}
