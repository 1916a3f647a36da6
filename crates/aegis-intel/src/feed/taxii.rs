//! TAXII 2.1: pages of a collection's objects.

use serde::Deserialize;

use super::{
    InvalidListing,
    gather::Gathered,
    json::{Array, document},
    stix,
};

/// What is asked for and what must be said to be sent, as the standard has it.
pub(super) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// A page: an empty one is an object without anything.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    objects: Option<Array<'a>>,
    more: Option<bool>,
    next: Option<String>,
}

/// Returns whether nothing is on a page.
pub(super) fn is_empty(bytes: &[u8]) -> Result<bool, InvalidListing> {
    let page: Page<'_> = document(bytes)?;
    Ok(page.objects.is_none_or(Array::is_empty))
}

/// Reads a page; returns the word for the next where there is one.
pub(super) fn read(
    bytes: &[u8],
    gathered: &mut Gathered,
) -> Result<Option<String>, InvalidListing> {
    let page: Page<'_> = document(bytes)?;
    stix::read_objects(page.objects, gathered)?;
    Ok(page.next.filter(|_| page.more == Some(true)))
}
