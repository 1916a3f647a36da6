//! nftables: what stands in where no kernel program can be loaded.

use std::io;

use super::{Check, mend};
use crate::{Mode, nft::Tool};

#[cfg(test)]
mod tests;

const NAME: &str = "nftables";
const WHY: &str = "nftables is what drops where no kernel program can be loaded";

/// Checks that the program is there and may be used.
pub(super) fn checks() -> Vec<Check> {
    let found = Tool::find().and_then(|tool| {
        let version = tool.version()?;
        Ok((format!("{version} at {}", tool.path().display()), tool))
    });
    let may_use = |tool: &Tool| tool.probe();
    vec![match found {
        Ok((version, tool)) => judge(Ok(version), may_use(&tool)),
        Err(error) => judge(Err(error), Ok(())),
    }]
}

/// Judges what was found, and whether the kernel answers it.
fn judge(found: io::Result<String>, answer: io::Result<()>) -> Check {
    let version = match found {
        Ok(version) => version,
        Err(error) => {
            let detail = format!("nothing stands in where no kernel program loads: {error}");
            return Check::warn(NAME, detail, mend(WHY, "sudo apt-get install nftables"));
        }
    };
    match answer {
        Ok(()) => {
            let cost = Mode::Nft.cost().unwrap_or_default();
            let detail = format!(
                "{version} stands in where no kernel program loads: {cost}, and no detectors"
            );
            Check::ok(NAME, detail)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Check::warn(
            NAME,
            format!("{version} cannot stand in: {error}"),
            mend(WHY, "sudo aegis doctor"),
        ),
        Err(error) => Check::warn(
            NAME,
            format!("{version} cannot stand in: {error}"),
            mend(WHY, "sudo modprobe nf_tables"),
        ),
    }
}
