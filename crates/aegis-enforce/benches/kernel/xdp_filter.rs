//! xdp-filter of xdp-tools, as the distribution installed it, with its maps filled directly: its
//! own tool stops at 10,000 addresses.

use std::{
    fs,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use aegis_enforce::DEFAULT_BPFFS;
use anyhow::{Context as _, Result, bail};
use aya::{
    Ebpf, EbpfLoader,
    programs::{Program, Xdp},
};

use super::{
    bpf,
    packet::Family,
    source::{address_v4, net_v6},
    stage::{Candidate, Duty, Origin},
};

/// Where distributions put its kernel programs; those of the policy to pass what is not listed.
const FOLDERS: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/bpf",
    "/usr/lib64/bpf",
    "/usr/lib/bpf",
];
/// Each program with the name that it has here.
const VARIANTS: [(&str, &str); 2] = [
    ("xdpfilt_alw_ip", XDP_FILTER),
    ("xdpfilt_alw_all", XDP_FILTER_ALL),
];
/// The rival of the goals: addresses only.
pub(crate) const XDP_FILTER: &str = "xdp-filter, ip";
/// The same with ports and Ethernet addresses.
pub(crate) const XDP_FILTER_ALL: &str = "xdp-filter, all";
/// The bit of an entry that says to compare the source.
const MATCH_SOURCE: u64 = 1;

/// Both programs on one set of maps, and the pins through which they share them.
pub(crate) struct XdpFilter {
    programs: Vec<(&'static str, Ebpf)>,
    pins: PathBuf,
}

impl Drop for XdpFilter {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.pins);
    }
}

impl XdpFilter {
    /// Loads what is installed with room for a list; none is installed where it returns `None`.
    pub(crate) fn load(family: Family, entries: u32) -> Result<Option<Self>> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let is_there = |it: &&str| Path::new(it).join("xdpfilt_alw_ip.o").is_file();
        let Some(folder) = FOLDERS.into_iter().find(is_there) else {
            return Ok(None);
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("aegis-bench-xf-{}-{number}", std::process::id());
        let pins = Path::new(DEFAULT_BPFFS).join(name);
        fs::create_dir(&pins).context("make a folder for xdp-filter's maps")?;
        let mut filter = Self {
            programs: Vec::new(),
            pins,
        };
        let (v4, v6) = match family {
            Family::V4 => (entries, 1),
            Family::V6 => (1, entries),
        };
        for (object, name) in VARIANTS {
            let path = Path::new(folder).join(format!("{object}.o"));
            let mut loader = EbpfLoader::new();
            loader.default_map_pin_directory(&filter.pins);
            loader.map_max_entries("filter_ipv4", v4.max(1));
            loader.map_max_entries("filter_ipv6", v6.max(1));
            let ebpf = loader.load_file(&path);
            let mut ebpf = ebpf.with_context(|| format!("load {}", path.display()))?;
            only(&mut ebpf)?.load().context("load xdp-filter")?;
            filter.programs.push((name, ebpf));
        }
        Ok(Some(filter))
    }

    /// Lists the sources 0…`entries`; returns what the kernel says that their map takes.
    pub(crate) fn list(&self, family: Family, entries: u32) -> Result<u64> {
        let (_, ebpf) = self.programs.first().context("find xdp-filter")?;
        let name = match family {
            Family::V4 => "filter_ipv4",
            Family::V6 => "filter_ipv6",
        };
        let map = ebpf.map(name).context("find xdp-filter's map")?;
        let map = bpf::descriptor(map)?;
        let cpus = aya::util::nr_cpus().map_err(|(what, error)| {
            anyhow::Error::new(error).context(format!("count processors: {what}"))
        })?;
        let value = MATCH_SOURCE.to_ne_bytes().repeat(cpus);
        let numbers = 0..u64::from(entries);
        match family {
            Family::V4 => bpf::fill(map, numbers.map(|it| address_v4(it).to_be_bytes()), &value)?,
            Family::V6 => bpf::fill(map, numbers.map(address_bytes), &value)?,
        }
        bpf::map_bytes(map.as_fd())
    }

    pub(crate) fn candidates(&mut self) -> Result<Vec<Candidate>> {
        let mut candidates = Vec::new();
        for (name, ebpf) in &mut self.programs {
            let program = only(ebpf)?.fd().context("share xdp-filter")?;
            candidates.push(Candidate {
                name,
                duty: Duty::Filter,
                program: Origin::Loaded(program.try_clone().context("share xdp-filter")?),
            });
        }
        Ok(candidates)
    }

    /// Returns the program that looks at addresses only, for attaching it.
    pub(crate) fn ip_program(&mut self) -> Result<&mut Xdp> {
        let (_, ebpf) = self.programs.first_mut().context("find xdp-filter")?;
        only(ebpf)
    }
}

/// Returns the address that packets of an IPv6 source come from: xdp-filter knows no networks.
fn address_bytes(number: u64) -> [u8; 16] {
    ((u128::from(net_v6(number)) << 64) | 1).to_be_bytes()
}

/// Returns the one program of an object.
fn only(ebpf: &mut Ebpf) -> Result<&mut Xdp> {
    match ebpf.programs_mut().next() {
        Some((_, Program::Xdp(program))) => Ok(program),
        _ => bail!("xdp-filter's object has no XDP program"),
    }
}
