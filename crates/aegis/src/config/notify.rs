//! Notifications: what the file says of whom to tell what, and what that means.

use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_fetch::{Secret, Tls, is_url};
use aegis_intel::notify::{ContentType, MailAddress, OutboxConfig, Template, host_word};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    ConfigError,
    default_file::{Key, key, optional},
    resolve::{parse, within, wrong},
};
use crate::{
    daemon::{NotifyConfig, Topic, Way},
    private_file,
};

/// Whom one letter goes to at most.
const MAIL_TO_MAX: usize = 16;

/// The longest window.
const WINDOW_MAX: Duration = Duration::from_secs(7 * 86_400);

/// The longest file with a key that is read.
const KEY_BYTES_MAX: u64 = 4_096;

/// The keys as the default configuration file shows them.
pub(super) const KEYS: &[Key] = &[
    key(
        "notify.urgent",
        "What somebody is told of at once, where one of the ways below is configured\n\
         (docs/notifications.md): \"enforcement\" is lost, somebody reported an allowed or protected\n\
         address (\"allowlist\"), a feed is not what it was (\"feeds\").",
    ),
    key(
        "notify.digest",
        "When the summary of the last 24 hours is told, by the clock on the host's wall, or \"off\".",
    ),
    key(
        "notify.window",
        "For how long the same is told once; what follows is counted, and told when it is over.",
    ),
    key(
        "notify.per_hour",
        "Messages within an hour at most, 1…1000; others wait.",
    ),
    optional(
        "notify.webhook",
        "\"https://hooks.example.com/aegis\"",
        "Where to POST a document to.",
    ),
    key(
        "notify.webhook_type",
        "What the document is: \"json\", \"form\" or \"plain\".",
    ),
    optional(
        "notify.webhook_template",
        "'{\"text\": \"{{title}}: {{text}}\"}'",
        "The document, in which {{host}}, {{urgency}}, {{subject}}, {{title}}, {{text}}, {{at}} and\n\
         {{count}} stand for what there is to say. By default it is JSON with all of them.",
    ),
    key(
        "notify.webhook_key_header",
        "The header that has the key, if there is one.",
    ),
    optional(
        "notify.webhook_key_file",
        "\"/etc/aegis/webhook.key\"",
        "A file with that header's value, such as \"Bearer …\", which others must not read.",
    ),
    optional(
        "notify.ntfy",
        "\"https://ntfy.sh/my-topic\"",
        "A topic of an ntfy server.",
    ),
    optional(
        "notify.ntfy_key_file",
        "\"/etc/aegis/ntfy.key\"",
        "A file with an access token for it, which others must not read.",
    ),
    optional(
        "notify.ca_file",
        "\"/etc/aegis/ca.pem\"",
        "Certificates that are believed beside the system's.",
    ),
    key("notify.mail_to", "Whom to write to, such as [\"root\"]."),
    optional(
        "notify.mail_from",
        "\"aegis@example.com\"",
        "From whom: aegis at this host unless set.",
    ),
    key(
        "notify.smtp",
        "The mail server that takes the letters: an address and a port, without TLS or a password.",
    ),
    optional(
        "notify.sendmail",
        "\"/usr/sbin/sendmail\"",
        "A program that takes them instead, in the way of sendmail.",
    ),
];

/// Whom to tell what.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawNotify {
    pub urgent: Vec<Topic>,
    pub digest: String,
    pub window: String,
    pub per_hour: u32,
    pub webhook: Option<RawUrl>,
    pub webhook_type: String,
    pub webhook_template: Option<String>,
    pub webhook_key_header: String,
    pub webhook_key_file: Option<PathBuf>,
    pub ntfy: Option<RawUrl>,
    pub ntfy_key_file: Option<PathBuf>,
    pub ca_file: Option<PathBuf>,
    pub mail_to: Vec<String>,
    pub mail_from: Option<String>,
    pub smtp: String,
    pub sendmail: Option<PathBuf>,
}

impl Default for RawNotify {
    fn default() -> Self {
        Self {
            urgent: vec![Topic::Enforcement, Topic::Allowlist, Topic::Feeds],
            digest: "07:00".to_owned(),
            window: "1h".to_owned(),
            per_hour: 20,
            webhook: None,
            webhook_type: "json".to_owned(),
            webhook_template: None,
            webhook_key_header: "Authorization".to_owned(),
            webhook_key_file: None,
            ntfy: None,
            ntfy_key_file: None,
            ca_file: None,
            mail_to: Vec::new(),
            mail_from: None,
            smtp: "127.0.0.1:25".to_owned(),
            sendmail: None,
        }
    }
}

/// The address of a server. Whoever knows its path may write there, so that is never shown.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct RawUrl(String);

impl fmt::Display for RawUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return f.write_str("…");
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        write!(f, "{scheme}://{host}/…")
    }
}

