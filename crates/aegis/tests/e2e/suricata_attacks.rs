//! Attacks on the wire that a real Suricata sees: attackers are dropped in the kernel, victims and bystanders are not.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use aegis::lab::{node::LabNode, testbed::Host};

use crate::support::{
    debian13::Debian13,
    host::{Running, ip},
    indicator, logs,
    shell::run,
    suricata::{Setup, Suricata},
    until, until_blocked,
    world::World,
};

const ATTACKER: &str = "10.77.0.66";
const BYSTANDER: &str = "10.77.0.68";

/// What attackers ask for and what the attacked answer. All but the first match whoever sends it to whom.
const ASKED: u64 = 9_000_001;
const ANSWERED: u64 = 9_000_002;
const SENT: u64 = 9_000_003;
const DECLARED: u64 = 9_000_004;
const ATTACKS: &str = r#"
alert http any any -> any any (msg:"users are asked for"; flow:established,to_server; http.uri.raw; content:"/etc/passwd"; classtype:web-application-attack; sid:9000001; rev:1;)
alert tcp any any -> any any (msg:"id check returned root"; flow:established; content:"uid=0(root)"; classtype:successful-admin; sid:9000002; rev:1;)
alert tcp any any -> any any (msg:"users are sent"; flow:established; content:"daemon:x:1:1"; classtype:web-application-attack; sid:9000003; rev:1;)
alert tcp any any -> any any (msg:"a shell is given"; flow:established; content:"root-shell"; classtype:attempted-admin; target:src_ip; sid:9000004; rev:1;)
"#;

const HOSTS: [(&str, u8); 5] = [
    ("a", 11),
    ("attacker", 66),
    ("neighbour", 67),
    ("bystander", 68),
    ("other", 69),
];

#[tokio::test]
async fn netns_suricata_sees_attacks_and_attackers_are_dropped_and_no_victim_and_no_bystander() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let (host, attacker, neighbour) = (
        world.host("a"),
        world.host("attacker"),
        world.host("neighbour"),
    );
    ip(host, "addr add 2001:db8::11/64 dev eth0 nodad");
    ip(attacker, "addr add 2001:db8::66/64 dev eth0 nodad");
    let _servers = [serve(&world, "a").await, serve(&world, "neighbour").await];
    let values = [format!(
        "vars.address-groups.HOME_NET=[{}/32]",
        host.address
    )];
    let setup = Setup {
        debian: &debian,
        host,
        dir: world.dir(),
        rules: ATTACKS,
        values: &values,
    };
    let suricata = setup.start().await;
    let node = reading(&world, &suricata).await;
    let own = host.address.to_string();
    // This host is the client: neither what it asks for nor what it is sent is anybody's attack on it.
    let theirs = neighbour.address.to_string();
    assert!(fetch(host, &theirs, "/id") && fetch(host, &theirs, "/../../etc/passwd"));
    // What a server sends tells of no attack where the rule does not say whose it is.
    assert!(fetch(world.host("bystander"), &own, "/users"));
    // The victim sends the packet that matches: he answers.
    assert!(fetch(attacker, &own, "/id"));
    until_blocked(&node.client, ATTACKER, true).await;
    assert!(!fetch(attacker, &own, "/id"));
    fetch(attacker, "2001:db8::11", "/../../etc/passwd");
    until_blocked(&node.client, "2001:db8::66", true).await;
    assert!(!fetch(attacker, "2001:db8::11", "/id"));
    fetch(world.host("other"), &own, "/shell");
    until_blocked(&node.client, "10.77.0.69", true).await;
    for (signature, sender) in [
        (ANSWERED, &*theirs),
        (ASKED, &own),
        (SENT, &own),
        (ANSWERED, &own),
        (DECLARED, &own),
        (ASKED, "2001:db8::66"),
    ] {
        let count = suricata.count(signature, sender);
        assert!(
            count > 0,
            "{signature} by {sender}: {:?}",
            suricata.alerts()
        );
    }
    for innocent in [&own, &theirs, BYSTANDER, "2001:db8::11"] {
        until_blocked(&node.client, innocent, false).await;
    }
    assert!(fetch(world.host("bystander"), &own, "/") && fetch(host, &theirs, "/"));
    let why = node.client.why(indicator(ATTACKER)).await.unwrap();
    let reason = why.reports[0].reason.as_ref().unwrap().as_str();
    assert_eq!(
        reason,
        "rule suricata_severity_1: 1:9000002 id check returned root"
    );
}

