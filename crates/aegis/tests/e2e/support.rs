//! What the tests stand on: a network of hosts, nodes on them, and a way to wait.

#[path = "../support/bad_peer.rs"]
pub(crate) mod bad_peer;
#[path = "../support/browser.rs"]
pub(crate) mod browser;
pub(crate) mod corrupter;
pub(crate) mod damage;
#[path = "../support/debian.rs"]
pub(crate) mod debian;
pub(crate) mod debian13;
pub(crate) mod door;
pub(crate) mod fail2ban;
pub(crate) mod founder;
pub(crate) mod host;
pub(crate) mod liar;
pub(crate) mod logs;
pub(crate) mod memory;
#[path = "../support/needed.rs"]
pub(crate) mod needed;
pub(crate) mod outsider;
pub(crate) mod pings;
pub(crate) mod publisher;
pub(crate) mod role;
pub(crate) mod routers;
pub(crate) mod session;
pub(crate) mod shell;
pub(crate) mod subscribed;
pub(crate) mod suricata;
#[path = "../support/terminal.rs"]
pub(crate) mod terminal;
pub(crate) mod web;
pub(crate) mod world;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aegis::daemon::Clock;
use aegis_api::{
    BlockDuration, BlockRequest, Client, ClientError, Evidence, Indicator, NodeId, PublishRequest,
    RefusalLine, Severity, Timestamp,
};

/// How long anything that must happen may take: far more than it does, for busy machines.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(10);

/// The daemon and command line under test.
pub(crate) const AEGIS: &str = env!("CARGO_BIN_EXE_aegis");

/// Returns a name that no other test has.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("aegis-e2e-{}-{number}", std::process::id())
}

/// Returns whether this test can run; where it cannot, says so.
pub(crate) fn has_kernel() -> bool {
    let id = shell::run(std::process::Command::new("id").arg("-u"));
    if id.out.trim() == "0" {
        return true;
    }
    let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
    assert!(!is_required, "the kernel is required: root is needed");
    eprintln!("SKIPPED: root is needed for kernel programs and network namespaces");
    false
}

/// Returns whether nftables can be asked for; where not, says that the test is skipped.
pub(crate) fn has_nft() -> bool {
    needed::runs(&mut std::process::Command::new("nft"), "nftables")
}

/// Returns the present.
pub(crate) fn now() -> Timestamp {
    Clock.now()
}

/// Looks until there is something to return; fails, naming `what`, where it takes too long.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_in(DEADLINE, what, look).await
}

/// The same for what takes longer, or is to take less.
pub(crate) async fn until_in<T>(
    deadline: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let search = async {
        let mut looks = tokio::time::interval(INTERVAL);
        loop {
            looks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    match tokio::time::timeout(deadline, search).await {
        Ok(found) => found,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

/// Waits until a terminal shows a text.
pub(crate) async fn shows(terminal: &terminal::Terminal, text: &str) {
    let look = async || terminal.text().contains(text).then_some(());
    until(&format!("the screen shows {text:?}"), look).await;
}

pub(crate) fn indicator(text: &str) -> Indicator {
    text.parse().unwrap()
}

/// Returns an order to block and publish as an operator would give it.
pub(crate) fn block(text: &str, secs: u64) -> BlockRequest {
    BlockRequest {
        indicator: indicator(text),
        duration_secs: BlockDuration::from_secs(secs).unwrap(),
        threat_type: "syn_flood".parse().unwrap(),
        severity: Severity::new(9).unwrap(),
        evidence: Some(Evidence::Verified),
        description: None,
        publish: true,
        to: None,
        force: false,
    }
}

/// Returns an order to publish without a block.
pub(crate) fn publish(text: &str, secs: u64) -> PublishRequest {
    let block = block(text, secs);
    PublishRequest {
        indicator: block.indicator,
        duration_secs: block.duration_secs,
        threat_type: block.threat_type,
        severity: block.severity,
        evidence: block.evidence,
        description: None,
        to: None,
        force: false,
    }
}

/// Returns the code of a refusal.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer {
        Err(ClientError::Refused(refusal)) => refusal.code.as_str().to_owned(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Returns what is blocked, as texts in order.
pub(crate) async fn blocked(client: &Client) -> Vec<String> {
    let page = client.blocks(Default::default()).await.unwrap();
    page.items
        .iter()
        .map(|it| it.indicator.to_string())
        .collect()
}

/// Waits until the node, and with it its kernel, holds a block or holds it no more.
pub(crate) async fn until_blocked(client: &Client, text: &str, is_blocked: bool) {
    let what = format!("{text} blocked: {is_blocked}");
    until(&what, async || {
        let why = client.why(indicator(text)).await.ok()?;
        let in_kernel = why.kernel.is_some_and(|it| it.in_kernel);
        (why.blocked == is_blocked && in_kernel == is_blocked).then_some(())
    })
    .await;
}

/// Waits until the node has refused what `author` said of `text`, for the reason with this code.
pub(crate) async fn until_refused(client: &Client, text: &str, author: NodeId, code: &str) {
    until(&format!("{text} is refused: {code}"), async || {
        let why = client.why(indicator(text)).await.ok()?;
        let is_it = |it: &RefusalLine| it.author == Some(author) && it.code == code;
        why.refusals.iter().any(is_it).then_some(())
    })
    .await;
}
