//! Tests that the addresses of time servers are found, and nothing else.

use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found: Vec<String> = addresses(text).iter().map(IpAddr::to_string).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn lines_of_the_usual_programs_are_understood() {
    check(
        "[Time]\nNTP=192.0.2.1 time.example 2001:db8::1\n#NTP=192.0.2.9\n",
        &["192.0.2.1", "2001:db8::1"],
    );
    check("FallbackNTP=192.0.2.2\n", &["192.0.2.2"]);
    check(
        "pool 2.debian.pool.ntp.org iburst\nserver 192.0.2.3 iburst prefer\n",
        &["192.0.2.3"],
    );
    check(
        "server -6 2001:db8::2\nrestrict 192.0.2.4\n",
        &["2001:db8::2"],
    );
    check(
        "server\nserver -4\nserver 0.0.0.0\n! server 192.0.2.5\n",
        &[],
    );
}
