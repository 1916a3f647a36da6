//! Conditional requests (RFC 9110, section 13): what a client has already is not sent again.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderValue, header};

use super::ExportVersion;

/// Tags of one header that are looked at.
const TAGS_MAX: usize = 64;

/// What a client says that it has and takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions<'a>(pub(crate) &'a HeaderMap);

impl Conditions<'_> {
    /// Returns whether the client has this version. A tag says so; where none is shown, the time does.
    pub(crate) fn has(self, version: &ExportVersion) -> bool {
        let shown = self.0.get_all(header::IF_NONE_MATCH);
        let mut tags = shown
            .iter()
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .take(TAGS_MAX)
            .peekable();
        if tags.peek().is_some() {
            let own = opaque(version);
            return tags.any(|it| {
                let it = it.trim();
                it == "*" || it.strip_prefix("W/").unwrap_or(it) == own
            });
        }
        let since = self.0.get(header::IF_MODIFIED_SINCE);
        let since = since.and_then(|it| httpdate::parse_http_date(it.to_str().ok()?).ok());
        since.is_some_and(|it| it >= from_secs(version.changed_at.as_secs()))
    }

    /// Returns whether the client takes gzip.
    pub(crate) fn takes_gzip(self) -> bool {
        let shown = self.0.get_all(header::ACCEPT_ENCODING);
        let shown = shown.iter().filter_map(|it| it.to_str().ok());
        let mut codings = shown.flat_map(|it| it.split(','));
        codings.any(|it| {
            let (coding, parameters) = it.split_once(';').unwrap_or((it, ""));
            let quality = parameters.trim().strip_prefix("q=").unwrap_or("1");
            let is_wanted = quality.parse().is_ok_and(|it: f32| it > 0.0);
            coding.trim().eq_ignore_ascii_case("gzip") && is_wanted
        })
    }
}

impl ExportVersion {
    /// Says which version it is.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) {
        let tag = HeaderValue::from_str(&format!("W/{}", opaque(self)));
        // Within the second in which it changed it may change again, which a time could not tell.
        let changed = self.changed_at.as_secs();
        let is_over = self.now.as_secs() > changed;
        let told = changed.saturating_sub(u64::from(!is_over));
        let time = HeaderValue::from_str(&httpdate::fmt_http_date(from_secs(told)));
        for (name, value) in [(header::ETAG, tag), (header::LAST_MODIFIED, time)] {
            // Cannot fail: both are of printable characters.
            if let Ok(value) = value {
                headers.insert(name, value);
            }
        }
        // It may be kept, and is to be asked for each time; what comes is another thing in gzip.
        let cache = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, cache);
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn opaque(version: &ExportVersion) -> String {
    format!("\"{:016x}\"", version.tag)
}

/// Returns a time, or the last that the format of dates knows.
fn from_secs(secs: u64) -> SystemTime {
    const LAST_SECS: u64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs.min(LAST_SECS))
}
