//! `aegis top` in front of a node that drops: what a key does, the kernel does.

use std::process::Command;

use crate::support::{
    AEGIS, block,
    host::pings,
    shows,
    terminal::Terminal,
    until, until_blocked,
    world::{How, World},
};

#[tokio::test]
async fn netns_a_source_that_is_unblocked_by_a_key_gets_through_again() {
    let Some(world) = World::new(&[("a", 11), ("b", 12)]) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    node.client.block(&block("10.77.0.12", 300)).await.unwrap();
    until_blocked(&node.client, "10.77.0.12", true).await;
    let (a, b) = (world.host("a"), world.host("b"));
    assert_eq!(pings(b, a.address, 2), 0);

    let mut command = Command::new(AEGIS);
    command.arg("--socket").arg(&node.socket).arg("top");
    let mut terminal = Terminal::run(&command);
    shows(&terminal, "ENFORCE").await;
    shows(&terminal, "in the kernel 1 of 1").await;
    terminal.press("2");
    shows(&terminal, "10.77.0.12").await;
    terminal.resize(20, 70);
    shows(&terminal, "1-1 of 1").await;
    terminal.press("uy");
    shows(&terminal, "Unblocked 10.77.0.12").await;
    shows(&terminal, "nothing is blocked").await;
    until_blocked(&node.client, "10.77.0.12", false).await;
    assert_eq!(pings(b, a.address, 2), 2);
    terminal.press("q");
    let ended = until("the program ends", async || terminal.ended()).await;
    assert!(ended.success() && terminal.is_given_back());
}