/// Serves one visitor, on a service's port, when its standard input says so.
const SLOW_SERVER: &str = "import socket, sys\n\
    listener = socket.create_server(('', 80))\n\
    print('ready', flush=True)\n\
    visitor, _ = listener.accept()\n\
    visitor.recv(1000)\n\
    print('asked', flush=True)\n\
    sys.stdin.readline()\n\
    visitor.sendall(b'daemon:x:1:1')\n\
    visitor.recv(1000)\n";
const VISITOR: &str = "import socket, sys\n\
    connection = socket.create_connection((sys.argv[1], 80), timeout=20)\n\
    connection.sendall(b'users?')\n\
    assert connection.recv(1000) == b'daemon:x:1:1'\n";

#[tokio::test]
async fn netns_suricata_that_started_after_a_connection_has_not_the_server_dropped_that_answers() {
    let Some(world) = World::new(&[("a", 11), ("attacker", 66), ("neighbour", 67)]) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let (host, neighbour) = (world.host("a"), world.host("neighbour"));
    let _door = serve(&world, "a").await;
    let mut python = neighbour.command("python3");
    python
        .args(["-c", SLOW_SERVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut server = Running(python.spawn().unwrap());
    let mut said = BufReader::new(server.0.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    let theirs = neighbour.address.to_string();
    let visitor = host
        .command("python3")
        .args(["-c", VISITOR, &theirs])
        .spawn();
    let mut visitor = Running(visitor.unwrap());
    assert_eq!(said.next().unwrap().unwrap(), "asked");
    let setup = Setup {
        debian: &debian,
        host,
        dir: world.dir(),
        rules: "alert tcp any any -> any any (msg:\"users are sent\"; content:\"daemon:x:1:1\"; \
                classtype:web-application-attack; sid:9000003; rev:1;)\n",
        values: &[],
    };
    let suricata = setup.start().await;
    let node = reading(&world, &suricata).await;
    server.0.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(visitor.0.wait().unwrap().success());
    until("it is seen", async || {
        (suricata.count(SENT, &theirs) > 0).then_some(())
    })
    .await;
    let eve = fs::read_to_string(suricata.eve()).unwrap();
    let mut lines = eve.lines().filter(|it| it.contains("users are sent"));
    let is_to_server = |it: &str| it.contains("\"direction\":\"to_server\"");
    assert!(
        lines.all(is_to_server),
        "it took the server for the client: {eve}"
    );
    // What follows in the log is acted on.
    fetch(world.host("attacker"), "10.77.0.11", "/?daemon:x:1:1");
    until_blocked(&node.client, ATTACKER, true).await;
    until_blocked(&node.client, &theirs, false).await;
}

/// Starts a node that reads what Suricata writes.
async fn reading(world: &World, suricata: &Suricata) -> LabNode {
    let more = format!(
        "suricata = [{:?}]\nhome_net = [\"10.77.0.11\"]\n",
        suricata.eve()
    );
    let node = logs::start(world, "a", &more).await;
    until("the log is read", async || {
        let status = node.client.status().await.ok()?;
        (!status.logs?.is_empty()).then_some(())
    })
    .await;
    node
}

const PORT: &str = "8080";

/// Starts Python's web server on a host and waits until it serves.
async fn serve(world: &World, name: &str) -> Running {
    let files = world.dir().join("www");
    fs::create_dir_all(&files).unwrap();
    for (file, text) in [
        ("id", "uid=0(root) gid=0(root) groups=0(root)\n"),
        ("users", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"),
        ("shell", "root-shell\n"),
    ] {
        fs::write(files.join(file), text).unwrap();
    }
    let host = world.host(name);
    let mut command = host.command("python3");
    command
        .args(["-m", "http.server", PORT, "--bind", "::", "--directory"])
        .arg(&files);
    let log = fs::File::create(world.dir().join(format!("{name}-www"))).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let server = Running(command.spawn().unwrap());
    until("the server serves", async || {
        fetch(host, "127.0.0.1", "/").then_some(())
    })
    .await;
    server
}

/// Asks for something as it is spelled; returns whether there was an answer.
fn fetch(host: &Host, server: &str, target: &str) -> bool {
    const CLIENT: &str = "import http.client, sys\n\
        connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=1)\n\
        connection.request('GET', sys.argv[3])\n\
        connection.getresponse().read()\n";
    let said = run(host
        .command("python3")
        .args(["-c", CLIENT, server, PORT, target]));
    said.code == Some(0)
}
