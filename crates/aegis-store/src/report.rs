//! What sources on this host report, written and read.

use aegis_core::{AlertId, Description, Indicator, KeptReport, ReportSource, Severity};
use rusqlite::{Connection, Row, params};

use crate::{
    read::{CorruptRow, Readout, column, evidence, indicator, read, text, time},
    write::{execute, millis},
};

/// Bytes of the id of an alert.
const ID_BYTES: usize = 16;

pub(crate) fn kept(connection: &Connection, it: &KeptReport) -> rusqlite::Result<()> {
    let alerts: Vec<u8> = it.alerts.iter().flat_map(|it| *it.as_bytes()).collect();
    execute(
        connection,
        "INSERT OR REPLACE INTO report (indicator, source, threat_type, severity, evidence,
            events, reason, reported_at, expires_at, alerts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            it.indicator.to_string(),
            it.source.as_str(),
            it.threat_type.as_str(),
            it.severity.value(),
            it.evidence.as_str(),
            it.events,
            it.reason.as_ref().map(Description::as_str),
            millis(it.reported_at),
            millis(it.expires_at),
            alerts,
        ],
    )
}

pub(crate) fn gone(
    connection: &Connection,
    indicator: Indicator,
    source: &ReportSource,
) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM report WHERE indicator = ?1 AND source = ?2",
        params![indicator.to_string(), source.as_str()],
    )
}

pub(crate) fn ended(connection: &Connection, indicator: Indicator) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM report WHERE indicator = ?1",
        params![indicator.to_string()],
    )
}

/// Reads every report that was kept, in order.
pub(crate) fn reports(connection: &Connection) -> rusqlite::Result<Readout<KeptReport>> {
    read(
        connection,
        "SELECT indicator, source, threat_type, severity, evidence, events, reason, reported_at,
            expires_at, alerts
         FROM report ORDER BY indicator, source",
        kept_report,
    )
}

fn kept_report(row: &Row<'_>) -> Result<KeptReport, CorruptRow> {
    let reason: Option<String> = column(row, "reason")?;
    let reason = reason.map(|it| it.parse().map_err(|_| CorruptRow("reason")));
    Ok(KeptReport {
        indicator: indicator(row)?,
        source: text(row, "source")?
            .parse()
            .map_err(|_| CorruptRow("source"))?,
        threat_type: text(row, "threat_type")?
            .parse()
            .map_err(|_| CorruptRow("threat_type"))?,
        severity: Severity::new(column(row, "severity")?).ok_or(CorruptRow("severity"))?,
        evidence: evidence(row)?,
        events: column(row, "events")?,
        reason: reason.transpose()?,
        reported_at: time(row, "reported_at")?,
        expires_at: time(row, "expires_at")?,
        alerts: alerts(&column::<Vec<u8>>(row, "alerts")?).ok_or(CorruptRow("alerts"))?,
    })
}

/// Reads the ids of alerts; `None` where they are not.
fn alerts(bytes: &[u8]) -> Option<Vec<AlertId>> {
    let (ids, rest) = bytes.as_chunks::<ID_BYTES>();
    rest.is_empty()
        .then(|| ids.iter().map(|it| AlertId::from_bytes(*it)).collect())
}
