//! Each trap of `notice.log`, named.

use super::*;

const FOE: &str = "203.0.113.7";
const HOME: &str = "192.0.2.10";

/// The head of a log as Zeek 6 writes it.
const HEAD: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
#path\tnotice\n#open\t2026-11-27-00-20-09\n\
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tnote\tmsg\tsub\tsrc\tdst\tp\tn\tactions\tsuppress_for\n\
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tenum\tstring\tstring\taddr\taddr\tport\tcount\tset[enum]\tinterval\n";

const SCAN: &str = "1795738809.123456\t-\t-\t-\t-\t-\t-\tScan::Port_Scan\t203.0.113.7 scanned\tlocal\t\
203.0.113.7\t192.0.2.10\t-\t-\tNotice::ACTION_LOG\t3600.000000\n";

#[test]
fn a_scan_is_blamed_on_its_source_for_five_minutes_since_anybody_may_have_sent_it() {
    let alert = judge(&format!("{HEAD}{SCAN}")).unwrap();
    assert_eq!(alert.source.to_string(), FOE);
    assert_eq!(
        (alert.rule, alert.threat_type.as_str()),
        (Rule::ZeekNotice, "port_scan")
    );
    assert_eq!(alert.evidence, Evidence::Spoofable);
    assert_eq!(alert.block_for, BlockDuration::from_secs(300));
    assert_eq!(alert.words, "Scan::Port_Scan: 203.0.113.7 scanned");
    assert_eq!(alert.at.as_millis(), 1_795_738_809_123);
}

#[test]
fn the_block_lasts_as_long_as_zeek_says_nothing_more_of_it() {
    for (suppressed, expected) in [
        ("7200.000000", BlockDuration::from_secs(7_200)),
        ("0.000000", None),
        ("-", None),
        ("nan", None),
        ("-5.0", None),
        ("1e300", Some(BlockDuration::MAX)),
    ] {
        let line = guessing().replace("3600.000000", suppressed);
        let alert = judge(&format!("{HEAD}{line}")).unwrap();
        assert_eq!(
            (alert.evidence, alert.block_for),
            (Evidence::Verified, expected),
            "{suppressed}"
        );
        assert_eq!(alert.threat_type.as_str(), "brute_force");
    }
}

#[test]
fn a_notice_whose_source_is_the_victim_blames_nobody() {
    for kind in [
        "HTTP::SQL_Injection_Victim",
        "TeamCymruMalwareHashRegistry::Match",
        "Heartbleed::SSL_Heartbeat_Attack",
        "Weird::Activity",
    ] {
        let line = SCAN.replace("Scan::Port_Scan", kind);
        assert_eq!(
            judge(&format!("{HEAD}{line}")),
            Err(Why::Unmapped),
            "{kind}"
        );
    }
}

#[test]
fn kinds_that_the_operator_names_count_and_those_that_he_turns_off_do_not() {
    let config = IdsConfig {
        meanings: [
            ("CVE::Log4j".to_owned(), "exploit".parse().ok()),
            ("Scan::Port_Scan".to_owned(), None),
        ]
        .into(),
        ..IdsConfig::default()
    };
    let log = format!("{HEAD}{SCAN}");
    assert_eq!(judge_by(&log, &config), Err(Why::Unmapped));
    let alert = judge_by(&log.replace("Scan::Port_Scan", "CVE::Log4j"), &config).unwrap();
    assert_eq!(
        (alert.threat_type.as_str(), alert.evidence),
        ("exploit", Evidence::Spoofable)
    );
}

#[test]
fn addresses_of_ours_are_never_blamed_and_two_strangers_are_none_of_our_business() {
    let swapped = SCAN.replace("203.0.113.7\t192.0.2.10", "192.0.2.10\t203.0.113.7");
    assert_eq!(judge(&format!("{HEAD}{swapped}")), Err(Why::Ours));
    let foreign = SCAN.replace("\t192.0.2.10", "\t198.51.100.9");
    assert_eq!(judge(&format!("{HEAD}{foreign}")), Err(Why::Foreign));
    let unknown = SCAN.replace("\t192.0.2.10", "\t-"); // as of an address scan
    assert!(judge(&format!("{HEAD}{unknown}")).is_ok());
}

#[test]
fn where_source_and_connection_differ_nobody_is_blamed() {
    let of = |originator: &str, responder: &str, src: &str| {
        let row = guessing().replace(
            "\t-\t-\t-\t-\t-\t-\t",
            &format!("\tC1\t{originator}\t5\t{responder}\t22\ttcp\t"),
        );
        judge(&format!(
            "{HEAD}{}",
            row.replace(
                &format!("\t{FOE}\t{HOME}\t-"),
                &format!("\t{src}\t{HOME}\t22")
            )
        ))
    };
    assert!(of(FOE, HOME, FOE).is_ok());
    assert!(
        of(FOE, HOME, "-").is_ok(),
        "whoever began it, where no source is said"
    );
    assert_eq!(of("198.51.100.9", HOME, FOE), Err(Why::Unclear));
    assert_eq!(of(FOE, "198.51.100.9", FOE), Err(Why::Unclear));
    assert_eq!(of("-", "-", "-"), Err(Why::Unclear));
}

#[test]
fn columns_are_found_by_name_in_whatever_order_and_anew_after_each_head() {
    let head = "#separator \\x09\n#fields\tactions\tsrc\tnote\tnew_column\tts\n";
    let row = "Notice::ACTION_LOG\t203.0.113.7\tScan::Address_Scan\twhatever\t1795738809.5\n";
    assert_eq!(
        judge(&format!("{head}{row}")).unwrap().source.to_string(),
        FOE
    );
    assert!(judge(&format!("{HEAD}{head}{row}")).is_ok());
    let mut log = ZeekLog::default();
    assert_eq!(
        log.take(row.trim_end().as_bytes()),
        None,
        "nothing is known before the head"
    );
}

