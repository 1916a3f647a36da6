//! Every report as it is shown.

use aegis_api::{
    AlertId, Blocked, Check, Disallowed, Indicator, NodeMode, PeerTrust, Published, Score, Stance,
    TrustForgotten, Unblocked,
};

use super::{
    ALLOW_ENTRIES, BLOCKS, PEERS, allowed, blocked, check, disallowed, opinion, published, stats,
    status, trust, trust_forgotten, trust_set, unblocked, why,
};
use crate::sample::{
    self, NOW, allow_entry, block, ip, node_id, opinion_of_nobody, peer, peer_trust, stranger,
    wide_block, wide_opinion,
};

mod feed;

/// Terminals are at least this wide.
const COLUMNS: usize = 80;

#[test]
fn status_tells_what_the_node_is() {
    insta::assert_snapshot!(fitting(status(&sample::status())));
}

#[test]
fn status_of_a_node_that_only_looks() {
    let mut quiet = sample::status();
    quiet.mode = NodeMode::Observe;
    quiet.ruleset.actual = 3;
    quiet.ruleset.missing = 0;
    quiet.ruleset.in_agreement = true;
    quiet.auto_publish = false;
    quiet.kernel_map_ids.clear();
    quiet.problems.clear();
    let text = fitting(status(&quiet));
    for line in [
        "Mode       observe: nothing is dropped",
        "Kernel     generation 9, in agreement, read back at 2026-11-20T12:00:00Z",
        "Blocks     intended 3, in the kernel 3",
        "Maps       none",
        "Policy     blocks from severity 5, detections are not published",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(!text.contains("Problem"), "{text}");
}

#[test]
fn stats_tell_what_was_counted() {
    insta::assert_snapshot!(fitting(stats(&sample::stats())));
}

#[test]
fn stats_of_a_node_that_saw_nothing() {
    insta::assert_snapshot!(fitting(stats(&aegis_api::Stats::default())));
}

#[test]
fn why_it_is_blocked() {
    insta::assert_snapshot!(fitting(why(&sample::why())));
}

#[test]
fn why_it_is_not_blocked() {
    insta::assert_snapshot!(fitting(why(&sample::why_not())));
}

#[test]
fn a_block_has_one_line() {
    let lines = (BLOCKS.lines)(&[block(1), wide_block()]);
    insta::assert_snapshot!(lines);
}

#[test]
fn an_allowed_address_has_one_line() {
    let lines = (ALLOW_ENTRIES.lines)(&[allow_entry(None), allow_entry(Some(90))]);
    insta::assert_snapshot!(fitting(lines));
}

#[test]
fn a_peer_has_a_few_lines() {
    insta::assert_snapshot!(fitting((PEERS.lines)(&[peer(9)])));
}

#[test]
fn what_the_network_thinks_and_whose_word_that_is() {
    insta::assert_snapshot!(fitting(opinion(&sample::opinion(ip("192.168.1.100")))));
}

#[test]
fn an_opinion_with_the_longest_of_everything() {
    insta::assert_snapshot!(fitting(opinion(&wide_opinion())));
}

#[test]
fn nobody_says_anything_of_it() {
    let nobody = opinion_of_nobody(ip("192.0.2.1"));
    insta::assert_snapshot!(fitting(opinion(&nobody)));
    let mut silent = nobody;
    silent.asked = 1;
    silent.waited_ms = 3000;
    let text = opinion(&silent);
    assert!(
        text.contains("  0 of 1 peer answered in 3000 ms\n"),
        "{text}"
    );
    silent.local = sample::opinion(ip("192.0.2.1")).local;
    let text = opinion(&silent);
    assert!(
        text.contains("  too little is known to act on it\n"),
        "{text}"
    );
}

#[test]
fn a_benign_address_is_called_so() {
    let mut benign = opinion_of_nobody(ip("192.0.2.1"));
    benign.stance = Stance::Benign;
    benign.score = Score::BENIGN;
    let text = opinion(&benign);
    assert!(
        text.starts_with("192.0.2.1 is benign\n  score -1.00, "),
        "{text}"
    );
    assert!(!text.contains("nobody"), "{text}");
}

#[test]
fn how_far_a_peer_is_trusted_and_why() {
    insta::assert_snapshot!(fitting(trust(&peer_trust(node_id(9)))));
}

#[test]
fn a_stranger_is_not_trusted() {
    insta::assert_snapshot!(fitting(trust(&stranger(node_id(8)))));
}

#[test]
fn trust_in_advance_says_whose_word_it_is() {
    let named = PeerTrust {
        trust_percent: 40,
        pretrust_percent: 50,
        named: true,
        ..stranger(node_id(9))
    };
    let second = |it: &PeerTrust| fitting(trust_set(it)).lines().nth(1).map(str::to_owned);
    assert_eq!(
        second(&named).as_deref(),
        Some("  50 % in advance, said of this peer by name; trust is 40 % now")
    );
    let fixed = PeerTrust {
        fixed: true,
        ..named
    };
    assert_eq!(
        second(&fixed).as_deref(),
        Some("  50 % in advance, said of this peer by name, fixed; trust is 40 % now")
    );
    let forgotten = |was_known| {
        fitting(trust_forgotten(&TrustForgotten {
            peer: node_id(9),
            was_known,
        }))
    };
    assert!(forgotten(true).starts_with("Forgot the trust in 12D3KooW"));
    assert!(forgotten(false).starts_with("There was no trust in 12D3KooW"));
}

#[test]
fn who_broke_the_protocol_is_told_and_what_that_costs() {
    let liar = PeerTrust {
        misdeeds: 4,
        penalty_percent: 93,
        ..stranger(node_id(9))
    };
    let text = fitting(trust(&liar));
    assert!(
        text.contains("\n  broke the protocol 4 times: its word weighs 93 % less for now\n"),
        "{text}"
    );
    assert!(!fitting(trust(&stranger(node_id(9)))).contains("protocol"));
}

#[test]
fn a_trust_without_bounds_is_shown_as_such() {
    let boundless = PeerTrust {
        influence: f64::MAX,
        budget: f64::INFINITY,
        ..stranger(node_id(9))
    };
    let text = fitting(trust(&boundless));
    assert!(
        text.contains("by over 1000000 nats now: alone, from 50 % to 100 %\n"),
        "{text}"
    );
    assert!(text.contains("wrong by over 1000000 nats before"), "{text}");
}

#[test]
fn check_answers_in_the_words_that_programs_look_for() {
    let at = |covered_by: Option<&str>, ttl_secs| Check {
        indicator: ip("192.168.1.100"),
        blocked: covered_by.is_some(),
        covered_by: covered_by.map(ip),
        expires_at: None,
        ttl_secs,
    };
    let not = check(&at(None, None));
    assert_eq!(not, "192.168.1.100 is not blocklisted\n");
    let bare = check(&at(Some("192.168.1.100"), None));
    assert_eq!(bare, "192.168.1.100 is BLOCKLISTED\n");
    let exact = check(&at(Some("192.168.1.100"), Some(299)));
    assert_eq!(exact, "192.168.1.100 is BLOCKLISTED\n  4m 59s left\n");
    let wider = check(&at(Some("192.168.0.0/16"), Some(60)));
    assert_eq!(
        wider,
        "192.168.1.100 is BLOCKLISTED\n  covered by 192.168.0.0/16, 1m left\n"
    );
}

#[test]
fn a_deed_has_one_line() {
    let indicator = ip("192.0.2.7");
    let alert_id = AlertId::from_bytes([3; 16]);
    let deed = |alert_id| Blocked {
        indicator,
        expires_at: NOW,
        ttl_secs: 300,
        alert_id,
    };
    assert_eq!(
        blocked(&deed(Some(alert_id))),
        "Blocked 192.0.2.7 for 300s, published as 03030303030303030303030303030303\n"
    );
    assert_eq!(
        blocked(&deed(None)),
        "Blocked 192.0.2.7 for 300s, not published\n"
    );
    let shared = published(&Published {
        indicator,
        alert_id,
        expires_at: NOW,
    });
    assert!(shared.starts_with("Published 192.0.2.7 until 2026-11-20T12:00:00Z as 0303"));
    assert_eq!(
        allowed(&allow_entry(None)),
        "Allowed 192.0.2.0/28 for ever\n"
    );
    assert_eq!(
        allowed(&allow_entry(Some(90))),
        "Allowed 192.0.2.0/28 for 1m 30s\n"
    );
    let gone = |was_allowed| Disallowed {
        indicator,
        was_allowed,
    };
    assert_eq!(
        disallowed(&gone(true)),
        "192.0.2.7 is on the allowlist no more\n"
    );
    assert_eq!(
        disallowed(&gone(false)),
        "192.0.2.7 is not on the allowlist\n"
    );
}

#[test]
fn an_unblock_says_what_it_did_and_what_still_holds() {
    let ended = |was_blocked, withdrawn, covered_by: Option<Indicator>| {
        unblocked(&Unblocked {
            indicator: ip("192.0.2.7"),
            was_blocked,
            covered_by,
            withdrawn,
            feeds: vec![],
        })
    };
    assert_eq!(ended(true, 0, None), "Unblocked 192.0.2.7\n");
    assert_eq!(
        ended(true, 1, None),
        "Unblocked 192.0.2.7, 1 own alert taken back\n"
    );
    assert_eq!(ended(false, 0, None), "192.0.2.7 was not blocked\n");
    assert_eq!(
        ended(false, 2, None),
        "192.0.2.7 was not blocked, 2 own alerts taken back\n"
    );
    assert_eq!(
        ended(false, 0, Some(ip("192.0.2.0/24"))),
        "192.0.2.7 was not blocked by itself\n  still blocked by 192.0.2.0/24: \
         unblock 192.0.2.0/24, or allow 192.0.2.7\n"
    );
}

#[test]
fn why_says_that_a_node_which_observes_drops_nothing() {
    let mut told = sample::why();
    assert!(!why(&told).contains("OBSERVES"));
    let kernel = told.kernel.as_mut();
    kernel.expect("the sample has one").observing = true;
    let text = fitting(why(&told));
    assert!(
        text.contains("\n  the node OBSERVES: nothing is dropped until `aegis enforce`\n"),
        "{text}"
    );
}

#[test]
fn an_unblock_says_which_feeds_list_it_all_the_same() {
    check(
        &["office"],
        "the feed office lists it and will not block it again; a detector of this host may",
    );
    check(
        &["office", "drop"],
        "the feeds office, drop list it and will not block it again; a detector of this host may",
    );

    #[track_caller]
    fn check(feeds: &[&str], told: &str) {
        let text = unblocked(&Unblocked {
            indicator: ip("192.0.2.7"),
            was_blocked: true,
            covered_by: None,
            withdrawn: 0,
            feeds: feeds.iter().map(|it| (*it).to_owned()).collect(),
        });
        assert_eq!(text, format!("Unblocked 192.0.2.7\n  {told}\n"));
    }
}

/// Returns the text, which must fit a terminal and hold nothing that moves its cursor.
#[track_caller]
fn fitting(text: String) -> String {
    for line in text.lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.contains('\u{202e}'), "{line:?}");
    }
    text
}
