//! Three nodes that believe each other: blocks spread, end, and are taken back.

use crate::support::{
    block, blocked, code, indicator, publish,
    role::{Play, Role},
    until, until_blocked, until_refused,
    world::{World, cli},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("c", 13)];

#[tokio::test]
async fn netns_a_block_reaches_every_kernel_and_ends_there_by_itself() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let nodes = world.start_joined(["a", "b", "c"]).await;
    let made = nodes[0]
        .client
        .block(&block("203.0.113.9", 4))
        .await
        .unwrap();
    for node in &nodes {
        until_blocked(&node.client, "203.0.113.9", true).await;
    }
    for node in &nodes {
        until_blocked(&node.client, "203.0.113.9", false).await;
        let ended_at = crate::support::now();
        assert!(
            ended_at >= made.expires_at - std::time::Duration::from_secs(1),
            "{ended_at:?}"
        );
        assert_eq!(blocked(&node.client).await, [""; 0]);
        assert!(node.client.status().await.unwrap().ruleset.in_agreement);
    }
}

#[tokio::test]
async fn netns_an_unblock_holds_against_alerts_and_a_withdrawal_frees_everywhere() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    let a_id = a.client.status().await.unwrap().node_id;
    a.client.block(&block("203.0.113.9", 600)).await.unwrap();
    for node in [&a, &b, &c] {
        until_blocked(&node.client, "203.0.113.9", true).await;
    }
    let said = cli(&b, "unblock 203.0.113.9");
    assert_eq!(said.code, Some(0), "{said:?}");
    until_blocked(&b.client, "203.0.113.9", false).await;
    // Said again, and longer; b's operator has the last word on b, and on b only.
    a.client
        .publish(&publish("203.0.113.9", 900))
        .await
        .unwrap();
    until_refused(&b.client, "203.0.113.9", a_id, "unblocked").await;
    until_blocked(&c.client, "203.0.113.9", true).await;
    assert_eq!(blocked(&b.client).await, [""; 0]);

    let said = cli(&a, "unblock 203.0.113.9 --withdraw");
    assert_eq!(said.code, Some(0), "{said:?}");
    for node in [&a, &b, &c] {
        until_blocked(&node.client, "203.0.113.9", false).await;
    }
}

#[tokio::test]
async fn netns_the_allowlist_comes_first() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    let a_id = a.client.status().await.unwrap().node_id;
    let said = cli(&b, "allow 203.0.113.9");
    assert_eq!(said.code, Some(0), "{said:?}");
    a.client.block(&block("203.0.113.9", 600)).await.unwrap();
    until_blocked(&c.client, "203.0.113.9", true).await;
    until_refused(&b.client, "203.0.113.9", a_id, "allowlisted").await;
    assert_eq!(
        code(b.client.block(&block("203.0.113.9", 60)).await),
        "allowlisted"
    );
    // What is blocked already is freed by allowing it.
    let said = cli(&c, "allow 203.0.113.9");
    assert_eq!(said.code, Some(0), "{said:?}");
    until_blocked(&c.client, "203.0.113.9", false).await;
    assert!(
        a.client
            .check(indicator("203.0.113.9"))
            .await
            .unwrap()
            .blocked
    );
}

#[tokio::test]
async fn netns_a_node_that_was_away_hears_what_is_still_true() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b] = world.start_joined(["a", "b"]).await;
    a.client.block(&block("203.0.113.9", 600)).await.unwrap();
    a.client.block(&block("2001:db8::9", 600)).await.unwrap();
    until_blocked(&b.client, "2001:db8::9", true).await;
    let c = world.start("c", Default::default()).await;
    until("c has heard of both", async || {
        let blocked = blocked(&c.client).await;
        (blocked == ["203.0.113.9", "2001:db8::9"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn netns_the_word_of_one_neighbour_does_not_part_two_others() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let Some(world) = World::new(&[("a", 11), ("b", 12), ("liar", 13)]) else {
        return;
    };
    let [a, b] = world.start_joined(["a", "b"]).await;
    let liar = Role {
        key: 13,
        to: b.client.status().await.unwrap().node_id.to_string(),
        play: Play::Publish(["10.77.0.11", "203.0.113.6"].map(str::to_owned).into()),
    };
    let test = "share::netns_the_word_of_one_neighbour_does_not_part_two_others";
    let _running = liar.start(world.host("liar"), test);
    until_refused(&b.client, "10.77.0.11", liar.node_id(), "local_peer").await;
    // Otherwise it is believed.
    until_blocked(&b.client, "203.0.113.6", true).await;
    for last in 20..24 {
        let text = format!("203.0.113.{last}");
        a.client.block(&block(&text, 600)).await.unwrap();
        until_blocked(&b.client, &text, true).await;
    }
}
