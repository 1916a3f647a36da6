//! The allowlist: what the operator never wants blocked, and what nobody can have blocked.

use aegis_api::{
    AllowEntry, ApiError, Control, Page, PageQuery, ProtectedLine, ProtectedList, Reply, Request,
    SafetyReply, SafetyRequest, Scope, Timestamp,
};

use super::{View, forms, recent::linked};
use crate::{
    desk::{Desk, asked, unfit},
    frame::Sheet,
    looker::Looker,
    markup::{Markup, html},
    number::{Count, Encoded, ago, left},
};

/// Draws the allowlist.
pub(super) async fn allowed<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
) -> Result<Sheet, ApiError> {
    let looker = view.looker;
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
    let reply = asked!(desk, looker.caller, request, Reply::Safety)?;
    let SafetyReply::Protected(ProtectedList { protected }) = *reply else {
        return Err(unfit());
    };
    let mut body = Markup::default();
    html!(
        body,
        "<h1>Allowed</h1>",
        forms::news(&view.visit.query),
        "<p>Packets of these are never dropped, whoever wants them blocked.</p>",
        forms::allow(looker),
        "<section><h2>On the allowlist</h2>",
        list(&entries, looker, desk.now()),
        "</section>",
        by_itself(&protected),
    );
    Ok(Sheet {
        title: "Allowed".to_owned(),
        part: "/allowed",
        body,
    })
}

fn list(entries: &Page<AllowEntry>, looker: Looker<'_>, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    if entries.items.is_empty() {
        html!(out, "<p class=\"empty\">Nothing is on the allowlist.</p>");
        return out;
    }
    html!(
        out,
        "<table class=\"lines\"><thead><tr><th scope=\"col\">Address</th><th scope=\"col\">Why</th>",
        "<th scope=\"col\" class=\"wide\">Since</th><th scope=\"col\">Left</th>",
        "<th scope=\"col\"><span class=\"unseen\">End</span></th></tr></thead><tbody>",
    );
    for it in &entries.items {
        let comment = it.comment.as_ref().map_or("–", |it| it.as_str());
        html!(
            out,
            "<tr><td>",
            linked(&it.indicator.to_string()),
            "</td><td>",
            comment,
            "</td><td class=\"wide when\">",
            ago(it.added_at, now),
            "</td><td class=\"when\">",
        );
        match it.expires_at {
            Some(until) => html!(out, left(until, now)),
            None => html!(out, "for ever"),
        }
        html!(out, "</td><td class=\"undo\">");
        if looker.may(Scope::Admin) {
            let what = ("/disallow", "Remove");
            forms::button(&mut out, looker, what, (&it.indicator, "/allowed"));
        }
        html!(out, "</td></tr>");
    }
    html!(out, "</tbody></table>");
    if let Some(next) = &entries.next {
        html!(
            out,
            "<nav class=\"turning\" aria-label=\"Pages\"><a rel=\"next\" href=\"/allowed?after=",
            Encoded(next),
            "\">Next</a></nav>",
        );
    }
    out
}

/// Tells what nobody can have blocked.
fn by_itself(protected: &[ProtectedLine]) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<section><h2>Protected by itself</h2><p>",
        Count(protected.len() as u64),
        " addresses and ranges that nobody can have blocked on this host.</p>",
        "<details><summary>Which</summary><table class=\"lines\"><thead><tr>",
        "<th scope=\"col\">Address</th><th scope=\"col\">Why</th></tr></thead><tbody>",
    );
    for it in protected {
        html!(
            out,
            "<tr><td class=\"ip\">",
            it.indicator,
            "</td><td>",
            it.reason,
            "</td></tr>"
        );
    }
    html!(out, "</tbody></table></details></section>");
    out
}
