//! What the node that runs here reads, where it is asked, and who asks.

use aegis_api::{Bouncer, FeedLine, LapiState, LogSource, Status};
use aegis_enforce::probe::{Check, State};
use aegis_ui::count;

/// Returns how the logs and the listeners of a node stand.
pub(super) fn checks(status: &Status) -> Vec<Check> {
    let mut checks = status.logs.as_deref().map(read).unwrap_or_default();
    let api = status.api.iter();
    checks.extend(api.map(|url| fine("api", format!("the HTTP API is served at {url}"))));
    checks.extend(status.lapi.iter().flat_map(asked));
    checks.extend(status.feeds.iter().map(feed));
    checks
}

/// Returns how the logs stand that are read.
fn read(logs: &[LogSource]) -> Vec<Check> {
    match logs {
        [] => vec![no_log()],
        logs => logs.iter().map(log).collect(),
    }
}

/// Returns how the Local API stands, and who cannot do what is asked of it.
fn asked(lapi: &LapiState) -> Vec<Check> {
    let cutting = lapi.bouncers.iter().filter(|it| it.cuts_prefixes);
    let served = fine("lapi", served(lapi));
    [served]
        .into_iter()
        .chain(cutting.map(cuts_prefixes))
        .collect()
}

/// Returns how a feed stands.
fn feed(feed: &FeedLine) -> Check {
    let FeedLine { name, alarms, .. } = feed;
    let had = match feed.succeeded_at {
        Some(at) => format!("fetched at {at}"),
        None => "not fetched yet".to_owned(),
    };
    if alarms.is_empty() {
        return fine(
            "feed",
            format!("{name}: {had}, {} of it blocked", blocked(feed)),
        );
    }
    let problem = feed.problem.as_ref().map(|it| format!(": {it}"));
    let is_of_list = alarms.iter().any(|it| it == "empty" || it == "shrunk");
    let is_of_key = alarms.iter().any(|it| it == "unauthorised");
    Check {
        name: "feed",
        state: State::Warn,
        detail: format!(
            "{name} is {}, {had}{}",
            alarms.join(" and "),
            problem.unwrap_or_default()
        ),
        why: Some(
            "what it lists by now may not be blocked; what it listed is, for some days".to_owned(),
        ),
        fix: Some(if is_of_list {
            format!("believe it if that is right: aegis feed refresh {name} --accept")
        } else if is_of_key {
            format!("see that its key is right: aegis feed show {name} names the file")
        } else {
            format!("see what is wrong: aegis feed show {name}; or aegis feed remove {name}")
        }),
    }
}

fn blocked(feed: &FeedLine) -> u64 {
    feed.last.as_ref().map_or(0, |it| it.blocked)
}

fn no_log() -> Check {
    Check {
        name: "log",
        state: State::Warn,
        detail: "no log is read: none of those configured is there, or may be looked for".to_owned(),
        why: Some("attacks that only logs tell of, such as guessed passwords, are not seen".to_owned()),
        fix: Some(
            "name logs of this host (logs.journal, logs.auth, logs.access, logs.suricata, logs.zeek), \
             or say that there are none (logs.enabled = false)"
                .to_owned(),
        ),
    }
}

fn log(log: &LogSource) -> Check {
    let (path, kind) = (log.path.display(), log.kind.as_str());
    let Some(problem) = &log.problem else {
        let read = match log.last_at {
            Some(at) => format!("{} read, the last at {at}", count(log.lines, "line")),
            None => "nothing written since the node started".to_owned(),
        };
        return fine("log", format!("{path} ({kind}): {read}"));
    };
    Check {
        name: "log",
        state: State::Warn,
        detail: format!("{path} ({kind}) cannot be read: {problem}"),
        why: Some("attacks that it tells of are not seen".to_owned()),
        fix: Some(format!(
            "let the user that the node runs as read it (journals: the group systemd-journal; \
             /var/log: the group adm), or take {path} out of the configuration"
        )),
    }
}

fn served(lapi: &LapiState) -> String {
    let count = lapi.bouncers.len();
    let bouncers = match count {
        0 => "no bouncer has polled yet".to_owned(),
        1 => "1 bouncer has polled".to_owned(),
        _ => format!("{count} bouncers have polled"),
    };
    format!(
        "CrowdSec's programs are answered at {}: {bouncers}",
        lapi.url
    )
}

fn cuts_prefixes(bouncer: &Bouncer) -> Check {
    let Bouncer {
        name,
        address,
        program,
        ..
    } = bouncer;
    Check {
        name: "lapi",
        state: State::Warn,
        detail: format!("the bouncer {name} at {address} ({program}) blocks one address of a prefix"),
        why: Some(
            "with nftables it cuts the length off; it is told prefixes of up to lapi.expand_hosts_max \
             addresses as these, and wider ones come through but for their first address"
                .to_owned(),
        ),
        fix: Some(
            "on this host leave dropping to the node (`aegis enforce`); elsewhere have that bouncer work \
             with ipset (mode: ipset), or raise lapi.expand_hosts_max"
                .to_owned(),
        ),
    }
}

fn fine(name: &'static str, detail: String) -> Check {
    Check {
        name,
        state: State::Ok,
        detail,
        why: None,
        fix: None,
    }
}

#[cfg(test)]
mod tests;
