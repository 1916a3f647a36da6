//! STIX 2.1: indicators of a bundle, as far as they name addresses and nothing else.

mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use aegis_core::Timestamp;
use serde::Deserialize;

use self::pattern::Meaning;
use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
    json::{Array, Loose, Text, document},
    time::utc,
};

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    objects: Option<Array<'a>>,
}

/// An object of any kind, as far as it matters.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    id: Option<Text<'a>>,
    modified: Option<Text<'a>>,
    pattern: Option<Text<'a>>,
    pattern_type: Option<Text<'a>>,
    valid_from: Option<Text<'a>>,
    valid_until: Option<Text<'a>>,
    confidence: Option<Loose>,
    revoked: Option<bool>,
    indicator_types: Option<Array<'a>>,
    /// Of an identity.
    name: Option<Text<'a>>,
}

/// Reads a bundle.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    let bundle: Bundle<'_> = document(bytes)?;
    read_objects(bundle.objects, gathered)
}

/// Reads objects; of those with the same id, the one that was modified last holds. They are gone through
/// twice, so that not all of them are in memory until it is known which.
pub(super) fn read_objects(
    objects: Option<Array<'_>>,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let Some(objects) = objects else {
        return Ok(());
    };
    let holds = holding(objects, gathered)?;
    let mut index = 0;
    objects.each(|object: Option<Object<'_>>| {
        let number = index + 1;
        match object.filter(|it| it.r#type.0 == "indicator") {
            Some(object) if holds.contains(&index) => read_indicator(&object, number, gathered)?,
            Some(_) => gathered.left_out().over += 1,
            None => {} // told, or what stands round indicators, which is no entry that was left out
        }
        index += 1;
        Ok(())
    })
}

/// Returns the places of the indicators that hold, as far as others with their ids say.
fn holding(objects: Array<'_>, gathered: &mut Gathered) -> Result<BTreeSet<usize>, InvalidListing> {
    let mut newest: BTreeMap<Text<'_>, (Option<Timestamp>, usize)> = BTreeMap::new();
    let mut holds = BTreeSet::new(); // those without an id, and in the end all
    let mut index = 0;
    objects.each(|object: Option<Object<'_>>| {
        match object {
            None => gathered.malformed(index + 1, Why::NoObject),
            Some(object) if object.r#type.0 == "indicator" => {
                let modified = object.time(|it| &it.modified);
                match object.id {
                    Some(id) => {
                        let last = newest.entry(id).or_insert((modified, index));
                        if modified >= last.0 {
                            *last = (modified, index);
                        }
                    }
                    None => {
                        holds.insert(index);
                    }
                }
            }
            Some(object) if object.r#type.0 == "identity" => {
                gathered.attribute(object.name.as_ref().map_or("", |it| &it.0));
            }
            Some(_) => {}
        }
        index += 1;
        Ok(())
    })?;
    holds.extend(newest.into_values().map(|it| it.1));
    Ok(holds)
}

impl<'a> Object<'a> {
    fn time(&self, field: impl Fn(&Self) -> &Option<Text<'a>>) -> Option<Timestamp> {
        field(self).as_ref().and_then(|it| utc(&it.0))
    }

    fn is_benign(&self) -> bool {
        let mut is_benign = false;
        if let Some(types) = self.indicator_types {
            // Cannot fail: it is an array, and nothing is refused.
            let _ = types.each(|word: Option<Text<'_>>| {
                is_benign |= word.is_some_and(|it| it.0 == "benign");
                Ok(())
            });
        }
        is_benign
    }
}

fn read_indicator(
    object: &Object<'_>,
    number: usize,
    gathered: &mut Gathered,
) -> Result<(), InvalidListing> {
    let valid_from = object.time(|it| &it.valid_from);
    if object.revoked == Some(true) || valid_from.is_some_and(|it| it > gathered.now) {
        gathered.left_out().over += 1;
        return Ok(());
    }
    if object.is_benign() {
        gathered.left_out().doubtful += 1;
        return Ok(());
    }
    let pattern_type = object.pattern_type.as_ref().map(|it| &*it.0);
    let pattern = match (pattern_type, &object.pattern) {
        (Some("stix") | None, Some(pattern)) => &pattern.0,
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
        confidence: object.confidence.and_then(Loose::number),
        until: object.time(|it| &it.valid_until),
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
