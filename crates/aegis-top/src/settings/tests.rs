//! What of the environment counts.

use std::time::Duration;

use crate::model::Settings;

#[test]
fn the_strongest_word_about_the_locale_counts() {
    check(&[], true, false);
    check(&[("LANG", "de_DE.UTF-8")], true, true);
    check(&[("LANG", "C.utf8"), ("NO_COLOR", "1")], false, true);
    check(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], true, false);
    check(
        &[("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("NO_COLOR", "")],
        true,
        true,
    );
}

#[track_caller]
fn check(environment: &[(&str, &str)], colour: bool, unicode: bool) {
    let find = |name: &str| {
        let found = environment.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| (*value).into())
    };
    let interval = Duration::from_secs(1);
    let settings = Settings::of(interval, find);
    let expected = Settings {
        interval,
        colour,
        unicode,
    };
    assert_eq!(settings, expected);
}
