//! What drops packets elsewhere: nftables, ipset, web servers, routers.

use aegis_core::Timestamp;

use super::{Entry, Export, FLOW_RULES_MAX, NAME, lines, secs_left, widest, with_length};

/// The longest timeout that ipset takes, in seconds: 2^31 / 1000, rounded down (ipset(8)).
const IPSET_TIMEOUT_MAX: u64 = 2_147_483;
/// How many elements one `add element` command has: nft parses a list in one piece.
const ELEMENTS_AT_ONCE: usize = 1_000;

/// nft(8). A table of its own, so that nothing of the host's rules is touched; sets of intervals
/// refuse what overlaps, so only the widest go in, without ends: the next export says what is left.
/// One transaction: a packet sees the old sets or the new ones.
pub(super) fn nft(entries: &[Entry]) -> Export {
    let widest = widest(entries);
    let mut text = String::from("add table inet aegis_export\n");
    for (set, kind, is_ipv4) in [
        ("blocked_v4", "ipv4_addr", true),
        ("blocked_v6", "ipv6_addr", false),
    ] {
        text.push_str(&format!(
            "add set inet aegis_export {set} {{ type {kind}; flags interval; }}\n\
             flush set inet aegis_export {set}\n"
        ));
        let mine = widest.iter().filter(|it| it.indicator.is_ipv4() == is_ipv4);
        let elements: Vec<_> = mine.map(|it| it.indicator.to_string()).collect();
        for part in elements.chunks(ELEMENTS_AT_ONCE) {
            let part = part.join(", ");
            text.push_str(&format!(
                "add element inet aegis_export {set} {{ {part} }}\n"
            ));
        }
    }
    Export {
        text,
        written: widest.len(),
        covered: entries.len() - widest.len(),
        left_out: 0,
    }
}

/// ipset(8): new sets are filled and swapped in, so that no packet sees one half full.
pub(super) fn ipset(now: Timestamp, entries: &[Entry]) -> Export {
    let mut text = String::new();
    for (set, family, is_ipv4) in [("v4", "inet", true), ("v6", "inet6", false)] {
        let mine = || {
            entries
                .iter()
                .filter(|it| it.indicator.is_ipv4() == is_ipv4)
        };
        // At least what ipset itself starts from; a set that is full refuses the rest.
        let room = mine().count().next_power_of_two().max(65_536);
        let shape = format!("hash:net family {family} maxelem {room} timeout 0");
        text.push_str(&format!(
            "create {NAME}-{set} {shape} -exist\ncreate {NAME}-{set}-new {shape} -exist\nflush {NAME}-{set}-new\n"
        ));
        for entry in mine() {
            let secs = secs_left(now, entry).min(IPSET_TIMEOUT_MAX);
            let prefix = with_length(&entry.indicator);
            text.push_str(&format!(
                "add {NAME}-{set}-new {prefix} timeout {secs} -exist\n"
            ));
        }
        text.push_str(&format!(
            "swap {NAME}-{set}-new {NAME}-{set}\ndestroy {NAME}-{set}-new\n"
        ));
    }
    Export {
        text,
        written: entries.len(),
        covered: 0,
        left_out: 0,
    }
}

/// nginx, `ngx_http_access_module`: to be included before any `allow all`.
pub(super) fn nginx(entries: &[Entry]) -> Export {
    lines("", entries, |it| format!("deny {};", it.indicator))
}

/// HAProxy, `map_ip`: the key, a blank, the value. The longest prefix wins.
pub(super) fn haproxy(entries: &[Entry]) -> Export {
    lines("", entries, |it| {
        format!("{} {}", with_length(&it.indicator), it.threat_type)
    })
}

/// RouterOS: what an earlier export left is removed, and an entry that the operator made by hand in
/// the same list is no error.
pub(super) fn mikrotik(now: Timestamp, entries: &[Entry]) -> Export {
    let head = format!(
        "/ip firewall address-list remove [find list={NAME} comment~\"^{NAME}:\"]\n\
         /ipv6 firewall address-list remove [find list={NAME} comment~\"^{NAME}:\"]\n"
    );
    lines(&head, entries, |it| {
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
pub(super) fn flowspec(entries: &[Entry]) -> Export {
    let mut worst = widest(entries);
    let covered = entries.len() - worst.len();
    worst.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.indicator));
    let left_out = worst.len().saturating_sub(FLOW_RULES_MAX);
    worst.truncate(FLOW_RULES_MAX);
    let rules = lines("", worst, |it| {
        let source = with_length(&it.indicator);
        format!("announce flow route {{ match {{ source {source}; }} then {{ discard; }} }}")
    });
    Export {
        covered,
        left_out,
        ..rules
    }
}
