//! Places: what databases say is shown, regions are blocked by them in the kernel, and a file that is
//! replaced, whole or damaged, does what it should.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis::lab::node::LabNode;
use aegis_api::{Indicator, RegionBlock, RegionRequest};
use aegis_intel::place::writer::Writer;

use crate::support::{
    block, code,
    host::pings,
    indicator, now, until, until_blocked, until_in,
    world::{How, World, cli, kill_9},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("near", 7), ("far", 66)];

/// A /24 of the tests' network is private, which no region may block; so the hosts have public addresses
/// besides.
const FAR: &str = "203.0.113.66";

/// Prefixes of the large country.
const MANY: u32 = 120_000;

/// How long those may take, without optimisation and beside other tests.
const PATIENCE: Duration = Duration::from_secs(120);

fn database(world: &World) -> PathBuf {
    world.dir().join("places.mmdb")
}

/// Puts another file in the place of the database, at once.
fn replace(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(&new, path).unwrap();
}

/// Returns a database in which `country` has these prefixes, and a large one has many.
fn countries(country: &str, prefixes: &[&str]) -> Vec<u8> {
    let mut writer = Writer::default();
    let record = writer.country("EU", country);
    for prefix in prefixes {
        writer.insert(indicator(prefix), record);
    }
    let large = writer.country("AS", "ZZ");
    for number in 0..MANY {
        // Every other /24, so that no two of them are one.
        let address = std::net::Ipv4Addr::from_bits(0x3000_0000 + (number << 9));
        writer.insert(Indicator::prefix(address.into(), 24).unwrap(), large);
    }
    writer.finish()
}

async fn start(world: &World, policy: &str) -> LabNode {
    let path = database(world);
    let config = format!("[place]\ndatabases = [{path:?}]\n[policy]\n{policy}");
    let how = How {
        config: &config,
        flags: &["--no-p2p"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    until("the database is read", async || {
        let why = node.client.why(indicator(FAR)).await.ok()?;
        why.location.map(|_| ())
    })
    .await;
    node
}

fn give(world: &World, host: &str, address: &str) {
    let add = format!("addr add {address}/24 dev eth0");
    crate::support::host::ip(world.host(host), &add);
}

/// Returns whether pings from a public address are answered.
fn gets_in(world: &World, host: &str, from: &str) -> bool {
    let mut command = world.host(host).command("ping");
    command.args(["-n", "-c", "1", "-W", "1", "-I", from, "203.0.113.11"]);
    crate::support::shell::run(&mut command).code == Some(0)
}

async fn region(node: &LabNode, text: &str) -> Option<RegionBlock> {
    let list = node.client.regions().await.ok()?;
    let wanted = text.parse().ok()?;
    list.regions.into_iter().find(|it| it.region == wanted)
}

#[tokio::test]
async fn netns_a_region_is_blocked_as_the_databases_have_it_and_nobody_is_locked_out() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let path = database(&world);
    let everywhere = ["203.0.113.0/26", "203.0.113.64/26", "198.51.100.0/24"];
    replace(&path, &countries("DE", &everywhere));
    for (host, address) in [
        ("a", "203.0.113.11"),
        ("near", "203.0.113.70"),
        ("far", FAR),
    ] {
        give(&world, host, address);
    }
    let node = start(&world, "").await;
    let why = node.client.why(indicator(FAR)).await.unwrap();
    assert_eq!(why.location.unwrap().country.as_deref(), Some("DE"));
    assert!(gets_in(&world, "far", FAR) && gets_in(&world, "near", "203.0.113.70"));
    assert_eq!(cli(&node, "allow 203.0.113.70").code, Some(0));

    // The host's own address lies in one of the three, which is blocked around it; what is allowed
    // passes.
    let said = cli(&node, "block-country de --for 1h");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("Blocking 8 of 8 prefixes of DE"),
        "{said:?}"
    );
    assert!(!gets_in(&world, "far", FAR));
    assert!(gets_in(&world, "near", "203.0.113.70"));
    let why = cli(&node, &format!("why {FAR}"));
    assert!(why.out.contains("by feed DE"), "{why:?}");
    let listed = cli(&node, "list --json");
    assert!(listed.out.contains(r#""country":"DE""#), "{listed:?}");

    // It outlives a crash, and a damaged file.
    kill_9(node);
    let node = start(&world, "").await;
    assert!(!gets_in(&world, "far", FAR), "a crash");
    replace(&path, b"no database");
    until("the damaged file is told", async || {
        let list = node.client.regions().await.ok()?;
        list.problem.filter(|it| it.contains("no whole database"))
    })
    .await;
    assert!(!gets_in(&world, "far", FAR), "a damaged file");
    assert!(
        node.client
            .why(indicator(FAR))
            .await
            .unwrap()
            .location
            .is_some()
    );

    // Another file, by which it lies elsewhere.
    replace(&path, &countries("DE", &["198.51.100.0/25"]));
    until_blocked(&node.client, "198.51.100.0/25", true).await;
    until("the far host is let in", async || {
        gets_in(&world, "far", FAR).then_some(())
    })
    .await;
    let check = node
        .client
        .check(indicator("198.51.100.200"))
        .await
        .unwrap();
    assert!(!check.blocked, "what left the region is free");
    let said = cli(&node, "block-region DE --remove");
    assert_eq!(said.code, Some(0), "{said:?}");
    until_blocked(&node.client, "198.51.100.0/25", false).await;
    assert_eq!(
        cli(&node, "block-asn 64500").code,
        Some(1),
        "nobody knows it"
    );
}

#[tokio::test]
async fn netns_what_the_configuration_blocks_by_place_is_blocked_for_as_long_as_it_says_so() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    replace(&database(&world), &countries("DE", &["203.0.113.64/26"]));
    for (host, address) in [("a", "203.0.113.11"), ("far", FAR)] {
        give(&world, host, address);
    }
    let node = start(&world, "block_countries = [\"DE\"]\n").await;
    until_blocked(&node.client, "203.0.113.64/26", true).await;
    assert!(!gets_in(&world, "far", FAR));
    let said = cli(&node, "block-region DE --remove");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("by the configuration"), "{said:?}");
    kill_9(node);
    let node = start(&world, "").await;
    until_blocked(&node.client, "203.0.113.64/26", false).await;
    assert!(gets_in(&world, "far", FAR));
    // It does not stand in the way of a block by hand.
    node.client.block(&block(FAR, 60)).await.unwrap();
    assert!(!gets_in(&world, "far", FAR));
    assert_eq!(pings(world.host("near"), world.host("a").address, 1), 1);
    assert_eq!(
        code(node.client.block(&block("203.0.113.11", 60)).await),
        "protected"
    );
}

