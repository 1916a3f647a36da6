//! What this process may do.

use std::path::Path;

use super::{Check, mend};
use crate::host::files::read_text;
use crate::privileges::{Capability, missing, names};

#[cfg(test)]
mod tests;

const SETCAP: &str =
    r#"sudo setcap cap_bpf,cap_net_admin,cap_perfmon=ep "$(command -v aegis)"   # or run as root"#;
const AMBIENT: &str =
    "AmbientCapabilities=CAP_BPF CAP_NET_ADMIN CAP_PERFMON   # in the unit that starts aegis";
const CONTAINER: &str =
    "docker run --cap-add BPF --cap-add NET_ADMIN --cap-add PERFMON …   # or on the host itself";

/// Checks this process.
pub(super) fn checks() -> Vec<Check> {
    let status = read_text(Path::new("/proc/self/status"));
    let uid_map = read_text(Path::new("/proc/self/uid_map"));
    vec![capabilities(&status), user_namespace(&uid_map)]
}

fn capabilities(status: &str) -> Check {
    const NAME: &str = "privileges";
    const WHY: &str = "only --observe works";
    let set = |key| field(status, key).and_then(|it| u64::from_str_radix(it, 16).ok());
    let Some(effective) = set("CapEff") else {
        let detail = "this process's capabilities cannot be read";
        return Check::fail(NAME, detail, mend(WHY, SETCAP));
    };
    let user = field(status, "Uid").and_then(|it| it.split_whitespace().nth(1));
    let user = if user == Some("0") {
        "root"
    } else {
        "not root"
    };
    let lacking = missing(effective);
    if lacking.is_empty() {
        let detail = format!("{user}, with every capability that enforcement needs");
        return Check::ok(NAME, detail);
    }
    let bounding = set("CapBnd").unwrap_or(u64::MAX);
    let fix = if is_beyond(bounding, &lacking) {
        CONTAINER
    } else if field(status, "NoNewPrivs") == Some("1") {
        AMBIENT // what a file gives does not count here
    } else {
        SETCAP
    };
    let detail = format!("{user}, without {}", names(&lacking));
    Check::fail(NAME, detail, mend(WHY, fix))
}

/// Returns whether some capability cannot be had at all under this bounding set.
fn is_beyond(bounding: u64, lacking: &[Capability]) -> bool {
    missing(bounding).iter().any(|it| lacking.contains(it))
}

/// Returns the value of a `Key:\tvalue` line.
fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = status.lines().filter_map(|line| line.split_once(':'));
    pairs
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim())
}

/// Judges whether capabilities count: those held in a user namespace load no programs.
fn user_namespace(uid_map: &str) -> Check {
    const NAME: &str = "user namespace";
    let mut fields = uid_map.split_whitespace();
    let is_first =
        [fields.next(), fields.next()] == [Some("0"); 2] && fields.next() == Some("4294967295");
    if is_first {
        return Check::ok(NAME, "none: capabilities count for the whole host");
    }
    Check::fail(
        NAME,
        "inside a user namespace (a rootless container?)",
        mend(
            "the kernel loads no programs from here, whatever the capabilities",
            "sudo aegis run   # on the host itself, or in a privileged container",
        ),
    )
}
