//! Lines are split as a shell would.

use super::{Unfinished, split};

#[test]
fn blanks_part_words_and_quotes_hold_them_together() {
    check("", &[]);
    check("  \t ", &[]);
    check("list", &["list"]);
    check(" block  1.2.3.4\t300 ", &["block", "1.2.3.4", "300"]);
    check("a 'b c' d", &["a", "b c", "d"]);
    check(r#"a "b c" d"#, &["a", "b c", "d"]);
    check(r"a 'b\' c", &["a", r"b\", "c"]);
    check(r#""it's" 'say "x"'"#, &["it's", r#"say "x""#]);
    check(r#""a \"b\" \\""#, &[r#"a "b" \"#]);
    check(r"a\ b c\'d", &["a b", "c'd"]);
    check("a''b \"\"", &["ab", ""]);
    check("é\u{a0}ü", &["é", "ü"]);
}

#[test]
fn what_is_not_finished_is_said() {
    for (line, why) in [
        ("'a", Unfinished::Quote),
        ("\"a", Unfinished::Quote),
        ("\"a\\", Unfinished::Quote),
        ("a\\", Unfinished::Backslash),
    ] {
        assert_eq!(split(line), Err(why), "{line}");
    }
}

#[track_caller]
fn check(line: &str, words: &[&str]) {
    assert_eq!(split(line).expect("finished"), words, "{line}");
}
