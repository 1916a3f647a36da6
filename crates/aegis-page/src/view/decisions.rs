//! Decisions: what is blocked, a page at a time, found by source, origin and threat type.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use aegis_api::{
    ApiError, Control, ErrorCode, Indicator, Origin, PageQuery, Reply, Request, ThreatType,
    Timestamp, Visit,
};

use super::{View, forms, recent::linked};
use crate::{
    country,
    desk::{Desk, asked},
    frame::Sheet,
    gather::{Filter, Gathered, Order, Register, Row, refresh_register},
    looker::Looker,
    markup::{Markup, html},
    number::{Count, Encoded, Short, ago, left},
};

/// Decisions on a page.
const PAGE: NonZeroU16 = NonZeroU16::new(50).unwrap();

/// How old the list may be that decisions are sorted and found in.
const AGE_MAX: Duration = Duration::from_secs(15);

/// Pages that can be turned to; whoever wants more narrows the search.
const PAGES_MAX: usize = 10_000;

const ORIGINS: [Origin; 5] = [
    Origin::Operator,
    Origin::Detector,
    Origin::Feed,
    Origin::Import,
    Origin::Peers,
];

/// What somebody asks to see.
struct Asked {
    filter: Filter,
    order: Order,
    page: usize,
}

/// Draws the decisions.
pub(super) async fn decisions<C: Control>(
    desk: &Desk<C>,
    view: &View<'_>,
) -> Result<Sheet, ApiError> {
    let (caller, now) = (view.looker.caller, desk.now());
    let asked = Asked::read(view.visit)?;
    let control = desk.control.clone();
    let gather = |_| refresh_register(control, caller);
    let gathered = desk.register.value(AGE_MAX, gather).await;
    let count = usize::from(PAGE.get());
    let skipped = asked.page * count;
    let (mut total, mut rows) = gathered
        .value
        .page(&asked.filter, asked.order, (skipped, count));
    let is_first = asked.page == 0 && asked.filter.is_empty();
    let is_straight = !gathered.is_whole && is_first && gathered.value.rows.is_empty();
    if is_straight {
        // Nothing was gathered yet: the first page can be had at once.
        rows = first(desk, view.looker).await?;
        total = usize::try_from(view.status.blocks_active).unwrap_or(usize::MAX);
    }
    let mut body = Markup::default();
    html!(
        body,
        "<div class=\"head\"><h1>Decisions</h1><p>",
        Count(total as u64),
        " of ",
        Count(view.status.blocks_active),
        "</p></div>",
        forms::news(&view.visit.query),
        forms::block(view.looker, &asked.path(0)),
        search(&asked, &gathered.value),
    );
    if rows.is_empty() {
        html!(body, nothing(&asked, view));
    } else {
        html!(
            body,
            "<div data-live=\"decisions\">",
            table(&rows, view.looker, (&asked, now)),
            turning(&asked, total),
            "</div>",
        );
    }
    html!(body, remarks(&gathered, is_straight));
    Ok(Sheet {
        title: "Decisions".to_owned(),
        part: "/decisions",
        body,
    })
}

fn nothing(asked: &Asked, view: &View<'_>) -> Markup {
    let mut out = Markup::default();
    if asked.filter.is_empty() && view.status.blocks_active == 0 {
        html!(
            out,
            "<p class=\"empty\">Nothing is blocked. What detectors, peers, feeds or operators ",
            "want blocked appears here, with the reason.</p>",
        );
    } else {
        html!(
            out,
            "<p class=\"empty\">No decision is like that. <a href=\"/decisions\">Show all</a></p>",
        );
    }
    out
}

fn remarks(gathered: &Gathered<Register>, is_straight: bool) -> Markup {
    let mut out = Markup::default();
    if is_straight {
        html!(
            out,
            "<p class=\"hint\">The list is being read; until then it is in the order of addresses. ",
            "<a href=\"/decisions\">Look again</a></p>",
        );
    } else if !gathered.is_whole {
        html!(
            out,
            "<p class=\"hint\">The list is being read anew; what came last may be missing.</p>"
        );
    }
    if gathered.value.is_cut {
        html!(
            out,
            "<p class=\"hint\">There are more decisions than are searched here.</p>"
        );
    }
    out
}

