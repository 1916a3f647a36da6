//! Tests of what readers ask for.

use aegis_core::Timestamp;

use super::{
    super::board::{Naming, Posted},
    Filter, Pairs,
};

#[test]
fn trap_2_only_addresses_and_prefixes_unless_scopes_are_asked_for() {
    check("", &["203.0.113.7", "203.0.113.0/24"]);
    check("scopes=ip", &["203.0.113.7"]);
    check("scopes=Range", &["203.0.113.0/24"]);
    check(
        "scopes=ip,range,country",
        &["203.0.113.7", "203.0.113.0/24"],
    );
    check("scopes=country", &[]);
}

#[test]
fn origins_scenarios_and_types_narrow_it_and_unknown_parameters_do_not() {
    let both = &["203.0.113.7", "203.0.113.0/24"];
    check(
        "startup=true&community_pull=false&additional_pull=false&x",
        both,
    );
    check("origins=p2p", &["203.0.113.0/24"]);
    check("origins=crowdsec,P2P", both);
    check("origins=CAPI", &[]);
    check("scenarios_containing=SSH,nothing", &["203.0.113.7"]);
    check("scenarios_not_containing=ssh", &["203.0.113.0/24"]);
    check("scenarios_containing=ssh&scenarios_not_containing=bf", &[]);
    check("type=ban", both);
    check("type=captcha", &[]);
}

#[test]
fn trap_12_a_bare_question_mark_is_no_query() {
    let pairs = |text: &str| Pairs::of(&text.parse().expect("a path"));
    assert_eq!(
        Filter::of(&pairs("/v1/decisions/stream?")),
        Filter::of(&pairs("/v1/decisions/stream"))
    );
    assert_eq!(
        pairs("/x?ip=203.0.113.0%2F24").find("ip"),
        Some("203.0.113.0/24")
    );
    assert_eq!(pairs("/x?ip=").find("ip"), None);
}

#[track_caller]
fn check(query: &str, seen: &[&str]) {
    let uri = format!("/v1/decisions/stream?{query}")
        .parse()
        .expect("a path");
    let filter = Filter::of(&Pairs::of(&uri));
    let all = [
        posted("203.0.113.7", "crowdsec", "crowdsecurity/ssh-bf"),
        posted("203.0.113.0/24", "p2p", "syn_flood"),
    ];
    let through = all.iter().filter(|it| filter.lets_through(it));
    let through: Vec<_> = through.map(|it| it.indicator.to_string()).collect();
    assert_eq!(through, seen, "{query}");
}

fn posted(text: &str, origin: &'static str, scenario: &str) -> Posted {
    Posted {
        id: 1,
        indicator: text.parse().expect("an indicator"),
        naming: Naming {
            origin,
            scenario: scenario.into(),
        },
        decided_at: Timestamp::EPOCH,
        expires_at: Timestamp::EPOCH,
    }
}
