//! Taking tables of ours away, and finding them.

use std::{collections::BTreeMap, io};

use super::{Family, Lock, Tool, listing::read_chains, script::TABLE_PREFIX, start::table_name};
use crate::{EnforceError, InstanceName};

/// More than nft prints of the chains of a whole host.
const CHAINS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Returns the tables that AEGIS made, each with the names of its chains. Reads no elements.
pub(super) fn tables(tool: &Tool) -> io::Result<BTreeMap<(Family, String), Vec<String>>> {
    read_chains(&tool.list(&["chains"], CHAINS_BYTES_MAX)?)
}

/// Removes every table of `instance`; returns them by family and name.
///
/// Where nftables cannot be asked, be it for want of the program or of the privilege, there is
/// nothing to remove for this process, and that is no error.
pub(crate) fn remove_tables(instance: &InstanceName) -> Result<Vec<String>, EnforceError> {
    let Ok(tool) = Tool::find() else {
        return Ok(Vec::new());
    };
    let name = table_name(instance);
    let Ok(standing) = tables(&tool) else {
        return Ok(Vec::new());
    };
    let ours: Vec<String> = standing
        .into_keys()
        .filter(|it| it.1 == name)
        .map(|(family, name)| format!("{} {name}", family.as_str()))
        .collect();
    if ours.is_empty() {
        return Ok(ours);
    }
    let _lock = Lock::take(instance)?;
    let script: String = ours
        .iter()
        .map(|it| format!("delete table {it}\n"))
        .collect();
    tool.change(&script)
        .map_err(EnforceError::kernel("remove the nftables table"))?;
    Ok(ours)
}

/// Returns the instances that have a table.
pub(crate) fn instances_with_tables() -> Vec<InstanceName> {
    let standing = Tool::find().and_then(|it| tables(&it)).unwrap_or_default();
    let names = standing.into_keys().filter_map(|(_, name)| {
        let name = name.strip_prefix(TABLE_PREFIX)?;
        name.parse().ok()
    });
    names.collect()
}
