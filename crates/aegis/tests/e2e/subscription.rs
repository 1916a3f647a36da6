//! A feed that is subscribed to is fetched, is in the kernel within its bounds, and over a restart too.

use std::{fmt::Write as _, net::Ipv4Addr};

use aegis::lab::node::LabNode;
use aegis_api::{EventKind, Origin};

use crate::support::{
    DEADLINE, indicator,
    publisher::Publisher,
    subscribed::{make_due, until_applied},
    until_blocked, until_in,
    world::{How, World, cli, kill_9, stop},
};

const THIS: &str = "subscription::netns_a_feed_of_a_hundred_thousand_is_in_the_kernel";
const COUNT: u32 = 100_000;

/// What no list may do, and what none means: this host and its network, everybody, a good part of them,
/// a private range, a resolver.
const POISON: &str = "127.0.0.1\n10.0.0.0/8\n0.0.0.0/0\n64.0.0.0/6\n192.168.0.0/16\n1.1.1.1\n";

#[tokio::test]
async fn netns_a_feed_of_a_hundred_thousand_is_in_the_kernel() {
    if Publisher::serve_if_assigned() {
        return;
    }
    let Some(world) = World::new(&[("a", 11)]) else {
        return;
    };
    let publisher = Publisher::start(world.host("a"), &world.dir().join("lists"), THIS).await;
    let url = publisher.publish("big.txt", &list(0..COUNT));
    let how = How {
        config: "[p2p]\nenabled = false\n",
        ..How::default()
    };
    let node = world.start("a", how).await;
    let none = cli(&node, "feed list");
    assert!(none.out.contains("No feed is subscribed to"), "{none:?}");

    let added = cli(&node, &format!("feed add big --url {url}"));
    assert_eq!(added.code, Some(0), "{added:?}");
    let feed = until_applied(&node, |it| it.blocked == u64::from(COUNT)).await;
    let last = feed.last.clone().unwrap();
    eprintln!(
        "MEASURED {COUNT} entries of a feed: {} ms from having them to the kernel",
        last.applied_ms
    );
    until_held(&node, COUNT).await;
    let shown = cli(&node, "feed show big");
    for part in [
        "Health     ok",
        "line or entry 50001: no address or prefix",
        "2: on a warninglist",
        "2: protected",
        "1: too wide",
        "1: in a private range",
    ] {
        assert!(shown.out.contains(part), "{part}\n{shown:?}");
    }
    for poison in POISON.lines() {
        let check = node.client.check(indicator(poison)).await.unwrap();
        assert!(!check.blocked, "{poison}");
    }
    let first = Ipv4Addr::from_bits(FIRST).to_string();
    let why = node.client.why(indicator(&first)).await.unwrap();
    let decision = &why.decisions[0];
    assert_eq!(
        (decision.origin, decision.feed.as_deref(), decision.file),
        (Origin::Feed, Some("big"), None)
    );
    check_refusals(&node, &url);

    // Over a crash it stands, and is not asked for before its time.
    let asked = publisher.asked();
    kill_9(node);
    let node = world.start("a", how).await;
    until_held(&node, COUNT).await;
    let listed = node.client.feeds().await.unwrap();
    assert_eq!(listed.feeds[0].last, Some(last));
    assert_eq!(publisher.asked(), asked, "fetched again");

    check_change(&world, how, &publisher, node).await;
}

/// A list that changed frees what it lists no more; one that is removed all of it.
async fn check_change(world: &World, how: How<'_>, publisher: &Publisher, node: LabNode) {
    stop(node).await;
    publisher.publish("big.txt", &list(1_000..COUNT + 10));
    make_due(&world.dir().join("a/state"));
    let node = world.start("a", how).await;
    let count = COUNT - 990;
    let feed = until_applied(&node, |it| it.blocked == u64::from(count)).await;
    assert_eq!(feed.failures, 0, "{feed:?}");
    until_held(&node, count).await;
    let first = Ipv4Addr::from_bits(FIRST).to_string();
    until_blocked(&node.client, &first, false).await;
    assert_eq!(applied_event(&node).await, (10, 1_000));

    let removed = cli(&node, "feed remove big");
    assert_eq!(removed.code, Some(0), "{removed:?}");
    until_held(&node, 0).await;
    assert_eq!(node.client.feeds().await.unwrap().feeds, []);
    let again = cli(&node, "feed remove big");
    assert_eq!(again.code, Some(1), "{again:?}");
}

/// Returns how many entries of a list were new and how many went, as was told.
async fn applied_event(node: &LabNode) -> (u64, u64) {
    let mut events = node.client.events(true).await.unwrap();
    let told = async {
        loop {
            let event = events.next().await.unwrap().unwrap();
            if let EventKind::FeedApplied { added, gone, .. } = event.kind {
                return (added, gone);
            }
        }
    };
    tokio::time::timeout(DEADLINE, told).await.unwrap()
}

fn check_refusals(node: &LabNode, url: &str) {
    for (line, code, says) in [
        (
            format!("feed add big --url {url}"),
            1,
            "there is a feed big already",
        ),
        (
            "feed add nothing".to_owned(),
            2,
            "url: nothing is not built in",
        ),
        (
            "feed add otx".to_owned(),
            2,
            "key_file: this feed needs a key",
        ),
        (
            format!("feed add x --url {url} --key-file /nowhere/key"),
            2,
            "key_file: cannot read /nowhere/key",
        ),
        (
            "feed add x --url ftp://a.example/".to_owned(),
            2,
            "url: a feed's address begins with http:// or https://",
        ),
        (
            "feed add spamhaus-drop --interval 1m".to_owned(),
            2,
            "interval_secs: this feed is fetched every 60 to 10080 minutes",
        ),
        (
            "feed refresh big".to_owned(),
            1,
            "was asked for a moment ago",
        ),
        ("feed show feodo".to_owned(), 1, "aegis feed add feodo"),
    ] {
        let said = cli(node, &line);
        assert_eq!(said.code, Some(code), "{line}: {said:?}");
        assert!(said.err.contains(says), "{line}: {said:?}");
    }
}

/// The first address that is listed.
const FIRST: u32 = u32::from_be_bytes([11, 0, 0, 0]);

fn list(numbers: std::ops::Range<u32>) -> String {
    let mut list = String::new();
    for number in numbers {
        if number == COUNT / 2 {
            list.push_str("this line is none\n");
        }
        writeln!(list, "{}", Ipv4Addr::from_bits(FIRST + number)).unwrap();
    }
    list + POISON
}

/// Waits until the kernel holds so many blocks, and no other.
async fn until_held(node: &LabNode, count: u32) {
    let expected = format!("intended {count}, in the kernel {count}");
    let look = async || {
        let said = cli(node, "status");
        let line = said.out.lines().find(|it| it.starts_with("Blocks "))?;
        line.ends_with(&expected).then_some(())
    };
    until_in(DEADLINE * 3, &expected, look).await;
}