/// Asks for the first page alone.
async fn first<C: Control>(desk: &Desk<C>, looker: Looker<'_>) -> Result<Vec<Row>, ApiError> {
    let request = Request::Blocks(PageQuery::first(PAGE));
    let page = asked!(desk, looker.caller, request, Reply::Blocks)?;
    let row = |it: &aegis_api::Block| {
        let threat = Arc::from(it.threat_type.as_str());
        Row::of(it, (threat, it.feed.as_deref().map(Arc::from)))
    };
    Ok(page.items.iter().map(row).collect())
}

impl Asked {
    fn read(visit: &Visit) -> Result<Self, ApiError> {
        let wrong = |what: &str| ApiError::new(ErrorCode::InvalidRequest, what);
        let query = &visit.query;
        let within = query.value("ip").map(str::parse::<Indicator>).transpose();
        let threat = query
            .value("threat")
            .map(str::parse::<ThreatType>)
            .transpose();
        let origin = query.value("origin");
        let page = query.value("page").and_then(|it| it.parse().ok());
        Ok(Self {
            filter: Filter {
                within: within.map_err(|it| wrong(&format!("source: {it}")))?,
                origin: origin.and_then(|word| ORIGINS.into_iter().find(|it| it.as_str() == word)),
                threat: threat.map_err(|it| wrong(&format!("threat type: {it}")))?,
            },
            order: match query.value("order") {
                Some("busiest") => Order::Busiest,
                Some("address") => Order::Address,
                Some(_) | None => Order::Newest,
            },
            page: page.unwrap_or(0).min(PAGES_MAX),
        })
    }

    /// Returns the path of a page of the same.
    fn path(&self, page: usize) -> String {
        let mut path = String::from("/decisions?");
        let filter = &self.filter;
        let mut add = |name: &str, value: &str| {
            path.push_str(&format!("{name}={}&", Encoded(value)));
        };
        if let Some(it) = filter.within {
            add("ip", &it.to_string());
        }
        if let Some(it) = filter.origin {
            add("origin", it.as_str());
        }
        if let Some(it) = &filter.threat {
            add("threat", it.as_str());
        }
        if self.order != Order::Newest {
            add("order", self.order.as_str());
        }
        if page > 0 {
            add("page", &page.to_string());
        }
        path.pop(); // what joins it to nothing
        path
    }
}

impl Order {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Busiest => "busiest",
            Self::Address => "address",
        }
    }
}

/// The form that narrows the list; it works without a script, as every form here.
fn search(asked: &Asked, register: &Register) -> Markup {
    let mut out = Markup::default();
    let within = asked.filter.within.map(|it| it.to_string());
    html!(
        out,
        "<form class=\"search\" method=\"get\" action=\"/decisions\" role=\"search\">",
        "<div><label for=\"f-ip\">Source</label><input id=\"f-ip\" name=\"ip\" value=\"",
        within.unwrap_or_default(),
        "\" placeholder=\"address or prefix\" spellcheck=\"false\"></div>",
        "<div><label for=\"f-origin\">Origin</label><select id=\"f-origin\" name=\"origin\">",
        "<option value=\"\">all</option>",
    );
    for origin in ORIGINS {
        let count = register.by_origin.get(origin.as_str()).copied();
        let is_chosen = asked.filter.origin == Some(origin);
        option(&mut out, (origin.as_str(), is_chosen), count);
    }
    html!(
        out,
        "</select></div><div><label for=\"f-threat\">Threat type</label>",
        "<select id=\"f-threat\" name=\"threat\"><option value=\"\">all</option>",
    );
    let chosen = asked.filter.threat.as_ref().map(ThreatType::as_str);
    let mut threats: Vec<(&str, u64)> = register
        .by_threat
        .iter()
        .map(|(threat, count)| (&**threat, *count))
        .collect();
    threats.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    threats.truncate(100);
    if let Some(chosen) = chosen
        && threats.iter().all(|(it, _)| *it != chosen)
    {
        threats.push((chosen, 0));
    }
    for (threat, count) in threats {
        option(&mut out, (threat, Some(threat) == chosen), Some(count));
    }
    html!(
        out,
        "</select></div><div><label for=\"f-order\">Order</label>",
        "<select id=\"f-order\" name=\"order\">",
    );
    for order in [Order::Newest, Order::Busiest, Order::Address] {
        option(&mut out, (order.as_str(), order == asked.order), None);
    }
    html!(out, "</select></div><button>Show</button></form>");
    out
}

