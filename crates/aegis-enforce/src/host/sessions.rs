//! Where authenticated sessions come from: utmp records and logind's session files.
//!
//! A mere connection to the SSH port proves nothing and is not looked at here.

use std::collections::BTreeSet;
use std::mem::{offset_of, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::files::{Sources, parse_address, read_bytes, read_text, regular_files};

#[cfg(test)]
mod tests;

/// Addresses kept; nobody has more people logged in at once.
const SESSIONS_MAX: usize = 1024;

const RECORD_BYTES: usize = size_of::<libc::utmpx>();
const KIND_AT: usize = offset_of!(libc::utmpx, ut_type);
const PID_AT: usize = offset_of!(libc::utmpx, ut_pid);
const ADDRESS_AT: usize = offset_of!(libc::utmpx, ut_addr_v6);

/// One login that utmp records: its process, and where the person came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Login {
    pub(crate) pid: u32,
    pub(crate) address: IpAddr,
}

/// Reads the addresses of all authenticated remote sessions.
pub(crate) fn sessions(sources: &Sources) -> BTreeSet<IpAddr> {
    let utmp = logins(&read_bytes(&sources.utmp));
    let utmp = utmp
        .into_iter()
        .filter(|login| is_running(sources, login.pid));
    let logind = regular_files(&sources.logind_sessions);
    let logind = logind
        .iter()
        .filter_map(|path| logind_session(&read_text(path)));
    utmp.map(|login| login.address)
        .chain(logind)
        .take(SESSIONS_MAX)
        .collect()
}

/// Returns the remote logins of a utmp file; a record cut short at its end is ignored.
///
/// Only the binary address counts. The host *name* beside it may be written by any local user,
/// by way of the set-group-ID program that terminal emulators use.
pub(crate) fn logins(bytes: &[u8]) -> Vec<Login> {
    bytes.chunks_exact(RECORD_BYTES).filter_map(login).collect()
}

fn login(record: &[u8]) -> Option<Login> {
    let kind = i16::from_ne_bytes(*record.get(KIND_AT..)?.first_chunk()?);
    let pid = i32::from_ne_bytes(*record.get(PID_AT..)?.first_chunk()?);
    let address = login_address(record.get(ADDRESS_AT..)?.first_chunk()?)?;
    let pid = u32::try_from(pid).ok()?;
    (kind == libc::USER_PROCESS).then_some(Login { pid, address })
}

/// Reads an address in network order: IPv4 fills the first word and leaves the rest zero.
fn login_address(bytes: &[u8; 16]) -> Option<IpAddr> {
    let address = match bytes {
        [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => {
            IpAddr::V4(Ipv4Addr::new(*a, *b, *c, *d))
        }
        _ => IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical(),
    };
    (!address.is_unspecified()).then_some(address)
}

/// Returns whether a process is there: a record outlives a login that crashed. Where /proc hides
/// other people's processes nobody can tell, and the record is believed.
fn is_running(sources: &Sources, pid: u32) -> bool {
    sources.proc.join(pid.to_string()).exists() || !sources.proc.join("1").exists()
}

/// Returns where the session of a logind file comes from, if it is remote, active and open.
pub(crate) fn logind_session(text: &str) -> Option<IpAddr> {
    let value = |key| logind_value(text, key);
    let is_open = value("ACTIVE") == Some("1") && value("STATE") != Some("closing");
    if !is_open || value("REMOTE") != Some("1") {
        return None;
    }
    parse_address(value("REMOTE_HOST")?)
}

/// Returns the first process of the session of a logind file, and where it comes from.
pub(crate) fn logind_leader(text: &str) -> Option<(u32, IpAddr)> {
    let leader = logind_value(text, "LEADER")?.parse().ok()?;
    Some((leader, logind_session(text)?))
}

fn logind_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = pairs.rfind(|(name, _)| *name == key)?;
    Some(value.trim_matches('"'))
}
