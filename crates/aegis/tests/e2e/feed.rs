//! A shared list is applied as blocks, whole or not at all, and frees them when it is over.

use std::fs;

use aegis::lab::node::LabNode;
use aegis_api::{FileId, Origin};

use crate::support::{
    block, blocked, indicator,
    shell::Said,
    until, until_blocked,
    world::{How, World, cli, join, kill_9},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("b", 12)];

/// So small that a list may be too long for it.
const CONFIG: &str = "[limits]\nblocks_max = 1000\n";

const LIST: &str = "ip,seen\n203.0.113.7,2026-11-20\n198.51.100.0/24 ; a network\n\
    # what no list may do\n127.0.0.1\n0.0.0.0/0\n192.168.0.0/16\n203.0.113.9\n203.0.113.8\n";

#[tokio::test]
async fn netns_a_list_is_blocked_until_it_is_forgotten_or_taken_back() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        config: CONFIG,
        ..How::default()
    };
    let mut nodes = vec![world.start("a", how).await, world.start("b", how).await];
    join(&mut nodes).await;
    let allowed = cli(&nodes[1], "allow 203.0.113.9");
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    nodes[1]
        .client
        .block(&block("203.0.113.8", 600))
        .await
        .unwrap();

    let file = share(&world, &nodes[0], LIST);
    let dry = get(&nodes[1], file, "--apply --dry-run").await;
    let says = "Would block 3 of the 7 that it lists";
    assert!(dry.out.contains(says), "{dry:?}");
    for left_out in [
        "1: protected",
        "1: on the allowlist",
        "1: too wide",
        "1: in a private range",
    ] {
        assert!(dry.out.contains(&format!("left out {left_out}")), "{dry:?}");
    }
    assert_eq!(blocked(&nodes[1].client).await, ["203.0.113.8"]);
    let applied = get(&nodes[1], file, "--apply").await;
    assert!(applied.out.contains("Blocking 3 of the 7"), "{applied:?}");
    for text in ["203.0.113.7", "198.51.100.0/24", "203.0.113.8"] {
        until_blocked(&nodes[1].client, text, true).await;
    }
    let listed = cli(&nodes[1], "feed list");
    let start: String = file.to_string().chars().take(8).collect();
    let line = listed.out.lines().find(|it| it.starts_with(&start));
    assert!(line.is_some_and(|it| it.contains("shared")), "{listed:?}");
    let as_csv = get(&nodes[1], file, "--apply --dry-run --format csv").await;
    // What no feed may list this one may not either: everybody is no entry.
    let says = "Would block 3 of the 6 that it lists";
    assert!(as_csv.out.contains(says), "{as_csv:?}");
    let as_stix = get(&nodes[1], file, "--apply --format stix").await;
    assert_eq!(as_stix.code, Some(2), "{as_stix:?}");
    assert!(as_stix.err.contains("file: not the format"), "{as_stix:?}");
    let why = nodes[1].client.why(indicator("203.0.113.7")).await.unwrap();
    assert_eq!(
        (why.decisions[0].origin, why.decisions[0].file),
        (Origin::Feed, Some(file))
    );

    // It holds over a crash, and is gone with the file; what the operator blocked stays.
    kill_9(nodes.pop().unwrap());
    nodes.push(world.start("b", how).await);
    until_blocked(&nodes[1].client, "198.51.100.0/24", true).await;
    let forgotten = cli(&nodes[1], &format!("file forget {file}"));
    assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
    until_blocked(&nodes[1].client, "203.0.113.7", false).await;
    assert_eq!(blocked(&nodes[1].client).await, ["203.0.113.8"]);

    // Its author takes it back.
    let applied = get(&nodes[1], file, "--apply").await;
    assert_eq!(applied.code, Some(0), "{applied:?}");
    until_blocked(&nodes[1].client, "203.0.113.7", true).await;
    let withdrawn = cli(&nodes[0], &format!("file forget {file}"));
    assert_eq!(withdrawn.code, Some(0), "{withdrawn:?}");
    until_blocked(&nodes[1].client, "203.0.113.7", false).await;

    check_refusals(&world, &nodes).await;
}

/// What does not fit, and what is no list, is refused whole.
async fn check_refusals(world: &World, nodes: &[LabNode]) {
    let line = |number: u32| format!("{}\n", std::net::Ipv4Addr::from_bits(0x0b00_0000 + number));
    let long: String = (0..1_000).map(line).collect();
    for (list, code, says) in [
        (&*long, 1, "nothing of it was applied"),
        ("203.0.113.7\nno address\n", 2, "line 2 does not begin with"),
    ] {
        let file = share(world, &nodes[0], list);
        let refused = get(&nodes[1], file, "--apply").await;
        assert_eq!(refused.code, Some(code), "{refused:?}");
        assert!(refused.err.contains(says), "{refused:?}");
        assert_eq!(blocked(&nodes[1].client).await, ["203.0.113.8"]);
    }
}

/// Shares a list, and returns its id.
fn share(world: &World, node: &LabNode, list: &str) -> FileId {
    let path = world.dir().join("list.csv");
    fs::write(&path, list).unwrap();
    let what = format!("file share {} --severity major", path.display());
    let shared = cli(node, &what);
    assert_eq!(shared.code, Some(0), "{shared:?}");
    shared.out.lines().last().unwrap().trim().parse().unwrap()
}

/// Fetches a file as soon as the node has heard of it.
async fn get(node: &LabNode, file: FileId, flags: &str) -> Said {
    let heard = async || node.client.file(file).await.ok();
    until("it has heard of the file", heard).await;
    cli(node, &format!("file get {file} {flags}"))
}
