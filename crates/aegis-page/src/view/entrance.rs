//! The entrance: how whoever has a key or a link gets in. It tells nothing of the node.

use aegis_api::{Shown, Visit};

use crate::{
    frame::bare,
    markup::{Markup, html},
    number::Encoded,
};

/// Shows the entrance; lets in whoever has a link.
pub(crate) fn sign_in(visit: &Visit) -> Shown {
    let Some(word) = visit.query.value("link") else {
        return door(200, None);
    };
    match visit.sessions.enter_by_link(word) {
        Some(cookie) => {
            // A page of its own, so that what follows comes from here, wherever the link stood: a
            // browser sends the cookie with nothing that another site led to.
            let mut body = Markup::default();
            html!(
                body,
                "<meta http-equiv=\"refresh\" content=\"0;url=/\"><h1>You are in</h1><p>",
                "<a class=\"button\" href=\"/\">To the overview</a></p>",
            );
            Shown::html(200, bare("Signed in", body)).with(cookie)
        }
        None => door(
            403,
            Some("This link was used already, or is older than two minutes."),
        ),
    }
}

/// Lets in whoever has the secret of a key.
pub(crate) fn enter(visit: &Visit) -> Shown {
    let secret = visit.form.value("key").unwrap_or_default();
    match visit.sessions.enter_by_key(secret) {
        Some(cookie) => Shown::elsewhere("/".to_owned()).with(cookie),
        None => door(403, Some("This key opens nothing.")),
    }
}

fn door(status: u16, problem: Option<&'static str>) -> Shown {
    let mut body = Markup::default();
    html!(body, "<h1>Sign in</h1>");
    if let Some(problem) = problem {
        html!(
            body,
            "<div class=\"notice bad\" role=\"alert\"><p>",
            problem,
            "</p></div>"
        );
    }
    html!(
        body,
        "<section><h2>On this host</h2><p>As root, or in the group that may use the control socket, ",
        "this prints a link that lets you in:</p><pre><code>sudo aegis page</code></pre></section>",
        "<section><h2>With a key</h2><form method=\"post\" action=\"/sign-in\">",
        "<label for=\"key\">Secret of a key</label>",
        "<input id=\"key\" name=\"key\" type=\"password\" autocomplete=\"current-password\" required ",
        "spellcheck=\"false\" placeholder=\"aegis_…\">",
        "<button class=\"primary\">Sign in</button></form><p class=\"hint\">A key of the scope ",
        "<code>read</code> sees, <code>decide</code> blocks and unblocks, <code>admin</code> does ",
        "everything. <code>aegis key create NAME --scope decide</code> gives one out.</p></section>",
    );
    Shown::html(status, bare("Sign in", body))
}

/// Returns a path of this site with what was done, to be told there.
pub(crate) fn with_news(back: &str, done: &str, about: &str) -> String {
    let joint = if back.contains('?') { '&' } else { '?' };
    format!(
        "{back}{joint}done={}&about={}",
        Encoded(done),
        Encoded(about)
    )
}
