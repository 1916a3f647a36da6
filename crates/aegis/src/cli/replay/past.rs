//! From the lines of a history to what an Engine can be told again.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use aegis_api::{AllowEntry, HistoryKind, HistoryLine};
use aegis_core::{
    BlockDuration, Command, Detection, Evidence, NodeId, Operator, Severity, Statement, Subject,
    ThreatType, Timestamp, replay::Past,
};

#[cfg(test)]
mod tests;

/// What can be played, and what cannot.
pub(super) struct Told {
    /// The oldest first.
    pub(super) past: Vec<(Timestamp, Past)>,
    /// How many entries of which kind were left out.
    pub(super) left_out: BTreeMap<&'static str, usize>,
    /// What the history does not hold.
    pub(super) unknown: Vec<&'static str>,
}

/// Returns what lines say, the newest first, that decides over blocks; `allowed` is the allowlist as it
/// stands, of which what is older than the lines stood all the time.
pub(super) fn past(lines: &[HistoryLine], allowed: &[AllowEntry]) -> Told {
    let mut told = Told {
        past: Vec::new(),
        left_out: BTreeMap::new(),
        unknown: vec![
            "how far peers were trusted then: they weigh what they weigh now",
            "what the host stood on then (addresses, gateways, sessions): it is what it is now",
        ],
    };
    let began = lines.last().map_or(Timestamp::EPOCH, |it| it.at);
    let standing = allowed.iter().filter(|it| it.added_at < began);
    for it in standing {
        let command = Command::Allow {
            indicator: it.indicator,
            allow_for: it.expires_at.map(|end| end.since(began)),
            comment: None,
        };
        told.past.push((
            began,
            Past::Ordered {
                user: Operator::User(0),
                command,
            },
        ));
    }
    for line in lines.iter().rev() {
        match played(line) {
            Ok(it) => told.past.push((line.at, it)),
            Err("") => {}
            Err(why) => *told.left_out.entry(why).or_insert(0) += 1,
        }
    }
    let heard = told
        .past
        .iter()
        .any(|(_, it)| matches!(it, Past::Heard { .. }));
    if heard {
        told.unknown
            .push("whether peers proved what they said: it is taken for proven");
    }
    told
}

/// Returns what a line says happened; an error without words for what decides nothing.
fn played(line: &HistoryLine) -> Result<Past, &'static str> {
    match line.kind {
        HistoryKind::Detected => detected(line).ok_or("detections that cannot be read"),
        HistoryKind::Alert => heard(line).ok_or("alerts of peers that cannot be read"),
        HistoryKind::Answer => Err("answers of peers, which no policy asks for again"),
        HistoryKind::Blocked | HistoryKind::Unblocked => match user(line) {
            Some(user) => {
                let command = if line.kind == HistoryKind::Blocked {
                    block(line)
                } else {
                    unblock(line)
                };
                let command = command.ok_or("orders that cannot be read")?;
                Ok(Past::Ordered { user, command })
            }
            None => Err(""), // the decision, of which what it came from is played
        },
        HistoryKind::Allowed | HistoryKind::Disallowed => {
            let command = allow(line).ok_or("orders that cannot be read")?;
            let user = user(line).unwrap_or(Operator::User(0));
            Ok(Past::Ordered { user, command })
        }
        HistoryKind::Ended
        | HistoryKind::Published
        | HistoryKind::Withdrawn
        | HistoryKind::Trusted
        | HistoryKind::Forgotten
        | HistoryKind::Started
        | HistoryKind::Stopped => Err(""),
    }
}

fn user(line: &HistoryLine) -> Option<Operator> {
    let (kind, name) = line.actor.split_once(':')?;
    match kind {
        "user" => name.parse().ok().map(Operator::User),
        "key" => name.parse().ok().map(Operator::Key),
        _ => None,
    }
}

fn detected(line: &HistoryLine) -> Option<Past> {
    let (rate, evidence) = match line.detail.split_once("/s ") {
        Some((rate, evidence)) => (rate.parse().ok()?, evidence),
        None => (0, line.detail.as_str()),
    };
    Some(Past::Detected(Detection {
        indicator: line.indicator?,
        threat_type: line.threat_type.clone()?,
        rate,
        evidence: self::evidence(evidence)?,
        blocked_until: None,
    }))
}

fn evidence(text: &str) -> Option<Evidence> {
    let all = [Evidence::Spoofable, Evidence::Verified];
    all.into_iter().find(|it| it.as_str() == text)
}

fn heard(line: &HistoryLine) -> Option<Past> {
    let author: NodeId = line.actor.strip_prefix("peer:")?.parse().ok()?;
    let stated_at = line.at.floor_to_secs();
    Some(Past::Heard {
        author,
        statement: Statement {
            indicator: line.indicator?,
            threat_type: line.threat_type.clone()?,
            severity: Severity::new(line.severity?)?,
            stated_at,
            block_for: BlockDuration::clamped(line.until?.since(stated_at)),
            evidence: Evidence::Verified,
            description: None,
            withdraws: None,
        },
    })
}

fn block(line: &HistoryLine) -> Option<Command> {
    Some(Command::Block {
        subject: Subject {
            indicator: line.indicator?,
            block_for: BlockDuration::clamped(line.until?.since(line.at)),
            threat_type: line.threat_type.clone().unwrap_or_else(ThreatType::listed),
            severity: Severity::new(line.severity?)?,
            evidence: Evidence::Verified,
            description: None,
            audience: None,
        },
        publish: false,
        force: true, // it was done, whatever it took
    })
}

fn unblock(line: &HistoryLine) -> Option<Command> {
    Some(Command::Unblock {
        indicator: line.indicator?,
        withdraw: false,
    })
}

fn allow(line: &HistoryLine) -> Option<Command> {
    let indicator = line.indicator?;
    if line.kind == HistoryKind::Disallowed {
        return Some(Command::Disallow(indicator));
    }
    let secs = line.until.map(|it| it.since(line.at).as_secs());
    let secs = secs.map(|it| u32::try_from(it).unwrap_or(u32::MAX));
    Some(Command::Allow {
        indicator,
        allow_for: secs
            .and_then(NonZeroU32::new)
            .map(|it| Duration::from_secs(it.get().into())),
        comment: None,
    })
}
