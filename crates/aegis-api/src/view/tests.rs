//! What a view asks for comes out of the query string as it went in.

use super::{
    BlockSort, InvalidViewText, PeerSort, RawViewQuery, VIEW_TEXT_CHARS_MAX, ViewQuery, ViewText,
    view_query,
};

#[test]
fn the_words_for_an_order_are_those_of_the_contract() {
    for it in BlockSort::ALL {
        let word = serde_json::to_value(it).expect("is a word");
        assert_eq!(word, it.as_str());
    }
    for it in PeerSort::ALL {
        let word = serde_json::to_value(it).expect("is a word");
        assert_eq!(word, it.as_str());
    }
}

#[test]
fn any_text_comes_through_the_query_string() {
    for text in [
        "ssh",
        "192.0.2.0/24",
        "2001:db8::",
        "a b&c=d%20#?",
        "日本\u{202e}\n",
    ] {
        let query = ViewQuery {
            sort: BlockSort::Packets,
            reversed: true,
            text: Some(text.parse().expect("is a text")),
            offset: 7,
            limit: std::num::NonZeroU16::new(3),
        };
        let uri = format!("/?{}", view_query(&query)).parse();
        let read =
            axum::extract::Query::<RawViewQuery<BlockSort>>::try_from_uri(&uri.expect("is a URI"));
        let parsed = read.expect("can be read").0.parse();
        assert_eq!(parsed, Ok(query));
    }
}

#[test]
fn a_text_is_found_in_any_field_and_any_case() {
    let text: ViewText = "SsH".parse().expect("is a text");
    let mut scratch = String::new();
    assert!(text.is_in(&[&"none", &"OpenSSH"], &mut scratch));
    assert!(!text.is_in(&[&"s", &"sh"], &mut scratch));
}

#[test]
fn no_text_and_too_much_are_refused() {
    assert_eq!("".parse::<ViewText>(), Err(InvalidViewText));
    let most = "日".repeat(VIEW_TEXT_CHARS_MAX);
    assert!(most.parse::<ViewText>().is_ok());
    assert_eq!(format!("{most}x").parse::<ViewText>(), Err(InvalidViewText));
}
