//! MISP feeds: the manifest that names events, and the events.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said, indicator, url_host, with_port},
    json::{Lenient, Loose, document},
};

/// Events of a feed that are read: the newest.
pub(super) const EVENTS_MAX: usize = 2_000;

/// The length of a UUID in characters.
const UUID_CHARS: usize = 36;

#[derive(Deserialize)]
struct InManifest {
    timestamp: Option<Loose>,
    #[serde(rename = "Orgc")]
    organisation: Option<Organisation>,
}

#[derive(Deserialize)]
struct Organisation {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Event")]
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Orgc")]
    organisation: Option<Organisation>,
    #[serde(rename = "Attribute", default)]
    attributes: Vec<Lenient<Attribute>>,
    #[serde(rename = "Object", default)]
    objects: Vec<Lenient<EventObject>>,
}

#[derive(Deserialize)]
struct EventObject {
    #[serde(rename = "Attribute", default)]
    attributes: Vec<Lenient<Attribute>>,
    deleted: Option<Loose>,
}

#[derive(Deserialize)]
struct Attribute {
    r#type: String,
    value: String,
    to_ids: Option<Loose>,
    deleted: Option<Loose>,
}

/// An event that a manifest names: its name, and when it was changed where the manifest says so.
pub(super) type Named = (String, Option<u64>);

/// Reads a manifest; returns its events, the newest first.
///
/// A name becomes part of the address that is asked, so that it must be a UUID.
pub(super) fn read_manifest(
    bytes: &[u8],
    gathered: &mut Gathered,
) -> Result<Vec<Named>, InvalidListing> {
    let manifest: BTreeMap<String, Lenient<InManifest>> = document(bytes)?;
    let mut events = Vec::new();
    for (index, (uuid, event)) in manifest.into_iter().enumerate() {
        match event {
            Lenient::Whole(event) if is_uuid(&uuid) => {
                let name = event.organisation.and_then(|it| it.name);
                gathered.attribute(name.as_deref().unwrap_or_default());
                events.push((event.timestamp.and_then(|it| it.number()), uuid));
            }
            Lenient::Whole(_) | Lenient::Broken(_) => {
                gathered.malformed(index + 1, Why::NoObject);
            }
        }
    }
    events.sort();
    events.reverse();
    let newest = events.into_iter().take(EVENTS_MAX);
    Ok(newest
        .map(|(changed_at, uuid)| (uuid, changed_at))
        .collect())
}

/// Reads an event.
pub(super) fn read_event(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    let Document { event } = document(bytes)?;
    let name = event.organisation.and_then(|it| it.name);
    gathered.attribute(name.as_deref().unwrap_or_default());
    let mut number = 0;
    for attribute in event.attributes {
        number += 1;
        read_lenient(attribute, number, gathered)?;
    }
    for object in event.objects {
        let Lenient::Whole(object) = object else {
            number += 1;
            gathered.malformed(number, Why::NoObject);
            continue;
        };
        let is_deleted = object.deleted.as_ref().is_some_and(Loose::is_true);
        for attribute in object.attributes {
            number += 1;
            if is_deleted {
                gathered.left_out().over += 1;
            } else {
                read_lenient(attribute, number, gathered)?;
            }
        }
    }
    Ok(())
}

fn read_lenient(
    attribute: Lenient<Attribute>,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    match attribute {
        Lenient::Whole(it) => read_attribute(&it, number, gathered),
        Lenient::Broken(_) => {
            gathered.malformed(number, Why::NoObject);
            Ok(())
        }
    }
}

/// Reads an attribute: only what its author means for detection is anything to block.
fn read_attribute(
    attribute: &Attribute,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let Attribute { value, .. } = attribute;
    let halves = value.split_once('|');
    let found = match attribute.r#type.as_str() {
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
    if attribute.deleted.as_ref().is_some_and(Loose::is_true) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    if !attribute.to_ids.as_ref().is_some_and(Loose::is_true) {
        gathered.left_out().doubtful += 1;
        return Ok(());
    }
    gathered.add(found, Said::default())
}

fn is_uuid(text: &str) -> bool {
    let is_of_uuid = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    text.len() == UUID_CHARS && text.bytes().all(is_of_uuid)
}
