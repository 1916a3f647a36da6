//! Nothing that is written as a value can be markup.

use super::Markup;

#[test]
fn what_is_not_in_the_source_is_escaped() {
    check(
        "<script>alert(1)</script>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    );
    check(
        "\" onload='x' a=\"&amp;",
        "&quot; onload=&#39;x&#39; a=&quot;&amp;amp;",
    );
    check("Grüße, 世界", "Grüße, 世界");
}

#[test]
fn what_would_turn_its_surroundings_round_is_seen_instead() {
    check("a\u{202e}b", "a\u{fffd}202eb");
    check("a\u{0}\n\u{7f}", "a\u{fffd}0000\u{fffd}000a\u{fffd}007f");
    check("\u{200b}\u{feff}", "\u{fffd}200b\u{fffd}feff");
}

#[test]
fn markup_within_markup_stays_what_it_is() {
    let mut inner = Markup::default();
    let sign = '<';
    html!(inner, "<b>", "<", "</b>", sign);
    let mut outer = Markup::default();
    let five = 5;
    html!(outer, "<p>", inner, five, "</p>");
    assert_eq!(outer.into_text(), "<p><b><</b>&lt;5</p>");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let mut out = Markup::default();
    html!(out, text.to_owned());
    assert_eq!(out.into_text(), expected);
}
