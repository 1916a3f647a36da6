//! The audit log: whether it is whole.

use aegis_api::AuditReport;

use crate::text::{count, shown};

/// Tells whether the audit log is what the node wrote.
pub(crate) fn audit(report: &AuditReport) -> String {
    let mut text = match &report.fault {
        None => format!("The audit log is whole: {}\n", count(report.rows, "row")),
        Some(fault) => format!(
            "THE AUDIT LOG IS NOT WHAT THE NODE WROTE: {}\n  {} before that are good\n",
            shown(fault),
            count(report.rows, "row")
        ),
    };
    if report.cut_through > 0 {
        let through = report.cut_through;
        text.push_str(&format!(
            "  rows up to {through} are in files beside the store\n"
        ));
    }
    let (seq, head) = (report.last_seq, shown(&report.head));
    text.push_str(&format!("  last row {seq}, {head}\n"));
    text
}
