//! AEGIS itself, through nothing but its public door.

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aegis_core::{Change, Timestamp};
use aegis_enforce::{
    Capacity, DEFAULT_BPFFS, Detectors, EnforceConfig, Enforcer, ModeRequest, detach,
    mount_bpffs_if_missing,
};
use anyhow::{Context as _, Result};
use aya::{
    maps::MapInfo,
    programs::{
        ProgramInfo, Xdp,
        links::{FdLink, PinnedLink},
        xdp::XdpLink,
    },
};
use std::os::fd::AsFd as _;

use super::{
    bpf,
    packet::{Family, RECEIVER, RECEIVER_V6},
};

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Long enough for no block to end meanwhile.
const DAY: Duration = Duration::from_secs(86_400);

/// Names another object of the kernel program than the one that is built in: to compare two.
const OBJECT: &str = "AEGIS_KERNEL_OBJECT";

/// An instance that is removed with everything it pinned.
pub(crate) struct Instance {
    config: EnforceConfig,
    start: Instant,
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = detach(&self.config.instance, &self.config.bpffs);
    }
}

impl Instance {
    /// Prepares an instance whose tables hold `capacity`, attached to `interfaces`.
    pub(crate) fn new(capacity: Capacity, interfaces: &[&str]) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        mount_bpffs_if_missing(DEFAULT_BPFFS.as_ref()).context("find the BPF file system")?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("aegis-bench-{}-{number}", std::process::id());
        let config = EnforceConfig {
            instance: name.parse().context("name the instance")?,
            interfaces: interfaces.iter().map(|it| (*it).to_owned()).collect(),
            mode: ModeRequest::Auto,
            observe: false,
            object: std::env::var_os(OBJECT).map(PathBuf::from),
            bpffs: DEFAULT_BPFFS.into(),
            capacity,
            detectors: no_detector(),
            syn_cookies: aegis_enforce::SynCookies::default(),
        };
        let start = clock();
        Ok(Self { config, start })
    }

    pub(crate) fn start(&self) -> Result<Enforcer> {
        Enforcer::start(&self.config, self.now()).context("start the enforcer")
    }

    /// Returns the wall clock, which moves on: a sweep would take one that stands for a step.
    pub(crate) fn now(&self) -> Timestamp {
        T0 + self.start.elapsed()
    }

    /// Returns where the program that runs now is pinned: a change may put another there.
    pub(crate) fn program(&self) -> PathBuf {
        let folder = self.config.bpffs.join("aegis");
        folder.join(self.config.instance.as_str()).join("prog_xdp")
    }

    /// Opens the program that runs now.
    pub(crate) fn open_program(&self) -> Result<Xdp> {
        let kind = aya_obj::programs::XdpAttachType::Interface;
        Xdp::from_pin(self.program(), kind).context("open the pinned program")
    }

    /// Opens the pinned link of its only interface.
    pub(crate) fn link(&self) -> Result<XdpLink> {
        let folder = self.config.bpffs.join("aegis");
        let pins = fs::read_dir(folder.join(self.config.instance.as_str()));
        let pins = pins.context("list the pins")?.filter_map(Result::ok);
        let mut links = pins.map(|it| it.path()).filter(|it| {
            let name = it.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("link_")
        });
        let link = links.next().context("find a pinned link")?;
        let link = FdLink::from(PinnedLink::from_pin(link).context("open the pinned link")?);
        link.try_into().context("take the link")
    }

    /// Returns what the kernel says that the instance's maps take: those that its program uses,
    /// and those that it pinned.
    pub(crate) fn map_bytes(&self, enforcer: &Enforcer) -> Result<u64> {
        let program = ProgramInfo::from_pin(self.program()).context("open the program")?;
        let used = program.map_ids().context("ask which maps it uses")?;
        let mut ids = used.unwrap_or_default();
        ids.extend(enforcer.map_ids().into_iter().map(|(_, id)| id));
        ids.sort_unstable();
        ids.dedup();
        let mut bytes = 0;
        for id in ids {
            let map = MapInfo::from_id(id).context("open a map")?;
            let map = map.fd().context("open a map")?;
            bytes += bpf::map_bytes(map.as_fd())?;
        }
        Ok(bytes)
    }
}

/// Room for a list of one family, and next to none for all else.
pub(crate) fn room_for(family: Family, entries: u32) -> Capacity {
    let mut capacity = Capacity {
        hosts_v4: LEAST,
        hosts_v6: LEAST,
        prefixes: LEAST,
    };
    match family {
        Family::V4 => capacity.hosts_v4 = entries.max(LEAST),
        Family::V6 => capacity.hosts_v6 = entries.max(LEAST),
    }
    capacity
}

/// The room that an instance has for what is not measured.
const LEAST: u32 = 1024;

/// Blocks the sources `numbers` of a family.
pub(crate) fn blocks(family: Family, numbers: std::ops::Range<u32>) -> Vec<Change> {
    let block = |number| Change::Block {
        indicator: family.indicator(u64::from(number)),
        expires_at: T0 + DAY,
    };
    numbers.map(block).collect()
}

/// Blocks one indicator.
pub(crate) fn block(indicator: aegis_core::Indicator) -> Change {
    Change::Block {
        indicator,
        expires_at: T0 + DAY,
    }
}

/// Blocks the sources below `entries` of a family, and exempts what every host does: its own
/// addresses.
pub(crate) fn listed(family: Family, entries: u32) -> Vec<Change> {
    let mut changes = blocks(family, 0..entries);
    let own = [IpAddr::from(RECEIVER), IpAddr::from(RECEIVER_V6)];
    changes.extend(own.map(|it| Change::Exempt {
        indicator: aegis_core::Indicator::host(it),
        exemption: aegis_core::Exemption::Protected,
    }));
    changes
}

pub(crate) fn no_detector() -> Detectors {
    Detectors::default().disabled()
}

/// Every detector there is, none of which ever catches anybody.
pub(crate) fn all_detectors() -> Detectors {
    let mut detectors = Detectors::default();
    for detector in [
        &mut detectors.syn_flood,
        &mut detectors.syn_imbalance,
        &mut detectors.udp_flood,
        &mut detectors.icmp_flood,
        &mut detectors.port_scan,
    ] {
        detector.enabled = true;
        detector.threshold = u32::MAX;
    }
    detectors.syn_flood_destination.enabled = true;
    detectors.syn_flood_destination.threshold = u32::MAX;
    detectors
}

/// Returns the memory of this process that is in use and not mapped from files.
pub(crate) fn own_bytes() -> Result<u64> {
    bpf::give_memory_back();
    field("/proc/self/status", "RssAnon:")
}

/// Returns how much memory the machine has left.
pub(crate) fn available_bytes() -> Result<u64> {
    field("/proc/meminfo", "MemAvailable:")
}

fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    let line = text.lines().find_map(|it| it.strip_prefix(name));
    let value = line.and_then(|it| it.split_whitespace().next());
    let kibibytes: u64 = value.context("find a field")?.parse()?;
    Ok(kibibytes * 1024)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}
