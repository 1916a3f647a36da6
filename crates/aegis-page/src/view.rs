//! The pages: each asks the node what it shows.

mod allowed;
mod attacks;
mod decisions;
mod entrance;
mod feeds;
mod forms;
mod overview;
mod peer;
mod peers;
mod recent;
mod why;

use aegis_api::{ApiError, Control, Shown, Status, Visit};

pub(crate) use entrance::{enter, with_news};

use crate::{
    desk::Desk,
    frame::{Sheet, bare, framed},
    looker::Looker,
    markup::{Markup, html},
};

/// The paths of the pages.
const PATHS: [&str; 10] = [
    "/",
    "/attacks",
    "/decisions",
    "/allowed",
    "/peers",
    "/peer",
    "/feeds",
    "/why",
    "/sign-in",
    "/sign-out",
];

/// Returns whether a path is one of a page.
pub(crate) fn serves(path: &str) -> bool {
    PATHS.contains(&path)
}

/// What a view draws from: whom it is for, what they ask, and how the node stands.
pub(crate) struct View<'a> {
    pub(crate) looker: Looker<'a>,
    pub(crate) visit: &'a Visit,
    pub(crate) status: Status,
}

/// Shows a page.
pub(crate) async fn show<C: Control>(desk: &Desk<C>, visit: &Visit) -> Shown {
    if visit.path == "/sign-in" {
        return entrance::sign_in(visit);
    }
    let Some(looker) = Looker::of(visit) else {
        return entrance::sign_in(visit);
    };
    let view = match desk.status(looker.caller).await {
        Ok(status) => View {
            looker,
            visit,
            status,
        },
        Err(error) => return out_of_order(&error),
    };
    let sheet = match visit.path.as_str() {
        "/" => overview::overview(desk, &view).await,
        "/attacks" => attacks::attacks(desk, &view).await,
        "/decisions" => decisions::decisions(desk, &view).await,
        "/allowed" => allowed::allowed(desk, &view).await,
        "/peers" => peers::peers(desk, &view).await,
        "/peer" => peer::peer(desk, &view).await,
        "/feeds" => feeds::feeds(desk, &view).await,
        "/why" => why::why(desk, &view).await,
        _ => Ok(nothing_here()),
    };
    let (status, sheet) = match sheet {
        Ok(sheet) if serves(&visit.path) => (200, sheet),
        Ok(sheet) => (404, sheet),
        Err(error) => (error.code.status().as_u16(), refused(&error, "/")),
    };
    Shown::html(status, framed(&sheet, looker, &view.status, desk.now()))
}

/// Shows why something was not done, with the way back.
pub(crate) async fn show_refusal<C: Control>(
    desk: &Desk<C>,
    looker: Looker<'_>,
    (error, back): (&ApiError, &str),
) -> Shown {
    let sheet = refused(error, back);
    match desk.status(looker.caller).await {
        Ok(status) => {
            let code = error.code.status().as_u16();
            Shown::html(code, framed(&sheet, looker, &status, desk.now()))
        }
        Err(error) => out_of_order(&error),
    }
}

fn refused(error: &ApiError, back: &str) -> Sheet {
    let mut body = Markup::default();
    html!(
        body,
        "<h1>Not done</h1><div class=\"notice bad\" role=\"alert\"><p>",
        error.message,
        "</p></div><p><a class=\"button\" href=\"",
        back,
        "\">Back</a></p>",
    );
    Sheet {
        title: "Not done".to_owned(),
        part: "",
        body,
    }
}

fn nothing_here() -> Sheet {
    let mut body = Markup::default();
    html!(
        body,
        "<h1>Nothing here</h1><p>There is no such page. ",
        "<a href=\"/\">The overview</a> leads everywhere.</p>",
    );
    Sheet {
        title: "Nothing here".to_owned(),
        part: "",
        body,
    }
}

fn out_of_order(error: &ApiError) -> Shown {
    let mut body = Markup::default();
    html!(
        body,
        "<h1>The node does not answer</h1><p>",
        error.message,
        "</p><p>Its log says more: <code>journalctl -u aegis</code></p>",
    );
    Shown::html(error.code.status().as_u16(), bare("No answer", body))
}
