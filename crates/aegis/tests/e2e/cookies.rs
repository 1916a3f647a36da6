//! SYN cookies of a running node: on with it, off with it, and said where they cannot be.

use aegis::lab::testbed::Host;

use crate::support::{
    host::{open_door, visit},
    shell::must,
    world::{How, World, kill_9, stop},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("b", 12)];

/// In the stack: what is sent from the driver of a virtual cable needs a program on its other end.
const ALWAYS: How<'_> = How {
    config: "mode = \"generic\"\n[detect.syn_cookies]\nmode = \"always\"\n[p2p]\nenabled = false\n",
    flags: &[],
    script: None,
};

const OFF: How<'_> = How {
    config: "mode = \"generic\"\n[p2p]\nenabled = false\n",
    ..ALWAYS
};

fn setting(host: &Host) -> String {
    let path = "/proc/sys/net/ipv4/tcp_syncookies";
    must(host.command("cat").arg(path)).trim().to_owned()
}

fn set(host: &Host, value: u8) {
    let script = format!("echo {value} > /proc/sys/net/ipv4/tcp_syncookies");
    must(host.command("sh").args(["-c", &script]));
}

#[tokio::test]
async fn netns_a_visitor_proves_itself_and_the_setting_goes_back_at_the_end() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let (host, visitor) = (world.host("a"), world.host("b"));
    set(host, 1);
    let node = world.start("a", ALWAYS).await;
    assert_eq!(setting(host), "2");
    assert_eq!(node.client.status().await.unwrap().problems, [""; 0]);
    let _door = open_door(host).await;
    let visited = visit(visitor, host.address, 5);
    assert_eq!((visited.answered, visited.failed), (5, 0), "{visited:?}");
    let counted = node.client.stats().await.unwrap().packets_by_reason;
    assert_eq!(counted["cookies_sent"], 1, "then it was proven");
    assert_eq!(counted["cookies_valid"], 1);
    stop(node).await;
    assert_eq!(setting(host), "1");
    // The program stays, and answers nobody any more.
    let visited = visit(visitor, host.address, 5);
    assert_eq!((visited.answered, visited.failed), (5, 0), "{visited:?}");
}

#[tokio::test]
async fn netns_a_killed_nodes_setting_is_put_back_by_the_next_start() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let (host, visitor) = (world.host("a"), world.host("b"));
    set(host, 1);
    let _door = open_door(host).await;
    let node = world.start("a", ALWAYS).await;
    kill_9(node);
    assert_eq!(setting(host), "2");
    // The program answers on, and the stack takes what it answered.
    assert_eq!(visit(visitor, host.address, 5).answered, 5);
    let node = world.start("a", OFF).await;
    assert_eq!(setting(host), "1");
    assert_eq!(visit(visitor, host.address, 5).answered, 5);
    stop(node).await;
}

#[tokio::test]
async fn netns_where_only_traffic_control_is_to_be_had_the_status_says_so() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let host = world.host("a");
    set(host, 1);
    let how = How {
        config: "mode = \"tc\"\n[detect.syn_cookies]\nmode = \"always\"\n[p2p]\nenabled = false\n",
        ..ALWAYS
    };
    let node = world.start("a", how).await;
    let problems = node.client.status().await.unwrap().problems;
    let expected = "SYN cookies are off: traffic control cannot answer, only XDP can";
    assert_eq!(problems, [expected]);
    assert_eq!(setting(host), "1");
    stop(node).await;
}
