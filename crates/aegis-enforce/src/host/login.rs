//! By which login somebody on this host came: what `/proc` tells of a process and its parents.
//!
//! Who switches the firewall on may have locked everybody out, and their own shell would not notice:
//! its connection is there already. So whoever confirms must have come in anew. A process is told
//! from others by when it began, which nobody can choose; names are only asked for to find the door
//! that it came through.

#![expect(
    unsafe_code,
    reason = "the clock by which processes are dated has no call in the standard library"
)]

use std::{collections::BTreeSet, net::IpAddr, path::Path};

use super::{
    files::{Sources, read_bytes, read_text, regular_files},
    sessions::{logind_leader, logins},
};

#[cfg(test)]
mod tests;

/// Parents that are looked at: more than any shell is deep.
const ANCESTORS_MAX: usize = 64;

/// What programs are called that let people in.
const DOORS: [&str; 5] = ["sshd", "sshd-session", "sshd-auth", "dropbear", "login"];

/// What the kernel has for an audit session that nobody set.
const NO_SESSION: u32 = u32::MAX;

/// One process, as its line in `/proc` tells.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Process {
    pid: u32,
    parent: u32,
    /// The process that leads its session: a shell at its terminal.
    leader: u32,
    name: String,
    /// When it began, in ticks since the host did.
    began: u64,
}

/// Where an order came from: the process and its parents, and what the system calls their session.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Login {
    /// The caller first.
    ancestors: Vec<Process>,
    /// The kernel's audit session.
    session: Option<u32>,
    /// logind's scope.
    scope: Option<String>,
    /// Where the connection comes from, as far as utmp or logind tell.
    remote: Option<IpAddr>,
}

/// What is kept of the login that an order came by, to tell later ones from it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LoginMark {
    /// When the order was given, in ticks since the host began.
    pub at: u64,
    /// Whether a connection was at stake: the order came by a remote login, or somebody had one.
    pub is_remote: bool,
    /// The kernel's audit session, where there is one.
    pub session: Option<u32>,
    /// logind's scope, where there is one.
    pub scope: Option<String>,
}

/// Why a login does not prove that a new one is possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotNew {
    /// Nothing is known of the caller.
    #[error("it cannot be told by which login this comes: run it on this host, from a new login")]
    Unknown,
    /// It is the login that gave the order, or another that was there before.
    #[error(
        "this login was there before: open a new connection and confirm from there, so that it is \
         proven that one gets in"
    )]
    Same,
    /// It comes from this host itself.
    #[error("this login comes from this host itself, which proves nothing of the network")]
    Local,
    /// A connection is at stake, and this is none.
    #[error(
        "this comes from no login of its own (a multiplexer, a service or a container): open a new \
         connection and confirm from its shell"
    )]
    NoConnection,
}

impl Login {
    /// Returns how the process `pid` came in, as far as it can be told.
    pub fn of(pid: u32) -> Self {
        Self::read(&Sources::under(Path::new("/")), pid)
    }

    fn read(sources: &Sources, pid: u32) -> Self {
        let mut ancestors = Vec::new();
        let mut next = pid;
        while next > 0 && ancestors.len() < ANCESTORS_MAX {
            let stat = sources.proc.join(next.to_string()).join("stat");
            let Some(process) = process(&read_text(&stat)) else {
                break;
            };
            next = process.parent;
            ancestors.push(process);
        }
        let own = sources.proc.join(pid.to_string());
        let session = read_text(&own.join("sessionid")).trim().parse().ok();
        let cgroup = read_text(&own.join("cgroup"));
        let remote = remote(sources, &ancestors);
        Self {
            ancestors,
            session: session.filter(|it| *it != NO_SESSION),
            scope: scope(&cgroup),
            remote,
        }
    }

    /// Returns what to keep of an order given now; `is_anybody_remote` says that somebody is logged
    /// in over the network, who may be the one behind a multiplexer.
    pub fn mark(&self, is_anybody_remote: bool) -> LoginMark {
        LoginMark {
            at: ticks_now(),
            is_remote: is_anybody_remote || self.door().is_some(),
            session: self.session,
            scope: self.scope.clone(),
        }
    }

