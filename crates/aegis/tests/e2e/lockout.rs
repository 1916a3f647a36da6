//! Nobody locks the operator out: every way in which a block can be asked for, against everything
//! that a host stands on, while the operator's session lies open and must stay so.
//!
//! Another way is another [`Way`] with its line in `ask`; another thing to protect is a line of
//! `TARGETS`.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr},
};

use aegis::lab::node::LabNode;
use aegis_api::{
    ClientError, FileId, Indicator, NodeId, NodeMode, RefusalLine, ReportRequest, ReportsRequest,
};
use serde_json::{Value, json};

use crate::support::{
    block, blocked, code,
    host::{Flood, flood, ip, open_door, pings, visit},
    indicator,
    role::{Play, Role},
    session::Session,
    until, until_refused,
    web::{self, Web},
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

/// Who listens on the node's host, and where.
const API_PORT: u16 = 9002;
const LAPI_PORT: u16 = 8081;

/// Somebody whom nothing protects: where the target is refused, this one is blocked all the same.
const BESIDE: &str = "203.0.113.200";

/// The same on lists that somebody shares: those block nobody whom the operator has unblocked.
const LISTED: &str = "203.0.113.201";

/// The ways in which a block can be asked for.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The command line, with and without force.
    CommandLine,
    Console,
    /// The HTTP API on the control socket, with and without force.
    Api,
    /// The HTTP API over TCP, with a key that decides and with the operator's.
    Tcp,
    /// The Local API of CrowdSec, by a machine's key and by the operator's.
    Lapi,
    /// What a program on the host says that it saw.
    Report,
    /// A list that somebody shares and the operator applies.
    List,
    /// A list that the operator has in a file.
    Import,
    /// The word of a peer that signs whatever it likes.
    Peer,
    /// The kernel's own detectors, by packets in the target's name.
    Detector,
}

const WAYS: [Way; 10] = [
    Way::CommandLine,
    Way::Console,
    Way::Api,
    Way::Tcp,
    Way::Lapi,
    Way::Report,
    Way::List,
    Way::Import,
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
    keys: Keys,
}

/// The secrets of keys, by what they may do.
struct Keys {
    decide: String,
    admin: String,
    read: String,
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
        ("gateway", 1),
        ("resolver", 53),
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
    let keys = Keys {
        decide: web::key(&node, "decider", "decide"),
        admin: web::key(&node, "boss", "admin"),
        read: web::key(&node, "edge", "read"),
    };
    let scene = Scene {
        liar: liar.node_id(),
        world: &world,
        node,
        sharer,
        keys,
    };
    // It is there all the time: what it says is not to come between the two others either.
    let _liar = liar.start(world.host("liar"), test);
    for way in WAYS {
        for target in TARGETS {
            scene.ask(way, target).await;
            session.speak();
            scene.passes(way, target).await;
        }
        let status = scene.node.client.status().await.unwrap();
        assert_eq!(status.ruleset.actual, 0, "{way:?}");
    }
    scene.tells_why().await;
}

