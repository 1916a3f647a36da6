//! Interfaces: which mode of attaching each of them allows, and what stands in the way.

use super::ethtool::{self, Hardware};
use super::ingress::{self, Neighbour, OWN_PREFIX};
use super::link::{Hook, Layer, Link, Native, Port, links};
use super::{Check, hardware, mend, shell};

#[cfg(test)]
mod tests;

/// Interfaces named in "there is no such interface".
const NAMES_MAX: usize = 8;

const GENERIC: &str = "XDP runs in generic mode, two to five times dearer";

/// An interface with what is known of its surroundings.
struct Subject<'a> {
    link: &'a Link,
    /// Every interface of this network namespace.
    links: &'a [Link],
    hardware: Hardware,
    neighbours: Vec<Neighbour>,
    cpus: u32,
}

/// Checks each named interface.
pub(super) fn checks(names: &[String]) -> Vec<Check> {
    const NAME: &str = "interface";
    if names.is_empty() {
        let why = "aegis run does not know what to defend";
        let fix = "ip -brief link   # then aegis run --interface with one of these";
        let detail = "no interface carries a default route";
        return vec![Check::fail(NAME, detail, mend(why, fix))];
    }
    let links = match links() {
        Ok(links) => links,
        Err(error) => {
            let detail = format!("interfaces cannot be read from the kernel: {error}");
            let why = "what can be defended is unknown";
            return vec![Check::fail(NAME, detail, mend(why, "ip -brief link"))];
        }
    };
    let cpus = aya::util::nr_cpus().map_or(1, |it| u32::try_from(it).unwrap_or(u32::MAX));
    let check = |name: &String| match links.iter().find(|it| it.name == *name) {
        None => vec![missing(name, &links)],
        Some(link) => judge(&Subject {
            link,
            links: &links,
            hardware: ethtool::read(name),
            neighbours: ingress::read(link.index),
            cpus,
        }),
    };
    names.iter().flat_map(check).collect()
}

fn missing(name: &str, links: &[Link]) -> Check {
    let there = links.iter().take(NAMES_MAX).map(|link| link.name.as_str());
    let there = there.collect::<Vec<_>>().join(", ");
    let detail = format!("{name}: no such interface; there are {there}");
    let fix = "ip -brief link   # then name one of these";
    Check::fail("interface", detail, mend("it cannot be defended", fix))
}

fn judge(subject: &Subject<'_>) -> Vec<Check> {
    let link = subject.link;
    let mut checks = vec![device(subject)];
    checks.extend(place(subject));
    if matches!(link.layer, Layer::Other(_)) {
        return checks; // nothing is attached there in any mode
    }
    checks.extend([native(subject), mtu(subject), hook(link)]);
    checks.extend(ingress::judge(&link.name, &subject.neighbours));
    checks.extend(hardware::judge(&link.name, &subject.hardware, subject.cpus));
    checks
}

impl Subject<'_> {
    fn driver(&self) -> &str {
        let driver = self.link.kind.as_deref();
        driver
            .or(self.hardware.driver.as_deref())
            .unwrap_or("unknown")
    }

    fn named(&self, index: u32) -> Option<&Link> {
        self.links.iter().find(|it| it.index == index)
    }
}

fn device(subject: &Subject<'_>) -> Check {
    const NAME: &str = "interface";
    let (link, driver) = (subject.link, subject.driver());
    let name = &link.name;
    let layer = match link.layer {
        Layer::Ethernet => "Ethernet",
        Layer::Loopback => "loopback",
        Layer::Other(number) => {
            let detail = format!(
                "{name}: frames without an Ethernet header (type {number}, driver {driver})"
            );
            let why = "the program would read garbage there and let everything through, so AEGIS \
                       does not attach (tun, WireGuard, ipip)";
            let fix = "ip -brief link   # name the Ethernet interface that carries this traffic";
            return Check::fail(NAME, detail, mend(why, fix));
        }
    };
    let detail = format!("{name}: {layer}, driver {driver}");
    if link.is_up {
        return Check::ok(NAME, detail);
    }
    let fix = format!("sudo ip link set dev {} up", shell(name));
    let why = "it receives nothing until it is up";
    Check::warn(NAME, format!("{detail}, down"), mend(why, fix))
}

/// Tells where the interface stands among others, where that decides what it sees.
fn place(subject: &Subject<'_>) -> Option<Check> {
    const NAME: &str = "place";
    let name = &subject.link.name;
    if let Some(port) = &subject.link.port {
        return port_of(subject, port);
    }
    match subject.driver() {
        kind @ ("vlan" | "macvlan" | "macvtap" | "ipvlan" | "ipvtap") => {
            let why = "it has XDP in generic mode only; on the parent the program reads up to four \
                       tags and sees the packets of every VLAN";
            let parent = subject.link.below.and_then(|it| subject.named(it));
            let (on, fix) = match parent.map(|it| it.name.as_str()) {
                Some(parent) => (parent, format!("aegis run --interface {}", shell(parent))),
                None => (
                    "another",
                    "ip -details link   # its parent is not here".to_owned(),
                ),
            };
            let detail = format!("{name}: a {kind} on {on}");
            Some(Check::warn(NAME, detail, mend(why, fix)))
        }
        "bridge" => {
            let detail = format!("{name}: a bridge");
            let why = "only what is for this host itself passes it; what is bridged to others \
                       passes its ports";
            let fix = "bridge link   # shows its ports, to name instead";
            Some(Check::note(NAME, detail, why).with_fix(fix))
        }
        kind @ ("bond" | "team") => {
            let why = "the master is the right place; XDP is native where every port's driver has \
                       it and the mode allows it";
            Some(Check::note(NAME, format!("{name}: a {kind} master"), why))
        }
        "veth" => {
            let why = "on a host's end of a pair the program sees what the container sends, on \
                       the container's end what it receives";
            Some(Check::note(
                NAME,
                format!("{name}: one end of a veth pair"),
                why,
            ))
        }
        _ => None,
    }
}

