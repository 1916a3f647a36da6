//! Nobody locks the operator out: every way in which a block can be asked for, against everything
//! that a host stands on, while the operator's session lies open and must stay so.
//!
//! Another way is another [`Way`] with its line in `ask`; another thing to protect is a line of
//! `TARGETS`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::Ipv4Addr,
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Stdio},
};

use aegis::lab::node::LabNode;
use aegis_api::{FileId, Indicator, NodeId};

use crate::support::{
    block, blocked, code,
    host::{Flood, Running, flood, ip, open_door},
    indicator,
    role::{Play, Role},
    until, until_refused,
    world::{How, World, cli, console, join},
};

const OWN: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 11);
const GATEWAY: &str = "10.77.0.1";
const RESOLVER: &str = "10.77.0.53";
const ADMIN: &str = "10.77.0.7";

/// What is asked for, the code of the refusal, and words of the reason.
const TARGETS: [(&str, &str, &str); 11] = [
    (ADMIN, "protected", "in an authenticated admin session"),
    ("127.0.0.1", "protected", "a loopback address"),
    ("::1", "protected", "a loopback address"),
    (GATEWAY, "protected", "a default gateway"),
    (RESOLVER, "protected", "a DNS resolver"),
    ("10.77.0.11", "protected", "an address of this host"),
    ("169.254.169.254", "protected", "a cloud tells its hosts"),
    ("224.0.0.1", "protected", "a multicast address"),
    ("10.77.0.0/24", "protected", "and is never blocked"),
    ("0.0.0.0/0", "too_wide", "too wide"),
    ("::/0", "too_wide", "too wide"),
];

/// The ways in which a block can be asked for.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The command line, with and without force.
    CommandLine,
    Console,
    /// The HTTP API on the control socket, with and without force.
    Api,
    /// A list that somebody shares and the operator applies.
    List,
    /// The word of a peer that signs whatever it likes.
    Peer,
    /// The kernel's own detectors, by packets in the target's name.
    Detector,
}

const WAYS: [Way; 6] = [
    Way::CommandLine,
    Way::Console,
    Way::Api,
    Way::List,
    Way::Peer,
    Way::Detector,
];

/// Gives the node a resolver, and a session that logind knows.
const WITH_FILES: &str = r#"exec unshare --mount sh -c 'mount --bind "$0/resolv.conf" /etc/resolv.conf &&
mount --bind "$0/run" /run && exec "$@"' "$FILES" "$@""#;

/// Who asks, and whom.
struct Scene<'a> {
    world: &'a World,
    node: LabNode,
    sharer: LabNode,
    liar: NodeId,
}

#[tokio::test]
async fn netns_nobody_locks_the_operator_out_whatever_the_way() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let hosts = [
        ("a", 11),
        ("b", 12),
        ("liar", 13),
        ("admin", 7),
        ("attacker", 66),
    ];
    let Some(world) = World::new(&hosts) else {
        return;
    };
    let mut nodes = [
        start_guarded(&world).await,
        world.start("b", How::default()).await,
    ];
    join(&mut nodes).await;
    let [node, sharer] = nodes;
    let liar = Role {
        key: 13,
        to: node.client.status().await.unwrap().node_id.to_string(),
        play: Play::Publish(TARGETS.map(|it| it.0.to_owned()).into()),
    };
    let test = "lockout::netns_nobody_locks_the_operator_out_whatever_the_way";
    let _server = open_door(world.host("a")).await;
    let mut session = Session::open(&world);
    session.speak();
    let scene = Scene {
        liar: liar.node_id(),
        world: &world,
        node,
        sharer,
    };
    scene.apply_all().await;
    session.speak();
    let _liar = liar.start(world.host("liar"), test);
    for way in WAYS {
        for target in TARGETS {
            scene.ask(way, target).await;
            session.speak();
        }
        let listed = blocked(&scene.node.client).await;
        assert_eq!(listed, [""; 0], "{way:?}");
        let status = scene.node.client.status().await.unwrap();
        assert_eq!(status.ruleset.actual, 0, "{way:?}");
    }
    scene.tells_why().await;
}

/// Starts the node that is to be cut off.
async fn start_guarded(world: &World) -> LabNode {
    let files = world.dir().join("files");
    let sessions = files.join("run/systemd/sessions");
    fs::create_dir_all(&sessions).unwrap();
    fs::create_dir_all(files.join("run/netns")).unwrap();
    fs::write(
        files.join("resolv.conf"),
        format!("nameserver {RESOLVER}\n"),
    )
    .unwrap();
    let session = format!("ACTIVE=1\nSTATE=active\nREMOTE=1\nREMOTE_HOST={ADMIN}\n");
    fs::write(sessions.join("1"), session).unwrap();
    ip(world.host("a"), &format!("route add default via {GATEWAY}"));
    let script = format!("FILES={}; {WITH_FILES}", files.display());
    let how = How {
        config: "auto_publish = true\n",
        script: Some(&script),
        ..How::default()
    };
    world.start("a", how).await
}

