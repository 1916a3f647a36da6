//! A file for the members of an organisation goes round: five of them fetch it from two holders, of
//! which one is killed half way, while a third serves corrupted chunks, and one of the five is killed
//! and started again. A node that is no member, and one that was, try everything and get nothing.

use std::{fs, path::Path, process::Command, time::Duration};

use aegis::lab::node::LabNode;
use aegis_api::{Client, FileId, FileLine, FileState, NodeId, OrganisationId};
use tokio::time::timeout;

use crate::support::{
    AEGIS, DEADLINE, block, corrupter,
    founder::{admit, found, node_id, sign, until_expelled},
    outsider::{IS_MEMBER, Outsider, Spoils},
    role::{Play, Role, Talking},
    shell::{Said, run},
    until, until_in,
    world::{How, World, cli, join, kill_9},
};

const HOSTS: [(&str, u8); 10] = [
    ("author", 11),
    ("holder", 12),
    ("liar", 13),
    ("stranger", 14),
    ("expelled", 15),
    ("m1", 21),
    ("m2", 22),
    ("m3", 23),
    ("m4", 24),
    ("m5", 25),
];

const MEMBERS: [&str; 5] = ["m1", "m2", "m3", "m4", "m5"];

/// How many MiB the file has, unless the environment says more.
const MIB_DEFAULT: usize = 20;

/// Says in the environment how many MiB the file has.
const MIB: &str = "AEGIS_E2E_FILE_MIB";

/// How long a MiB may take to go round, and anything to begin: far more than it does, for busy
/// machines.
const MIB_IN: Duration = Duration::from_secs(9);

/// The fewest times that an outsider is to be told that there is nothing for it: as often as it asks in
/// two rounds of two nodes.
const REFUSED_MIN: u32 = 120;

/// What the members are told of.
const SECRET: &str = "203.0.113.3";

const CONFIG: &str = "[log]\ncreate_p2p_logfile = true\n";

const TEST: &str =
    "files::netns_a_file_reaches_five_members_and_nobody_else_though_holders_die_and_lie";

#[tokio::test]
async fn netns_a_file_reaches_five_members_and_nobody_else_though_holders_die_and_lie() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let path = world.dir().join("rules.bin");
    let content = random(mib() << 20);
    fs::write(&path, &content).unwrap();
    let mut nodes = start(&world).await;
    let organisation = found(&nodes[0]).await;
    for node in &nodes {
        admit(&nodes[0], node, "member").await;
    }
    let what = format!(
        "file share {} --to ACME --severity critical",
        path.display()
    );
    let shared = cli(&nodes[0], &what);
    assert_eq!(shared.code, Some(0), "{shared:?}");
    let file = offered(&nodes).await;
    let got = cli(&nodes[1], &format!("file get {}", &file.to_string()[..12]));
    assert_eq!(got.code, Some(0), "{got:?}");
    let mut outsiders = start_outsiders(&world, &nodes, (organisation, file)).await;
    let liar = Role {
        key: 66,
        to: node_id(&nodes[2]).await.to_string(),
        play: Play::Corrupt(path.display().to_string(), None),
    };
    let membership = sign(&nodes[0], liar.node_id(), "member");
    let liar = Role {
        play: Play::Corrupt(path.display().to_string(), Some(membership)),
        ..liar
    };
    let liar_id = liar.node_id();
    let _liar = liar.start(world.host("liar"), TEST);
    let began_at = crate::support::now();
    for node in &nodes[2..] {
        corrupter::until_met(&node.client, liar_id).await;
        node.client.fetch_file(file).await.unwrap();
    }
    until_part(&nodes[2].client, file).await;
    kill_9(nodes.remove(1));
    kill_and_start_last(&world, &mut nodes, file).await;
    let kept = async {
        for node in &nodes[1..] {
            until_kept(&node.client, file).await;
        }
    };
    timeout(round_in(), kept)
        .await
        .expect("all have it in time");
    let took = crate::support::now().since(began_at);
    eprintln!("{} MiB at five nodes after {took:?}", mib());
    for (node, host) in nodes[1..].iter().zip(MEMBERS) {
        let copy = world.dir().join(format!("copy-{host}"));
        let said = get(node, file, &copy);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(fs::read(&copy).unwrap() == content, "the copy of {host}");
    }
    for outsider in &mut outsiders {
        outsider.end();
        let spoils: Spoils = outsider.says().await;
        eprintln!("an outsider: {spoils:?}");
        assert_eq!(spoils.got, [""; 0]);
        assert!(spoils.refused >= REFUSED_MIN, "{spoils:?}");
    }
    check_blame(&world, &liar_id.to_string()).await;
    check_trust(&nodes).await;
    check_distrust(&nodes[1..], liar_id).await;
}

/// Starts one that never was a member, and one that is one until it has shown that it was; and has them
/// try everything.
async fn start_outsiders(
    world: &World,
    nodes: &[LabNode],
    (organisation, file): (OrganisationId, FileId),
) -> [Talking; 2] {
    let mut ids = Vec::new();
    for node in nodes {
        ids.push(node_id(node).await.to_string());
    }
    let pry = |key, membership| Role {
        key,
        to: String::new(),
        play: Play::Pry(Outsider {
            file: file.to_string(),
            size: (mib() << 20) as u64,
            organisation: organisation.to_string(),
            membership,
            nodes: ids.clone(),
            secret: SECRET.to_owned(),
        }),
    };
    let to = ids[2].clone();
    let expelled_id = pry(68, None).node_id();
    let membership = sign(&nodes[0], expelled_id, "member");
    let [stranger, expelled] = [("stranger", 67, None), ("expelled", 68, Some(membership))].map(
        |(host, key, membership)| {
            let to = to.clone();
            let role = Role {
                to,
                ..pry(key, membership)
            };
            Talking::start(&role, world.host(host), TEST)
        },
    );
    let said: String = expelled.says().await;
    assert_eq!(said, IS_MEMBER, "it has had a chunk");
    let revoked = cli(&nodes[0], &format!("org revoke ACME {expelled_id}"));
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    for node in nodes {
        until_expelled(node, 1).await;
    }
    // There is something else to get for members only.
    let mut secret = block(SECRET, 3600);
    secret.to = Some(organisation);
    nodes[0].client.block(&secret).await.unwrap();
    let mut outsiders = [stranger, expelled];
    outsiders.iter_mut().for_each(Talking::go_on);
    outsiders
}

