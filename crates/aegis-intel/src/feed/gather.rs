//! Gathering: what the readers of all formats put what they read into, within its bounds.

use aegis_core::{Confidence, FEED_ENTRIES_MAX, Indicator, ThreatType, Timestamp};

use super::{
    Entry, InvalidListing, LINE_BYTES_MAX, LeftOut, Listing, MALFORMED_TOLD_MAX, Malformed, Why,
};

/// The longest attribution that is kept, in characters.
pub(super) const ATTRIBUTION_CHARS_MAX: usize = 200;

/// What was read so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    pub(super) now: Timestamp,
    pub(super) listing: Listing,
}

/// What a reader says of an indicator beside which it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) threat_type: Option<&'a str>,
    /// 0…100.
    pub(super) confidence: Option<u64>,
    pub(super) until: Option<Timestamp>,
}

impl Gathered {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            listing: Listing::default(),
        }
    }

    pub(super) fn left_out(&mut self) -> &mut LeftOut {
        &mut self.listing.left_out
    }

    /// Takes one entry, unless it is over.
    pub(super) fn add(
        &mut self,
        indicator: Indicator,
        said: Said<'_>,
    ) -> Result<(), InvalidListing> {
        if said.until.is_some_and(|it| it <= self.now) {
            self.listing.left_out.over += 1;
            return Ok(());
        }
        if self.listing.entries.len() >= FEED_ENTRIES_MAX {
            return Err(InvalidListing::TooMany);
        }
        let percent = u32::try_from(said.confidence.unwrap_or(100).min(100)).unwrap_or(100);
        let confidence = Confidence::clamped(f64::from(percent) / 100.0);
        self.listing.entries.push(Entry {
            indicator,
            threat_type: said.threat_type.and_then(threat_type),
            confidence,
            until: said.until,
        });
        Ok(())
    }

    /// Takes one that may be spelled in any of the usual ways.
    pub(super) fn add_text(
        &mut self,
        number: usize,
        text: &str,
        said: Said<'_>,
    ) -> Result<(), InvalidListing> {
        match indicator(text) {
            Some(it) => self.add(it, said),
            None => {
                self.malformed(number, Why::NoIndicator);
                Ok(())
            }
        }
    }

    pub(super) fn malformed(&mut self, number: usize, why: Why) {
        if self.listing.malformed.len() < MALFORMED_TOLD_MAX {
            self.listing.malformed.push(Malformed { number, why });
        }
        self.listing.malformed_count += 1;
    }

    pub(super) fn attribute(&mut self, text: &str) {
        let text = text.trim().chars().filter(|it| !it.is_control());
        let text: String = text.take(ATTRIBUTION_CHARS_MAX).collect();
        if !text.is_empty() {
            self.listing.attribution = Some(text);
        }
    }

    /// Takes what another document of the same feed lists.
    pub(super) fn take(&mut self, other: Listing) -> Result<(), InvalidListing> {
        let listing = &mut self.listing;
        if listing.entries.len() + other.entries.len() > FEED_ENTRIES_MAX {
            return Err(InvalidListing::TooMany);
        }
        listing.entries.extend(other.entries);
        listing.left_out.add(other.left_out);
        listing.malformed_count += other.malformed_count;
        let room = MALFORMED_TOLD_MAX - listing.malformed.len();
        listing
            .malformed
            .extend(other.malformed.into_iter().take(room));
        listing.attribution = other.attribution.or_else(|| listing.attribution.take());
        Ok(())
    }

    /// Returns what was read, unless most of it could not be.
    pub(super) fn finish(self) -> Result<Listing, InvalidListing> {
        let read = self.listing.entries.len() + self.listing.left_out.total();
        match self.listing.malformed.first() {
            Some(first) if self.listing.malformed_count > read => {
                Err(InvalidListing::NotTheFormat { line: first.number })
            }
            _ => Ok(self.listing),
        }
    }

    /// Hands over the lines that say something, with their numbers; what cannot be a line is told.
    pub(super) fn each_line<'a>(
        &mut self,
        bytes: &'a [u8],
        mut take: impl FnMut(&mut Self, usize, &'a str) -> Result<(), InvalidListing>,
    ) -> Result<(), InvalidListing> {
        for (index, line) in bytes.split(|it| *it == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.len() > LINE_BYTES_MAX {
                self.malformed(index + 1, Why::TooLong);
                continue;
            }
            match std::str::from_utf8(line) {
                Ok("") => {}
                Ok(text) => take(self, index + 1, text)?,
                Err(_) => self.malformed(index + 1, Why::NotText),
            }
        }
        Ok(())
    }
}

/// Reads an address or prefix, in brackets or with spaces round it.
pub(super) fn indicator(text: &str) -> Option<Indicator> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inner.unwrap_or(text).parse().ok()
}

/// Reads an address with a port behind it, as in `203.0.113.7:443` and `[2001:db8::7]:443`.
pub(super) fn with_port(text: &str) -> Option<Indicator> {
    let address: std::net::SocketAddr = text.trim().parse().ok()?;
    Some(Indicator::host(address.ip()))
}

/// Returns the host of a URL where it is an address: it is never looked up where it is a name.
pub(super) fn url_host(url: &str) -> Option<Indicator> {
    let (_, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    let host = with_port(host).or_else(|| indicator(host));
    host.filter(Indicator::is_host)
}

/// Reads the kind of attack as others say it.
fn threat_type(word: &str) -> Option<ThreatType> {
    let word = match word {
        "botnet_cc" | "c2" | "c&c" => "malware_c2",
        "payload_delivery" | "malware_download" => "malware",
        other => other,
    };
    word.to_ascii_lowercase().parse().ok()
}
