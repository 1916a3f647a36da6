//! What must be quoted is, and what could be a formula is text.

use super::line;

#[test]
fn fields_are_quoted_where_they_must_be() {
    check("syn_flood", "syn_flood");
    check("", "");
    check("a,b", "\"a,b\"");
    check("say \"no\"", "\"say \"\"no\"\"\"");
    check("two\r\nlines", "\"two\r\nlines\"");
    check(" padded ", "\" padded \"");
}

#[test]
fn nothing_becomes_a_formula() {
    check("=1+1", "\"'=1+1\"");
    check("+49", "\"'+49\"");
    check("-2", "\"'-2\"");
    check("@SUM(A1)", "\"'@SUM(A1)\"");
    check("\t=1", "\"'\t=1\"");
    check(" =1", "\"' =1\"");
    check("\u{ff1d}1", "\"'\u{ff1d}1\"");
    check(
        "=HYPERLINK(\"x\",\"y\")",
        "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"",
    );
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = line([text.to_owned(), "end".to_owned()]);
    assert_eq!(found, format!("{expected},end\r\n"));
}
