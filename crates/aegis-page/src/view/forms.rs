//! What is asked in forms, and the news of what was done.

use aegis_api::{Fields, Indicator, Scope};

use crate::{
    looker::Looker,
    markup::{Markup, html},
};

/// Tells what was done, where a path says so.
pub(super) fn news(query: &Fields) -> Markup {
    let mut out = Markup::default();
    let about = query.value("about").unwrap_or_default();
    let is_name = about
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'-');
    let is_short_name = is_name && (1..=32).contains(&about.len());
    if !is_short_name && about.parse::<Indicator>().is_err() {
        return out; // only what this page could have said
    }
    let told = match query.value("done") {
        Some("blocked") => "is blocked.",
        Some("unblocked") => {
            "is blocked no more; neither other nodes' alerts nor feeds bring it back."
        }
        Some("covered") => "was unblocked, but a wider block still covers it.",
        Some("allowed") => "is never blocked from now on.",
        Some("disallowed") => "is on the allowlist no more.",
        Some("subscribed") => "is subscribed to and being fetched.",
        Some("refreshed") => "is being fetched.",
        Some("removed") => "is subscribed to no more.",
        _ => return out,
    };
    html!(
        out,
        "<div class=\"notice good\" role=\"status\"><p><strong>",
        about,
        "</strong> ",
        told,
        "</p></div>",
    );
    out
}

/// The form that blocks, for whoever may.
pub(super) fn block(looker: Looker<'_>, back: &str) -> Markup {
    let mut out = Markup::default();
    if !looker.may(Scope::Decide) {
        return out;
    }
    html!(
        out,
        "<details class=\"act\"><summary>Block an address</summary>",
        looker.form("/block", "fields"),
        "<input type=\"hidden\" name=\"back\" value=\"",
        back,
        "\">",
        "<div><label for=\"b-ip\">Address or prefix</label>",
        "<input id=\"b-ip\" name=\"ip\" required autocomplete=\"off\" spellcheck=\"false\" ",
        "placeholder=\"203.0.113.7\"></div>",
        "<div><label for=\"b-for\">For how long</label><select id=\"b-for\" name=\"secs\">",
        "<option value=\"900\">15 minutes</option><option value=\"3600\" selected>1 hour</option>",
        "<option value=\"21600\">6 hours</option><option value=\"86400\">1 day</option></select></div>",
        "<div><label for=\"b-type\">Threat type</label>",
        "<input id=\"b-type\" name=\"threat\" value=\"brute_force\" required spellcheck=\"false\"></div>",
        "<div><label for=\"b-sev\">Severity, 1 to 10</label><input id=\"b-sev\" name=\"severity\" ",
        "type=\"number\" min=\"1\" max=\"10\" value=\"7\" required></div>",
        "<div class=\"wide\"><label for=\"b-why\">Words for other operators (optional)</label>",
        "<input id=\"b-why\" name=\"description\" maxlength=\"512\"></div>",
        "<div class=\"wide tick\"><input id=\"b-tell\" name=\"publish\" type=\"checkbox\" checked>",
        "<label for=\"b-tell\">Tell the other nodes</label></div>",
        "<button class=\"primary\">Block</button></form></details>",
    );
    out
}

/// The form that allows, for whoever may.
pub(super) fn allow(looker: Looker<'_>) -> Markup {
    let mut out = Markup::default();
    if !looker.may(Scope::Admin) {
        return out;
    }
    html!(
        out,
        "<details class=\"act\"><summary>Allow an address</summary>",
        looker.form("/allow", "fields"),
        "<input type=\"hidden\" name=\"back\" value=\"/allowed\">",
        "<div><label for=\"a-ip\">Address or prefix</label><input id=\"a-ip\" name=\"ip\" required ",
        "autocomplete=\"off\" spellcheck=\"false\" placeholder=\"198.51.100.0/24\"></div>",
        "<div><label for=\"a-for\">For how long</label><select id=\"a-for\" name=\"secs\">",
        "<option value=\"\" selected>For ever</option><option value=\"3600\">1 hour</option>",
        "<option value=\"86400\">1 day</option><option value=\"604800\">1 week</option></select></div>",
        "<div class=\"wide\"><label for=\"a-why\">Why (optional)</label>",
        "<input id=\"a-why\" name=\"comment\" maxlength=\"512\"></div>",
        "<button class=\"primary\">Allow</button></form></details>",
    );
    out
}

/// Buttons that undo the block of an indicator, for whoever may.
pub(super) fn undo(looker: Looker<'_>, indicator: &Indicator, back: &str) -> Markup {
    let mut out = Markup::default();
    if looker.may(Scope::Decide) {
        button(&mut out, looker, ("/unblock", "Unblock"), (indicator, back));
    }
    if looker.may(Scope::Admin) {
        button(&mut out, looker, ("/allow", "Allow"), (indicator, back));
    }
    out
}

/// One button that has something done to an indicator.
pub(super) fn button(
    out: &mut Markup,
    looker: Looker<'_>,
    (action, name): (&'static str, &'static str),
    (indicator, back): (&Indicator, &str),
) {
    html!(
        out,
        looker.form(action, "plain"),
        "<input type=\"hidden\" name=\"ip\" value=\"",
        indicator,
        "\"><input type=\"hidden\" name=\"back\" value=\"",
        back,
        "\"><button aria-label=\"",
        name,
        " ",
        indicator,
        "\">",
        name,
        "</button></form>",
    );
}
