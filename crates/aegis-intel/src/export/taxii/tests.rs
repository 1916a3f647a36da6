//! Tests of what a TAXII client is answered.

use std::{collections::HashSet, time::Duration};

use aegis_core::{Severity, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::export::Entry;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn publication(count: u8) -> Publication {
    let entries = (0..count).map(|it| Entry {
        indicator: format!("203.0.113.{it}").parse().unwrap(),
        threat_type: "bot".parse().unwrap(),
        severity: Severity::new(5).unwrap(),
        origin: if it % 2 == 0 { "detector" } else { "peers" },
        decided_at: T0,
        expires_at: T0 + Duration::from_secs(3600),
    });
    let before = Publication::new(T0, b"secret");
    before
        .renewed(T0, entries.collect(), &HashSet::new())
        .unwrap_or(before)
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|it| it.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn ask(publication: &Publication, path: &str, query: &str) -> Result<Value, Problem> {
    let answer = Question::parse(path, &pairs(query))?.answer(publication)?;
    Ok(serde_json::from_str(&answer.text).unwrap())
}

#[track_caller]
fn status(path: &str, query: &str, expected: u16) {
    let asked = ask(&publication(2), path, query);
    let status = asked.map_or_else(|problem| problem.status, |_| 200);
    assert_eq!(status, expected, "{path}?{query}");
}

fn ids(value: &Value) -> Vec<String> {
    let objects = value["objects"].as_array().map(Vec::as_slice);
    let ids = objects.unwrap_or_default().iter();
    ids.map(|it| it["id"].as_str().unwrap().to_owned())
        .collect()
}

const OBJECTS: &str = "aegis/collections/active-blocks/objects/";
const MANIFEST: &str = "aegis/collections/active-blocks/manifest/";

#[test]
fn a_client_finds_its_way_from_the_front_door() {
    let publication = publication(0);
    let discovery = ask(&publication, "", "").unwrap();
    assert_eq!(discovery["default"], "/taxii2/aegis/");
    assert_eq!(discovery["api_roots"][0], discovery["default"]);
    let root = ask(&publication, "aegis/", "").unwrap();
    assert_eq!(root["versions"][0], MEDIA_TYPE);
    let collections = ask(&publication, "aegis/collections/", "").unwrap();
    let all = collections["collections"].as_array().unwrap();
    assert_eq!(all.len(), 3);
    for it in all {
        assert_eq!(
            (&it["can_read"], &it["can_write"]),
            (&true.into(), &false.into())
        );
        for name in ["id", "alias"] {
            let path = format!("aegis/collections/{}/", it[name].as_str().unwrap());
            assert_eq!(ask(&publication, &path, "").unwrap(), *it);
        }
    }
}

#[test]
fn what_is_not_there_is_404_and_what_cannot_be_read_400() {
    status("other/", "", 404);
    status("aegis/collections/none/", "", 404);
    status("aegis/status/1/", "", 404);
    status(&format!("{OBJECTS}indicator--none/"), "", 404);
    status(&format!("{OBJECTS}indicator--none/versions/"), "", 404);
    for query in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=",
        "next=x",
        "next=",
        "next=+1",
        "added_after=yesterday",
        "added_after=2026-11-20",
        "added_after=2026-11-20T12:00:00",
        "added_after=2026-11-20T12:00:00.Z",
        "added_after=2026-11-20T12:00:00.1234567890Z",
        "added_after=2026-13-20T12:00:00Z",
        "match[version]=newest",
    ] {
        status(OBJECTS, query, 400);
    }
    for query in [
        "limit=99999999999999999999999",
        "added_after=2026-11-20T12:00:00Z",
        "other=1",
    ] {
        status(OBJECTS, query, 200);
    }
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let publication = publication(5);
    let mut query = "limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = ask(&publication, OBJECTS, &query).unwrap();
        seen.extend(ids(&page));
        if page["more"] != true {
            break;
        }
        query = format!("limit=2&next={}", page["next"].as_str().unwrap());
    }
    assert_eq!(seen.len(), 6);
    assert!(seen[0].starts_with("identity--"));
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 6);
}

#[test]
fn pages_follow_each_other_by_the_time_of_the_last_one_as_well() {
    let publication = publication(5);
    let mut query = "limit=2".to_owned();
    let mut count = 0;
    loop {
        let question = Question::parse(OBJECTS, &pairs(&query)).unwrap();
        let answer = question.answer(&publication).unwrap();
        let Some((first, last)) = answer.added else {
            assert_eq!(answer.text, "{}");
            break;
        };
        assert!(first <= last, "{first} {last}");
        let page: Value = serde_json::from_str(&answer.text).unwrap();
        count += ids(&page).len();
        query = format!("limit=2&added_after={last}");
    }
    assert_eq!(count, 6);
}

