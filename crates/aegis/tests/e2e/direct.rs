//! What nodes that all know each other say to each other directly, and what that costs.

use std::{net::Ipv4Addr, time::Duration};

use aegis::lab::node::LabNode;
use aegis_api::Stats;

use crate::support::{block, host::bytes_out, shell::signal, until, until_blocked, world::World};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("c", 13)];

/// The steady pace of alerts that a network must bear.
const PACE: Duration = Duration::from_millis(50);

/// How many are said: what nodes say as they meet is little beside it.
const ALERTS: u32 = 300;

/// What a node may send a second at that pace.
const BYTES_PER_SECOND_MAX: f64 = 10_000.0;

async fn said(node: &LabNode, number: u32) -> String {
    let address = Ipv4Addr::from_bits(Ipv4Addr::new(203, 0, 113, 0).to_bits() + number);
    let address = address.to_string();
    node.client.block(&block(&address, 600)).await.unwrap();
    address
}

async fn stats(node: &LabNode) -> Stats {
    node.client.stats().await.unwrap()
}

/// Has a node say alerts until one is said directly; returns how many it said.
async fn until_direct(node: &LabNode) -> u32 {
    let mut count = 0;
    until("an alert said directly", async || {
        said(node, count).await;
        count += 1;
        (stats(node).await.net["direct"] > 0).then_some(())
    })
    .await;
    count
}

/// How often the traffic is measured: on a busy machine nodes confirm late, and say things twice.
const TRIES: u32 = 3;

/// Has the first of `nodes` say alerts at a steady pace, from `first` on; returns how many bytes a
/// second each host sent meanwhile.
async fn traffic(world: &World, nodes: &[LabNode; 3], first: u32) -> [f64; 3] {
    let sent = || HOSTS.map(|(name, _)| bytes_out(world.host(name)));
    let before = sent();
    let mut pace = tokio::time::interval(PACE);
    for number in first..first + ALERTS {
        pace.tick().await;
        said(&nodes[0], number).await;
    }
    for node in &nodes[1..] {
        until("every alert heard", async || {
            let heard = stats(node).await.alerts.accepted;
            (heard == u64::from(first + ALERTS)).then_some(())
        })
        .await;
    }
    let seconds = PACE.as_secs_f64() * f64::from(ALERTS);
    let after = sent();
    std::array::from_fn(|it| (after[it] - before[it]) as f64 / seconds)
}

#[tokio::test]
async fn netns_twenty_alerts_a_second_cost_each_of_three_nodes_less_than_ten_kilobytes_a_second() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let nodes = world.start_joined(["a", "b", "c"]).await;
    let first = until_direct(&nodes[0]).await;
    let mut found = Vec::new();
    for attempt in 0..TRIES {
        let rates = traffic(&world, &nodes, first + attempt * ALERTS).await;
        if rates.iter().all(|it| *it < BYTES_PER_SECOND_MAX) {
            return;
        }
        found.push(rates);
    }
    panic!("bytes a second: {found:?}");
}

#[tokio::test]
async fn netns_what_a_frozen_node_does_not_confirm_goes_by_gossip_and_it_hears_all_in_the_end() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    let count = until_direct(&a).await;
    assert_eq!(stats(&a).await.net["unconfirmed"], 0);
    signal(b.pid().unwrap(), "STOP");
    let missed = said(&a, count).await;
    until_blocked(&c.client, &missed, true).await;
    until("what b did not confirm goes by gossip", async || {
        (stats(&a).await.net["unconfirmed"] > 0).then_some(())
    })
    .await;
    let direct = stats(&a).await.net["direct"];
    let next = said(&a, count + 1).await;
    until_blocked(&c.client, &next, true).await;
    assert_eq!(stats(&a).await.net["direct"], direct, "b is late");
    signal(b.pid().unwrap(), "CONT");
    for address in [&missed, &next] {
        until_blocked(&b.client, address, true).await;
    }
    let mut number = count + 2;
    until("b is spoken to again", async || {
        said(&a, number).await;
        number += 1;
        (stats(&a).await.net["direct"] > direct).then_some(())
    })
    .await;
}
