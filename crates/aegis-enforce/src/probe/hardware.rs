//! Hardware: offloads that stand in XDP's way, and queues that it needs.

use super::ethtool::{Feature, Hardware, Queues};
use super::{Check, mend, shell};

#[cfg(test)]
mod tests;

const LRO: &str = "rx-lro";
const GRO_HW: &str = "rx-gro-hw";
const VLAN: &str = "rx-vlan-hw-parse";

const VIRTIO: &str = "virtio_net";
const ENA: &str = "ena";

/// Judges what the driver of an interface tells, on a host with so many CPUs.
pub(super) fn judge(name: &str, hardware: &Hardware, cpus: u32) -> Vec<Check> {
    let mut checks = Vec::new();
    let is_on = |feature| hardware.features.get(feature).filter(|it| it.is_on);
    if let Some(lro) = is_on(LRO) {
        checks.push(merging(name, "LRO", lro));
    }
    if let Some(gro) = is_on(GRO_HW) {
        checks.push(merging(name, "GRO_HW", gro));
    }
    if checks.is_empty() && !hardware.features.is_empty() {
        let detail = format!("{name}: no offload merges packets before XDP sees them");
        checks.push(Check::ok("offloads", detail));
    }
    checks.extend(is_on(VLAN).map(|_| vlan(name)));
    let driver = hardware.driver.as_deref().unwrap_or_default();
    checks.extend(hardware.queues.map(|it| queues(name, driver, it, cpus)));
    checks
}

/// Judges an offload that merges packets.
fn merging(name: &str, offload: &str, feature: &Feature) -> Check {
    let why = "a driver that cannot turn it off by itself refuses native XDP (\"Can't set XDP \
               while host is implementing LRO/GRO_HW\"); generic mode is two to five times dearer";
    let flag = if offload == "LRO" { "lro" } else { "gro-hw" };
    let word = shell(name);
    if feature.is_changeable {
        let detail = format!("{name}: {offload} is on");
        let fix = format!("sudo ethtool -K {word} {flag} off");
        return Check::warn("offloads", detail, mend(why, fix));
    }
    let detail = format!("{name}: {offload} is on and cannot be turned off from here");
    let fix = "guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,guest_csum=off   # on the \
               host of this virtual machine, for its virtio-net device";
    Check::warn("offloads", detail, mend(why, fix))
}

fn vlan(name: &str) -> Check {
    let detail =
        format!("{name}: VLAN tags are taken out of packets before XDP sees them (rxvlan)");
    let why = "the program sees such a packet without its tag and judges it by its source all the \
               same; nothing need be changed";
    Check::note("vlan offload", detail, why)
}

fn queues(name: &str, driver: &str, queues: Queues, cpus: u32) -> Check {
    const NAME: &str = "queues";
    let Queues {
        combined,
        combined_max,
    } = queues;
    let detail = format!("{name}: {combined} of at most {combined_max}");
    let word = shell(name);
    if driver == ENA && combined > combined_max / 2 {
        let why = "this driver needs a spare queue for each one in use, or it refuses native XDP";
        let fix = format!(
            "sudo ethtool -L {word} combined {}",
            (combined_max / 2).max(1)
        );
        return Check::warn(NAME, detail, mend(why, fix));
    }
    if driver == VIRTIO && combined.saturating_add(cpus) > combined_max {
        let why = "without a spare queue for each CPU answers from XDP (SYN cookies) share queues \
                   under a lock; dropping costs the same";
        let note = Check::note(NAME, format!("{detail}, {cpus} CPUs"), why);
        return match combined_max.checked_sub(cpus).filter(|it| *it > 0) {
            Some(free) => note.with_fix(format!("sudo ethtool -L {word} combined {free}")),
            None => note.with_fix(format!(
                "queues={}   # on the host of this virtual machine, for its virtio-net device",
                combined.saturating_add(cpus)
            )),
        };
    }
    Check::ok(NAME, detail)
}
