//! Pulses of OTX, a page at a time.

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said, indicator},
    json::{Lenient, Loose, document},
    time::utc,
};

#[derive(Deserialize)]
struct Page {
    results: Vec<Lenient<Pulse>>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Pulse {
    author_name: Option<String>,
    #[serde(default)]
    indicators: Vec<Lenient<PulseIndicator>>,
}

#[derive(Deserialize)]
struct PulseIndicator {
    indicator: String,
    r#type: String,
    expiration: Option<String>,
    is_active: Option<Loose>,
}

/// Returns whether nothing is on a page.
pub(super) fn is_empty(bytes: &[u8]) -> Result<bool, InvalidListing> {
    let page: Page = document(bytes)?;
    Ok(page.results.is_empty())
}

/// Reads a page; returns where the next is.
pub(super) fn read(
    bytes: &[u8],
    gathered: &mut Gathered,
) -> Result<Option<String>, InvalidListing> {
    let page: Page = document(bytes)?;
    for (index, pulse) in page.results.into_iter().enumerate() {
        let Lenient::Whole(pulse) = pulse else {
            gathered.malformed(index + 1, Why::NoObject);
            continue;
        };
        if let Some(author) = &pulse.author_name {
            gathered.attribute(&format!("OTX pulses of {author} and others"));
        }
        for it in pulse.indicators {
            match it {
                Lenient::Whole(it) => read_indicator(&it, index + 1, gathered)?,
                Lenient::Broken(_) => gathered.malformed(index + 1, Why::NoObject),
            }
        }
    }
    Ok(page.next)
}

fn read_indicator(
    said: &PulseIndicator,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    if !matches!(said.r#type.as_str(), "IPv4" | "IPv6" | "CIDR") {
        gathered.left_out().not_addresses += 1;
        return Ok(());
    }
    let Some(found) = indicator(&said.indicator) else {
        gathered.malformed(number, Why::NoIndicator);
        return Ok(());
    };
    if said.is_active.as_ref().is_some_and(|it| !it.is_true()) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    let until = said.expiration.as_deref().and_then(utc);
    gathered.add(
        found,
        Said {
            until,
            ..Said::default()
        },
    )
}
