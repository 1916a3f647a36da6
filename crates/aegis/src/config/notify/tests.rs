//! What is taken and what is not, and that no secret shows.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn nobody_is_told_unless_a_way_is_configured() {
    assert!(notify(&RawNotify::default()).unwrap().is_none());
}

#[test]
fn each_way_is_configured_by_itself() {
    let config = config(
        "webhook = \"https://hooks.example.com/T0/secret\"\nntfy = \"http://127.0.0.1:7/t\"\n\
                         mail_to = [\"root\"]\nsmtp = \"127.0.0.1:25\"",
    )
    .unwrap()
    .unwrap();
    let names: Vec<&str> = config.ways.iter().map(Way::name).collect();
    assert_eq!(names, ["webhook", "ntfy", "mail"]);
    let Way::Ntfy { url, topic, key } = &config.ways[1] else {
        panic!("{config:?}");
    };
    assert_eq!((url.as_str(), topic.as_str()), ("http://127.0.0.1:7/", "t"));
    assert!(key.is_none());
}

#[test]
fn what_cannot_be_is_refused_by_its_key() {
    for (text, field) in [
        ("webhook = \"ftp://x/\"", "notify.webhook"),
        ("webhook = \"https://user:pw@x/\"", "notify.webhook"),
        (
            "webhook = \"https://x/\"\nwebhook_key_header = \"Host\"",
            "notify.webhook_key_header",
        ),
        (
            "webhook = \"https://x/\"\nwebhook_key_header = \"a\\r\\nb\"",
            "notify.webhook_key_header",
        ),
        ("webhook_type = \"xml\"", "notify.webhook_type"),
        ("webhook_template = '{{nobody}}'", "notify.webhook_template"),
        (
            "webhook_template = '{\"a\": {{title}}}'",
            "notify.webhook_template",
        ),
        ("ntfy = \"https://ntfy.sh\"", "notify.ntfy"),
        ("ntfy = \"https://ntfy.sh/a?b\"", "notify.ntfy"),
        ("mail_to = [\"a\\r\\nBcc: b\"]", "notify.mail_to"),
        ("mail_to = [\"-oQ/tmp\"]", "notify.mail_to"),
        ("mail_from = \"\"", "notify.mail_from"),
        ("sendmail = \"sendmail\"", "notify.sendmail"),
        ("smtp = \"localhost\"", "notify.smtp"),
        ("digest = \"7\"", "notify.digest"),
        ("window = \"0s\"", "notify.window"),
        ("per_hour = 0", "notify.per_hour"),
    ] {
        let refused = config(text).unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("{field}: ")),
            "{text}: {refused}"
        );
        assert!(!refused.contains("pw"), "{refused}");
    }
}

#[test]
fn a_key_is_in_a_file_of_its_own_and_shows_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fs::write(&path, "hunter2\n").unwrap();
    let text = format!("ntfy = \"https://ntfy.sh/secret-topic\"\nntfy_key_file = {path:?}");
    let open = config(&text).unwrap_err().to_string();
    assert!(open.contains("others must have none"), "{open}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let shown = format!("{:?}", config(&text).unwrap());
    assert!(
        shown.contains("Ntfy") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(!shown.contains("secret-topic"), "{shown}");
    let raw: RawNotify = toml::from_str(&text).unwrap();
    let shown = format!("{raw:?}{}", toml::to_string(&raw).unwrap());
    assert!(
        shown.contains("https://ntfy.sh/…") && !shown.contains("secret-topic"),
        "{shown}"
    );
    for bad in ["", "\n", "a\r\nX-Other: b", "\u{e9}"] {
        fs::write(&path, bad).unwrap();
        let refused = config(&text).unwrap_err().to_string();
        assert!(
            refused.starts_with("notify.ntfy_key_file: holds no key"),
            "{refused}"
        );
    }
}

fn config(text: &str) -> Result<Option<NotifyConfig>, ConfigError> {
    notify(&toml::from_str(text).unwrap())
}
