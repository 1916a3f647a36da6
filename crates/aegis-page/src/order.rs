//! What the forms ask for: read into one request, carried out as whoever asks, told where they were.

use std::{fmt::Display, num::NonZeroU32, str::FromStr};

use aegis_api::{
    AllowRequest, ApiError, BlockDuration, BlockRequest, Control, ErrorCode, FeedAddRequest,
    FeedRefreshRequest, FeedReply, FeedRequest, Fields, Indicator, Reply, Request, Severity, Shown,
    UnblockRequest, Visit,
};

use crate::{
    desk::Desk,
    looker::Looker,
    view::{self, enter, with_news},
};

/// The paths that forms go to.
const PATHS: [&str; 9] = [
    "/block",
    "/unblock",
    "/allow",
    "/disallow",
    "/feed/add",
    "/feed/refresh",
    "/feed/remove",
    "/sign-in",
    "/sign-out",
];

/// Returns whether a path is one that a form goes to.
pub(crate) fn serves(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Does what a form asks for.
pub(crate) async fn carry_out<C: Control>(desk: &Desk<C>, visit: &Visit) -> Shown {
    match (visit.path.as_str(), &visit.signed_in) {
        ("/sign-in", _) => return enter(visit),
        ("/sign-out", Some(it)) => {
            return Shown::elsewhere("/".to_owned()).with(visit.sessions.leave(it));
        }
        _ => {}
    }
    let (Some(looker), true) = (Looker::of(visit), visit.signed_in.is_some()) else {
        return Shown::elsewhere("/sign-in".to_owned()); // only who is signed in has things done
    };
    let back = back(&visit.form);
    match order(desk, looker, visit).await {
        Ok((done, about)) => Shown::elsewhere(with_news(&back, done, &about)),
        Err(error) => view::show_refusal(desk, looker, (&error, &back)).await,
    }
}

/// Carries out an order; returns what to say of it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else is answered does not fit"
)]
async fn order<C: Control>(
    desk: &Desk<C>,
    looker: Looker<'_>,
    visit: &Visit,
) -> Result<(&'static str, String), ApiError> {
    let form = &visit.form;
    let request = match visit.path.as_str() {
        "/block" => Request::Block(block(form)?),
        "/unblock" => Request::Unblock(UnblockRequest {
            indicator: field(form, "ip")?,
            withdraw: false,
        }),
        "/allow" => Request::Allow(AllowRequest {
            indicator: field(form, "ip")?,
            duration_secs: optional::<NonZeroU32>(form, "secs")?,
            comment: optional(form, "comment")?,
        }),
        "/disallow" => Request::Disallow(field(form, "ip")?),
        "/feed/add" => Request::Feed(FeedRequest::Add(Box::new(feed(form)?))),
        "/feed/refresh" => Request::Feed(FeedRequest::Refresh(FeedRefreshRequest {
            name: field(form, "name")?,
            accept: false,
        })),
        "/feed/remove" => Request::Feed(FeedRequest::Remove(field(form, "name")?)),
        _ => return Err(ApiError::new(ErrorCode::NotFound, "there is no such form")),
    };
    let reply = desk.ask(looker.caller, request).await?;
    desk.register.forget_age();
    Ok(match reply {
        Reply::Blocked(it) => ("blocked", it.indicator.to_string()),
        Reply::Unblocked(it) if it.covered_by.is_some() => ("covered", it.indicator.to_string()),
        Reply::Unblocked(it) => ("unblocked", it.indicator.to_string()),
        Reply::Allowed(it) => ("allowed", it.indicator.to_string()),
        Reply::Disallowed(it) => ("disallowed", it.indicator.to_string()),
        Reply::Feed(FeedReply::Removed(it)) => ("removed", it.name),
        Reply::Feed(FeedReply::Feed(it)) if visit.path == "/feed/add" => ("subscribed", it.name),
        Reply::Feed(FeedReply::Feed(it)) => ("refreshed", it.name),
        _ => return Err(crate::desk::unfit()),
    })
}

fn block(form: &Fields) -> Result<BlockRequest, ApiError> {
    let secs = field::<u64>(form, "secs")?;
    let duration_secs = BlockDuration::from_secs(secs);
    let severity = Severity::new(field(form, "severity")?);
    Ok(BlockRequest {
        indicator: field::<Indicator>(form, "ip")?,
        duration_secs: duration_secs.ok_or_else(|| invalid("secs", "must be 1 to 86400"))?,
        threat_type: field(form, "threat")?,
        severity: severity.ok_or_else(|| invalid("severity", "must be 1 to 10"))?,
        evidence: None,
        description: optional(form, "description")?,
        to: None,
        publish: form.has("publish"),
        force: false,
    })
}

fn feed(form: &Fields) -> Result<FeedAddRequest, ApiError> {
    Ok(FeedAddRequest {
        name: field(form, "name")?,
        url: optional(form, "url")?,
        kind: optional(form, "kind")?,
        key_file: optional(form, "key_file")?,
        key_header: None,
        interval_secs: optional(form, "interval_secs")?,
        trust: optional(form, "trust")?,
    })
}

fn field<T: FromStr<Err: Display>>(form: &Fields, name: &str) -> Result<T, ApiError> {
    let found = optional(form, name)?;
    found.ok_or_else(|| invalid(name, "must be given"))
}

fn optional<T: FromStr<Err: Display>>(form: &Fields, name: &str) -> Result<Option<T>, ApiError> {
    let parse = |it: &str| it.parse().map_err(|why: T::Err| invalid(name, why));
    form.value(name).map(parse).transpose()
}

fn invalid(name: &str, why: impl Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, format!("{name}: {why}"))
}

/// Returns where whoever asks was, as far as that is a page of this site; the overview otherwise.
fn back(form: &Fields) -> String {
    let asked = form.value("back").unwrap_or("/");
    let path = asked.split('?').next().unwrap_or_default();
    let is_plain = asked
        .bytes()
        .all(|it| it.is_ascii_graphic() && !b"\\#".contains(&it));
    if view::serves(path) && is_plain {
        asked.to_owned()
    } else {
        "/".to_owned()
    }
}

#[cfg(test)]
mod tests;