/// The session of somebody whom nothing protects is cut off by a block, and is back by itself, the same
/// connection, where the operator enforces on trial and cannot confirm.
#[tokio::test]
async fn netns_a_trial_gives_a_session_back_that_it_cut_off() {
    let Some(world) = World::new(&[("a", 11), ("admin", 7)]) else {
        return;
    };
    let how = How {
        flags: &["--observe", "--no-p2p"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let _server = open_door(world.host("a")).await;
    let mut session = Session::open(&world);
    session.speak();
    node.client.block(&block(ADMIN, 3600)).await.unwrap();
    session.speak();
    let said = cli(&node, "enforce --confirm 3s");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(pings(world.host("admin"), OWN, 2), 0, "it is cut off");
    session.speak(); // once it is let in again, and not before
    let status = node.client.status().await.unwrap();
    assert_eq!(status.mode, NodeMode::Observe);
    assert_eq!(status.blocks_active, 1, "the list is as it was");
    assert_eq!(pings(world.host("admin"), OWN, 2), 2);
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
    let config = format!(
        "auto_publish = true\n[api]\nenabled = true\nlisten = \"127.0.0.1:{API_PORT}\"\n\
         [lapi]\nenabled = true\nlisten = \"127.0.0.1:{LAPI_PORT}\"\n"
    );
    let how = How {
        config: &config,
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
                    assert!(said(&answer).contains(reason), "{what}: {answer:?}");
                    assert_eq!(code(answer), expected, "{what}");
                }
            }
            Way::Tcp => self.ask_tcp((target, expected, reason)),
            Way::Lapi => self.ask_lapi((target, expected, reason)).await,
            Way::Report => {
                let request = ReportsRequest {
                    reports: vec![report(target)],
                };
                let outcomes = self.node.client.report(&request).await.unwrap();
                let refused = outcomes.reports[0].refused.clone();
                assert!(refused.is_some(), "{what}");
                let refused = refused.unwrap();
                assert_eq!(refused.code.as_str(), expected, "{what}");
                assert!(refused.message.contains(reason), "{what}: {refused:?}");
            }
            Way::List => self.apply((target, expected, reason)).await,
            Way::Import => {
                // Nobody is imported whom the operator has unblocked: somebody else each time.
                let nth = TARGETS.iter().position(|it| it.0 == target).unwrap();
                let beside = format!("203.0.113.{nth}");
                let list = self.list("import.txt", [target, &beside]);
                let said = cli(&self.node, &format!("import list {list} --for 5m"));
                let refused = format!("refused 1: 1 {expected}");
                assert!(said.out.contains(&refused), "{what}: {said:?}");
                assert!(said.out.contains(reason), "{what}: {said:?}");
                self.free(&beside, &what).await;
            }
            Way::Peer => {
                until_refused(&self.node.client, target, self.liar, expected).await;
                let why = self.node.client.why(indicator(target)).await.unwrap();
                // What covers the target and was refused is told with it.
                let of_liar = |it: &&RefusalLine| it.author == Some(self.liar);
                let mut refusals = why.refusals.iter().filter(of_liar);
                let is_named =
                    refusals.any(|it| it.code == expected && it.message.contains(reason));
                assert!(is_named, "{what}: {:?}", why.refusals);
            }
            Way::Detector => self.forge(target).await,
        }
    }

    /// Sees that nobody is blocked, that it can be told why, and that everybody gets through.
    async fn passes(&self, way: Way, (target, expected, reason): (&str, &str, &str)) {
        let what = format!("{target} by {way:?}");
        let why = self.node.client.why(indicator(target)).await.unwrap();
        assert!(why.exempt.is_some(), "{what}");
        let exempt = why.exempt.unwrap();
        assert!(!why.blocked, "{what}");
        assert_eq!(exempt.kind, expected, "{what}");
        assert!(exempt.reason.contains(reason), "{what}: {exempt:?}");
        assert_eq!(blocked(&self.node.client).await, [""; 0], "{what}");
        for name in ["admin", "gateway", "resolver", "a"] {
            let seen = visit(self.world.host(name), OWN, 1);
            assert_eq!(seen.answered, 1, "{what}: {name} is cut off");
        }
        let own = self.world.host("a");
        assert_eq!(visit(own, Ipv4Addr::LOCALHOST, 1).answered, 1, "{what}");
        assert_eq!(pings(own, Ipv6Addr::LOCALHOST, 1), 1, "{what}");
    }

    /// Asks as a program with a key does, by a request of its own.
    fn ask_tcp(&self, (target, expected, reason): (&str, &str, &str)) {
        for secret in [&self.keys.decide, &self.keys.admin] {
            for force in [false, true] {
                let mut request = block(target, 300);
                request.force = force;
                let body = serde_json::to_value(request).unwrap();
                let (status, said) = self.web(API_PORT, secret).ask("POST /v1/block", &body);
                assert_eq!(said["code"], expected, "{target}: {said}");
                assert!((400..500).contains(&status), "{target}: {status}");
                let message = said["message"].as_str().unwrap();
                assert!(message.contains(reason), "{target}: {message}");
            }
        }
    }

    /// Logs in and asks as an agent does, for a block of the target and of somebody besides; the bouncer
    /// is told of the latter only.
    async fn ask_lapi(&self, (target, expected, reason): (&str, &str, &str)) {
        for (machine, secret) in [("decider", &self.keys.decide), ("boss", &self.keys.admin)] {
            let what = format!("{target} by {machine}");
            let credentials = json!({ "machine_id": machine, "password": secret });
            let nobody = self.web(LAPI_PORT, "");
            let (status, said) = nobody.ask("POST /v1/watchers/login", &credentials);
            assert_eq!(status, 200, "{what}: {said}");
            let agent = Web {
                header: format!("authorization: Bearer {}", said["token"].as_str().unwrap()),
                ..nobody
            };
            let (status, ids) = agent.ask("POST /v1/alerts", &alert(target));
            assert_eq!(status, 201, "{what}: {ids}");
            let shown = format!("GET /v1/alerts/{}", ids[0].as_str().unwrap());
            let (_, alert) = agent.ask(&shown, &Value::Null);
            let message = alert["message"].as_str().unwrap();
            let refused = format!("refused {target}: {expected}: ");
            assert!(message.contains(&refused), "{what}: {message}");
            assert!(message.contains(reason), "{what}: {message}");
            let bouncer = self.web(LAPI_PORT, &self.keys.read);
            for list in ["decisions", "decisions/stream?startup=true"] {
                let (status, told) = bouncer.ask(&format!("GET /v1/{list}"), &Value::Null);
                let new = if told.is_array() { &told } else { &told["new"] };
                let values: Vec<_> = new.as_array().unwrap().iter().collect();
                assert_eq!(status, 200, "{what}: {told}");
                assert_eq!(values.len(), 1, "{what}: {told}");
                assert_eq!(values[0]["value"], BESIDE, "{what}: {told}");
            }
            self.free(BESIDE, &what).await;
        }
    }

    /// Has a list with the target shared, fetched and applied.
    async fn apply(&self, (target, expected, _): (&str, &str, &str)) {
        let list = self.list("shared.csv", [target, LISTED]);
        let shared = cli(&self.sharer, &format!("file share {list} --severity major"));
        let file: FileId = shared.out.lines().last().unwrap().trim().parse().unwrap();
        let heard = async || self.node.client.file(file).await.ok();
        until("the node has heard of the file", heard).await;
        let applied = cli(&self.node, &format!("file get {file} --apply"));
        let words = expected.replace('_', " ");
        let left_out = format!("left out 1: {words}");
        assert!(applied.out.contains(&left_out), "{target}: {applied:?}");
        assert_eq!(blocked(&self.node.client).await, [LISTED], "{target}");
        let forgotten = cli(&self.node, &format!("file forget {file}"));
        assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
        let freed = async || blocked(&self.node.client).await.is_empty().then_some(());
        until("what was listed besides is free again", freed).await;
    }

    /// Writes a list; returns where it is.
    fn list(&self, name: &str, entries: [&str; 2]) -> String {
        let path = self.world.dir().join(name);
        fs::write(&path, entries.join("\n") + "\n").unwrap();
        path.display().to_string()
    }

    /// Sees that only somebody besides is blocked, and ends that.
    async fn free(&self, beside: &str, what: &str) {
        assert_eq!(blocked(&self.node.client).await, [beside], "{what}");
        let said = cli(&self.node, &format!("unblock {beside}"));
        assert_eq!(said.code, Some(0), "{what}: {said:?}");
    }

    fn web(&self, port: u16, secret: &str) -> Web<'_> {
        Web {
            host: self.world.host("a"),
            port,
            header: format!("x-api-key: {secret}"),
        }
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
            assert!(why.past.is_some(), "{target}");
            // Nothing is offered that would not be done.
            let is_honest = expected != "protected" || why.commands.is_empty();
            assert!(is_honest, "{target}: {:?}", why.commands);
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