fn port_of(subject: &Subject<'_>, port: &Port) -> Option<Check> {
    const NAME: &str = "place";
    let master = subject
        .named(port.of)
        .map_or("another", |it| it.name.as_str());
    let detail = format!("{}: a port of {} {master}", subject.link.name, port.kind);
    match port.kind.as_str() {
        "bond" | "team" => {
            let why = "what comes in by the other ports is not seen";
            let fix = format!("aegis run --interface {}", shell(master));
            Some(Check::warn(NAME, detail, mend(why, fix)))
        }
        "bridge" => {
            let why = "the program also sees, and drops, what goes to machines and containers \
                       behind the bridge";
            Some(Check::note(NAME, detail, why))
        }
        _ => None,
    }
}

fn native(subject: &Subject<'_>) -> Check {
    const NAME: &str = "native xdp";
    let name = &subject.link.name;
    match (subject.link.native, subject.link.layer) {
        (Some(Native::Fragments), _) => {
            let detail = format!("{name}: the driver has it, for packets of every size");
            Check::ok(NAME, detail)
        }
        (Some(Native::Linear), _) => Check::ok(NAME, format!("{name}: the driver has it")),
        (Some(Native::Absent), Layer::Loopback) => {
            Check::ok(NAME, format!("{name}: loopback, {GENERIC}"))
        }
        (Some(Native::Absent), Layer::Ethernet | Layer::Other(_)) => {
            let fix = format!(
                "ethtool -i {}   # look for a newer driver, or protect another interface",
                shell(name)
            );
            let detail = format!("{name}: the driver does not have it");
            Check::warn(NAME, detail, mend(GENERIC, fix))
        }
        (None, _) => {
            let why = "tried when attaching; aegis status then shows the mode and the reason";
            let detail = format!("{name}: the kernel does not tell (it does from Linux 6.3 on)");
            Check::note(NAME, detail, why)
        }
    }
}

/// The largest MTU that a driver takes for native XDP in one buffer, and where that is written.
fn linear_mtu(driver: &str) -> (u32, &'static str) {
    match driver {
        "veth" => (3506, "drivers/net/veth.c, for the other end of the pair"),
        "virtio_net" => (3506, "drivers/net/virtio_net.c"),
        "ena" => (
            3498,
            "ena_netdev.h; releases of the driver before 2022 take 3818",
        ),
        _ => (3498, "the smallest of the drivers that are known here"),
    }
}

fn mtu(subject: &Subject<'_>) -> Check {
    const NAME: &str = "mtu";
    let link = subject.link;
    let is_limited = match link.native {
        Some(Native::Linear) => true,
        Some(Native::Absent | Native::Fragments) => false, // generic mode takes any size
        None => link.layer != Layer::Loopback,
    };
    let detail = format!("{}: {} bytes", link.name, link.mtu);
    let driver = subject.driver();
    let (limit, source) = linear_mtu(driver);
    // Of a pair the other end decides; one in another namespace mostly has the same.
    let peer = link
        .below
        .filter(|_| driver == "veth")
        .and_then(|it| subject.named(it));
    let decisive = peer.unwrap_or(link);
    if !is_limited || decisive.mtu <= limit {
        return Check::ok(NAME, detail);
    }
    let of = match peer {
        Some(peer) => format!(
            "{detail}, {} bytes at its other end {}",
            peer.mtu, peer.name
        ),
        None => detail,
    };
    let detail = format!("{of}, above the {limit} that native XDP takes ({source})");
    let fix = format!("sudo ip link set dev {} mtu {limit}", shell(&decisive.name));
    Check::warn(NAME, detail, mend(GENERIC, fix))
}

fn hook(link: &Link) -> Check {
    const NAME: &str = "xdp hook";
    let name = &link.name;
    let Some(xdp) = &link.xdp else {
        return Check::ok(NAME, format!("{name}: free"));
    };
    let program = xdp.name.as_deref().unwrap_or("of unknown name");
    let id = xdp.id.map(|it| it.to_string());
    let (mode, keyword) = match xdp.hook {
        Hook::Native => ("native", "xdpdrv"),
        Hook::Generic => ("generic", "xdpgeneric"),
        Hook::Offloaded => ("offloaded", "xdpoffload"),
        Hook::Several => ("more than one", "xdp"),
    };
    let id_shown = id.as_deref().unwrap_or("unknown");
    let detail = format!("{name}: program {program} (id {id_shown}) in {mode} mode");
    if program.starts_with(OWN_PREFIX) {
        return Check::ok(NAME, detail);
    }
    let whose = match &id {
        Some(id) => format!("sudo bpftool prog show id {id}"),
        None => "sudo bpftool net show".to_owned(),
    };
    let fix = format!(
        "{whose} && sudo ip link set dev {} {keyword} off   # the second only where nobody needs it",
        shell(name)
    );
    let why = "an interface has room for one XDP program, and AEGIS never takes another's off: it \
               attaches by traffic control behind it, which is dearer";
    Check::warn(NAME, detail, mend(why, fix))
}