impl fmt::Debug for RawUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RawUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Returns whom to tell what; `None` where nobody is to be told.
pub(crate) fn notify(raw: &RawNotify) -> Result<Option<NotifyConfig>, ConfigError> {
    let window = humantime::parse_duration(&raw.window).ok();
    let window = window.filter(|it| (Duration::from_secs(1)..=WINDOW_MAX).contains(it));
    let per_hour = within("notify.per_hour", raw.per_hour, 1, 1_000)?;
    let outbox = OutboxConfig {
        host: host_word(&host_name()),
        window: window.ok_or_else(|| wrong("notify.window", "must be 1s to 7d"))?,
        per_hour: per_hour as usize,
    };
    let digest = match raw.digest.as_str() {
        "off" => None,
        hour => Some(parse("notify.digest", hour)?),
    };
    let ways = [webhook(raw)?, ntfy(raw)?, mail(raw)?];
    let ways: Vec<Way> = ways.into_iter().flatten().collect();
    Ok((!ways.is_empty()).then(|| NotifyConfig {
        outbox,
        digest,
        urgent: raw.urgent.clone(),
        ways,
        tls: Tls::with_ca_file(raw.ca_file.as_deref()),
    }))
}

fn webhook(raw: &RawNotify) -> Result<Option<Way>, ConfigError> {
    let content_type: ContentType = raw
        .webhook_type
        .parse()
        .map_err(|()| wrong("notify.webhook_type", "must be json, form or plain"))?;
    let text = raw.webhook_template.as_deref();
    let text = match (text, content_type) {
        (Some(text), _) => text,
        (None, ContentType::Json) => Template::DEFAULT,
        (None, ContentType::Form | ContentType::Plain) => "{{title}}\n\n{{text}}\n",
    };
    let template = Template::parse(text, content_type)
        .map_err(|error| wrong("notify.webhook_template", error.to_string()))?;
    let Some(url) = &raw.webhook else {
        return Ok(None);
    };
    let header = &raw.webhook_key_header;
    if !aegis_fetch::may_name_key(header) {
        let problem = "must be the name of a header that says who asks";
        return Err(wrong("notify.webhook_key_header", problem));
    }
    let key = raw.webhook_key_file.as_deref();
    let key = key.map(|it| secret("notify.webhook_key_file", it, ""));
    Ok(Some(Way::Webhook {
        url: checked("notify.webhook", &url.0)?,
        template,
        key: key.transpose()?.map(|it| (header.clone(), it)),
    }))
}

fn ntfy(raw: &RawNotify) -> Result<Option<Way>, ConfigError> {
    let Some(RawUrl(url)) = &raw.ntfy else {
        return Ok(None);
    };
    let url = checked("notify.ntfy", url)?;
    let is_topic = |it: &str| {
        let is_allowed = |it: u8| it.is_ascii_alphanumeric() || b"_-".contains(&it);
        (1..=64).contains(&it.len()) && it.bytes().all(is_allowed)
    };
    let (server, topic) = url
        .rsplit_once('/')
        .filter(|(server, topic)| !server.ends_with('/') && is_topic(topic))
        .ok_or_else(|| {
            let expected = "must end with a topic: 1 to 64 letters, digits, '_' and '-'";
            wrong("notify.ntfy", expected)
        })?;
    let key = raw.ntfy_key_file.as_deref();
    let key = key.map(|it| secret("notify.ntfy_key_file", it, "Bearer "));
    Ok(Some(Way::Ntfy {
        url: format!("{server}/"),
        topic: topic.to_owned(),
        key: key.transpose()?,
    }))
}

fn mail(raw: &RawNotify) -> Result<Option<Way>, ConfigError> {
    let from = match &raw.mail_from {
        Some(from) => parse("notify.mail_from", from)?,
        None => own_address()?,
    };
    let to: Result<Vec<MailAddress>, ConfigError> = raw
        .mail_to
        .iter()
        .map(|it| parse("notify.mail_to", it))
        .collect();
    let to = to?;
    if to.len() > MAIL_TO_MAX {
        return Err(wrong("notify.mail_to", "must be at most 16 addresses"));
    }
    let server: Option<SocketAddr> = raw.smtp.parse().ok(); // a name could come to stand for anybody
    let server = server
        .ok_or_else(|| wrong("notify.smtp", "must be an address and a port: 127.0.0.1:25"))?;
    let program = raw.sendmail.clone();
    if program.as_ref().is_some_and(|it| !it.is_absolute()) {
        return Err(wrong("notify.sendmail", "must be an absolute path"));
    }
    Ok((!to.is_empty()).then_some(match program {
        Some(program) => Way::Sendmail { program, from, to },
        None => Way::Smtp { server, from, to },
    }))
}

/// Returns an address of this host. Many servers want one with a host, whichever that is.
fn own_address() -> Result<MailAddress, ConfigError> {
    let host = host_word(&host_name()).replace('_', "-");
    let address = format!("aegis@{}", host.trim_start_matches(['-', '.']));
    parse("notify.mail_from", &address).or_else(|_| parse("notify.mail_from", "aegis@localhost"))
}

fn checked(field: &'static str, url: &str) -> Result<String, ConfigError> {
    if is_url(url) {
        return Ok(url.to_owned());
    }
    let expected = "must be an address of https:// or http:// without a user";
    Err(wrong(field, expected)) // the address itself may be a secret
}

/// Reads a key from its file, and has `before` stand before it.
fn secret(field: &'static str, path: &Path, before: &str) -> Result<Secret, ConfigError> {
    let text = private_file::read(path, KEY_BYTES_MAX).map_err(|it| wrong(field, it))?;
    let key = Secret::new(&format!("{before}{}", text.trim()));
    key.filter(|_| !text.trim().is_empty())
        .ok_or_else(|| wrong(field, "holds no key: one line of visible ASCII")) // nor is it shown
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname");
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests;