    /// Returns whether this login proves that one gets in since `mark`; `own` are the addresses of
    /// this host.
    ///
    /// # Errors
    ///
    /// Says why it proves nothing.
    pub fn proves(&self, mark: &LoginMark, own: &BTreeSet<IpAddr>) -> Result<(), NotNew> {
        if self.ancestors.is_empty() {
            return Err(NotNew::Unknown);
        }
        let is_in_session = self.session.is_some() && self.session == mark.session;
        let is_in_scope = self.scope.is_some() && self.scope == mark.scope;
        if is_in_session || is_in_scope {
            return Err(NotNew::Same);
        }
        let anchor = match self.door() {
            Some(door) => door,
            None if mark.is_remote => return Err(NotNew::NoConnection),
            None => self.leader().ok_or(NotNew::Unknown)?,
        };
        if anchor.began <= mark.at {
            return Err(NotNew::Same);
        }
        match self.remote {
            Some(it) if it.is_loopback() || own.contains(&it) => Err(NotNew::Local),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the process that this login's connection belongs to.
    ///
    /// Above the shell stands one process of the door, or two where it gave up its privileges, and
    /// above these the one that listens for everybody, which is not meant.
    fn door(&self) -> Option<&Process> {
        let is_door = |it: &&Process| DOORS.contains(&it.name.as_str());
        let mut run = self.ancestors.iter().skip_while(|it| !is_door(it));
        let mut doors = Vec::new();
        while let Some(it) = run.next().filter(is_door) {
            doors.push(it);
        }
        match doors.as_slice() {
            [] => None,
            [only] => Some(only),
            [.., session, _] => Some(session),
        }
    }

    /// Returns the process that leads the caller's session, or else the oldest of its own.
    fn leader(&self) -> Option<&Process> {
        let caller = self.ancestors.first()?;
        let leads = |it: &&Process| it.pid == caller.leader;
        let is_own = |it: &&Process| it.pid != 1;
        let leader = self.ancestors.iter().find(leads);
        leader.or_else(|| self.ancestors.iter().rfind(is_own))
    }
}

/// Returns how long the host has run, in the ticks that processes are dated by: hundredths of a
/// second (USER_HZ), whatever the kernel's own are. Not from /proc/uptime, which containers make up.
fn ticks_now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is ours and the call fills it; it knows no failure for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    let (seconds, hundredths) = (time.tv_sec.cast_unsigned(), time.tv_nsec / 10_000_000);
    seconds * 100 + hundredths.cast_unsigned()
}

/// Reads `/proc/<pid>/stat` (proc_pid_stat(5)): the name is in parentheses and may hold any of them.
fn process(text: &str) -> Option<Process> {
    let (pid, rest) = text.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let pid_at = |at: usize| number(at).and_then(|it| u32::try_from(it).ok());
    Some(Process {
        pid: pid.parse().ok()?,
        parent: pid_at(1)?,
        leader: pid_at(3)?,
        name: name.to_owned(),
        began: number(19)?,
    })
}

/// Returns the scope of a login session that a process is in, as logind names it.
fn scope(cgroup: &str) -> Option<String> {
    let parts = cgroup.lines().flat_map(|line| line.split('/'));
    let is_session = |it: &&str| it.starts_with("session-") && it.ends_with(".scope");
    parts.filter(is_session).map(str::to_owned).next()
}

/// Returns where a connection comes from that one of these processes serves.
fn remote(sources: &Sources, ancestors: &[Process]) -> Option<IpAddr> {
    let is_ours = |pid: u32| ancestors.iter().any(|it| it.pid == pid);
    let utmp = logins(&read_bytes(&sources.utmp));
    let recorded = utmp
        .into_iter()
        .find(|it| is_ours(it.pid))
        .map(|it| it.address);
    recorded.or_else(|| {
        let files = regular_files(&sources.logind_sessions);
        let leaders = files.iter().filter_map(|it| logind_leader(&read_text(it)));
        let mut ours = leaders.filter(|(pid, _)| is_ours(*pid));
        ours.next().map(|(_, address)| address)
    })
}
