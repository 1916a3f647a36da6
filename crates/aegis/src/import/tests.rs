//! What each form says, what is skipped and where, and words that become threat types.

use std::{fs, path::Path};

use aegis_core::Timestamp;
use aegis_intel::feed::{Format, Warninglists};

use super::{Found, crowdsec, fail2ban, feed, left, list, threat_type};

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn a_list_has_comments_blanks_prefixes_and_mistakes() {
    let text = "\u{feff}# a list\n203.0.113.7\n\n 198.18.0.0/24 ; the whole net\r\n\
                \"2001:db8::1\",2026-11-01\nnobody\n203.0.113.300 # x\n";
    let found = list::read(text, 600);
    assert_eq!(
        shown(&found),
        [
            "203.0.113.7 600 listed",
            "198.18.0.0/24 600 listed",
            "2001:db8::1 600 listed",
        ]
    );
    assert_eq!(places(&found), ["line 6", "line 7"]);
}

#[test]
fn a_feed_is_taken_as_far_as_it_is_trusted_and_no_longer_than_it_says() {
    let bundle = r#"{"objects":[{"type":"identity","name":"Example CERT"},
        {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '203.0.113.7']",
         "valid_until":"2026-11-20T12:01:00Z","confidence":90},
        {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '203.0.113.8']",
         "confidence":60},
        {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '203.0.113.9']",
         "revoked":true},
        {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '8.8.8.8']"},
        {"type":"indicator","pattern_type":"stix","pattern":"203.0.113.10"}]}"#;
    let terms = feed::Terms {
        format: Format::Stix,
        block_for_secs: 600,
        trust: 75,
        warninglists: &Warninglists::default(),
    };
    let (found, attribution) = feed::read(bundle.as_bytes(), terms, NOW).expect("a bundle");
    assert_eq!(shown(&found), ["203.0.113.7 60 listed"]);
    assert_eq!(attribution.as_deref(), Some("Example CERT"));
    assert_eq!(
        found.skipped,
        [
            "line or entry 6: not a pattern",
            "1 are doubted, by the feed or for how far it is trusted",
            "1 are over or taken back",
            "1 are on a warninglist",
        ]
    );
    let wholly = feed::Terms {
        trust: 100,
        ..terms
    };
    let (found, _) = feed::read(bundle.as_bytes(), wholly, NOW).expect("a bundle");
    assert_eq!(
        shown(&found),
        ["203.0.113.7 60 listed", "203.0.113.8 600 listed"]
    );
    assert!(feed::read(b"<html>", terms, NOW).is_err());
}

#[test]
fn decisions_in_json_stand_in_alerts_or_alone() {
    let in_alerts = r#"[{"id":3,"scenario":"x","source":{"ip":"203.0.113.7"},"decisions":[
        {"duration":"3h59m51.5s","id":1,"origin":"crowdsec","scenario":"crowdsecurity/ssh-bf",
         "scope":"Ip","type":"ban","value":"203.0.113.7"},
        {"duration":"-10s","scope":"Ip","type":"ban","value":"203.0.113.8"}]},
        {"id":4,"decisions":null,"source":{}}]"#;
    let found = crowdsec::read(in_alerts).expect("JSON");
    assert_eq!(shown(&found), ["203.0.113.7 14392 crowdsecurity.ssh-bf"]);
    assert_eq!(places(&found), ["alert 1, decision 2", "decision 2"]);
    let alone = r#"[{"duration":"24h","reason":"by hand","scope":"range","type":"ban",
        "value":"198.18.0.0/24"},{"scope":"Country","value":"XX"},{"value":"203.0.113.9"},
        {"type":"captcha","value":"203.0.113.9"},{"value":"203.0.113.9","duration":"soon"}]"#;
    let found = crowdsec::read(alone).expect("JSON");
    assert_eq!(
        shown(&found),
        ["198.18.0.0/24 86400 by.hand", "203.0.113.9 14400 crowdsec"]
    );
    assert_eq!(places(&found), ["decision 2", "decision 4", "decision 5"]);
    assert_eq!(crowdsec::read("null\n").expect("nothing"), Found::default());
    assert!(crowdsec::read("[{]").is_err() && crowdsec::read("{}").is_err());
}

