//! Interfaces: which mode of attaching each of them allows, and what stands in the way.

use super::Check;
use super::link::{Hook, Layer, Link, Native, links};

#[cfg(test)]
mod tests;

/// Frames above this do not fit one page with XDP's headroom and trailer; drivers vary a little
/// (3,498 to 3,818 bytes), and this is what all of them take. Drivers that spread a packet over
/// several buffers have no such limit.
const NATIVE_MTU_MAX: u32 = 3498;

/// Interfaces named in "there is no such interface".
const NAMES_MAX: usize = 8;

/// Names that our own programs begin with, as the kernel shows them.
const OWN_PREFIX: &str = "aegis";

/// Checks each named interface.
pub(super) fn checks(names: &[String]) -> Vec<Check> {
    match links() {
        Ok(links) => names.iter().flat_map(|name| judge(name, &links)).collect(),
        Err(error) => {
            let detail = format!("interfaces cannot be read from the kernel: {error}");
            vec![Check::fail("interface", detail, "ip -brief link")]
        }
    }
}

fn judge(name: &str, links: &[Link]) -> Vec<Check> {
    match links.iter().find(|link| link.name == name) {
        Some(link) => vec![device(link), native(link), mtu(link), hook(link)],
        None => {
            let there = links.iter().take(NAMES_MAX).map(|link| link.name.as_str());
            let there = there.collect::<Vec<_>>().join(", ");
            let detail = format!("{name}: no such interface; there are {there}");
            vec![Check::fail(
                "interface",
                detail,
                "ip -brief link   # then name one of these",
            )]
        }
    }
}

fn device(link: &Link) -> Check {
    const NAME: &str = "interface";
    let name = &link.name;
    let driver = link.driver.as_deref().unwrap_or("unknown");
    let layer = match link.layer {
        Layer::Ethernet => "Ethernet".to_owned(),
        Layer::Loopback => "loopback".to_owned(),
        Layer::Other(number) => {
            let detail = format!(
                "{name}: frames without an Ethernet header (type {number}, driver {driver})"
            );
            let fix = "ip -brief link   # name the Ethernet interface that carries this traffic";
            return Check::warn(NAME, detail, fix);
        }
    };
    let detail = format!("{name}: {layer}, driver {driver}");
    if link.is_up {
        return Check::ok(NAME, detail);
    }
    Check::warn(
        NAME,
        format!("{detail}, down"),
        format!("sudo ip link set dev {name} up"),
    )
}

fn native(link: &Link) -> Check {
    const NAME: &str = "native xdp";
    let name = &link.name;
    let hint = format!("sudo ethtool -K {name} lro off gro-hw off   # if it is refused");
    let without = "XDP runs in generic mode, two to five times dearer";
    match (link.native, link.layer) {
        // The one driver that has it and often refuses it.
        (Some(Native::Linear | Native::Fragments), _)
            if link.driver.as_deref() == Some("virtio_net") =>
        {
            let detail = format!("{name}: the driver has it, given a spare queue per CPU");
            Check {
                fix: Some(hint),
                ..Check::ok(NAME, detail)
            }
        }
        (Some(Native::Linear | Native::Fragments), _) => {
            Check::ok(NAME, format!("{name}: the driver has it"))
        }
        (Some(Native::Absent), Layer::Loopback) => {
            Check::ok(NAME, format!("{name}: loopback, {without}"))
        }
        (Some(Native::Absent), Layer::Ethernet | Layer::Other(_)) => Check::warn(
            NAME,
            format!("{name}: the driver does not have it, {without}"),
            format!("ethtool -i {name}   # look for a newer driver, or protect another interface"),
        ),
        (None, _) => {
            let detail = format!("{name}: the kernel does not tell; tried when attaching");
            Check {
                fix: Some(hint),
                ..Check::ok(NAME, detail)
            }
        }
    }
}

fn mtu(link: &Link) -> Check {
    const NAME: &str = "mtu";
    let detail = format!("{}: {} bytes", link.name, link.mtu);
    let is_limited = match link.native {
        Some(Native::Linear) => true,
        Some(Native::Absent | Native::Fragments) => false, // generic mode takes any size
        None => link.layer != Layer::Loopback,
    };
    if link.mtu <= NATIVE_MTU_MAX || !is_limited {
        return Check::ok(NAME, detail);
    }
    let detail = format!("{detail}, above the {NATIVE_MTU_MAX} that native XDP takes everywhere");
    Check::warn(
        NAME,
        detail,
        format!("sudo ip link set dev {} mtu {NATIVE_MTU_MAX}", link.name),
    )
}

fn hook(link: &Link) -> Check {
    const NAME: &str = "xdp hook";
    let name = &link.name;
    let Some(xdp) = &link.xdp else {
        return Check::ok(NAME, format!("{name}: free"));
    };
    let program = xdp.name.as_deref().unwrap_or("of unknown name");
    let id = xdp
        .id
        .map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    let (mode, keyword) = match xdp.hook {
        Hook::Native => ("native", "xdpdrv"),
        Hook::Generic => ("generic", "xdpgeneric"),
        Hook::Offloaded => ("offloaded", "xdpoffload"),
        Hook::Several => ("more than one", "xdp"),
    };
    let detail = format!("{name}: program {program} (id {id}) in {mode} mode");
    if program.starts_with(OWN_PREFIX) {
        return Check::ok(NAME, detail);
    }
    Check::warn(
        NAME,
        format!("{detail} holds the hook: AEGIS attaches by tc behind it"),
        format!("sudo bpftool prog show id {id} && sudo ip link set dev {name} {keyword} off"),
    )
}
