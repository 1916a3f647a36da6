//! Tests of what the foreground node makes of its arguments.

use super::*;

#[test]
fn places_win_over_flags_and_both_over_the_defaults() {
    check(&[], "lo", 9001);
    check(&["eth0"], "eth0", 9001);
    check(&["eth0", "9002"], "eth0", 9002);
    check(&["--interface", "eth1", "--port", "9003"], "eth1", 9003);
    check(&["eth0", "9002", "--interface", "eth1"], "eth0", 9002);
}

#[test]
fn a_node_without_a_name_is_called_by_interface_and_port() {
    assert_eq!(instance_of("lo", 9001).unwrap().as_str(), "lo-9001");
    assert_eq!(instance_of("Br.42", 0).unwrap().as_str(), "br-42-0");
    let odd = instance_of("eth0:ä", 65_535).unwrap();
    assert_eq!(odd.as_str(), "eth0---65535");
}

#[track_caller]
fn check(words: &[&str], interface: &str, port: u16) {
    let words = std::iter::once(&"aegis-threat-intel").chain(words);
    let args = Foreground::try_parse_from(words).unwrap().args();
    assert_eq!(args.interface, [interface]);
    assert_eq!(args.port, Some(port));
}
