//! Scenarios: the names that agents give to what they saw, and the kind of attack they mean.

use aegis_core::{Severity, ThreatType};

/// What a decision that a person made by hand is filed under.
const MANUAL: &str = "manual";

const SCAN: Severity = severity(5);
const ATTACK: Severity = severity(6);
const FLOOD: Severity = severity(7);

/// Words of scenario names, with the kind of attack and how bad it is. The first that fits wins:
/// guessing passwords of a web page is guessing passwords.
const WORDS: [(&[&str], &str, Severity); 6] = [
    (
        &[
            "bf",
            "bruteforce",
            "brute",
            "enum",
            "spray",
            "spraying",
            "stuffing",
        ],
        "brute_force",
        ATTACK,
    ),
    (
        &["portscan", "ports", "portsweep", "nmap", "masscan"],
        "port_scan",
        SCAN,
    ),
    (&["dos", "ddos", "flood", "amplification"], "ddos", FLOOD),
    (&["spam", "helo", "relay", "dnsbl"], "spam", SCAN),
    (
        &["c2", "malware", "botnet", "ransomware"],
        "malware_c2",
        FLOOD,
    ),
    (
        &[
            "http",
            "https",
            "nginx",
            "apache",
            "apache2",
            "wordpress",
            "wp",
            "web",
            "appsec",
            "vpatch",
            "waf",
            "modsecurity",
            "sqli",
            "xss",
            "cve",
            "log4j2",
            "crawl",
            "probing",
            "traversal",
            "joomla",
            "drupal",
            "magento",
            "php",
            "thinkphp",
            "jira",
            "confluence",
            "grafana",
            "spring4shell",
            "f5",
            "fortinet",
            "vmware",
            "pulse",
            "exchange",
            "netgear",
            "zimbra",
        ],
        "web_attack",
        ATTACK,
    ),
];

/// Returns the kind of attack that a scenario means, and how bad that is.
///
/// A scenario of no known kind becomes a kind of its own, by its name without its author's.
pub(super) fn threat_of(scenario: &str) -> (ThreatType, Severity) {
    let lower = scenario.to_ascii_lowercase();
    let (author, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let has = |word: &str| {
        name.split(|it: char| !it.is_ascii_alphanumeric())
            .any(|it| it == word)
    };
    let known = WORDS
        .iter()
        .find(|(words, ..)| words.iter().any(|it| has(it)));
    if let Some((_, kind, severity)) = known {
        return (kind_named(kind), *severity);
    }
    let is_name = !author.is_empty() && !name.contains(char::is_whitespace);
    let kind = if is_name {
        kind_named(name)
    } else {
        kind_named(MANUAL)
    };
    (kind, ATTACK)
}

/// Returns the kind of this name, with a dash for every character that no name has.
fn kind_named(name: &str) -> ThreatType {
    let may_stay = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let name = name.chars().map(|it| if may_stay(it) { it } else { '-' });
    let name: String = name.take(ThreatType::CHARS_MAX).collect();
    name.parse().unwrap_or_else(|_| ThreatType::listed()) // where nothing is left of it
}

const fn severity(value: u8) -> Severity {
    match Severity::new(value) {
        Some(it) => it,
        None => Severity::MEDIUM,
    }
}

#[cfg(test)]
mod tests;
