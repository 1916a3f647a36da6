//! The log's audit lines: decisions and withdrawals, as fields under constant sentences.

use aegis_core::{Actor, Record};

/// Logs the records that people look for in a log.
pub(super) fn audit(record: &Record) {
    let Record::Audit(entry) = record else { return };
    let (action, detail) = (entry.action.as_str(), &entry.detail);
    let indicator = || entry.indicator.map(|it| it.to_string());
    match &entry.actor {
        // A hundred thousand of them come at once where a node joins; the audit log has them all.
        actor @ Actor::Peer(_) => tracing::debug!(
            target: "aegis::audit", action, indicator = indicator(), ?actor, detail, "Audit"
        ),
        actor @ (Actor::Detector | Actor::Node | Actor::User(_) | Actor::Key(_)) => tracing::info!(
            target: "aegis::audit", action, indicator = indicator(), ?actor, detail, "Audit"
        ),
    }
}
