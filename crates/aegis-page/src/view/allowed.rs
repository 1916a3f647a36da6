//! The allowlist: what the operator never wants blocked, and what nobody can have blocked.

use aegis_api::{ApiError, Control, PageQuery, Reply, Request, SafetyReply, SafetyRequest, Scope};

use super::{View, forms, recent::linked};
use crate::{
    desk::{Desk, asked, unfit},
    frame::Sheet,
    markup::{Markup, html},
    number::{Count, ago, left},
};

/// Draws the allowlist.
pub(super) async fn allowed<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
) -> Result<Sheet, ApiError> {
    let (looker, now) = (view.looker, desk.now());
    let mut query = PageQuery::default();
    let after = view
        .visit
        .query
        .value("after")
        .and_then(|it| it.parse().ok());
    if let Some(after) = after {
        query = query.after(after);
    }
    let entries = asked!(
        desk,
        looker.caller,
        Request::AllowEntries(query),
        Reply::AllowEntries
    )?;
    let request = Request::Safety(SafetyRequest::Protected);
    let protected = match *asked!(desk, looker.caller, request, Reply::Safety)? {
        SafetyReply::Protected(it) => it.protected,
        _ => return Err(unfit()),
    };
    let mut body = Markup::default();
    html!(
        body,
        "<h1>Allowed</h1>",
        forms::news(&view.visit.query),
        "<p>Packets of these are never dropped, whoever wants them blocked.</p>",
        forms::allow(looker),
        "<section><h2>On the allowlist</h2>",
    );
    if entries.items.is_empty() {
        html!(body, "<p class=\"empty\">Nothing is on the allowlist.</p>");
    } else {
        html!(
            body,
            "<table class=\"lines\"><thead><tr><th scope=\"col\">Address</th>",
            "<th scope=\"col\">Why</th><th scope=\"col\" class=\"wide\">Since</th>",
            "<th scope=\"col\">Left</th><th scope=\"col\"><span class=\"unseen\">End</span></th></tr>",
            "</thead><tbody>",
        );
        for it in &entries.items {
            let comment = it.comment.as_ref().map_or("–", |it| it.as_str());
            html!(
                body,
                "<tr><td>",
                linked(&it.indicator.to_string()),
                "</td><td>",
                comment.to_owned(),
                "</td><td class=\"wide when\">",
                ago(it.added_at, now),
                "</td><td class=\"when\">",
            );
            match it.expires_at {
                Some(until) => html!(body, left(until, now)),
                None => html!(body, "for ever"),
            }
            html!(body, "</td><td class=\"undo\">");
            if looker.may(Scope::Admin) {
                let what = ("/disallow", "Remove");
                forms::button(&mut body, looker, what, (&it.indicator, "/allowed"));
            }
            html!(body, "</td></tr>");
        }
        html!(body, "</tbody></table>");
        if let Some(next) = &entries.next {
            html!(
                body,
                "<nav class=\"turning\"><a rel=\"next\" href=\"/allowed?after=",
                crate::number::Encoded(next),
                "\">Next</a></nav>",
            );
        }
    }
    html!(
        body,
        "</section><section><h2>Protected by itself</h2><p>",
        Count(protected.len() as u64),
        " addresses and ranges that nobody can have blocked on this host.</p>",
        "<details><summary>Which</summary><table class=\"lines\"><thead><tr>",
        "<th scope=\"col\">Address</th><th scope=\"col\">Why</th></tr></thead><tbody>",
    );
    for it in &protected {
        html!(
            body,
            "<tr><td class=\"ip\">",
            it.indicator,
            "</td><td>",
            it.reason,
            "</td></tr>"
        );
    }
    html!(body, "</tbody></table></details></section>");
    Ok(Sheet {
        title: "Allowed".to_owned(),
        part: "/allowed",
        body,
    })
}
