//! Whose word an entry is.

use super::Entry;

/// The units that OpenSSH's server runs as, and what its processes are called.
const UNITS: [&[u8]; 2] = [b"ssh", b"sshd"];
const PROGRAMS: [&[u8]; 3] = [b"sshd", b"sshd-session", b"sshd-auth"];

/// Returns the message of an entry that OpenSSH's server wrote.
///
/// The journal itself says so: root's process of that name in that unit. A user may call a program
/// of his own `sshd` or write with `logger -t sshd`, and neither makes it root's.
pub fn sshd_message(entry: &Entry) -> Option<&[u8]> {
    let field = |name: &str| entry.fields.get(name).map(Vec::as_slice);
    let is_root = field("_UID") == Some(b"0");
    let is_program = field("_COMM").is_some_and(|it| PROGRAMS.contains(&it));
    let is_unit = field("_SYSTEMD_UNIT").is_some_and(is_ssh_unit);
    let is_its_own = is_root && is_program && is_unit;
    field("MESSAGE").filter(|_| is_its_own)
}

/// Returns whether a unit is `ssh.service`, `sshd.service`, or one of those that are started for a
/// connection, `sshd@….service`.
fn is_ssh_unit(unit: &[u8]) -> bool {
    let Some(name) = unit.strip_suffix(b".service") else {
        return false;
    };
    let end = name.iter().position(|it| *it == b'@');
    UNITS.contains(&&name[..end.unwrap_or(name.len())])
}

#[cfg(test)]
mod tests;