#[test]
fn a_row_with_another_number_of_cells_or_a_name_twice_is_nothing() {
    let mut log = ZeekLog::default();
    let lines = format!("{HEAD}{}\tmore", SCAN.trim_end());
    assert!(lines.lines().all(|it| log.take(it.as_bytes()).is_none()));
    let (head, row) = (
        "#fields\tts\tnote\tsrc\tsrc\n",
        "1795738809\tScan::Port_Scan\t203.0.113.7\t192.0.2.1",
    );
    log.take(head.trim_end().as_bytes());
    assert_eq!(log.take(row.as_bytes()).and_then(|it| it.source), None);
}

#[test]
fn a_log_of_something_else_is_nothing() {
    let other = format!("{HEAD}{SCAN}").replace("#path\tnotice", "#path\tconn");
    let mut log = ZeekLog::default();
    assert!(other.lines().all(|it| log.take(it.as_bytes()).is_none()));
}

#[test]
fn tabs_that_a_stranger_sends_stay_in_their_cell() {
    let row = SCAN.replace(
        "203.0.113.7 scanned",
        "a\\x09b\\x0ac\\\\x09 \\xc3\\xa9 \\xzz \\x0",
    );
    let alert = judge(&format!("{HEAD}{row}")).unwrap();
    assert_eq!(alert.source.to_string(), FOE);
    assert_eq!(
        alert.words,
        "Scan::Port_Scan: a\u{fffd}b\u{fffd}c\\x09 é \\xzz \\x0"
    );
}

#[test]
fn unset_and_empty_are_nothing_also_where_they_are_written_otherwise() {
    let head = HEAD
        .replace("(empty)", "EMPTY")
        .replace("#unset_field\t-", "#unset_field\tNONE");
    let row = SCAN.replace("\t-", "\tNONE").replace("local", "EMPTY");
    assert!(judge(&format!("{head}{row}")).is_ok());
    let no_source = row.replace("\t203.0.113.7\t", "\tEMPTY\t");
    assert_eq!(judge(&format!("{head}{no_source}")), Err(Why::Unclear));
}

#[test]
fn what_the_sites_policy_ignores_is_ignored() {
    for (actions, expected) in [
        ("Notice::ACTION_LOG,Notice::ACTION_EMAIL", true),
        ("Notice::ACTION_NONE,Notice::ACTION_LOG", true),
        ("Notice::ACTION_NONE", false),
        ("(empty)", false),
        ("-", true), // it is not said
    ] {
        let row = SCAN.replace("Notice::ACTION_LOG", actions);
        assert_eq!(
            judge(&format!("{HEAD}{row}")).is_ok(),
            expected,
            "{actions}"
        );
    }
}

#[test]
fn json_is_read_with_times_of_each_fashion() {
    for ts in [
        "1795738809.123456",
        "\"2026-11-27T00:20:09.123456Z\"",
        "1795738809123",
        "\"1795738809.123\"",
    ] {
        let line = format!(
            "{{\"ts\":{ts},\"uid\":\"C1\",\"id.orig_h\":\"{FOE}\",\"id.orig_p\":5,\"id.resp_h\":\"{HOME}\",\
             \"id.resp_p\":22,\"note\":\"SSH::Password_Guessing\",\"msg\":\"x\",\"src\":\"{FOE}\",\
             \"dst\":\"{HOME}\",\"actions\":[\"Notice::ACTION_LOG\"],\"suppress_for\":3600.0}}"
        );
        let alert = judge(&line).unwrap();
        assert_eq!(
            (alert.source.to_string().as_str(), alert.at.as_secs()),
            (FOE, 1_795_738_809),
            "{ts}"
        );
        assert_eq!(alert.block_for, BlockDuration::from_secs(3_600));
        let sent = |path: &str| line.replacen('{', &format!("{{\"_path\":\"{path}\","), 1);
        let mut log = ZeekLog::default();
        assert!(log.take(sent("notice").as_bytes()).is_some());
        assert_eq!(log.take(sent("conn").as_bytes()), None);
        for end in 0..line.len() {
            assert_eq!(log.take(&line.as_bytes()[..end]), None);
        }
    }
}

#[test]
fn addresses_and_times_that_cannot_be_read_make_it_nothing() {
    for (from, to) in [
        ("\t203.0.113.7\t", "\t203.0.113.777\t"),
        ("1795738809.123456", "-"),
        ("1795738809.123456", "inf"),
        ("1795738809.123456", "-1"),
        ("1795738809.123456", "1e99"),
    ] {
        let log_text = format!("{HEAD}{}", SCAN.replacen(from, to, 1));
        let mut log = ZeekLog::default();
        assert!(
            log_text.lines().all(|it| log.take(it.as_bytes()).is_none()),
            "{to}"
        );
    }
}

fn guessing() -> String {
    SCAN.replace("Scan::Port_Scan", "SSH::Password_Guessing")
}

fn judge(log: &str) -> Result<IdsAlert, Why> {
    judge_by(log, &IdsConfig::default())
}

#[track_caller]
fn judge_by(text: &str, config: &IdsConfig) -> Result<IdsAlert, Why> {
    let mut log = ZeekLog::default();
    let notices: Vec<_> = text
        .lines()
        .filter_map(|it| log.take(it.as_bytes()))
        .collect();
    let ours = Ours::new(vec!["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(notices.len(), 1, "{text}");
    notices[0].judge(&ours, config)
}
