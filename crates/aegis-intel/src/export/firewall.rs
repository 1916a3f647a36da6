//! What drops packets elsewhere: nftables, ipset, web servers, routers.

use aegis_core::Timestamp;

use super::{
    Counts, Entry, FLOW_RULES_MAX, NAME, secs_left, with_length,
    writing::{Numbered, Plan, Spelling, widest},
};

/// The longest timeout that ipset takes, in seconds: 2^31 / 1000, rounded down (ipset(8)).
const IPSET_TIMEOUT_MAX: u64 = 2_147_483;

/// nft(8). A table of its own, so that nothing of the host's rules is touched; sets of intervals
/// refuse what overlaps, so only the widest go in, without ends: the next export says what is left.
/// One transaction: a packet sees the old sets or the new ones.
pub(super) fn nft(entries: &[Numbered<'_>]) -> Plan {
    let widest = widest(entries);
    let mut plan = Plan::default();
    plan.text("add table inet aegis_export\n");
    for (set, kind, is_ipv4) in [
        ("blocked_v4", "ipv4_addr", true),
        ("blocked_v6", "ipv6_addr", false),
    ] {
        plan.text(format!(
            "add set inet aegis_export {set} {{ type {kind}; flags interval; }}\n\
             flush set inet aegis_export {set}\n"
        ));
        plan.entries(&of_family(&widest, is_ipv4), Spelling::Elements(set));
    }
    plan.counts.covered = entries.len() - widest.len();
    plan
}

/// ipset(8): new sets are filled and swapped in, so that no packet sees one half full.
pub(super) fn ipset(entries: &[Numbered<'_>]) -> Plan {
    let mut plan = Plan::default();
    for (set, family, is_ipv4) in [("v4", "inet", true), ("v6", "inet6", false)] {
        let mine = of_family(entries, is_ipv4);
        // At least what ipset itself starts from; a set that is full refuses the rest.
        let room = mine.len().next_power_of_two().max(65_536);
        let shape = format!("hash:net family {family} maxelem {room} timeout 0");
        plan.text(format!(
            "create {NAME}-{set} {shape} -exist\ncreate {NAME}-{set}-new {shape} -exist\nflush {NAME}-{set}-new\n"
        ));
        plan.entries(&mine, Spelling::Lines(ipset_member));
        plan.text(format!(
            "swap {NAME}-{set}-new {NAME}-{set}\ndestroy {NAME}-{set}-new\n"
        ));
    }
    plan
}

fn ipset_member(entry: &Entry, now: Timestamp) -> String {
    let set = if entry.indicator.is_ipv4() {
        "v4"
    } else {
        "v6"
    };
    let secs = secs_left(now, entry).min(IPSET_TIMEOUT_MAX);
    let prefix = with_length(&entry.indicator);
    format!("add {NAME}-{set}-new {prefix} timeout {secs} -exist")
}

fn of_family<'a>(entries: &[Numbered<'a>], is_ipv4: bool) -> Vec<Numbered<'a>> {
    let mine = entries
        .iter()
        .filter(|(_, it)| it.indicator.is_ipv4() == is_ipv4);
    mine.copied().collect()
}

/// nginx, `ngx_http_access_module`: to be included before any `allow all`.
pub(super) fn nginx(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| format!("deny {};", it.indicator))
}

/// HAProxy, `map_ip`: the key, a blank, the value. The longest prefix wins.
pub(super) fn haproxy(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| {
        format!("{} {}", with_length(&it.indicator), it.threat_type)
    })
}

/// RouterOS: what an earlier export left is removed, and an entry that the operator made by hand in
/// the same list is no error.
pub(super) fn mikrotik(entries: &[Numbered<'_>]) -> Plan {
    let head = format!(
        "/ip firewall address-list remove [find list={NAME} comment~\"^{NAME}:\"]\n\
         /ipv6 firewall address-list remove [find list={NAME} comment~\"^{NAME}:\"]\n"
    );
    Plan::lines(&head, entries, |it, now| {
        let menu = if it.indicator.is_ipv4() { "ip" } else { "ipv6" };
        // Its lists of IPv6 hold prefixes only.
        let address = if it.indicator.is_ipv4() {
            it.indicator.to_string()
        } else {
            with_length(&it.indicator)
        };
        format!(
            ":do {{ /{menu} firewall address-list add list={NAME} address={address} timeout={}s comment=\"{NAME}: {}\" }} on-error={{}}",
            secs_left(now, it),
            it.threat_type
        )
    })
}

/// ExaBGP's text API: RFC 8955 for IPv4, RFC 8956 for IPv6, each rule with the traffic rate 0.
pub(super) fn flowspec(entries: &[Numbered<'_>]) -> Plan {
    let mut worst = widest(entries);
    let covered = entries.len() - worst.len();
    worst.sort_by_key(|(_, it)| (std::cmp::Reverse(it.severity), it.indicator));
    let left_out = worst.len().saturating_sub(FLOW_RULES_MAX);
    worst.truncate(FLOW_RULES_MAX);
    let mut plan = Plan::lines("", &worst, |it, _| {
        let source = with_length(&it.indicator);
        format!("announce flow route {{ match {{ source {source}; }} then {{ discard; }} }}")
    });
    plan.counts = Counts {
        covered,
        left_out,
        ..plan.counts
    };
    plan
}
