//! What is hostile is shown as what it is, what is harmless as it came.

use aegis_api::Score;

use super::{amount, bytes, count, shown, signed, span};

#[test]
fn harmless_texts_come_as_they_are() {
    for text in [
        "",
        "ssh: 12 failures",
        "Müller & Söhne",
        "攻撃元",
        "a\\b \"c\" 'd'",
        "🛡",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn hostile_texts_show_what_they_try() {
    for (text, expected) in [
        ("\u{1b}[2J\u{1b}[31mowned", "\\u{1b}[2J\\u{1b}[31mowned"),
        ("a\r\nb\tc\0", "a\\u{d}\\u{a}b\\u{9}c\\u{0}"),
        ("\u{9b}31m", "\\u{9b}31m"),
        ("moc.\u{202e}live", "moc.\\u{202e}live"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        ("a\u{200b}b\u{feff}c", "a\\u{200b}b\\u{feff}c"),
        ("a\u{2028}b", "a\\u{2028}b"),
        ("\u{e0041}", "\\u{e0041}"),
        ("\u{7f}", "\\u{7f}"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn spans_have_two_units_at_most() {
    for (secs, expected) in [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (299, "4m 59s"),
        (3600, "1h"),
        (3659, "1h"),
        (3660, "1h 1m"),
        (86_399, "23h 59m"),
        (86_400, "1d"),
        (90_000, "1d 1h"),
        (u64::MAX, "213503982334601d 7h"),
    ] {
        assert_eq!(span(secs), expected);
    }
}

#[test]
fn bytes_have_the_unit_that_fits() {
    for (number, expected) in [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1 << 20, "1.0 MiB"),
        ((1 << 20) - 1, "1023.9 KiB"),
        (u64::MAX, "15.9 EiB"),
    ] {
        assert_eq!(bytes(number), expected);
    }
}

#[test]
fn one_is_singular() {
    assert_eq!(count(0, "packet"), "0 packets");
    assert_eq!(count(1, "packet"), "1 packet");
    assert_eq!(count(2, "packet"), "2 packets");
}

#[test]
fn nothing_has_no_sign() {
    for (score, expected) in [
        (1.0, "+1.00"),
        (0.126, "+0.13"),
        (0.004, "0.00"),
        (-0.0, "0.00"),
        (-0.004, "0.00"),
        (-0.126, "-0.13"),
        (-1.0, "-1.00"),
    ] {
        assert_eq!(signed(Score::clamped(score)), expected);
    }
    for (number, expected) in [
        (-0.0, "0.00"),
        (0.004, "0.00"),
        (1.5, "1.50"),
        (1_000_000.0, "1000000.00"),
        (1_000_000.5, "over 1000000"),
        (f64::INFINITY, "over 1000000"),
    ] {
        assert_eq!(amount(number), expected);
    }
}
