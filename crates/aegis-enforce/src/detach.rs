//! Taking an instance out of the kernel: links, programs and maps.

use std::path::Path;

use crate::{
    EnforceError, InstanceName,
    kernel::{Pins, instances, remove_filter},
    nft::{instances_with_tables, remove_tables},
};

/// What was removed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DetachReport {
    /// Interfaces, by index, that packets pass unfiltered from now on.
    pub links: Vec<u32>,
    /// Interfaces, by name, that a traffic-control filter was removed from.
    pub filters: Vec<String>,
    /// Tables of nftables, by family and name.
    pub tables: Vec<String>,
    /// Maps and programs that nothing holds any more, by pin name.
    pub pins: Vec<String>,
}

/// Removes everything of `instance`. Its links go first, so nothing runs on maps that are gone.
/// A running owner must be stopped before.
pub fn detach(instance: &InstanceName, bpffs: &Path) -> Result<DetachReport, EnforceError> {
    let tables = remove_tables(instance)?;
    let report = detach_program(instance, bpffs)?;
    Ok(DetachReport { tables, ..report })
}

/// Removes the programs, links and maps of `instance`, and leaves its tables of nftables alone.
pub(crate) fn detach_program(
    instance: &InstanceName,
    bpffs: &Path,
) -> Result<DetachReport, EnforceError> {
    let pins = Pins::new(bpffs, instance);
    let mut report = DetachReport {
        filters: interface_names()
            .into_iter()
            .filter(|it| remove_filter(it, instance.as_str()))
            .collect(),
        ..DetachReport::default()
    };
    if !pins.exists() {
        return Ok(report);
    }
    let _lock = pins.lock()?;
    for link in pins.links()? {
        pins.remove_link(&link)?;
        report.links.push(link.ifindex);
    }
    for name in pins.names()? {
        pins.remove(&name)?;
        report.pins.push(name);
    }
    pins.remove_folder()?;
    Ok(report)
}

/// Removes every instance that has pins below `bpffs` or a table of nftables.
pub fn detach_all(bpffs: &Path) -> Result<Vec<(InstanceName, DetachReport)>, EnforceError> {
    let mut names = instances(bpffs).map_err(|source| EnforceError::Bpffs {
        path: bpffs.into(),
        source,
    })?;
    names.extend(instances_with_tables());
    names.sort();
    names.dedup();
    let mut reports = Vec::new();
    for name in names {
        let report = detach(&name, bpffs)?;
        reports.push((name, report));
    }
    Ok(reports)
}

/// Returns the names of the interfaces of this namespace, as far as they can be listed.
fn interface_names() -> Vec<String> {
    let Ok(text) = std::fs::read_to_string("/proc/thread-self/net/dev") else {
        return Vec::new();
    };
    // Two lines of heading, then `name: numbers`.
    let name = |line: &str| line.split_once(':').map(|(it, _)| it.trim().to_owned());
    text.lines().skip(2).filter_map(name).collect()
}
