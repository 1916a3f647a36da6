//! Tests of blanking.

use super::code_only;

#[test]
fn keeps_code() {
    check("fn a() -> u8 { 1 / 2 }\n", "fn a() -> u8 { 1 / 2 }\n");
    check("fn a<'a>(b: &'a str) {}", "fn a<'a>(b: &'a str) {}");
    check("for r in 0..3 { r }", "for r in 0..3 { r }");
    check("r#type", "r#type");
}

#[test]
fn blanks_comments() {
    check("a // b\nc", "a     \nc");
    check("a /* b\n /* c */ d */ e", "a     \n              e");
    check("a /*/ b */ c", "a          c");
}

#[test]
fn blanks_literals() {
    check(r#"a("b\"c", d)"#, r#"a("    ", d)"#);
    check("a('b', '\\'', '\\\\', 'c')", "a(' ', '  ', '  ', ' ')");
    check(r##"a(r#"b"c"#, d)"##, r##"a(r#"     , d)"##);
    check("a(br\"b\\\", c)", "a(br\"   , c)");
    check("a(b'x', b\"y\")", "a(b' ', b\" \")");
    check("var\"b\"", "var\" \"");
}

#[test]
fn keeps_line_numbers() {
    let text = "a\n/* b\nc */\n\"d\ne\\\nf\"\nr\"g\nh\"\ni";
    assert_eq!(code_only(text).lines().count(), text.lines().count());
}

#[track_caller]
fn check(text: &str, code: &str) {
    assert_eq!(code_only(text), code, "{text}");
}
