//! Imports: what another program blocked, brought along by the operator with the time that was left.
//!
//! They come by the hundred thousand, so that none of them is told or audited by itself, and none goes to
//! peers: nobody here saw what they rest on. Every guard that a feed passes they pass as well.

use std::time::Duration;

use crate::{
    Action, Decision, Evidence, Indicator, Operator, Origin, Record, Refusal, Severity, ThreatType,
    Timestamp,
    engine::{Engine, Reply},
};

/// The longest that an import blocks: what another program keeps for longer is brought along for this
/// long, since nothing is blocked for ever.
pub const IMPORT_TTL_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How bad an imported indicator is taken to be: the other program does not say it as this one does.
const IMPORTED_SEVERITY: Severity = Severity::MEDIUM;

/// What the operator brings along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Import {
    /// From where, in words for the audit log; printable.
    pub source: String,
    /// What was blocked there.
    pub entries: Vec<ImportEntry>,
}

/// One thing that another program blocked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportEntry {
    /// What.
    pub indicator: Indicator,
    /// For how much longer; at most [`IMPORT_TTL_MAX`] of it counts.
    pub block_for: Duration,
    /// What it did, as the other program calls it.
    pub threat_type: ThreatType,
}

impl Engine {
    /// Takes as little memory as it can for the blocks that there are: after many came, while little else
    /// is to be done. A hundred thousand take some twenty milliseconds.
    ///
    /// A map that grew bit by bit has nodes that are up to half empty. Every map is taken apart before the
    /// first is built anew: their nodes lie between each other's, and where those of one stay the memory
    /// around them is no whole page that could be given back.
    pub fn pack(&mut self) {
        let (decisions, blocks) = (self.blocklist.take_all(), self.ruleset.take_blocks());
        self.blocklist.put_all(decisions);
        self.ruleset.put_blocks(blocks);
    }

    /// Blocks what may be blocked of an import, and says why the rest is not.
    pub(super) fn order_import(
        &mut self,
        now: Timestamp,
        user: Operator,
        Import { source, entries }: Import,
    ) -> Reply {
        let (mut blocked, mut refused) = (0, Vec::new());
        for it in entries {
            match self.import(now, &it) {
                Ok(()) => blocked += 1,
                Err(refusal) => refused.push((it.indicator, refusal)),
            }
        }
        let detail = format!(
            "imported {blocked} from {source}, refused {}",
            refused.len()
        );
        self.persist(Record::Audit(crate::AuditEntry {
            at: now,
            actor: user.into(),
            action: Action::Block,
            indicator: None,
            detail,
        }));
        Reply::Imported { blocked, refused }
    }

    fn import(&mut self, now: Timestamp, entry: &ImportEntry) -> Result<(), Refusal> {
        self.may_list(&entry.indicator)?;
        let is_known = !self.blocklist.decisions(&entry.indicator).is_empty();
        if !is_known && self.blocklist.len() >= self.blocks_max {
            let entries_max = u32::try_from(self.blocks_max).unwrap_or(u32::MAX);
            return Err(Refusal::TableFull { entries_max });
        }
        self.list(Decision {
            indicator: entry.indicator,
            origin: Origin::Import,
            author: self.node,
            alert: None,
            threat_type: entry.threat_type.clone(),
            severity: IMPORTED_SEVERITY,
            evidence: Evidence::Spoofable,
            decided_at: now,
            expires_at: now + entry.block_for.min(IMPORT_TTL_MAX),
        });
        Ok(())
    }
}