fn option(out: &mut Markup, (value, is_chosen): (&str, bool), count: Option<u64>) {
    html!(out, "<option value=\"", value, "\"");
    if is_chosen {
        html!(out, " selected");
    }
    html!(out, ">", value);
    if let Some(count) = count {
        html!(out, " (", Count(count), ")");
    }
    html!(out, "</option>");
}

fn table(rows: &[Row], looker: Looker<'_>, (asked, now): (&Asked, Timestamp)) -> Markup {
    let mut out = Markup::default();
    let back = asked.path(asked.page);
    let may_undo = looker.may(aegis_api::Scope::Decide);
    html!(
        out,
        "<table class=\"lines decisions\"><caption class=\"unseen\">Decisions</caption><thead><tr>",
        "<th scope=\"col\">Source</th><th scope=\"col\">Threat type</th>",
        "<th scope=\"col\" class=\"wide\">Origin</th><th scope=\"col\" class=\"n wide\">Severity</th>",
        "<th scope=\"col\" class=\"wide\">Since</th><th scope=\"col\" class=\"wide\">Left</th>",
        "<th scope=\"col\" class=\"n wide\">Packets</th>",
    );
    if may_undo {
        html!(
            out,
            "<th scope=\"col\"><span class=\"unseen\">Undo</span></th>"
        );
    }
    html!(out, "</tr></thead><tbody>");
    for it in rows {
        html!(
            out,
            "<tr><td>",
            linked(&it.indicator.to_string()),
            place(it),
            "</td><td>",
            it.threat,
            "<span class=\"narrow place\">",
            cause(it),
            ", ",
            left(it.expires_at, now),
            " left</span></td><td class=\"wide\"><span class=\"tag\">",
            cause(it),
            "</span></td><td class=\"n wide\">",
            it.severity,
            "</td><td class=\"wide when\">",
            ago(it.decided_at, now),
            "</td><td class=\"wide when\">",
            left(it.expires_at, now),
            "</td><td class=\"n wide\">",
            Short(it.packets),
            "</td>",
        );
        if may_undo {
            let undo = forms::undo(looker, &it.indicator, &back);
            html!(out, "<td class=\"undo\">", undo, "</td>");
        }
        html!(out, "</tr>");
    }
    html!(out, "</tbody></table>");
    out
}

/// Writes who caused it; of a feed also which.
fn cause(row: &Row) -> Markup {
    let mut out = Markup::default();
    html!(out, row.origin);
    if let Some(feed) = &row.feed {
        html!(out, " ", feed);
    }
    out
}

fn place(row: &Row) -> Markup {
    let mut out = Markup::default();
    let country = row.country.as_ref().and_then(country::find);
    match (country, row.asn) {
        (Some(country), Some(asn)) => {
            html!(
                out,
                "<span class=\"place\" title=\"",
                country.name,
                "\">",
                country.code,
                " AS",
                asn,
                "</span>"
            );
        }
        (Some(country), None) => html!(
            out,
            "<span class=\"place\" title=\"",
            country.name,
            "\">",
            country.code,
            "</span>",
        ),
        (None, Some(asn)) => html!(out, "<span class=\"place\">AS", asn, "</span>"),
        (None, None) => {}
    }
    out
}

fn turning(asked: &Asked, total: usize) -> Markup {
    let mut out = Markup::default();
    let count = usize::from(PAGE.get());
    let pages = total.div_ceil(count).clamp(1, PAGES_MAX);
    if pages == 1 {
        return out;
    }
    html!(out, "<nav class=\"turning\" aria-label=\"Pages\">");
    if asked.page > 0 {
        html!(
            out,
            "<a rel=\"prev\" href=\"",
            asked.path(asked.page - 1),
            "\">Before</a>"
        );
    }
    html!(
        out,
        "<span>Page ",
        Count(asked.page as u64 + 1),
        " of ",
        Count(pages as u64),
        "</span>",
    );
    if asked.page + 1 < pages {
        html!(
            out,
            "<a rel=\"next\" href=\"",
            asked.path(asked.page + 1),
            "\">Next</a>"
        );
    }
    html!(out, "</nav>");
    out
}
