//! The allowlist by name: names are resolved again and again, and what they stand for is allowed.
//!
//! The host's own resolver is asked, in threads that may wait for it. It tells no time to live, so
//! it is asked at a fixed interval. An address that a name stood for is allowed a while longer: names
//! that change in turn must not open a gap, nor one that fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_api::{
    AllowName, AllowNameList, AllowNameRequest, ApiError, Caller, ErrorCode, NameDisallowed,
    NamedAddress, Reply, SafetyReply,
};
use aegis_core::{Action, AuditEntry, Description, HostName, Input, Record, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    Node,
    dispatch::chain,
    replaced::{self, replace},
};

#[cfg(test)]
mod tests;

/// Names on the allowlist at most.
const NAMES_MAX: usize = 100;

/// Addresses that one name may stand for at a time; one with more is no host of yours.
const ADDRESSES_MAX: usize = 32;

/// How often a name is resolved.
const RESOLVE_EVERY: Duration = Duration::from_secs(60);

/// How long the resolver may take; callers wait for it.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an address is allowed that a name stands for no more.
const GRACE: Duration = Duration::from_secs(3600);

/// How long the addresses of a name are allowed that cannot be resolved.
const GRACE_FAILING: Duration = Duration::from_secs(86_400);

/// Answers that wait for the loop: one for each name, and for who adds one.
const ANSWERS_MAX: usize = 2 * NAMES_MAX;

/// What the resolver said of a name.
pub(super) struct Resolved {
    name: HostName,
    answer: Result<BTreeSet<IpAddr>, String>,
    asked_by: Option<Asked>,
}

/// Somebody waits for a name to be put on the list.
struct Asked {
    caller: Caller,
    comment: Option<Description>,
    reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
}

/// The names, and what they stand for.
pub(super) struct Names {
    dir: PathBuf,
    names: BTreeMap<HostName, Named>,
    /// Who is being asked about.
    asked: BTreeSet<HostName>,
    resolved_tx: mpsc::Sender<Resolved>,
    lookups: JoinSet<()>, // ended with the names
    problem: Option<String>,
}

/// One name.
#[derive(Clone, Debug, Default, PartialEq)]
struct Named {
    added_at: Timestamp,
    comment: Option<Description>,
    /// When each was an answer last.
    addresses: BTreeMap<IpAddr, Timestamp>,
    /// When the resolver was asked last, whatever it said.
    asked_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    problem: Option<String>,
}

/// What is kept of one.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    added_ms: u64,
    comment: Option<String>,
    addresses: BTreeMap<IpAddr, u64>,
}

impl Names {
    /// Reads the names that are kept.
    pub(super) fn open(dir: &Path) -> (Self, mpsc::Receiver<Resolved>) {
        let (resolved_tx, resolved_rx) = mpsc::channel(ANSWERS_MAX);
        let (names, problem) = match read(dir) {
            Ok(names) => (names, None),
            Err(error) => {
                let path = file(dir);
                let problem = format!("{} is no use: {error}", path.display());
                (BTreeMap::new(), Some(problem))
            }
        };
        let names = Self {
            dir: dir.to_owned(),
            names,
            asked: BTreeSet::new(),
            resolved_tx,
            lookups: JoinSet::new(),
            problem,
        };
        (names, resolved_rx)
    }

    /// Asks the resolver about a name, in a task of its own.
    fn ask(&mut self, name: HostName, asked_by: Option<Asked>) {
        let resolved_tx = self.resolved_tx.clone();
        while self.lookups.try_join_next().is_some() {}
        self.lookups.spawn(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0));
            let answer = match tokio::time::timeout(RESOLVE_TIMEOUT, found).await {
                Ok(Ok(found)) => Ok(found
                    .take(ADDRESSES_MAX + 1) // enough to know that there are too many
                    .map(|it| it.ip().to_canonical())
                    .collect()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the resolver does not answer".to_owned()),
            };
            let resolved = Resolved {
                name,
                answer: answer.and_then(sane),
                asked_by,
            };
            let _ = resolved_tx.send(resolved).await; // the node is gone: nobody wants to know
        });
    }

    /// Returns every address that is allowed for a name.
    fn addresses(&self) -> BTreeSet<IpAddr> {
        let names = self.names.values();
        names.flat_map(|it| it.addresses.keys().copied()).collect()
    }
}

