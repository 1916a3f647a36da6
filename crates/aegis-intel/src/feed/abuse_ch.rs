//! The lists of abuse.ch: Feodo Tracker, SSLBL, `URLhaus`, `ThreatFox`.
//!
//! All are CSV, and each in a way of its own: the heading may be a comment or not, columns may be
//! quoted or not, and a blank may stand between the comma and the quote. One of them was discontinued
//! and still answers, with nothing but comments: an empty list is for whoever fetched it to notice.

use super::{
    InvalidListing, Why,
    csv::columns,
    gather::{Gathered, Said, indicator, url_host, with_port},
};

/// `ThreatFox`' columns before `is_compromised` came, and since.
const THREATFOX_COLUMNS: [usize; 2] = [14, 15];

/// Reads Feodo Tracker's rows; also its list of recommended blocks, which is plain.
pub(super) fn read_feodo(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    each_row(bytes, gathered, |gathered, number, row| {
        let address = match row {
            [only] => only,
            [first, ..] if first == "first_seen_utc" => return Ok(()), // the heading is no comment
            [_, address, ..] => address,
            [] => return Ok(()),
        };
        let said = Said {
            threat_type: Some("malware_c2"),
            ..Said::default()
        };
        gathered.add_text(number, address, said)
    })
}

/// Reads SSLBL's rows of addresses.
pub(super) fn read_ssl_ip(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    each_row(bytes, gathered, |gathered, number, row| {
        let Some(address) = row.get(1) else {
            gathered.malformed(number, Why::TooFewColumns);
            return Ok(());
        };
        let said = Said {
            threat_type: Some("malware_c2"),
            ..Said::default()
        };
        gathered.add_text(number, address, said)
    })
}

/// Reads `URLhaus`' rows: the host of the URL where it is an address, and the URL still up.
pub(super) fn read_urlhaus(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    each_row(bytes, gathered, |gathered, number, row| {
        let [_, _, url, status, _, threat, ..] = row else {
            gathered.malformed(number, Why::TooFewColumns);
            return Ok(());
        };
        if !url.contains("://") {
            gathered.malformed(number, Why::NoIndicator);
            return Ok(());
        }
        if status == "offline" {
            gathered.left_out().over += 1;
            return Ok(());
        }
        let said = Said {
            threat_type: Some(threat),
            ..Said::default()
        };
        match url_host(url) {
            Some(host) => gathered.add(host, said),
            None => {
                gathered.left_out().not_addresses += 1;
                Ok(())
            }
        }
    })
}

/// Reads `ThreatFox`' rows: addresses, without their ports; hosts that were broken into are nobody's to
/// block.
pub(super) fn read_threatfox(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    each_row(bytes, gathered, |gathered, number, row| {
        if !THREATFOX_COLUMNS.contains(&row.len()) {
            gathered.malformed(number, Why::TooFewColumns);
            return Ok(());
        }
        let (value, kind) = (&row[2], &row[3]);
        let found = match kind.as_str() {
            "ip:port" => with_port(value).or_else(|| indicator(value)),
            "url" => match url_host(value) {
                Some(host) => Some(host),
                None => {
                    gathered.left_out().not_addresses += 1;
                    return Ok(());
                }
            },
            _ => {
                gathered.left_out().not_addresses += 1;
                return Ok(());
            }
        };
        let Some(found) = found else {
            gathered.malformed(number, Why::NoIndicator);
            return Ok(());
        };
        if row.len() == 15 && is_yes(&row[10]) {
            gathered.left_out().doubtful += 1;
            return Ok(());
        }
        let said = Said {
            threat_type: Some(&row[4]),
            confidence: row[9].parse().ok(),
            until: None,
        };
        gathered.add(found, said)
    })
}

fn is_yes(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "yes")
}

/// Hands over the rows that are no comments.
fn each_row(
    bytes: &[u8],
    gathered: &mut Gathered,
    mut take: impl FnMut(&mut Gathered, usize, &[String]) -> Result<(), InvalidListing>,
) -> Result<(), InvalidListing> {
    gathered.each_line(bytes, |gathered, number, line| {
        if line.starts_with('#') {
            return Ok(());
        }
        take(gathered, number, &columns(line))
    })
}
