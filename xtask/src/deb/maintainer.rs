//! Who answers for a package: what Debian's tools are told in `DEBFULLNAME` and `DEBEMAIL`, or nobody
//! beyond the machine that it is made on.

use std::env;

use anyhow::{Result, ensure};

/// Who it is unless the environment says so.
const NAME: &str = "The AEGIS authors";

/// The project has no address of its own, so a package that nobody put a name to leads to whoever runs
/// the machine it is installed on, and to no stranger's mailbox.
const EMAIL: &str = "root@localhost";

/// Returns the maintainer as the control file and the changelog write it: `Name <address>`.
pub(super) fn maintainer() -> Result<String> {
    let said = |names: [&str; 2]| {
        let mut said = names.iter().filter_map(|it| env::var(it).ok());
        said.find(|it| !it.trim().is_empty())
    };
    // The second of each is what dch and the like fall back to.
    let (name, email) = (said(["DEBFULLNAME", "NAME"]), said(["DEBEMAIL", "EMAIL"]));
    spelled(name.as_deref(), email.as_deref())
}

/// Spells a maintainer; the address may come with a name (`Name <address>`), which counts where there
/// is no other.
fn spelled(name: Option<&str>, email: Option<&str>) -> Result<String> {
    let email = email.unwrap_or(EMAIL).trim();
    let (of_email, address) = match email.strip_suffix('>').and_then(|it| it.split_once('<')) {
        Some((of_email, address)) => (Some(of_email.trim()), address.trim()),
        None => (None, email),
    };
    let of_email = of_email.filter(|it| !it.is_empty());
    let name = name.or(of_email).unwrap_or(NAME).trim();
    let is_address = |it: &str| {
        let parts = it.split_once('@');
        let is_clean = !it.contains(|it: char| it.is_whitespace() || "<>,()".contains(it));
        is_clean && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
    };
    ensure!(
        is_address(address),
        "`{address}` is no address for a maintainer: see DEBEMAIL"
    );
    // A comma would make two of it, a line break another field.
    ensure!(
        !name.is_empty() && !name.contains(|it: char| it.is_control() || "<>,@".contains(it)),
        "`{name}` is no name for a maintainer: see DEBFULLNAME"
    );
    Ok(format!("{name} <{address}>"))
}

#[cfg(test)]
mod tests;