#[test]
fn decisions_in_csv_name_their_columns() {
    let raw = "id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id\n\
               1,cscli,Ip:203.0.113.7,\"manual \"\"ban\"\", mine\",ban,,,1,4h0m0s,false,1\n\
               2,CAPI,Range:198.18.0.0/24,x/y,ban,,,1,1m,false,1\n\
               3,CAPI,Ip:2001:db8::7,x/y,ban,,,1,1m,false,1\n\
               4,CAPI,AS:64496,x/y,ban,,,1,1m,false,1\n";
    let found = crowdsec::read(raw).expect("CSV");
    assert_eq!(
        shown(&found),
        [
            "203.0.113.7 14400 manual..ban...mine",
            "198.18.0.0/24 60 x.y",
            "2001:db8::7 60 x.y",
        ]
    );
    assert_eq!(places(&found), ["line 5"]);
    let import = "duration,scope,value\n1h,ip,203.0.113.7\n,,203.0.113.8\n1h,ip\n";
    let found = crowdsec::read(import).expect("CSV");
    assert_eq!(
        shown(&found),
        ["203.0.113.7 3600 crowdsec", "203.0.113.8 14400 crowdsec"]
    );
    assert_eq!(places(&found), ["line 4"]);
    assert!(
        crowdsec::read("203.0.113.7\n203.0.113.8\n").is_err(),
        "that is a list"
    );
}

#[test]
fn the_longest_of_one_indicator_counts() {
    let text = "duration,value\n1h,203.0.113.7\n2h,203.0.113.7\n1h,192.0.2.1\n";
    let found = crowdsec::read(text).expect("CSV").sorted();
    assert_eq!(
        shown(&found),
        ["192.0.2.1 3600 crowdsec", "203.0.113.7 7200 crowdsec"]
    );
}

#[test]
fn nothing_lasts_for_ever_and_what_is_over_is_over() {
    assert_eq!(left(0), None);
    assert_eq!(left(1).map(u32::from), Some(1));
    assert_eq!(left(u64::MAX).map(u32::from), Some(30 * 86_400));
}

#[test]
fn whatever_a_word_is_it_becomes_a_threat_type() {
    for (text, wanted) in [
        ("crowdsecurity/http-probing", "crowdsecurity.http-probing"),
        ("Manual Ban", "manual.ban"),
        ("", "listed"),
        ("ä", "."),
    ] {
        assert_eq!(threat_type(text).as_str(), wanted);
    }
    assert_eq!(threat_type(&"é".repeat(1000)).as_str().len(), 64);
}

/// The first byte of each says as what it is read.
#[test]
fn every_file_of_the_corpus_has_as_many_entries_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_import");
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("database");
    let mut count = 0;
    for file in fs::read_dir(folder).expect("the corpus is there").flatten() {
        let name = file.file_name().into_string().expect("text");
        let bytes = fs::read(file.path()).expect("a file");
        let (kind, rest) = bytes.split_first().expect("what it is");
        let text = || std::str::from_utf8(rest).expect("text");
        let found = match kind % 3 {
            0 => Some(list::read(text(), 600)),
            1 => crowdsec::read(text()).ok(),
            _ => {
                fs::write(&database, rest).expect("there is room");
                fail2ban::read(&database, NOW).ok()
            }
        };
        let expected = match name.split_once('-') {
            Some(("bad", _)) => None,
            Some((number, _)) => Some(number.parse().expect("bad, or how many entries")),
            None => panic!("{name} does not say what it is"),
        };
        assert_eq!(found.map(|it| it.entries.len()), expected, "{name}");
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

fn shown(found: &Found) -> Vec<String> {
    let entries = found.entries.iter();
    let shown =
        entries.map(|it| format!("{} {} {}", it.indicator, it.duration_secs, it.threat_type));
    shown.collect()
}

fn places(found: &Found) -> Vec<&str> {
    let places = found
        .skipped
        .iter()
        .map(|it| it.split_once(": ").expect("a place").0);
    places.collect()
}