impl Scene<'_> {
    /// Asks for a block and sees that it is refused for the reason.
    async fn ask(&self, way: Way, (target, expected, reason): (&str, &str, &str)) {
        let what = format!("{target} by {way:?}");
        match way {
            Way::CommandLine => {
                for words in ["", " --force"] {
                    let said = cli(&self.node, &format!("block {target} 300 ddos 9{words}"));
                    assert_eq!(said.code, Some(1), "{what}: {said:?}");
                    assert!(said.err.contains(reason), "{what}: {said:?}");
                }
            }
            Way::Console => {
                let shown = console(&self.node, &format!("block {target} 300 ddos 9\nquit\n"));
                assert!(shown.contains(reason), "{what}: {shown}");
            }
            Way::Api => {
                for force in [false, true] {
                    let mut request = block(target, 300);
                    request.force = force;
                    let answer = self.node.client.block(&request).await;
                    assert_eq!(code(answer), expected, "{what}");
                }
            }
            Way::List => {} // one list has them all
            Way::Peer => until_refused(&self.node.client, target, self.liar, expected).await,
            Way::Detector => self.forge(target).await,
        }
    }

    /// Has a list with every target shared, fetched and applied: the one entry besides is blocked, and
    /// each target is left out for its reason.
    async fn apply_all(&self) {
        let path = self.world.dir().join("targets.csv");
        let list: String = TARGETS.iter().map(|it| format!("{}\n", it.0)).collect();
        fs::write(&path, format!("{list}203.0.113.200\n")).unwrap();
        let share = format!("file share {} --severity major", path.display());
        let shared = cli(&self.sharer, &share);
        let file: FileId = shared.out.lines().last().unwrap().trim().parse().unwrap();
        let heard = async || self.node.client.file(file).await.ok();
        until("the node has heard of the file", heard).await;
        let applied = cli(&self.node, &format!("file get {file} --apply"));
        for (code, words) in [("protected", "protected"), ("too_wide", "too wide")] {
            let count = TARGETS.iter().filter(|it| it.1 == code).count();
            let left_out = format!("left out {count}: {words}");
            assert!(applied.out.contains(&left_out), "{applied:?}");
        }
        assert_eq!(blocked(&self.node.client).await, ["203.0.113.200"]);
        let forgotten = cli(&self.node, &format!("file forget {file}"));
        assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
        let freed = async || blocked(&self.node.client).await.is_empty().then_some(());
        until("what was listed besides is free again", freed).await;
    }

    /// Floods in the name of the target, where that is one IPv4 address; the packets are counted as
    /// those of somebody protected.
    async fn forge(&self, target: &str) {
        let Ok(forged) = target.parse::<Ipv4Addr>() else {
            return;
        };
        if forged.is_multicast() || forged.is_loopback() {
            return; // the sender's own stack sends no such packet
        }
        let counted = async || {
            let stats = self.node.client.stats().await.unwrap();
            stats.packets_by_reason["protected"]
        };
        let before = counted().await;
        let flood_of = Flood {
            to: OWN,
            forged: &[forged],
            count: 1_000,
            rate: 10_000,
        };
        flood(self.world.host("attacker"), flood_of);
        until("the flood is counted", async || {
            (counted().await > before).then_some(())
        })
        .await;
    }

    /// Sees that the reasons are listed and told.
    async fn tells_why(&self) {
        let listed = cli(&self.node, "allow").out;
        let list = self.node.client.protected().await.unwrap().protected;
        for (target, expected, reason) in TARGETS {
            let why = self.node.client.why(indicator(target)).await.unwrap();
            assert!(!why.commands.is_empty() && why.past.is_some(), "{target}");
            let exempt = why.exempt.unwrap();
            assert_eq!(exempt.kind, expected, "{target}");
            assert!(exempt.reason.contains(reason), "{exempt:?}");
            let of: Indicator = indicator(target);
            if expected != "protected" || of.prefix_len() == 24 {
                continue;
            }
            let mut covering = list.iter().filter(|it| it.indicator.contains(&of));
            assert!(covering.any(|it| it.reason.contains(reason)), "{target}");
            assert!(listed.contains(reason), "{target}\n{listed}");
        }
    }
}

/// A connection of the operator that lies open and is spoken on now and then.
struct Session {
    said: ChildStdin,
    heard: BufReader<ChildStdout>,
    _client: Running,
}

/// Says every line over one connection, and what comes back.
const CLIENT: &str = r#"exec 3<>/dev/tcp/10.77.0.11/8080
while read -r it; do echo "$it" >&3; read -r -t 10 back <&3 || exit 1; echo "$back"; done"#;

impl Session {
    fn open(world: &World) -> Self {
        let mut command = world.host("admin").command(PathBuf::from("bash"));
        command.args(["-c", CLIENT]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = Running(command.spawn().unwrap());
        Self {
            said: client.0.stdin.take().unwrap(),
            heard: BufReader::new(client.0.stdout.take().unwrap()),
            _client: client,
        }
    }

    /// Says something and hears it again, on the same connection as ever.
    #[track_caller]
    fn speak(&mut self) {
        writeln!(self.said, "still here").unwrap();
        let mut heard = String::new();
        self.heard.read_line(&mut heard).unwrap();
        assert_eq!(heard, "still here\n", "the session is cut off");
    }
}
