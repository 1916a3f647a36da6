//! The blocklist for firewalls that fetch one: `/security/blocklist`, as CrowdSec's mirror has it.

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Head, Lapi};
use crate::{
    Control, ExportVersion,
    export::Conditions,
    lapi::{
        mirror::{ListFile, OpenPages},
        reply::{Failure, empty, pieces},
    },
};

impl<C: Control> Lapi<C> {
    /// Hands the blocklist over to who shows a key, as a header or as the password of its name.
    pub(super) fn blocklist(&self, head: &Head) -> Result<Response, Failure> {
        if self.bouncer(head).is_err() && !self.shows_password(head) {
            let mut failure = super::finish(Err(Failure::forbidden()));
            *failure.status_mut() = StatusCode::UNAUTHORIZED; // so that a browser asks for one
            let scheme = HeaderValue::from_static("Basic realm=\"aegis\"");
            failure
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
            return Ok(failure);
        }
        let board = self.setup().board.clone();
        let version = self.list_version();
        let file = ListFile::new(OpenPages::new(board), &head.pairs, self.now());
        let file = file.map_err(|it| Failure::invalid(it.to_string()))?;
        let mut response = if Conditions(&head.headers).has(&version) {
            empty(StatusCode::NOT_MODIFIED)
        } else if head.method == Method::HEAD {
            empty(StatusCode::OK)
        } else {
            let mut response = pieces(file);
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, text);
            response
        };
        version.describe(response.headers_mut());
        Ok(response)
    }

    /// Returns which list it is: the board's changes are counted from when this listener began. When the
    /// last of them came is not kept, so that only the tag tells.
    fn list_version(&self) -> ExportVersion {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15; // odd, so that no two of one run become the same
        let (began, now) = (self.began_at(), self.now());
        let seq = self.setup().board.seq();
        ExportVersion {
            tag: seq.wrapping_mul(MIX) ^ began.as_millis(),
            changed_at: now,
            now,
        }
    }

    fn shows_password(&self, head: &Head) -> bool {
        let shown = || {
            let header = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
            let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            let (name, secret) = text.split_once(':')?;
            self.setup().keys.verify_named(name, secret)
        };
        shown().is_some()
    }
}
