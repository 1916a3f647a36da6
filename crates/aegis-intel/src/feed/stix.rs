//! STIX 2.1: indicators of a bundle, as far as they name addresses and nothing else.

mod pattern;

use std::collections::BTreeMap;

use aegis_core::Timestamp;
use serde::Deserialize;

use self::pattern::Meaning;
use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
    json::{Lenient, Loose, document},
    time::utc,
};

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    objects: Vec<Lenient<Object>>,
}

/// An object of any kind, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Object {
    r#type: String,
    id: Option<String>,
    modified: Option<String>,
    pattern: Option<String>,
    pattern_type: Option<String>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    confidence: Option<Loose>,
    revoked: Option<bool>,
    #[serde(default)]
    indicator_types: Vec<String>,
    /// Of an identity.
    name: Option<String>,
}

/// Reads a bundle.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    let bundle: Bundle = document(bytes)?;
    read_objects(bundle.objects, gathered)
}

/// Reads objects; of those with the same id, the one that was modified last holds.
pub(super) fn read_objects(
    objects: Vec<Lenient<Object>>,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let mut newest: BTreeMap<String, (Option<Timestamp>, usize)> = BTreeMap::new();
    let mut whole = Vec::new();
    for (index, object) in objects.into_iter().enumerate() {
        let Lenient::Whole(object) = object else {
            gathered.malformed(index + 1, Why::NoObject);
            continue;
        };
        match object.r#type.as_str() {
            "indicator" => {}
            "identity" => {
                gathered.attribute(object.name.as_deref().unwrap_or_default());
                continue;
            }
            _ => continue, // what stands round indicators is no entry that was left out
        }
        let modified = object.modified.as_deref().and_then(utc);
        let id = object.id.clone().unwrap_or_else(|| format!("{index}"));
        let last = newest.entry(id).or_insert((modified, index));
        if modified >= last.0 {
            *last = (modified, index);
        }
        whole.push((index, object));
    }
    let holds: std::collections::BTreeSet<usize> = newest.into_values().map(|it| it.1).collect();
    for (index, object) in whole {
        if holds.contains(&index) {
            read_indicator(&object, index + 1, gathered)?;
        } else {
            gathered.left_out().over += 1;
        }
    }
    Ok(())
}

fn read_indicator(
    object: &Object,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let valid_from = object.valid_from.as_deref().and_then(utc);
    if object.revoked == Some(true) || valid_from.is_some_and(|it| it > gathered.now) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    if object.indicator_types.iter().any(|it| it == "benign") {
        gathered.left_out().doubtful += 1;
        return Ok(());
    }
    let pattern = match (object.pattern_type.as_deref(), &object.pattern) {
        (Some("stix") | None, Some(pattern)) => pattern,
        (Some("stix") | None, None) => {
            gathered.malformed(number, Why::NoPattern);
            return Ok(());
        }
        (Some(_), _) => {
            gathered.left_out().not_addresses += 1; // the rules of other tools
            return Ok(());
        }
    };
    let said = Said {
        threat_type: None,
        confidence: object.confidence.as_ref().and_then(Loose::number),
        until: object.valid_until.as_deref().and_then(utc),
    };
    match pattern::read(pattern) {
        Meaning::Any(found) => {
            if found.is_empty() {
                gathered.left_out().not_addresses += 1;
            }
            for it in found {
                gathered.add(it, said)?;
            }
        }
        Meaning::Conditional => gathered.left_out().conditional += 1,
        Meaning::Malformed => gathered.malformed(number, Why::NoPattern),
    }
    Ok(())
}