/// Kills the last node when it has a part of the file, and starts it again: it goes on by itself.
async fn kill_and_start_last(world: &World, nodes: &mut Vec<LabNode>, file: FileId) {
    until_part(&nodes.last().unwrap().client, file).await;
    let fetching = line(&nodes.last().unwrap().client, file).await;
    assert_eq!(
        fetching.state,
        FileState::Fetching,
        "it was to be killed half way"
    );
    kill_9(nodes.pop().unwrap());
    nodes.push(world.start("m5", how()).await);
    let began = line(&nodes.last().unwrap().client, file).await;
    assert_ne!(began.state, FileState::Offered, "it goes on by itself");
}

fn how() -> How<'static> {
    How {
        config: CONFIG,
        ..How::default()
    }
}

async fn start(world: &World) -> Vec<LabNode> {
    let mut nodes = Vec::new();
    for host in ["author", "holder"].into_iter().chain(MEMBERS) {
        nodes.push(world.start(host, how()).await);
    }
    join(&mut nodes).await;
    nodes
}

/// Waits until all nodes have heard of the one file.
async fn offered(nodes: &[LabNode]) -> FileId {
    let mut file = None;
    for node in nodes {
        let found = until("the file is offered", async || {
            let page = node.client.files(Default::default()).await.ok()?;
            page.items.first().map(|it| it.file)
        });
        file = Some(found.await);
    }
    file.unwrap()
}

async fn line(client: &Client, file: FileId) -> FileLine {
    client.file(file).await.unwrap()
}

async fn until_part(client: &Client, file: FileId) {
    until_in(round_in(), "a part of it is here", async || {
        let line = client.file(file).await.ok()?;
        (line.chunks_here * 5 >= line.chunks).then_some(())
    })
    .await;
}

/// Waits for longer than others: it is for the whole round.
async fn until_kept(client: &Client, file: FileId) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        let line = line(client, file).await;
        assert_eq!(line.problem, None);
        if line.state == FileState::Kept {
            return;
        }
    }
}

fn get(node: &LabNode, file: FileId, copy: &Path) -> Said {
    let mut command = Command::new(AEGIS);
    command.arg("--socket").arg(&node.socket);
    command.args(["file", "get", &file.to_string(), "--output"]);
    run(command.arg(copy))
}

/// Checks that the liar is blamed for its bytes, by those who asked it, and nobody else for anything.
async fn check_blame(world: &World, liar_id: &str) {
    let mut accusers = 0;
    for host in MEMBERS {
        let path = world.dir().join(host).join("state/log/p2p.log");
        let wrong = until("the log is written", async || {
            let text = fs::read_to_string(&path).ok()?;
            let of_kind = |it: &&str| it.contains("\"misbehaved\"");
            let lines: Vec<String> = text.lines().filter(of_kind).map(str::to_owned).collect();
            Some(lines)
        });
        let wrong = wrong.await;
        let is_of_liar = |it: &String| it.contains(liar_id) && it.contains("WrongBytes");
        assert!(wrong.iter().all(is_of_liar), "{host}: {wrong:?}");
        accusers += usize::from(!wrong.is_empty());
    }
    assert!(accusers > 0, "nobody has noticed the liar");
}

/// Checks that whoever served what it should is trusted as before.
async fn check_trust(nodes: &[LabNode]) {
    let author = node_id(&nodes[0]).await;
    for node in &nodes[1..] {
        let trust = node.client.trust(author).await.unwrap();
        assert_eq!((trust.trust_percent, trust.wrong), (100, 0), "{trust:?}");
    }
}

/// Checks that whoever noticed the liar trusts it less for that.
async fn check_distrust(nodes: &[LabNode], liar: NodeId) {
    let mut told = 0;
    for node in nodes {
        let trust = node.client.trust(liar).await.unwrap();
        if trust.misdeeds == 0 {
            assert_eq!(
                (trust.trust_percent, trust.penalty_percent),
                (100, 0),
                "{trust:?}"
            );
            continue;
        }
        told += 1;
        let (trust_percent, penalty) = (trust.trust_percent, trust.penalty_percent);
        assert!(trust_percent < 70 && penalty >= 49, "{trust:?}");
        let said = cli(node, &format!("trust {liar}"));
        assert!(said.out.contains("broke the protocol"), "{said:?}");
    }
    assert!(told > 0, "nobody holds it against the liar");
}

/// Returns how long it may take until all have the file.
fn round_in() -> Duration {
    DEADLINE + MIB_IN * u32::try_from(mib()).unwrap()
}

fn mib() -> usize {
    let said = std::env::var(MIB).ok();
    said.map_or(MIB_DEFAULT, |it| it.parse().unwrap())
}

/// Returns bytes of a generator (SplitMix64), so that no two chunks are alike.
fn random(bytes: usize) -> Vec<u8> {
    let mut state = 0_u64;
    let words = (0..bytes.div_ceil(8)).flat_map(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).to_le_bytes()
    });
    words.take(bytes).collect()
}
