//! The log's audit lines: decisions and withdrawals, as fields under constant sentences.

use aegis_core::Record;

/// Logs the records that people look for in a log.
pub(super) fn audit(record: &Record) {
    if let Record::Audit(entry) = record {
        let indicator = entry.indicator.map(|it| it.to_string());
        tracing::info!(
            target: "aegis::audit",
            action = entry.action.as_str(),
            indicator,
            actor = ?entry.actor,
            detail = entry.detail,
            "Audit"
        );
    }
}