/// Returns what a name stands for, unless that is no host.
fn sane(addresses: BTreeSet<IpAddr>) -> Result<BTreeSet<IpAddr>, String> {
    if addresses.is_empty() {
        return Err("it stands for no address".to_owned());
    }
    if addresses.len() > ADDRESSES_MAX {
        return Err(format!("it stands for more than {ADDRESSES_MAX} addresses"));
    }
    let is_broadcast = |it: &IpAddr| matches!(it, IpAddr::V4(it) if it.is_broadcast());
    let is_none = |it: &&IpAddr| it.is_unspecified() || it.is_multicast() || is_broadcast(it);
    match addresses.iter().find(is_none) {
        Some(it) => Err(format!("it stands for {it}, which is no host's address")),
        None => Ok(addresses),
    }
}

impl Named {
    /// Takes in what the resolver said.
    fn take(&mut self, now: Timestamp, answer: Result<BTreeSet<IpAddr>, String>) {
        match answer {
            Ok(found) => {
                for address in found {
                    self.addresses.insert(address, now);
                }
                (self.resolved_at, self.problem) = (Some(now), None);
                self.addresses.retain(|_, at| now.since(*at) < GRACE);
            }
            Err(problem) => {
                self.problem = Some(problem);
                self.addresses
                    .retain(|_, at| now.since(*at) < GRACE_FAILING);
            }
        }
        // Names whose answers change every time: what was said last counts.
        while self.addresses.len() > 2 * ADDRESSES_MAX {
            let oldest = self.addresses.iter().min_by_key(|(_, at)| **at);
            let Some(oldest) = oldest.map(|(it, _)| *it) else {
                break;
            };
            self.addresses.remove(&oldest);
        }
    }
}

impl Node {
    /// Allows what the kept names stood for when the node stopped, before anybody is asked.
    pub(super) fn resume_names(&mut self) {
        if let Some(problem) = self.names.problem.take() {
            self.degraded(problem);
        }
        self.allow_named();
    }

