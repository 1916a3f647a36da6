//! Tests of what scenarios mean.

use super::threat_of;

#[test]
fn scenarios_of_the_hub_mean_kinds_that_every_node_knows() {
    check("crowdsecurity/ssh-bf", "brute_force");
    check("crowdsecurity/ssh-slow-bf_user-enum", "brute_force");
    check("crowdsecurity/http-bf-wordpress_bf", "brute_force");
    check("crowdsecurity/http-generic-bf", "brute_force");
    check("crowdsecurity/http-probing", "web_attack");
    check("crowdsecurity/http-cve-2021-41773", "web_attack");
    check("crowdsecurity/CVE-2022-26134", "web_attack");
    check("crowdsecurity/vpatch-CVE-2023-22515", "web_attack");
    check("crowdsecurity/apache_log4j2_cve-2021-44228", "web_attack");
    check("crowdsecurity/iptables-scan-multi_ports", "port_scan");
    check("crowdsecurity/nginx-req-limit-exceeded", "web_attack");
    check("crowdsecurity/postfix-spam", "spam");
    check("firewallservices/pf-scan-multi_ports", "port_scan");
}

#[test]
fn others_keep_their_name_and_a_person_s_word_is_by_hand() {
    check("crowdsecurity/impossible-travel", "impossible-travel");
    check("me/Weird*Name", "weird-name");
    check("manual 'ban' from 'localhost'", "manual");
    check("because I say so / twice", "manual");
    check("", "manual");
    check("me/", "listed");
    check(&format!("me/{}", "x".repeat(500)), &"x".repeat(64));
}

#[track_caller]
fn check(scenario: &str, kind: &str) {
    assert_eq!(threat_of(scenario).0.as_str(), kind, "{scenario}");
}
