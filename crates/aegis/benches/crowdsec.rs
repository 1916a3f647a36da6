//! CrowdSec's programs against a node, measured: from the last line of a log to the kernel, polls of a
//! long list, and an import of a hundred thousand decisions, the latter against CrowdSec's own
//! server in the same run. Needs root, `curl` and Debian's packages.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where its set-up fails"
)]
#![expect(dead_code, reason = "the tests whose place this is use all of it")]
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark says what it measured"
)]

#[path = "../tests/support/debian.rs"]
mod debian;
#[path = "../tests/support/needed.rs"]
mod needed;
#[path = "../tests/crowdsec/package.rs"]
mod package;
#[path = "../tests/crowdsec/place.rs"]
mod place;
#[path = "../tests/crowdsec/program.rs"]
mod program;
#[path = "crowdsec/rival.rs"]
mod rival;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis::daemon::Clock;
use aegis_api::Indicator;

use place::{Machine, Place};
use program::{must, run, until};

/// Brute forces that are written into the log, one after the other.
const ATTACKS: u8 = 20;

fn main() {
    let is_quick = std::env::args().any(|it| it == "--quick");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(measure(is_quick));
}

async fn measure(is_quick: bool) {
    let Some(place) = Place::new("").await else {
        return;
    };
    log_to_kernel(&place, if is_quick { 2 } else { ATTACKS }).await;
    let count = if is_quick { 1_000 } else { 100_000 };
    let list = write_list(&place, count);
    let machine = place.machine("boss", "admin");
    let pid = place.node.pid().unwrap();
    let before = memory(pid);
    let took = import(&machine, &list, count);
    println!(
        "import of {count}: aegis {:.2} s, {before} before, {} after",
        took.as_secs_f64(),
        memory(pid)
    );
    polls(&place, pid, count);
    rival::import(&place, &list, count).await;
}

/// Measures from the last line of a brute force in a log until the kernel has the block.
async fn log_to_kernel(place: &Place, attacks: u8) {
    let machine = place.machine("web1", "decide");
    let _agent = machine.start_agent();
    until("the agent reads the log", async || {
        let said = fs::read_to_string(place.path("agent.log")).ok()?;
        said.contains("Starting processing data").then_some(())
    })
    .await;
    let mut took = Vec::new();
    for number in 1..=attacks {
        let attacker = format!("203.0.113.{number}");
        machine.append_failures(&attacker);
        let written_at = Clock.now();
        let indicator: Indicator = attacker.parse().unwrap();
        until("it is blocked", async || {
            let why = place.node.client.why(indicator).await.ok()?;
            why.kernel.filter(|it| it.in_kernel).map(|_| ())
        })
        .await;
        took.push(Clock.now().since(written_at).as_millis());
    }
    took.sort_unstable();
    let (middle, most) = (took[took.len() / 2], took[took.len() - 1]);
    println!("last log line to kernel, {attacks} times: p50 {middle} ms, max {most} ms");
}

/// Measures what polls of a list cost the node.
fn polls(place: &Place, pid: u32, count: u32) {
    let key = place.key("edge", "read", "bouncer");
    let key = key
        .lines()
        .find_map(|it| it.strip_prefix("api_key: "))
        .unwrap();
    let poll = |what: &str, query: &str, times: u32| {
        let mut curl = place.host("node").command("sh");
        let url = format!(
            "http://127.0.0.1:{}/v1/decisions/stream{query}",
            place::PORT
        );
        let script = format!(
            "for i in $(seq {times}); do curl -s -o /dev/null -w '%{{time_total}} %{{size_download}}\\n' \
             -H 'X-Api-Key: {key}' '{url}'; done"
        );
        let before = cpu_millis(pid);
        let said = must(curl.args(["-c", &script]));
        let cpu = cpu_millis(pid) - before;
        let mut secs: Vec<f64> = said
            .lines()
            .map(|it| it.split(' ').next().unwrap().parse().unwrap())
            .collect();
        secs.sort_by(f64::total_cmp);
        let bytes = said
            .lines()
            .last()
            .and_then(|it| it.split(' ').nth(1))
            .unwrap();
        println!(
            "poll with {count} decisions, {what}: p50 {:.2} ms, max {:.2} ms, {bytes} bytes, {:.2} ms of processor each",
            secs[secs.len() / 2] * 1e3,
            secs[secs.len() - 1] * 1e3,
            cpu as f64 / f64::from(times)
        );
    };
    poll("everything", "?startup=true", 10);
    poll("nothing changed", "", 200);
    let said = place.aegis(&["block", "192.0.2.7", "600"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    poll("one changed", "", 1);
}

/// Imports the list as `cscli` does; returns how long that took.
fn import(machine: &Machine<'_>, list: &Path, count: u32) -> Duration {
    let started_at = Clock.now();
    let said = machine.cscli(&["decisions", "import", "-i", list.to_str().unwrap()]);
    let says = format!("{count} decisions successfully imported");
    assert!(said.all().contains(&says), "{said:?}");
    Clock.now().since(started_at)
}

fn write_list(place: &Place, count: u32) -> PathBuf {
    let path = place.path("list.csv");
    let mut text = String::from("duration,reason,type,value,scope\n");
    for number in 0..count {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        text.push_str(&format!("12h,imported,ban,{address},Ip\n"));
    }
    fs::write(&path, text).unwrap();
    path
}

/// Returns what a process has in memory now and had at most.
fn memory(pid: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = |name: &str| {
        let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    };
    format!("{:.0} MiB (peak {:.0})", kib("VmRSS:"), kib("VmHWM:"))
}

/// Returns how many milliseconds of processor a process has used.
fn cpu_millis(pid: u32) -> u64 {
    const TICK_MILLIS: u64 = 10;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11);
    fields
        .take(2)
        .map(|it| it.parse::<u64>().unwrap() * TICK_MILLIS)
        .sum()
}
