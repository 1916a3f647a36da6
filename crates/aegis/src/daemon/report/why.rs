//! Why an indicator is blocked, or is not.

use aegis_api::{
    Affiliation, ApiError, EvidenceLine, Exempt, KernelEntry, NearMiss, RefusalLine, WHY_LINES_MAX,
    Why, ttl_secs,
};
use aegis_core::{Indicator, Outcome, Refusal, Timestamp, WhyEvidence};
use aegis_enforce::Blocked;

use super::{block, trust::network_opinion};
use crate::daemon::{Node, reports};

/// How near is near: the same network, as networks are handed out.
const NEAR_V4: u8 = 24;
const NEAR_V6: u8 = 48;

/// Near misses that are named; nobody reads more.
const NEAR_MAX: usize = 10;

impl Node {
    pub(in crate::daemon) fn why(&self, indicator: &Indicator) -> Result<Why, ApiError> {
        let now = self.now();
        let mut why = self.engine.why(now, indicator);
        why.evidence
            .sort_by_key(|it| std::cmp::Reverse(it.received_at));
        why.evidence.truncate(WHY_LINES_MAX);
        let blocking = why.blocked.map(|it| it.entry);
        let mut asked: Vec<Indicator> = why.decisions.iter().map(|it| it.indicator).collect();
        asked.push(*indicator);
        asked.dedup();
        let kernel = self.read_entries(&asked)?;
        let entry_of = |it: &Indicator| kernel.get(it);
        let refusals = why.evidence.iter().filter_map(refusal);
        let decisions = why.decisions.iter().take(WHY_LINES_MAX);
        Ok(Why {
            indicator: *indicator,
            blocked: blocking.is_some(),
            expires_at: why.blocked.map(|it| it.expires_at),
            ttl_secs: why.blocked.map(|it| ttl_secs(now, it.expires_at)),
            decisions: decisions
                .map(|it| block(now, it, entry_of(&it.indicator)))
                .collect(),
            reports: why.reports.iter().map(reports::line).collect(),
            exempt: self.named(&why).or_else(|| exempt(&why)),
            refusals: refusals.collect(),
            evidence: why
                .evidence
                .iter()
                .map(|it| self.evidence(now, it))
                .collect(),
            kernel: entry_of(&blocking.unwrap_or(*indicator))
                .filter(|_| self.enforcer.missing_kernel().is_none())
                .map(|it| kernel_entry(it, self.enforcer.is_observing())),
            opinion: (!why.opinion.voices.is_empty()).then(|| network_opinion(&why.opinion)),
            location: self.location(indicator),
            near: self.near(indicator),
            past: None, // whoever answers asks the history besides
            undo: blocking.map(|it| format!("aegis unblock {it}")),
            commands: commands(&why, *indicator),
        })
    }

    /// Returns what is never blocked beside an indicator, or within it: not what covers it, which is told
    /// by itself.
    fn near(&self, indicator: &Indicator) -> Vec<NearMiss> {
        let length = if indicator.is_ipv4() {
            NEAR_V4
        } else {
            NEAR_V6
        };
        let length = length.min(indicator.prefix_len());
        let Some(around) = Indicator::prefix(indicator.address(), length) else {
            return Vec::new();
        };
        let is_near = |it: &Indicator| around.contains(it) && !it.contains(indicator);
        let allowed = self
            .engine
            .allowlist()
            .map(|it| (it.indicator, "is on the allowlist"));
        let protected = self.engine.protected();
        let protected = protected.map(|(it, protection)| (it, protection.as_str()));
        let near = allowed
            .map(|(it, reason)| (it, reason.to_owned()))
            .chain(protected.map(|(it, reason)| (it, format!("is {reason}"))));
        near.filter(|(it, _)| is_near(it))
            .take(NEAR_MAX)
            .map(|(indicator, reason)| NearMiss { indicator, reason })
            .collect()
    }

    /// Returns that an address is allowed for a name, where it is.
    fn named(&self, why: &aegis_core::Why) -> Option<Exempt> {
        let Some(Refusal::Allowlisted { entry }) = why.untouchable else {
            return None;
        };
        let name = self.name_of(entry.address())?;
        (why.allowed_by.is_none() && entry.is_host()).then(|| Exempt {
            kind: "allowlisted".to_owned(),
            reason: format!("{name} is on the allowlist and stands for {entry}"),
        })
    }

    fn evidence(&self, now: Timestamp, it: &WhyEvidence) -> EvidenceLine {
        let author = it.alert.author();
        evidence(
            now,
            author == self.node_id(),
            self.affiliations(&author),
            it,
        )
    }
}

/// Returns what can be done, as commands.
fn commands(why: &aegis_core::Why, asked: Indicator) -> Vec<String> {
    if let Some(it) = &why.allowed_by {
        return vec![format!("aegis allow {} --remove", it.indicator)];
    }
    if let Some(Refusal::Protected { .. }) = why.untouchable {
        return Vec::new(); // neither would change anything
    }
    match why.blocked.map(|it| it.entry) {
        Some(it) => vec![
            format!("aegis unblock {it}"),
            format!("aegis unblock {it} --withdraw"),
            format!("aegis allow {asked}"),
        ],
        None => vec![
            format!("aegis block {asked} 1h"),
            format!("aegis allow {asked}"),
        ],
    }
}

fn exempt(why: &aegis_core::Why) -> Option<Exempt> {
    if let Some(refusal) = why.untouchable {
        return Some(Exempt {
            kind: refusal.code().to_owned(),
            reason: refusal.to_string(),
        });
    }
    why.unblocked.map(|it| Exempt {
        kind: "unblocked".to_owned(),
        reason: format!(
            "the operator unblocked {} at {}; alerts of others and feeds do not block it until {} \
             (later, while a feed lists it), or until a detector of this node sees it",
            it.indicator, it.unblocked_at, it.expires_at
        ),
    })
}

fn refusal(evidence: &WhyEvidence) -> Option<RefusalLine> {
    let Outcome::Refused(refusal) = evidence.outcome else {
        return None;
    };
    Some(RefusalLine {
        at: evidence.received_at,
        code: refusal.code().to_owned(),
        message: refusal.to_string(),
        author: Some(evidence.alert.author()),
    })
}

fn evidence(
    now: Timestamp,
    own: bool,
    organisations: Vec<Affiliation>,
    it: &WhyEvidence,
) -> EvidenceLine {
    let (alert, statement) = (&it.alert, it.alert.statement());
    EvidenceLine {
        alert_id: alert.id(),
        author: alert.author(),
        own,
        organisations,
        threat_type: statement.threat_type.clone(),
        severity: statement.severity,
        evidence: statement.evidence.into(),
        description: statement.description.clone(),
        stated_at: statement.stated_at,
        age_secs: now.since(statement.stated_at).as_secs(),
        expires_at: statement.expires_at(),
        weight_percent: it.weight.percent(),
        outcome: match it.outcome {
            Outcome::Blocks => "blocked".to_owned(),
            Outcome::Refused(refusal) => refusal.code().to_owned(),
            Outcome::Kept => "kept".to_owned(),
            Outcome::Withdraws => "withdraws".to_owned(),
            Outcome::Shared => "shared".to_owned(),
        },
    }
}

fn kernel_entry(entry: &Blocked, observing: bool) -> KernelEntry {
    KernelEntry {
        in_kernel: true,
        observing,
        packets: entry.packets,
        bytes: entry.bytes,
        violations: entry.violations.into(),
    }
}
