//! Tests of heads, lengths and names.

use super::{LINES_MAX, check, check_names};

#[test]
fn a_file_says_what_it_is() {
    assert_eq!(check("a.rs", "//! Says what it is.\nfn a() {}\n"), []);
    assert_eq!(check("a.rs", "fn a() {}\n").len(), 1);
    assert_eq!(check("a.rs", "// A remark.\n//! Too late.\n").len(), 1);
    assert_eq!(check("a.rs", "").len(), 1);
}

#[test]
fn a_file_has_one_idea() {
    let head = "//! Head.\n".to_owned();
    assert_eq!(
        check("a.rs", &(head.clone() + &"\n".repeat(LINES_MAX - 1))),
        []
    );
    let findings = check("a.rs", &(head + &"\n".repeat(LINES_MAX)));
    assert_eq!(
        findings[0].problem,
        "501 lines, of 500 allowed: one idea to a file"
    );
}

#[test]
fn a_file_has_a_name() {
    let files = [
        "src/alert.rs",
        "src/alert/mod.rs",
        "src/utils.rs",
        "common.rs",
        "helper.rs.md",
    ];
    let findings = check_names(&files.map(str::to_owned));
    let named: Vec<_> = findings
        .iter()
        .map(|finding| finding.file.as_str())
        .collect();
    assert_eq!(named, ["src/alert/mod.rs", "src/utils.rs"]);
}
