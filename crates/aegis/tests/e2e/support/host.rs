//! What happens on one host of the network: traffic sent, counted and answered.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::{Child, Command, Stdio},
};

use aegis::lab::{
    agent::{Flooded, Visited},
    testbed::Host,
};

use super::{
    AEGIS,
    shell::{must, run},
    until,
};

/// A closed port: the kernel sees the requests, nobody answers them but the stack.
pub(crate) const CLOSED_PORT: u16 = 81;

/// Where servers of tests listen.
const DOOR_PORT: u16 = 8080;

/// A process of a test on a host; killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a flood is to be.
#[derive(Clone, Copy)]
pub(crate) struct Flood<'a> {
    pub(crate) to: Ipv4Addr,
    pub(crate) forged: &'a [Ipv4Addr],
    pub(crate) count: u32,
    pub(crate) rate: u32,
}

/// Starts a flood from `host`, all of it from one processor, which then receives it as well: only a
/// source that meets one is caught by exactly the packet that crosses the threshold.
pub(crate) fn start_flood(host: &Host, flood: Flood<'_>) -> Running {
    let mut command = host.command("taskset");
    command.args(["--cpu-list", &own_processor(), AEGIS]);
    let to = format!("{}:{CLOSED_PORT}", flood.to);
    command.args(["lab-agent", "flood", &to]);
    command.args(["--count", &flood.count.to_string()]);
    command.args(["--rate", &flood.rate.to_string()]);
    if !flood.forged.is_empty() {
        let forged: Vec<String> = flood.forged.iter().map(ToString::to_string).collect();
        command.args(["--forged", &forged.join(",")]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    Running(command.spawn().unwrap())
}

/// Returns the first processor that this process may run on.
fn own_processor() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let list = lines.find_map(|it| it.strip_prefix("Cpus_allowed_list:"));
    let first = list.unwrap().trim().split(['-', ',']).next();
    first.unwrap().to_owned()
}

/// Floods from `host` to the end of the flood; returns how many packets went out.
pub(crate) fn flood(host: &Host, flood: Flood<'_>) -> u32 {
    let mut running = start_flood(host, flood);
    let said = std::io::read_to_string(running.0.stdout.take().unwrap()).unwrap();
    let flooded: Flooded = serde_json::from_str(&said).unwrap();
    flooded.sent
}

/// Starts a server on `host` and waits until it serves.
pub(crate) async fn open_door(host: &Host) -> Running {
    let mut command = host.command(AEGIS);
    let on = format!("0.0.0.0:{DOOR_PORT}");
    command.args(["lab-agent", "serve", &on]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let door = Running(command.spawn().unwrap());
    let own = host.address;
    until("the server serves", async || {
        (visit(host, own, 1).answered == 1).then_some(())
    })
    .await;
    door
}

/// Lets `host` visit the server on `to` so many times; returns what it saw.
pub(crate) fn visit(host: &Host, to: Ipv4Addr, count: u32) -> Visited {
    let mut command = host.command(AEGIS);
    let to = format!("{to}:{DOOR_PORT}");
    command.args(["lab-agent", "visit", &to, "--every-ms", "1"]);
    command.args(["--count", &count.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut visitor = Running(command.spawn().unwrap());
    let _stdin = visitor.0.stdin.take(); // open until it has said what it saw
    let said = std::io::read_to_string(visitor.0.stdout.take().unwrap()).unwrap();
    serde_json::from_str(&said).unwrap()
}

/// Returns how many of `count` pings from `host` are answered.
pub(crate) fn pings(host: &Host, to: impl Into<IpAddr>, count: u32) -> usize {
    let to = to.into().to_string();
    let mut command = host.command("ping");
    command.args(["-n", "-i", "0.05", "-W", "1", "-c", &count.to_string(), &to]);
    let said = run(&mut command);
    said.out
        .lines()
        .filter(|it| it.contains("bytes from"))
        .count()
}

/// Returns how many TCP segments the stack of `host` has taken in.
pub(crate) fn tcp_segments_in(host: &Host) -> u64 {
    let table = must(host.command("cat").arg("/proc/net/snmp"));
    let mut lines = table.lines().filter(|it| it.starts_with("Tcp:"));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let at = names.split(' ').position(|it| it == "InSegs").unwrap();
    values.split(' ').nth(at).unwrap().parse().unwrap()
}

/// Returns how many packets `host` has sent by its interface.
pub(crate) fn packets_out(host: &Host) -> u64 {
    counted(host, 9)
}

/// Returns how many bytes `host` has sent by its interface, frame headers included.
pub(crate) fn bytes_out(host: &Host) -> u64 {
    counted(host, 8)
}

/// Returns what stands in a column of what the kernel counted on the interface of `host`.
fn counted(host: &Host, column: usize) -> u64 {
    let table = must(host.command("cat").arg("/proc/net/dev"));
    let line = table.lines().find_map(|it| it.trim().strip_prefix("eth0:"));
    line.unwrap()
        .split_whitespace()
        .nth(column)
        .unwrap()
        .parse()
        .unwrap()
}

/// Runs `ip` with blank-separated arguments on `host`.
#[track_caller]
pub(crate) fn ip(host: &Host, arguments: &str) {
    must(
        Command::new("ip")
            .args(["-n", &host.namespace])
            .args(arguments.split(' ')),
    );
}
