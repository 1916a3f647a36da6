//! Places: where an address is, and what is blocked by that.

use aegis_api::{Location, RegionBlock, RegionList, RegionUnblocked};

use crate::text::shown;

/// Returns where an address is, short: `DE AS64500`; nothing where that is not known.
pub(super) fn place(location: Option<&Location>) -> String {
    let Some(it) = location else {
        return String::new();
    };
    let asn = it.asn.map(|it| format!("AS{it}"));
    let parts = it.country.as_deref().map(shown).into_iter().chain(asn);
    parts.collect::<Vec<_>>().join(" ")
}

/// Returns where an address is, in full.
pub(super) fn full_place(it: &Location) -> String {
    let asn = it.asn.map(|number| match &it.asn_name {
        Some(name) => format!("AS{number} ({})", shown(name)),
        None => format!("AS{number}"),
    });
    let country = it.country.as_deref();
    let country = country.map(|it| format!("country {}", shown(it)));
    let continent = it.continent.as_deref();
    let continent = continent.map(|it| format!("continent {}", shown(it)));
    let parts = country.into_iter().chain(continent).chain(asn);
    parts.collect::<Vec<_>>().join(", ")
}

/// Tells that a region is blocked.
pub(crate) fn region_blocked(it: &RegionBlock) -> String {
    let until = match it.expires_at {
        Some(at) => format!("until {at}"),
        None => "for as long as it is configured".to_owned(),
    };
    let (blocked, prefixes, region) = (it.blocked, it.prefixes, it.region);
    let text = format!("Blocking {blocked} of {prefixes} prefixes of {region} {until}\n");
    match prefixes.saturating_sub(blocked) {
        0 => text,
        left => text + &format!("  left out {left}: protected, allowed, private or too wide\n"),
    }
}

/// Tells that a region is blocked no more.
pub(crate) fn region_unblocked(it: &RegionUnblocked) -> String {
    if it.was_blocked {
        format!("{} is blocked no more\n", it.region)
    } else {
        format!("{} was not blocked\n", it.region)
    }
}

/// Tells what is blocked by place.
pub(crate) fn regions(list: &RegionList) -> String {
    let mut text = "=== Blocked by place ===\n".to_owned();
    if list.regions.is_empty() {
        text.push_str("Nothing is blocked by place.\n");
    }
    for it in &list.regions {
        match &it.problem {
            Some(problem) => {
                let problem = shown(problem);
                text.push_str(&format!("{} NOT AS IT SHOULD: {problem}\n", it.region));
            }
            None => text.push_str(&region_blocked(it)),
        }
    }
    for database in &list.databases {
        text.push_str(&format!("known from {}\n", shown(database)));
    }
    if let Some(problem) = &list.problem {
        text.push_str(&format!("PROBLEM: {}\n", shown(problem)));
    }
    text
}
