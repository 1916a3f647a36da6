//! Texts at every width.

use proptest::prelude::*;

use super::{fit, thousands, width, wrap};

#[test]
fn what_is_cut_off_shows() {
    assert_eq!(fit("203.0.113.7", 11, '…'), "203.0.113.7");
    assert_eq!(fit("203.0.113.7", 10, '…'), "203.0.113…");
    assert_eq!(fit("203.0.113.7", 1, '…'), "…");
    assert_eq!(fit("203.0.113.7", 0, '…'), "");
}

#[test]
fn wide_characters_take_two_columns() {
    assert_eq!(width("日本語"), 6);
    assert_eq!(fit("日本語", 6, '…'), "日本語");
    assert_eq!(fit("日本語", 5, '…'), "日本…");
    assert_eq!(fit("日本語", 4, '…'), "日…");
}

#[test]
fn lines_break_between_words_and_keep_their_indent() {
    assert_eq!(wrap("one two three", 8), ["one two", "three"]);
    assert_eq!(wrap("  one two", 6), ["  one", "  two"]);
    assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    assert_eq!(wrap("a\n\nb", 3), ["a", "", "b"]);
    assert_eq!(wrap("日本語", 4), ["日本", "語"]);
}

#[test]
fn thousands_stand_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(thousands(number), text);
    }
}

proptest! {
    #[test]
    fn no_line_is_wider_than_asked_for(text in "[ a-z日\u{301}\n]{0,60}", columns in 2usize..20) {
        for line in wrap(&text, columns) {
            prop_assert!(width(&line) <= columns, "{line:?}");
        }
        let line = text.replace('\n', "");
        prop_assert!(width(&fit(&line, columns, '…')) <= columns);
    }

    #[test]
    fn wrapping_loses_no_word(text in "[a-z日]{1,9}( [a-z日]{1,9}){0,9}", columns in 1usize..20) {
        let letters = |it: &str| it.chars().filter(|it| *it != ' ').collect::<String>();
        prop_assert_eq!(letters(&wrap(&text, columns).concat()), letters(&text));
    }
}
