//! Words are read as Go reads them.

use super::flags::{Flags, Parsed};

#[test]
fn flags_have_one_dash_or_two_and_their_values_behind_them() {
    let expected = Flags {
        load_key_path: "a".into(),
        save_key_path: "b=c".into(),
        sign_peer: true,
        peer_id: "-d".into(),
        ..Flags::default()
    };
    check(
        "-load-key-path a --save-key-path=b=c -sign-peer -peer-id -d",
        Parsed::Flags(expected),
    );
    check("", Parsed::Flags(Flags::default()));
    check("-sign-peer=false", Parsed::Flags(Flags::default()));
    check("word -sign-peer", Parsed::Flags(Flags::default()));
    check("-- -sign-peer", Parsed::Flags(Flags::default()));
    check("- -sign-peer", Parsed::Flags(Flags::default()));
}

#[test]
fn what_go_refuses_is_refused_in_its_words() {
    check("-x", wrong("flag provided but not defined: -x"));
    check("--x=1", wrong("flag provided but not defined: -x"));
    check("-peer-id", wrong("flag needs an argument: -peer-id"));
    check(
        "-sign-peer=maybe",
        wrong("invalid boolean value for -sign-peer"),
    );
    check("---x", wrong("bad flag syntax: ---x"));
    check("-=x", wrong("bad flag syntax: -=x"));
    check("-h", Parsed::Help);
    check("--help", Parsed::Help);
}

fn wrong(text: &str) -> Parsed {
    Parsed::Wrong(text.to_owned())
}

#[track_caller]
fn check(line: &str, expected: Parsed) {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    assert_eq!(Flags::parse(&words), expected, "{line}");
}
