//! Tests of the flags.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Probe {
    #[command(flatten)]
    args: RunArgs,
}

#[test]
fn no_flag_changes_nothing() {
    assert_eq!(flags(&[]).over(RawConfig::default()), RawConfig::default());
}

#[test]
fn a_flag_wins_over_the_file() {
    let file: RawConfig = toml::from_str(
        "interface = 'eth7'\nobserve = true\nmin_severity = 3\n[p2p]\nport = 1\npeers = ['a']",
    )
    .unwrap();
    let raw = flags(&["--interface", "eth0", "--observe=false", "--port", "2"]).over(file);
    assert_eq!(raw.interface, OneOrMany::One("eth0".into()));
    assert!(!raw.observe);
    assert_eq!((raw.p2p.port, raw.min_severity), (2, MinSeverity(3)));
    assert_eq!(raw.p2p.peers, ["a"]);
}

#[test]
fn switches_need_no_value() {
    let raw = flags(&["--observe", "--auto-publish", "--no-p2p"]).over(RawConfig::default());
    assert!(raw.observe && raw.auto_publish && !raw.p2p.enabled);
}

fn flags(args: &[&str]) -> RunArgs {
    Probe::try_parse_from([&["probe"], args].concat())
        .map(|it| it.args)
        .unwrap()
}
