//! Two terminals on one host with nothing but loopback and no configuration at all.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use aegis_api::{Client, Origin, Status};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    time::timeout,
};

use crate::support::{
    DEADLINE, fresh_name, has_kernel,
    host::Running,
    now,
    shell::{ip, run},
    until,
};

/// How long two nodes of one host may take to find each other.
const JOIN_MAX: Duration = Duration::from_secs(2);

/// How long a block may take to the other terminal.
const SPREAD_MAX: Duration = Duration::from_millis(200);

/// Everything of the host that a node looks at unless it is told otherwise, made empty.
const SCRIPT: &str = r#"
mount -t tmpfs tmpfs /var/lib && mkdir /var/lib/aegis && mount --bind "$0/lib" /var/lib/aegis &&
mount -t tmpfs tmpfs /run && mkdir /run/aegis && mount --bind "$0/run" /run/aegis &&
mount -t bpf bpf /sys/fs/bpf && touch "$0/ready" && exec cat"#;

/// A host of its own: an empty network but for loopback, and directories nobody else sees.
struct Machine {
    dir: tempfile::TempDir,
    name: String,
    keeper: Running, // its file systems live as long as this does
}

impl Machine {
    async fn new() -> Option<Self> {
        if !has_kernel() {
            return None;
        }
        let name = fresh_name();
        ip(&format!("netns add {name}"));
        let dir = tempfile::Builder::new().prefix(&name).tempdir().unwrap();
        for it in ["lib", "run"] {
            std::fs::create_dir(dir.path().join(it)).unwrap();
        }
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", SCRIPT])
            .arg(dir.path());
        let keeper = Running(command.stdin(Stdio::piped()).spawn().unwrap());
        let machine = Self { dir, name, keeper };
        ip(&format!("-n {} link set lo up", machine.name));
        let ready = machine.dir.path().join("ready");
        until("the file systems", async || ready.exists().then_some(())).await;
        Some(machine)
    }

    /// Opens a terminal and starts the program as its users do.
    fn terminal(&self, port: u16) -> Terminal {
        let mut command = tokio::process::Command::new("nsenter");
        command
            .arg(format!("--net=/run/netns/{}", self.name))
            .arg(format!("--mount=/proc/{}/ns/mnt", self.keeper.0.id()))
            .arg(env!("CARGO_BIN_EXE_aegis-threat-intel"))
            .args(["lo", &port.to_string()])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let socket = self.dir.path().join(format!("run/lo-{port}.sock"));
        Terminal {
            lines,
            child,
            client: Client::new(socket),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The programs ended before; what cannot be removed shows in `ip netns`.
        run(Command::new("ip").args(["netns", "del", &self.name]));
    }
}

/// A person at a terminal, and a second way to ask the same node.
struct Terminal {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    client: Client,
}

impl Terminal {
    async fn type_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        stdin.flush().await.unwrap();
    }

    /// Reads until a line is `wanted`; returns it.
    async fn read_until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        let reading = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if wanted(&line) {
                    return Some(line);
                }
                seen.push(line);
            }
            None
        };
        match timeout(DEADLINE, reading).await {
            Ok(Some(line)) => line,
            Ok(None) | Err(_) => panic!("no {what} among {seen:#?}"),
        }
    }

    async fn status(&self) -> Status {
        self.client.status().await.unwrap()
    }
}

#[tokio::test]
async fn netns_two_terminals_find_each_other_and_share_a_block() {
    let Some(machine) = Machine::new().await else {
        return;
    };
    let mut first = machine.terminal(9001);
    let mut second = machine.terminal(9002);
    for it in [&mut first, &mut second] {
        it.read_until("attachment", |line| {
            line.starts_with("XDP program attached to lo")
        })
        .await;
        it.read_until("start", |line| line == "Service is running!")
            .await;
    }
    let running_at = now();
    for it in [&mut first, &mut second] {
        it.read_until("peer", |line| line.starts_with("Peer connected: "))
            .await;
    }
    let joined_in = now().since(running_at);
    assert!(joined_in <= JOIN_MAX, "joined after {joined_in:?}");

    first.type_line("block 192.168.1.100 300 syn_flood 9").await;
    first
        .read_until("answer", |it| {
            it.starts_with("Blocked 192.168.1.100 for 300s")
        })
        .await;
    let answered_at = now();
    loop {
        second.type_line("check 192.168.1.100").await;
        let is_answer = |it: &str| {
            it == "192.168.1.100 is BLOCKLISTED" || it == "192.168.1.100 is not blocklisted"
        };
        let answer = second.read_until("answer", is_answer).await;
        if answer.ends_with("BLOCKLISTED") {
            break;
        }
        assert!(now().since(answered_at) <= SPREAD_MAX, "{answer}");
    }
    let spread_in = now().since(answered_at);
    assert!(spread_in <= SPREAD_MAX, "shown after {spread_in:?}");
    second.type_line("list").await;
    second
        .read_until("list", |it| it == "=== Blocklisted IPs ===")
        .await;
    second
        .read_until("entry", |it| it.trim_start().starts_with("192.168.1.100 "))
        .await;
    eprintln!("joined in {joined_in:?}, shown {spread_in:?} after the answer");

    it_came_by_the_network(&first, &second).await;
    for mut it in [first, second] {
        it.type_line("quit").await;
        let ended = timeout(DEADLINE, it.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

/// The two share nothing but the network: neither keys, nor files, nor kernel tables.
async fn it_came_by_the_network(first: &Terminal, second: &Terminal) {
    let (one, two) = (first.status().await, second.status().await);
    assert_ne!(one.node_id, two.node_id);
    let dirs: [PathBuf; 2] = [one.state_dir, two.state_dir];
    assert_eq!(
        dirs,
        ["lo-9001", "lo-9002"].map(|it| Path::new("/var/lib/aegis").join(it))
    );
    let maps = [one.kernel_map_ids, two.kernel_map_ids].map(BTreeSet::from_iter);
    assert!(
        !maps[0].is_empty() && !maps[1].is_empty() && maps[0].is_disjoint(&maps[1]),
        "{maps:?}"
    );
    let [block] = &second
        .client
        .blocks(Default::default())
        .await
        .unwrap()
        .items[..]
    else {
        panic!("the second holds one block");
    };
    assert_eq!((block.origin, block.author), (Origin::Peers, one.node_id));
    assert!(
        two.ruleset.in_agreement && two.ruleset.actual == 1,
        "{:?}",
        two.ruleset
    );
}
