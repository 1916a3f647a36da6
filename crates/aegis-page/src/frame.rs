//! What is around every page: head, navigation, the node's state in one line, foot.

use aegis_api::{NodeMode, Status, Timestamp};

use crate::{
    asset,
    looker::Looker,
    markup::{Markup, html},
    number::{Count, Counted, Span},
};

/// The parts of the page, in the order of the navigation.
const PARTS: [(&str, &str); 6] = [
    ("/", "Overview"),
    ("/attacks", "Attacks"),
    ("/decisions", "Decisions"),
    ("/allowed", "Allowed"),
    ("/peers", "Peers"),
    ("/feeds", "Feeds"),
];

/// A page before it is framed.
pub(crate) struct Sheet {
    /// What the tab says.
    pub(crate) title: String,
    /// To which part it belongs, by its path.
    pub(crate) part: &'static str,
    /// What is on it.
    pub(crate) body: Markup,
}

/// Returns a whole page for somebody who may see it.
pub(crate) fn framed(sheet: &Sheet, looker: Looker<'_>, status: &Status, now: Timestamp) -> String {
    let mut out = head(&sheet.title);
    html!(
        out,
        "<header class=\"top\"><div class=\"bar\"><a class=\"brand\" href=\"/\">",
        mark(),
        "<span>AEGIS</span><span class=\"instance\">",
        status.instance,
        "</span></a><nav aria-label=\"Parts\"><ul>",
    );
    for (path, name) in PARTS {
        html!(out, "<li><a href=\"", path, "\"");
        if path == sheet.part {
            html!(out, " aria-current=\"page\"");
        }
        html!(out, ">", name, "</a></li>");
    }
    html!(
        out,
        "</ul></nav>",
        account(looker),
        "</div>",
        state(status),
        "</header>"
    );
    html!(
        out,
        "<main id=\"main\" tabindex=\"-1\">",
        sheet.body,
        "</main>"
    );
    html!(
        out,
        "<footer><span>AEGIS ",
        status.version,
        "</span><span>up ",
        Span(status.uptime_secs),
        "</span><span>as of <time datetime=\"",
        now,
        "\">",
        now,
        "</time></span>",
        "<span class=\"live\" hidden>looks again every 5 s</span></footer></body></html>",
    );
    out.into_text()
}

/// Returns a whole page for somebody who may see nothing of the node.
pub(crate) fn bare(title: &str, body: Markup) -> String {
    let mut out = head(title);
    html!(
        out,
        "<main id=\"main\" class=\"bare\" tabindex=\"-1\"><p class=\"brand\">",
        mark(),
        "<span>AEGIS</span></p>",
        body,
        "</main></body></html>",
    );
    out.into_text()
}

fn head(title: &str) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<meta name=\"color-scheme\" content=\"light dark\"><title>",
        title,
        " · AEGIS</title>",
        "<link rel=\"icon\" href=\"",
        asset::ICON.path,
        "\" type=\"image/svg+xml\">",
        "<link rel=\"stylesheet\" href=\"",
        asset::STYLE.path,
        "\">",
        "<script src=\"",
        asset::SCRIPT.path,
        "\" defer></script></head><body>",
        "<a class=\"skip\" href=\"#main\">Skip to the content</a>",
    );
    out
}

fn mark() -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<svg class=\"mark\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"M12 2 4 5v6.5c0 5 ",
        "3.4 8.6 8 10.5 4.6-1.9 8-5.5 8-10.5V5z\"/><path class=\"inner\" d=\"M12 6.2 7.6 7.9v3.9c0 2.9 ",
        "1.8 5 4.4 6.2z\"/></svg>",
    );
    out
}

fn account(looker: Looker<'_>) -> Markup {
    let mut out = Markup::default();
    html!(
        out,
        "<div class=\"account\"><span>",
        looker.name(),
        "</span>"
    );
    if looker.signed_in.is_some() {
        html!(
            out,
            looker.form("/sign-out", "plain"),
            "<button class=\"link\">Sign out</button></form>",
        );
    } else {
        html!(out, "<a href=\"/sign-in\">Sign in</a>");
    }
    html!(out, "</div>");
    out
}

/// Tells in one line what the node does and whether the kernel agrees.
fn state(status: &Status) -> Markup {
    let mut out = Markup::default();
    let ruleset = status.ruleset;
    html!(out, "<div class=\"state\" data-live=\"state\"><ul>");
    match (status.mode, status.confirmation) {
        (NodeMode::Enforce, None) => html!(out, "<li class=\"good\">Enforcing</li>"),
        (NodeMode::Enforce, Some(it)) => html!(
            out,
            "<li class=\"warn\">Enforcing on trial, ",
            Span(it.ttl_secs),
            " left</li>",
        ),
        (NodeMode::Observe, _) => {
            html!(out, "<li class=\"warn\">Observing: nothing is dropped</li>")
        }
    }
    if ruleset.in_agreement {
        html!(out, "<li class=\"good\">Kernel agrees</li>");
    } else {
        html!(out, "<li class=\"bad\">Kernel does not agree</li>");
    }
    html!(
        out,
        "<li><a href=\"/decisions\">",
        Count(status.blocks_active),
        " blocked</a></li>",
        "<li><a href=\"/peers\">",
        Count(status.peers.connected),
        " of ",
        Counted(status.peers.known, "peer"),
        "</a></li>",
    );
    if !status.problems.is_empty() {
        let count = status.problems.len() as u64;
        html!(
            out,
            "<li class=\"bad\"><a href=\"/#problems\">",
            Count(count)
        );
        match count {
            1 => html!(out, " problem"),
            _ => html!(out, " problems"),
        }
        html!(out, "</a></li>");
    }
    html!(out, "</ul></div>");
    out
}
