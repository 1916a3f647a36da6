//! MISP feeds: the manifest that names events, and the events.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said, indicator, url_host, with_port},
    json::{Array, Loose, Text, document, members},
};

/// Events of a feed that are read: the newest.
pub(super) const EVENTS_MAX: usize = 2_000;

/// The length of a UUID in characters.
const UUID_CHARS: usize = 36;

#[derive(Deserialize)]
struct InManifest<'a> {
    timestamp: Option<Loose>,
    #[serde(borrow, rename = "Orgc")]
    organisation: Option<Organisation<'a>>,
}

#[derive(Deserialize)]
struct Organisation<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "Event")]
    event: Event<'a>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "Orgc")]
    organisation: Option<Organisation<'a>>,
    #[serde(rename = "Attribute")]
    attributes: Option<Array<'a>>,
    #[serde(rename = "Object")]
    objects: Option<Array<'a>>,
}

#[derive(Deserialize)]
struct EventObject<'a> {
    #[serde(borrow, rename = "Attribute")]
    attributes: Option<Array<'a>>,
    deleted: Option<Loose>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    value: Text<'a>,
    to_ids: Option<Loose>,
    deleted: Option<Loose>,
}

/// An event that a manifest names: its name, and when it was changed where the manifest says so.
pub(super) type Named = (String, Option<u64>);

/// Reads a manifest; returns its events, the newest first, each once.
///
/// A name becomes part of the address that is asked, so that it must be a UUID.
pub(super) fn read_manifest(
    bytes: &[u8],
    gathered: &mut Gathered,
) -> Result<Vec<Named>, InvalidListing> {
    let mut newest: BTreeSet<(Option<u64>, String)> = BTreeSet::new();
    let mut number = 0;
    members(bytes, |uuid, event: Option<InManifest<'_>>| {
        number += 1;
        match event {
            Some(event) if is_uuid(&uuid.0) => {
                attribute_to(event.organisation.as_ref(), gathered);
                let changed_at = event.timestamp.and_then(Loose::number);
                newest.insert((changed_at, uuid.0.into_owned()));
                if newest.len() > EVENTS_MAX {
                    newest.pop_first();
                }
            }
            Some(_) | None => gathered.malformed(number, Why::NoObject),
        }
    })?;
    let mut seen = BTreeSet::new();
    let newest = newest.into_iter().rev();
    let newest = newest.filter(|(_, uuid)| seen.insert(uuid.clone()));
    Ok(newest
        .map(|(changed_at, uuid)| (uuid, changed_at))
        .collect())
}

/// Reads an event.
pub(super) fn read_event(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    let Document { event } = document(bytes)?;
    attribute_to(event.organisation.as_ref(), gathered);
    let mut number = 0;
    if let Some(attributes) = event.attributes {
        attributes.each(|it| {
            number += 1;
            read_lenient(it, number, gathered)
        })?;
    }
    let Some(objects) = event.objects else {
        return Ok(());
    };
    objects.each(|object: Option<EventObject<'_>>| {
        let Some(object) = object else {
            number += 1;
            gathered.malformed(number, Why::NoObject);
            return Ok(());
        };
        let is_deleted = object.deleted.is_some_and(Loose::is_true);
        let Some(attributes) = object.attributes else {
            return Ok(());
        };
        attributes.each(|it| {
            number += 1;
            if is_deleted {
                gathered.left_out().over += 1;
                return Ok(());
            }
            read_lenient(it, number, gathered)
        })
    })
}

fn attribute_to(organisation: Option<&Organisation<'_>>, gathered: &mut Gathered) {
    let name = organisation.and_then(|it| it.name.as_ref());
    gathered.attribute(name.map_or("", |it| &it.0));
}

fn read_lenient(
    attribute: Option<Attribute<'_>>,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    match attribute {
        Some(it) => read_attribute(&it, number, gathered),
        None => {
            gathered.malformed(number, Why::NoObject);
            Ok(())
        }
    }
}

/// Reads an attribute: only what its author means for detection is anything to block.
fn read_attribute(
    attribute: &Attribute<'_>,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let value = &*attribute.value.0;
    let halves = value.split_once('|');
    let found = match &*attribute.r#type.0 {
        "ip-src" | "ip-dst" => indicator(value),
        "ip-src|port" | "ip-dst|port" => match halves {
            Some((address, _)) => indicator(address),
            None => with_port(value),
        },
        "domain|ip" => halves.and_then(|(_, address)| indicator(address)),
        "url" | "uri" => match url_host(value) {
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
    if attribute.deleted.is_some_and(Loose::is_true) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    if !attribute.to_ids.is_some_and(Loose::is_true) {
        gathered.left_out().doubtful += 1;
        return Ok(());
    }
    gathered.add(found, Said::default())
}

fn is_uuid(text: &str) -> bool {
    let is_of_uuid = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    text.len() == UUID_CHARS && text.bytes().all(is_of_uuid)
}