#[test]
fn collections_have_what_their_names_say() {
    let publication = publication(5);
    let count = |name: &str| {
        let path = format!("aegis/collections/{name}/objects/");
        ids(&ask(&publication, &path, "match[type]=indicator").unwrap()).len()
    };
    assert_eq!(count("active-blocks"), 5);
    assert_eq!(count("local-observations"), 3);
    assert_eq!(count("p2p-consensus"), 2);
}

#[test]
fn a_manifest_says_what_the_objects_are_and_one_is_had_by_its_name() {
    let publication = publication(3);
    let objects = ask(&publication, OBJECTS, "").unwrap();
    let manifest = ask(&publication, MANIFEST, "").unwrap();
    assert_eq!(ids(&objects), ids(&manifest));
    let id = &ids(&objects)[2];
    let one = ask(&publication, &format!("{OBJECTS}{id}/"), "").unwrap();
    assert_eq!(one["objects"][0], objects["objects"][2]);
    let versions = ask(&publication, &format!("{OBJECTS}{id}/versions/"), "").unwrap();
    assert_eq!(versions["versions"][0], objects["objects"][2]["modified"]);
    assert_eq!(versions["versions"][0], manifest["objects"][2]["version"]);
    let query = format!("match[id]={id},indicator--other");
    assert_eq!(
        ids(&ask(&publication, OBJECTS, &query).unwrap()),
        std::slice::from_ref(id)
    );
}

#[test]
fn what_matches_is_shown() {
    let publication = publication(2);
    let count = |query: &str| ids(&ask(&publication, OBJECTS, query).unwrap()).len();
    assert_eq!(count("match[type]=identity"), 1);
    assert_eq!(count("match[type]=malware,identity"), 1);
    assert_eq!(count("match[spec_version]=2.0"), 0);
    assert_eq!(count("match[spec_version]=2.0,2.1"), 3);
    assert_eq!(count("match[version]=all"), 3);
    assert_eq!(count("match[version]=2027-01-15T08:00:00.000Z"), 2);
    assert_eq!(count("match[version]=2027-01-15T08:00:01Z"), 0);
}

#[test]
fn what_was_taken_back_is_revoked_with_a_newer_version() {
    let before = publication(3);
    let now = T0 + Duration::from_secs(60);
    let after = before.renewed(now, Vec::new(), &HashSet::new()).unwrap();
    let objects = ask(&after, OBJECTS, "match[type]=indicator").unwrap();
    assert_eq!(ids(&objects).len(), 3);
    for it in objects["objects"].as_array().unwrap() {
        assert_eq!(it["revoked"], true);
        assert!(it["modified"].as_str() > it["created"].as_str(), "{it}");
    }
}

#[test]
fn who_takes_nothing_of_ours_is_known() {
    let check = |accept: &str, expected: bool| {
        assert_eq!(is_accepted(accept), expected, "{accept}");
    };
    check(MEDIA_TYPE, true);
    check("application/taxii+json", true);
    check("application/taxii+json; version=2.1", true);
    check("text/html, application/*;q=0.8", true);
    check("*/*", true);
    check("application/taxii+json;version=2.0", false);
    check("application/vnd.oasis.taxii+json; version=2.0", false);
    check("application/json", false);
    check("*/*;q=0", false);
    check("", false);
}

proptest! {
    #[test]
    fn no_question_breaks_anything(
        path in "(aegis/)?(collections/)?(active-blocks/|x/)?(objects/|manifest/)?.{0,40}",
        keys in prop::collection::vec("(limit|next|added_after|match\\[(id|type|version|spec_version)\\]|.{0,8})", 0..6),
        values in prop::collection::vec("([0-9:TZ.,-]{0,40}|.{0,40})", 6),
    ) {
        let pairs: Vec<_> = keys.into_iter().zip(values).collect();
        let publication = publication(3);
        if let Ok(question) = Question::parse(&path, &pairs)
            && let Ok(answer) = question.answer(&publication)
        {
            prop_assert!(serde_json::from_str::<Value>(&answer.text).is_ok());
        }
    }

    #[test]
    fn every_time_that_is_written_is_read_again(micros in 0_u64..4_000_000_000_000_000) {
        let text = micros_text(micros);
        let pairs = [("added_after".to_owned(), text)];
        let question = Question::parse("", &pairs).unwrap();
        prop_assert_eq!(question.after(), Some(micros));
    }
}
