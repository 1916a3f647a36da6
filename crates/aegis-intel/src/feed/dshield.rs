//! `DShield`'s table: first and last address, prefix length and how many were attacked, by tabs.

use std::net::IpAddr;

use aegis_core::Indicator;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
};

/// Reads the table. Its heading is no comment.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    gathered.each_line(bytes, |gathered, number, line| {
        if line.starts_with('#') {
            return Ok(());
        }
        let row: Vec<&str> = line.split('\t').map(str::trim).collect();
        if row.first() == Some(&"Start") {
            return Ok(());
        }
        let [start, _, prefix_len, ..] = row[..] else {
            gathered.malformed(number, Why::TooFewColumns);
            return Ok(());
        };
        let start: Option<IpAddr> = start.parse().ok();
        let network = start
            .zip(prefix_len.parse().ok())
            .and_then(|(start, prefix_len)| Indicator::prefix(start, prefix_len));
        let said = Said {
            threat_type: Some("port_scan"),
            ..Said::default()
        };
        match network {
            Some(it) => gathered.add(it, said),
            None => {
                gathered.malformed(number, Why::NoIndicator);
                Ok(())
            }
        }
    })
}
