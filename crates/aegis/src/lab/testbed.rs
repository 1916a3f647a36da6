//! Hosts of our own: network namespaces on one bridge, removed when dropped.
//!
//! The bridge lies in a namespace too, so the network that this machine stands in never sees it.

use std::{
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use anyhow::Context as _;

/// The bits of the network that all hosts share.
const PREFIX_LEN: u8 = 24;

/// A network of hosts, taken down when dropped.
#[derive(Debug)]
pub struct Testbed {
    name: String,
    hosts: Vec<Host>,
    is_kept: bool,
}

/// One host: a namespace with an interface `eth0` on the bridge.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its short name.
    pub name: String,
    /// Its network namespace.
    pub namespace: String,
    /// Its address on the bridge.
    pub address: Ipv4Addr,
}

impl Host {
    /// Returns a command that will run `program` on this host.
    ///
    /// `nsenter` keeps the BPF file system in sight, which `ip netns exec` hides.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/run/netns/{}", self.namespace))
            .arg(program);
        command
    }
}

impl Testbed {
    /// Makes a network called `name` (which starts with `aegis-`) with a host for each name and
    /// last byte of its address in 10.77.0.0/24.
    pub fn create(name: &str, hosts: &[(&str, u8)]) -> anyhow::Result<Self> {
        anyhow::ensure!(
            name.starts_with("aegis-"),
            "names of labs start with aegis-"
        );
        let mut testbed = Self {
            name: name.to_owned(),
            hosts: Vec::new(),
            is_kept: false,
        };
        let switch = testbed.switch();
        ip(&["netns", "add", &switch])?;
        ip(&["-n", &switch, "link", "add", "br0", "type", "bridge"])?;
        ip(&["-n", &switch, "link", "set", "br0", "up"])?;
        for (host, last_byte) in hosts {
            testbed.add(host, *last_byte)?;
        }
        Ok(testbed)
    }

    fn add(&mut self, name: &str, last_byte: u8) -> anyhow::Result<()> {
        let (switch, namespace) = (self.switch(), format!("{}-{name}", self.name));
        let address = Ipv4Addr::new(10, 77, 0, last_byte);
        ip(&["netns", "add", &namespace])?;
        self.hosts.push(Host {
            name: name.to_owned(),
            namespace: namespace.clone(),
            address,
        });
        let port = format!("p{last_byte}");
        let peer = ["type", "veth", "peer", "name", "eth0", "netns", &namespace];
        ip(&[&["-n", &switch, "link", "add", &port], &peer[..]].concat())?;
        ip(&["-n", &switch, "link", "set", &port, "master", "br0", "up"])?;
        let address = format!("{address}/{PREFIX_LEN}");
        ip(&["-n", &namespace, "addr", "add", &address, "dev", "eth0"])?;
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        ip(&["-n", &namespace, "link", "set", "eth0", "up"])
    }

    /// Returns the host called `name`.
    pub fn host(&self, name: &str) -> anyhow::Result<&Host> {
        let found = self.hosts.iter().find(|it| it.name == name);
        found.with_context(|| format!("the lab has no host {name}"))
    }

    /// Returns every host.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Leaves the network up when this is dropped.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.name)
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let namespaces = self.hosts.iter().map(|it| it.namespace.clone());
        for namespace in namespaces.chain([self.switch()]) {
            // One that is gone already is as it should be.
            let _ = remove(&namespace);
        }
    }
}

/// Takes down every namespace whose name starts with `prefix`; returns how many there were.
pub fn clean(prefix: &str) -> anyhow::Result<usize> {
    let listed = Command::new("ip")
        .args(["netns", "list"])
        .output()
        .context("run ip")?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names = listed.lines().filter_map(|it| it.split_whitespace().next());
    let ours: Vec<&str> = names.filter(|it| it.starts_with(prefix)).collect();
    for namespace in &ours {
        remove(namespace)?;
    }
    Ok(ours.len())
}

/// Ends everything that runs in a namespace, then removes it.
fn remove(namespace: &str) -> anyhow::Result<()> {
    let pids = Command::new("ip")
        .args(["netns", "pids", namespace])
        .output()
        .context("run ip")?;
    for pid in String::from_utf8_lossy(&pids.stdout).split_whitespace() {
        // One that ended meanwhile is as it should be.
        let _ = Command::new("kill")
            .args(["-KILL", pid])
            .stderr(Stdio::null())
            .status();
    }
    ip(&["netns", "del", namespace])
}

fn ip(args: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ip")
        .args(args)
        .output()
        .context("run ip (Debian: iproute2)")?;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(
        done.status.success(),
        "ip {}: {}",
        args.join(" "),
        said.trim()
    );
    Ok(())
}
