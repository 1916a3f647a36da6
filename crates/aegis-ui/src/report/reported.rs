//! What became of reports, and what sources say of an indicator.

use aegis_api::{Preview, ReportLine, ReportOutcomes, ReportWithdrawn};

use crate::text::{count, shown, span};

/// Tells what became of each report.
pub(crate) fn reported(reply: &ReportOutcomes) -> String {
    let lines = reply.reports.iter().map(|it| {
        let (indicator, source) = (it.indicator, &it.source);
        match (&it.refused, it.ttl_secs) {
            (Some(refused), _) => format!(
                "Refused {indicator}, reported by {source}: {}\n",
                shown(&refused.message)
            ),
            (None, Some(ttl_secs)) if it.is_new => {
                let left = span(ttl_secs);
                format!("Blocked {indicator} for {left}, reported by {source}\n")
            }
            (None, left) => {
                let left = span(left.unwrap_or_default());
                format!("Known already: {indicator} is blocked for {left} by {source}\n")
            }
        }
    });
    lines.collect()
}

/// Shows what would be sent, as it is; what it is sent as has no line breaks of its own.
pub(crate) fn preview(reply: &Preview) -> String {
    let nothing = || reply.why.clone().unwrap_or_default();
    shown(&reply.bytes.clone().unwrap_or_else(nothing)) + "\n"
}

/// Tells what became of a withdrawal.
pub(crate) fn report_withdrawn(reply: &ReportWithdrawn) -> String {
    let (indicator, source) = (reply.indicator, &reply.source);
    let mut text = if reply.was_reported {
        format!("{source} reports nothing of {indicator} any more\n")
    } else {
        format!("{source} had reported nothing of {indicator} that still holds\n")
    };
    if reply.still_blocked {
        text.push_str(&format!(
            "{indicator} is blocked all the same (aegis why {indicator})\n"
        ));
    }
    if reply.withdrawn > 0 {
        let alerts = count(reply.withdrawn, "alert");
        text.push_str(&format!("Took back {alerts}\n"));
    }
    text
}

/// Returns the section about what sources on the host say.
pub(super) fn reports_section(lines: &[ReportLine]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = String::from("Reported on this host\n");
    for line in lines {
        let events = count(line.events.into(), "event");
        text.push_str(&format!(
            "  {} by {}, until {}\n    {}, severity {}, {}, {events}\n",
            line.reported_at,
            line.source,
            line.expires_at,
            line.threat_type,
            line.severity,
            line.evidence
        ));
        if let Some(reason) = &line.reason {
            text.push_str(&format!("    \"{}\"\n", shown(reason.as_str())));
        }
    }
    text
}
