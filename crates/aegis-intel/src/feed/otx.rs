//! Pulses of OTX, a page at a time.

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{ATTRIBUTION_CHARS_MAX, Gathered, Said, indicator},
    json::{Array, Loose, Text, document},
    time::utc,
};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    results: Array<'a>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Pulse<'a> {
    #[serde(borrow)]
    author_name: Option<Text<'a>>,
    indicators: Option<Array<'a>>,
}

#[derive(Deserialize)]
struct PulseIndicator<'a> {
    #[serde(borrow)]
    indicator: Text<'a>,
    r#type: Text<'a>,
    expiration: Option<Text<'a>>,
    is_active: Option<Loose>,
}

/// Returns whether nothing is on a page.
pub(super) fn is_empty(bytes: &[u8]) -> Result<bool, InvalidListing> {
    let page: Page<'_> = document(bytes)?;
    Ok(page.results.is_empty())
}

/// Reads a page; returns where the next is.
pub(super) fn read(
    bytes: &[u8],
    gathered: &mut Gathered,
) -> Result<Option<String>, InvalidListing> {
    let page: Page<'_> = document(bytes)?;
    let mut number = 0;
    page.results.each(|pulse: Option<Pulse<'_>>| {
        number += 1;
        let Some(pulse) = pulse else {
            gathered.malformed(number, Why::NoObject);
            return Ok(());
        };
        if let Some(author) = &pulse.author_name {
            // No more of it is kept than fits.
            let author: String = author.0.chars().take(ATTRIBUTION_CHARS_MAX).collect();
            gathered.attribute(&format!("OTX pulses of {author} and others"));
        }
        let Some(indicators) = pulse.indicators else {
            return Ok(());
        };
        indicators.each(|it: Option<PulseIndicator<'_>>| match it {
            Some(it) => read_indicator(&it, number, gathered),
            None => {
                gathered.malformed(number, Why::NoObject);
                Ok(())
            }
        })
    })?;
    Ok(page.next)
}

fn read_indicator(
    said: &PulseIndicator<'_>,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    if !matches!(&*said.r#type.0, "IPv4" | "IPv6" | "CIDR") {
        gathered.left_out().not_addresses += 1;
        return Ok(());
    }
    let Some(found) = indicator(&said.indicator.0) else {
        gathered.malformed(number, Why::NoIndicator);
        return Ok(());
    };
    if said.is_active.is_some_and(|it| !it.is_true()) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    let until = said.expiration.as_ref().and_then(|it| utc(&it.0));
    gathered.add(
        found,
        Said {
            until,
            ..Said::default()
        },
    )
}