    /// Has names resolved again whose time it is.
    pub(super) fn refresh_names(&mut self) {
        let now = self.now();
        let is_due = |it: &Named| it.asked_at.is_none_or(|at| now.since(at) >= RESOLVE_EVERY);
        let due: Vec<HostName> = self
            .names
            .names
            .iter()
            .filter(|(name, it)| is_due(it) && !self.names.asked.contains(*name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            self.names.asked.insert(name.clone());
            self.names.ask(name, None);
        }
    }

    /// Takes in what the resolver said.
    pub(super) fn handle_resolved(&mut self, resolved: Resolved) {
        let Resolved {
            name,
            answer,
            asked_by,
        } = resolved;
        let now = self.now();
        if let Some(asked) = asked_by {
            let reply = self.list_name(now, &name, answer, (asked.caller, asked.comment));
            let reply = reply.map(|it| Reply::Safety(Box::new(SafetyReply::Name(it))));
            let _ = asked.reply_tx.send(reply);
            return;
        }
        self.names.asked.remove(&name);
        let Some(named) = self.names.names.get_mut(&name) else {
            return; // taken off meanwhile
        };
        named.asked_at = Some(now);
        if let Err(problem) = &answer
            && named.problem.as_ref() != Some(problem)
        {
            tracing::warn!(
                name = name.as_str(),
                problem,
                "An allowed name is not resolved"
            );
        }
        let before: BTreeSet<IpAddr> = named.addresses.keys().copied().collect();
        named.take(now, answer);
        if named.addresses.keys().ne(before.iter()) {
            self.keep_names();
            self.allow_named();
        }
    }

    /// Has a name resolved and put on the list; whoever asked waits for that.
    pub(super) fn allow_name(
        &mut self,
        caller: Caller,
        request: AllowNameRequest,
        reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
    ) {
        let asked = Asked {
            caller,
            comment: request.comment,
            reply_tx,
        };
        self.names.ask(request.name, Some(asked));
    }

    fn list_name(
        &mut self,
        now: Timestamp,
        name: &HostName,
        answer: Result<BTreeSet<IpAddr>, String>,
        (caller, comment): (Caller, Option<Description>),
    ) -> Result<AllowName, ApiError> {
        let unknown =
            |why| ApiError::new(ErrorCode::NotFound, format!("{name} is not allowed: {why}"));
        let found = answer.map_err(unknown)?;
        let is_known = self.names.names.contains_key(name);
        if !is_known && self.names.names.len() >= NAMES_MAX {
            let message = format!("there are {NAMES_MAX} names already");
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        let named = self.names.names.entry(name.clone()).or_default();
        named.added_at = now;
        named.comment = comment;
        named.asked_at = Some(now);
        named.take(now, Ok(found));
        self.note_name(caller, Action::Allow, name);
        self.keep_names();
        self.allow_named();
        self.names
            .names
            .get(name)
            .map(|it| shown(now, name, it))
            .ok_or_else(|| ApiError::new(ErrorCode::Internal, "the name is gone already"))
    }

    /// Takes a name off the list.
    pub(super) fn disallow_name(&mut self, caller: Caller, name: &HostName) -> NameDisallowed {
        let was_allowed = self.names.names.remove(name).is_some();
        if was_allowed {
            self.note_name(caller, Action::Disallow, name);
            self.keep_names();
            self.allow_named();
        }
        NameDisallowed {
            name: name.clone(),
            was_allowed,
        }
    }

    /// Returns the names with what they stand for.
    pub(super) fn allow_names(&self) -> AllowNameList {
        let now = self.now();
        let names = self.names.names.iter();
        AllowNameList {
            names: names.map(|(name, it)| shown(now, name, it)).collect(),
        }
    }

    /// Returns the name for which an address is allowed, if there is one.
    pub(super) fn name_of(&self, address: IpAddr) -> Option<&HostName> {
        let mut names = self.names.names.iter();
        let found = names.find(|(_, it)| it.addresses.contains_key(&address));
        found.map(|(name, _)| name)
    }

    fn allow_named(&mut self) {
        self.handle(Input::NamesResolved(self.names.addresses()));
    }

    fn keep_names(&mut self) {
        if let Err(error) = write(&self.names.dir, &self.names.names) {
            self.degraded(format!("allowed names cannot be kept: {error}"));
        }
    }

    fn note_name(&mut self, caller: Caller, action: Action, name: &HostName) {
        let record = Record::Audit(AuditEntry {
            at: self.now(),
            actor: caller.operator().into(),
            action,
            indicator: None,
            detail: format!("name {name}"),
        });
        super::tell::audit(&record);
        if let Err(error) = self.store.apply(&[record]) {
            let error = chain(&error);
            self.degraded(format!("the store does not take changes: {error}"));
        }
    }
}

fn shown(now: Timestamp, name: &HostName, it: &Named) -> AllowName {
    let addresses = it.addresses.iter().map(|(address, at)| NamedAddress {
        address: *address,
        age_secs: now.since(*at).as_secs(),
    });
    AllowName {
        name: name.clone(),
        added_at: it.added_at,
        comment: it.comment.clone(),
        addresses: addresses.collect(),
        resolved_at: it.resolved_at,
        age_secs: it.resolved_at.map(|at| now.since(at).as_secs()),
        problem: it.problem.clone(),
    }
}

fn file(dir: &Path) -> PathBuf {
    replaced::path(dir, "names")
}

fn read(dir: &Path) -> io::Result<BTreeMap<HostName, Named>> {
    let text = match fs::read_to_string(file(dir)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let kept: Vec<Kept> = serde_json::from_str(&text)?;
    let named = |it: Kept| {
        let name = it.name.parse().map_err(io::Error::other)?;
        let comment = it.comment.map(|it| it.parse()).transpose();
        let at = |(address, ms)| (address, Timestamp::from_millis(ms));
        let named = Named {
            added_at: Timestamp::from_millis(it.added_ms),
            comment: comment.map_err(io::Error::other)?,
            addresses: it.addresses.into_iter().map(at).collect(),
            ..Named::default()
        };
        Ok((name, named))
    };
    kept.into_iter().take(NAMES_MAX).map(named).collect()
}

/// Writes the file so that after a crash it is the old or the new one.
fn write(dir: &Path, names: &BTreeMap<HostName, Named>) -> io::Result<()> {
    let kept = names.iter().map(|(name, it)| Kept {
        name: name.to_string(),
        added_ms: it.added_at.as_millis(),
        comment: it.comment.as_ref().map(|it| it.as_str().to_owned()),
        addresses: it
            .addresses
            .iter()
            .map(|(address, at)| (*address, at.as_millis()))
            .collect(),
    });
    let text = serde_json::to_vec(&kept.collect::<Vec<_>>())?;
    replace(dir, "names", &text)
}
