//! Mail: addresses that are nothing but addresses, and letters whose headers nobody can add to.

use std::{fmt, fmt::Write as _, str::FromStr};

use aegis_core::Timestamp;

use super::Message;

/// The longest address (RFC 5321, 4.5.3.1.3 without the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Bytes of a title in one encoded word: 75 characters with what stands around it (RFC 2047, 2).
const WORD_BYTES: usize = 42;

/// Bytes in a line of the body, in base64 76 characters (RFC 2045, 6.8).
const LINE_BYTES: usize = 57;

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // of 1970-01-01 on
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Where mail goes to or comes from: `root`, or `ops@example.com`. Nothing that an SMTP server, a shell
/// or a program could take for more than that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailAddress(Box<str>);

/// A text that is no such address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be an address such as root or ops@example.com")]
pub struct InvalidMailAddress;

impl MailAddress {
    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailAddress {
    type Err = InvalidMailAddress;

    fn from_str(text: &str) -> Result<Self, InvalidMailAddress> {
        let is_allowed =
            |it: u8| it.is_ascii_alphanumeric() || b"@.!#$%&'*+-/=?^_`{|}~".contains(&it);
        let fits = (1..=ADDRESS_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed);
        let mut parts = text.split('@');
        let local = parts.next().unwrap_or_default();
        let domain = parts.next();
        let is_host = |it: u8| it.is_ascii_alphanumeric() || b".-".contains(&it);
        let is_domain = domain.is_none_or(|it| {
            !it.is_empty() && !it.starts_with(['-', '.']) && it.bytes().all(is_host)
        });
        let is_local = !local.is_empty() && !local.starts_with(['-', '|', '/', '.']);
        if fits && is_local && is_domain && parts.next().is_none() {
            Ok(Self(text.into()))
        } else {
            Err(InvalidMailAddress)
        }
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A letter, from whom to whom.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// From whom.
    pub from: &'a MailAddress,
    /// To whom.
    pub to: &'a [MailAddress],
    /// What is said.
    pub message: &'a Message,
    /// When it is sent.
    pub sent_at: Timestamp,
}

impl Letter<'_> {
    /// Returns the letter as it is sent (RFC 5322), each line with its `\r\n`. All but the names of
    /// headers and addresses is encoded, so no word can begin a header or end the letter.
    pub fn render(&self) -> String {
        let Self {
            from, to, message, ..
        } = self;
        let to: Vec<&str> = to.iter().map(MailAddress::as_str).collect();
        let mut letter = String::new();
        let mut line = |text: &str| {
            letter.push_str(text);
            letter.push_str("\r\n");
        };
        line(&format!("From: {from}"));
        line(&format!("To: {}", to.join(",\r\n ")));
        line(&format!("Subject: {}", encoded_words(&message.headline())));
        line(&format!("Date: {}", date(self.sent_at)));
        line(&format!("Message-ID: <{}@{}>", self.id(), message.host));
        line("MIME-Version: 1.0");
        line("Content-Type: text/plain; charset=utf-8");
        line("Content-Transfer-Encoding: base64");
        line("Auto-Submitted: auto-generated");
        line("");
        let body = message.news.text().replace('\n', "\r\n") + "\r\n";
        for part in body.as_bytes().chunks(LINE_BYTES) {
            line(&base64(part));
        }
        letter
    }

    /// Returns an id that no other letter has: a server that gets it twice may know it by that.
    fn id(&self) -> String {
        let said = format!("{:?}", self.message);
        let hash = blake3::hash(said.as_bytes()).to_hex();
        format!("{}.{}", self.sent_at.as_millis(), &hash[..16])
    }
}

/// Returns a text for a header (RFC 2047): as it is, where it is short and ASCII.
fn encoded_words(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_graphic() || it == ' ';
    if text.len() <= 60 && text.chars().all(is_plain) && !text.contains("=?") {
        return text.to_owned();
    }
    let (mut words, mut word) = (Vec::new(), String::new());
    for character in text.chars() {
        if word.len() + character.len_utf8() > WORD_BYTES {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    words.push(word);
    let encoded = words
        .iter()
        .map(|it| format!("=?utf-8?B?{}?=", base64(it.as_bytes())));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

/// Returns a time as mail writes it (RFC 5322, 3.3).
fn date(at: Timestamp) -> String {
    let weekday = WEEKDAYS[usize::try_from(at.as_secs() / 86_400 % 7).unwrap_or(0)];
    let text = at.to_string(); // 2026-11-27T00:20:09Z
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month: usize = part(5, 7).parse().unwrap_or(1);
    let month = MONTHS.get(month.saturating_sub(1)).unwrap_or(&MONTHS[0]);
    format!(
        "{weekday}, {} {month} {} {} +0000",
        part(8, 10),
        part(0, 4),
        part(11, 19)
    )
}

/// Returns bytes in base64 (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            let shown = if at <= three.len() {
                char::from(digit)
            } else {
                '='
            };
            let _ = text.write_char(shown); // a String takes whatever there is
        }
    }
    text
}

#[cfg(test)]
mod tests;