#[tokio::test]
async fn netns_a_country_of_a_hundred_thousand_prefixes_is_blocked() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    replace(&database(&world), &countries("DE", &["203.0.113.64/26"]));
    let node = start(&world, "").await;
    let request = RegionRequest {
        region: "ZZ".parse().unwrap(),
        duration_secs: std::num::NonZeroU32::new(3_600).unwrap(),
    };
    let started_at = now();
    // The call may time out before that many are blocked; they are all the same.
    let _ = node.client.block_region(&request).await;
    let blocked = until_in(PATIENCE, "the whole country is blocked", async || {
        let it = region(&node, "ZZ").await?;
        (it.blocked > 0).then_some(it)
    })
    .await;
    let took = now().since(started_at);
    assert_eq!(blocked.blocked, u64::from(MANY));
    let status = until_in(PATIENCE, "the kernel holds them", async || {
        let status = node.client.status().await.ok()?;
        (status.ruleset.actual == u64::from(MANY)).then_some(status)
    })
    .await;
    assert!(status.ruleset.in_agreement, "{:?}", status.ruleset);
    eprintln!(
        "{MANY} prefixes were blocked in {took:?}, with {} bytes in memory",
        status.memory_bytes
    );
    let removed_at = now();
    let said = cli(&node, "block-region ZZ --remove");
    assert_eq!(said.code, Some(0), "{said:?}");
    // Nobody waits until the last of them is free.
    node.client.block(&block(FAR, 600)).await.unwrap();
    let status = node.client.status().await.unwrap();
    assert!(status.ruleset.intended > 1, "{:?}", status.ruleset);
    assert!(!gets_in(&world, "far", FAR));
    until_in(PATIENCE, "they are free", async || {
        let status = node.client.status().await.ok()?;
        (status.ruleset.actual == 1).then_some(())
    })
    .await;
    eprintln!("they were freed in {:?}", now().since(removed_at));
}
