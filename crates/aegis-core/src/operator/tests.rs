//! Names of keys are words, and an operator is told by one.

use super::{AccessScope, InvalidKeyName, KeyName, Operator};

#[test]
fn a_name_is_a_word() {
    for text in [
        "a",
        "7",
        "cs-firewall-bouncer-1669038231",
        "a.b_c-d@e",
        &"x".repeat(64),
    ] {
        let name: KeyName = text.parse().expect(text);
        assert_eq!(name.as_str(), text);
        assert_eq!(name.to_string(), text);
    }
    for text in [
        "",
        "-a",
        ".",
        "@",
        "a b",
        "a:b",
        "a/b",
        "ä",
        "a\0",
        &"x".repeat(65),
    ] {
        assert_eq!(text.parse::<KeyName>(), Err(InvalidKeyName), "{text}");
    }
}

#[test]
fn names_are_in_the_order_of_their_texts() {
    let mut texts = ["b", "aa", "a", "ab", "B", "a-"];
    let mut names = texts.map(|it| it.parse::<KeyName>().expect("a name"));
    texts.sort_unstable();
    names.sort_unstable();
    assert_eq!(names.map(|it| it.to_string()), texts);
}

#[test]
fn each_scope_includes_those_before_it() {
    assert!(AccessScope::ALL.is_sorted());
    assert_eq!(
        AccessScope::ALL.map(AccessScope::as_str),
        ["read", "decide", "admin"]
    );
}

#[test]
fn an_operator_is_told_by_kind_and_name() {
    let key = Operator::Key("web".parse().expect("a name"));
    assert_eq!(
        (Operator::User(7).to_string(), key.to_string()),
        ("user:7".into(), "key:web".into())
    );
}
