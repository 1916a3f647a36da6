//! How long it takes from an operator's word to the last packet that passes.
//!
//! A handful of rounds by default, which prove that it works at all. For figures:
//! `AEGIS_LATENCY_ROUNDS=200 cargo test --release -p aegis --test e2e order_latency -- --nocapture`.

use aegis_api::UnblockRequest;

use crate::support::{
    DEADLINE, block,
    host::packets_out,
    indicator,
    pings::{INTERVAL_MS, Pings, WARM_UP, seconds},
    until,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

/// The attacker, who is freed after each round.
const SOURCE: &str = "10.77.0.66";

/// Packets that are sent after the order, of which none that comes late may be answered.
const AFTERWARDS: u64 = 60;

/// How the operator says it.
#[derive(Clone, Copy)]
enum By {
    /// A call to the control socket.
    Call,
    /// `aegis block`, with the start of the program.
    Command,
}

#[tokio::test]
async fn netns_what_an_operator_blocks_by_a_call_is_dropped_soon() {
    measure(By::Call, "a call to the control socket").await;
}

#[tokio::test]
async fn netns_what_an_operator_blocks_by_a_command_is_dropped_soon() {
    measure(By::Command, "aegis block").await;
}

/// Blocks a source that sends all the while, and takes when it was answered last.
async fn measure(by: By, what: &str) {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        config: "[p2p]\nenabled = false\n",
        ..How::default()
    };
    let node = world.start("a", how).await;
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    let rounds = rounds();
    let mut millis = Vec::new();
    for _ in 0..rounds {
        let pings = Pings::start(attacker, SOURCE, &host.address.to_string());
        let sent = async |count: u64, since: u64| {
            until("packets are on their way", async || {
                (packets_out(attacker) >= since + count).then_some(())
            })
            .await;
        };
        sent(WARM_UP, packets_out(attacker)).await;
        let ordered = seconds();
        match by {
            By::Call => drop(node.client.block(&block(SOURCE, 600)).await.unwrap()),
            By::Command => {
                let said = cli(&node, &format!("block {SOURCE} 600"));
                assert_eq!(said.code, Some(0), "{said:?}");
            }
        }
        sent(AFTERWARDS, packets_out(attacker)).await;
        pings.end();
        // The next packet was dropped.
        let last = pings
            .last_answer()
            .map_or(f64::INFINITY, |it| (it - ordered) * 1e3);
        millis.push(last.max(0.0) + INTERVAL_MS);
        let unblock = UnblockRequest {
            indicator: indicator(SOURCE),
            withdraw: false,
        };
        node.client.unblock(&unblock).await.unwrap();
    }
    millis.sort_by(f64::total_cmp);
    let at = |part: f64| millis[((millis.len() - 1) as f64 * part).round() as usize];
    println!(
        "order to first packet dropped, {what}: n = {rounds}, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms \
         (a packet every {INTERVAL_MS} ms)",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(at(1.0) < DEADLINE.as_secs_f64() * 1e3, "{millis:?}");
}

fn rounds() -> usize {
    let text = std::env::var("AEGIS_LATENCY_ROUNDS").ok();
    text.and_then(|it| it.parse().ok()).unwrap_or(2)
}
