//! Announcements: what they may say, and one spelling of each.

use super::*;
use crate::file::tests::{AN_HOUR, T0, announcement, offer};

#[test]
fn an_announcement_holds_for_whole_seconds_and_a_year_at_most() {
    check_validity(T0, T0 + Duration::from_millis(999), false);
    check_validity(T0, T0 + Duration::from_secs(1), true);
    check_validity(T0, T0 + VALIDITY_MAX, true);
    check_validity(T0, T0 + VALIDITY_MAX + Duration::from_secs(1), false);
    check_validity(T0 + AN_HOUR, T0, false);
}

#[track_caller]
fn check_validity(issued_at: Timestamp, expires_at: Timestamp, fits: bool) {
    assert_eq!(Validity::new(issued_at, expires_at).is_ok(), fits);
}

#[test]
fn a_name_is_no_path_and_moves_no_cursor() {
    for good in [
        "a",
        "rules.yar",
        "..hidden",
        "übersicht 1.csv",
        &"x".repeat(128),
    ] {
        assert_eq!(good.parse::<FileName>().unwrap().as_str(), good);
    }
    for bad in [
        "",
        ".",
        "..",
        "a/b",
        "/etc/passwd",
        "a\0",
        "\u{1b}[2J",
        "a\n",
        &"x".repeat(129),
    ] {
        assert_eq!(bad.parse::<FileName>(), Err(InvalidFileName), "{bad:?}");
    }
}

#[test]
fn it_is_live_until_its_end_and_not_a_second_longer() {
    let announced = announcement(offer(1, 1));
    assert!(announced.is_live(T0 + AN_HOUR - Duration::from_secs(1)));
    assert!(!announced.is_live(T0 + AN_HOUR));
    let mut withdrawn = offer(1, 1);
    withdrawn.is_withdrawn = true;
    assert!(!announcement(withdrawn).is_live(T0));
}

#[test]
fn the_later_word_counts_and_within_a_second_the_one_that_takes_back() {
    let first = announcement(offer(1, 1));
    let mut offer_later = offer(1, 1);
    let later = T0 + Duration::from_secs(1);
    offer_later.validity = Validity::new(later, later + AN_HOUR).unwrap();
    let second = announcement(offer_later);
    assert!(second.replaces(&first) && !first.replaces(&second) && !first.replaces(&first));
    let mut withdrawal = offer(1, 1);
    withdrawal.is_withdrawn = true;
    let withdrawal = announcement(withdrawal);
    assert!(withdrawal.replaces(&first) && !first.replaces(&withdrawal));
    assert!(second.replaces(&withdrawal));
}
