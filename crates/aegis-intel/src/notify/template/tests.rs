//! Documents that stay what they are, whatever stands in them.

use super::*;

#[test]
fn the_default_document_is_json_with_everything_in_it() {
    let template = Template::parse(Template::DEFAULT, ContentType::Json).unwrap();
    let document: serde_json::Value = serde_json::from_str(&template.render(&message())).unwrap();
    let expected = serde_json::json!({
        "host": "web-1", "urgency": "urgent", "subject": "allowlist", "title": "a \"b\" \\ c",
        "text": "one\ntwo\", \"x\": \"y", "at": "2026-11-27T00:20:09Z", "count": 2
    });
    assert_eq!(document, expected);
}

#[test]
fn values_are_escaped_as_the_document_needs_it() {
    for (content_type, expected) in [
        (ContentType::Json, "text=one\\ntwo\\\", \\\"x\\\": \\\"y"),
        (
            ContentType::Form,
            "text=one%0Atwo%22%2C%20%22x%22%3A%20%22y",
        ),
        (ContentType::Plain, "text=one\ntwo\", \"x\": \"y"),
    ] {
        let quoted = match content_type {
            ContentType::Json => "\"text={{ text }}\"",
            ContentType::Form | ContentType::Plain => "text={{ text }}",
        };
        let template = Template::parse(quoted, content_type).unwrap();
        assert_eq!(
            template.render(&message()).trim_matches('"'),
            expected.trim_matches('"')
        );
    }
}

#[test]
fn what_is_no_template_is_refused() {
    for (text, content_type, expected) in [
        (
            "{{nobody}}",
            ContentType::Plain,
            InvalidTemplate::Placeholder("nobody}}".into()),
        ),
        (
            "{{title",
            ContentType::Plain,
            InvalidTemplate::Placeholder("title".into()),
        ),
        (
            "{\"a\": {{title}}}",
            ContentType::Json,
            InvalidTemplate::NotJson,
        ),
        ("{{title}}", ContentType::Json, InvalidTemplate::NotJson),
        ("{\"a\": ", ContentType::Json, InvalidTemplate::NotJson),
    ] {
        assert_eq!(Template::parse(text, content_type), Err(expected), "{text}");
    }
    let long = "x".repeat(BYTES_MAX + 1);
    assert_eq!(
        Template::parse(&long, ContentType::Plain),
        Err(InvalidTemplate::TooLong)
    );
    assert!(Template::parse("{\"a\":{\"b\":{{count}}}}", ContentType::Json).is_ok());
}

fn message() -> Message {
    Message {
        news: News::new(
            Urgency::Urgent,
            "allowlist",
            "a \"b\" \\ c",
            "one\ntwo\", \"x\": \"y",
        ),
        host: "web-1".to_owned(),
        at: aegis_core::Timestamp::from_secs(1_795_738_809),
        count: 2,
    }
}