/// Returns what an agent sends that wants the target and somebody besides blocked.
fn alert(target: &str) -> Value {
    let decision = |value: &str| {
        let scope = if value.contains('/') { "Range" } else { "Ip" };
        json!({
            "origin": "crowdsec", "type": "ban", "scope": scope, "value": value,
            "duration": "4h", "scenario": "crowdsecurity/ssh-bf", "simulated": false,
        })
    };
    let source = decision(target);
    json!([{
        "scenario": "crowdsecurity/ssh-bf", "message": "", "events_count": 6, "events": [],
        "source": { "scope": source["scope"], "value": target }, "simulated": false,
        "remediation": true, "decisions": [source, decision(BESIDE)],
    }])
}

fn report(target: &str) -> ReportRequest {
    ReportRequest {
        indicator: indicator(target),
        threat_type: "brute_force".parse().unwrap(),
        severity: None,
        duration_secs: None,
        evidence: None,
        source: "fail2ban/sshd".parse().unwrap(),
        events: 5,
        reason: None,
        share: true,
        restored: false,
    }
}

/// Returns what a refusal says to a person.
fn said<T>(answer: &Result<T, ClientError>) -> String {
    match answer {
        Err(ClientError::Refused(refusal)) => refusal.message.clone(),
        Err(_) | Ok(_) => String::new(),
    }
}
