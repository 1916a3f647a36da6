//! Tests of the configuration.

mod corpus;

use std::time::Duration;

use aegis_core::{AskPolicy, Audience, trust::model::ModelKind};
use aegis_intel::log::{AccessFormat, Rule};

use super::{
    api::RawApi,
    feeds::RawFeeds,
    metrics::RawMetrics,
    mirror::RawMirror,
    notify::RawNotify,
    page::RawPage,
    raw::{RawLog, RawP2p},
    *,
};

const PEER: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

#[test]
fn the_default_file_says_what_the_defaults_are() {
    let text = default_file();
    let parsed: RawConfig = toml::from_str(&text).unwrap();
    assert_eq!(parsed, RawConfig::default());
    // Commented in, every key parses and changes nothing but what only has an example.
    let is_value = |line: &&str| !line.starts_with("# ") && !line.is_empty();
    let values: String = text
        .lines()
        .filter(is_value)
        .map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line)))
        .collect();
    let commented_in: RawConfig =
        toml::from_str(&values).unwrap_or_else(|it| panic!("{it}\n{values}"));
    let only_examples = RawConfig {
        instance: commented_in.instance.clone(),
        state_dir: commented_in.state_dir.clone(),
        runtime_dir: commented_in.runtime_dir.clone(),
        ebpf_program_path: commented_in.ebpf_program_path.clone(),
        bpffs: commented_in.bpffs.clone(),
        policy: commented_in.policy.clone(),
        p2p: RawP2p {
            secret: commented_in.p2p.secret.clone(),
            secret_file: commented_in.p2p.secret_file.clone(),
            connections_low: Some(12),
            connections_target: Some(50),
            connections_high: Some(80),
            ..RawP2p::default()
        },
        log: RawLog {
            p2p_dir: commented_in.log.p2p_dir.clone(),
            ..RawLog::default()
        },
        logs: RawLogs {
            thresholds: commented_in.logs.thresholds.clone(),
            ids_meanings: commented_in.logs.ids_meanings.clone(),
            ..RawLogs::default()
        },
        notify: only_examples_of_notify(&commented_in.notify),
        feeds: RawFeeds {
            ca_file: commented_in.feeds.ca_file.clone(),
            ..RawFeeds::default()
        },
        api: RawApi {
            tls_cert: commented_in.api.tls_cert.clone(),
            tls_key: commented_in.api.tls_key.clone(),
            ..RawApi::default()
        },
        page: RawPage {
            listen: commented_in.page.listen.clone(),
            ..RawPage::default()
        },
        metrics: RawMetrics {
            listen: commented_in.metrics.listen.clone(),
            ..RawMetrics::default()
        },
        mirror: RawMirror {
            redis: commented_in.mirror.redis.clone(),
            ..RawMirror::default()
        },
        ..RawConfig::default()
    };
    assert_eq!(commented_in, only_examples);
    assert!(commented_in.instance.is_some() && commented_in.bpffs.is_some());
    assert!(commented_in.policy.quorum.is_some());
}

/// Returns what the file gives only examples of, and the defaults.
fn only_examples_of_notify(commented_in: &RawNotify) -> RawNotify {
    RawNotify {
        webhook: commented_in.webhook.clone(),
        webhook_template: commented_in.webhook_template.clone(),
        webhook_key_file: commented_in.webhook_key_file.clone(),
        ntfy: commented_in.ntfy.clone(),
        ntfy_key_file: commented_in.ntfy_key_file.clone(),
        ca_file: commented_in.ca_file.clone(),
        mail_from: commented_in.mail_from.clone(),
        sendmail: commented_in.sendmail.clone(),
        ..RawNotify::default()
    }
}

#[test]
fn the_default_file_names_every_key() {
    let text = default_file();
    let defaults = toml::Value::try_from(RawConfig::default()).unwrap();
    let mut missing = Vec::new();
    let mut open = vec![(String::new(), &defaults)];
    while let Some((path, value)) = open.pop() {
        for (name, value) in value.as_table().unwrap() {
            if value.is_table() {
                open.push((format!("{path}.{name}"), value));
            } else if !text.contains(&format!("\n#{name} = ")) {
                missing.push(format!("{path}.{name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_committed_default_file_is_what_the_program_writes() {
    let committed = include_str!("../../../../docs/aegis.toml");
    assert_eq!(
        committed,
        default_file(),
        "write it with `aegis config default > docs/aegis.toml`"
    );
}

#[test]
fn defaults_resolve_to_a_working_node() {
    let config = resolve(RawConfig::default(), &root()).unwrap();
    assert_eq!(config.interfaces, Interfaces::Auto);
    assert_eq!(config.socket, PathBuf::from("/run/aegis/default.sock"));
    assert_eq!(config.state_dir, PathBuf::from("/var/lib/aegis/default"));
    assert!(config.p2p.is_some() && !config.observe && !config.policy.auto_publish);
    assert_eq!(config.syn_cookies, SynCookies::default());
}

#[test]
fn without_root_everything_lies_in_the_users_own_places() {
    let host = Surroundings {
        is_root: false,
        uid: 1000,
        state_home: Some("/home/u/.local/state".into()),
        runtime_home: Some("/run/user/1000".into()),
    };
    let config = resolve(RawConfig::default(), &host).unwrap();
    assert_eq!(
        config.state_dir,
        PathBuf::from("/home/u/.local/state/aegis/default")
    );
    assert_eq!(
        config.socket,
        PathBuf::from("/run/user/1000/aegis/default.sock")
    );
}

#[test]
fn what_is_written_is_what_is_meant() {
    let config = parse(
        "interface = ['eth1', 'eth0', 'eth1']\nmin_severity = 7\ninstance = 'edge-1'\n\
         [detect.syn_flood]\nwindow = '500ms'\nthreshold = 50\n\
         [detect.syn_cookies]\nmode = 'auto'\nverified_for = '2m'\n\
         [p2p]\nport = 9100\n",
    )
    .unwrap();
    assert_eq!(
        config.interfaces,
        Interfaces::Named(vec!["eth0".into(), "eth1".into()])
    );
    assert_eq!(config.policy.severity_min.value(), 7);
    assert_eq!(
        config.detectors.syn_flood.window,
        Duration::from_millis(500)
    );
    assert_eq!(config.syn_cookies.mode, aegis_enforce::CookieMode::Auto);
    assert_eq!(config.syn_cookies.verified_for, Duration::from_secs(120));
    assert_eq!(config.socket, PathBuf::from("/run/aegis/edge-1.sock"));
    assert_eq!(
        config.p2p.unwrap().listen[0].as_str(),
        "/ip4/0.0.0.0/tcp/9100"
    );
    assert!(parse("[p2p]\nenabled = false").unwrap().p2p.is_none());
}

#[test]
fn trust_and_questions_are_as_written() {
    let config = parse(&format!(
        "[trust]\nmodel = 'fides'\npreset = 'open'\n\
         peers = [{{ peer = '{PEER}', trust = 0.25, fixed = true }}]\n\
         [ask]\nanswer = 'trusted'\nchallenge_every = '0s'\n",
    ))
    .unwrap();
    assert_eq!(config.trust.model, ModelKind::Fides);
    let introduction = config.trust.pretrust[&PEER.parse().unwrap()];
    assert_eq!(introduction.pretrust.percent(), 25);
    assert!(introduction.is_fixed);
    assert_eq!(config.ask.audience, Audience::Trusted);
    assert_eq!(config.ask.challenge_every, None);
    let defaults = parse("").unwrap();
    assert_eq!(defaults.ask, AskPolicy::default());
    assert_eq!(
        defaults.p2p_log.dir,
        PathBuf::from("/var/lib/aegis/default/log")
    );
}

#[test]
fn a_quorum_is_as_written() {
    let quorum = |rest: &str| {
        parse(&format!(
            "[policy]\nquorum = {{ organisation = '{PEER}', {rest} }}"
        ))
    };
    let config = quorum("publishers = 3").unwrap();
    let found = config.policy.quorum.unwrap();
    assert_eq!(found.organisation.to_string(), PEER);
    assert_eq!(found.publishers_min.get(), 3);
    assert_eq!(found.severity_min.value(), 9);
    let config = quorum("publishers = 1, min_severity = 7").unwrap();
    assert_eq!(config.policy.quorum.unwrap().severity_min.value(), 7);
    assert_eq!(parse("").unwrap().policy.quorum, None);
    for (rest, says) in [
        (
            "publishers = 0",
            "policy.quorum.publishers: must be within 1…100",
        ),
        (
            "publishers = 101",
            "policy.quorum.publishers: must be within 1…100",
        ),
        (
            "publishers = 2, min_severity = 11",
            "policy.quorum.min_severity: must be within 1…10",
        ),
    ] {
        let error = quorum(rest).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    check(
        "[policy]\nquorum = { organisation = 'x', publishers = 2 }",
        "policy.quorum.organisation: must be the ID",
    );
}

#[test]
fn each_detector_keeps_its_own_defaults_for_what_is_left_out() {
    let config = parse(
        "[detect.udp_flood]\nenabled = true\n\
         [detect.port_scan]\nwindow = '30s'\n\
         [detect.syn_flood_destination]\nthreshold = 9000\n",
    )
    .unwrap();
    let defaults = Detectors::default();
    let mut expected = defaults;
    expected.udp_flood.enabled = true;
    expected.port_scan.window = Duration::from_secs(30);
    expected.syn_flood_destination.threshold = 9000;
    assert_eq!(config.detectors, expected);
    assert_eq!(parse("").unwrap().detectors, defaults);
}

#[test]
fn wrong_marks_and_limits_of_relays_are_refused() {
    check(
        "[p2p]\nconnections_low = 51",
        "p2p.connections_low: must be at least 1 and at most connections_target (50)",
    );
    check(
        "[p2p]\nconnections_max = 20\nconnections_high = 21",
        "p2p.connections_high: must be within 1…20",
    );
    check(
        "[p2p.relay]\ncircuits_max = 0",
        "p2p.relay.circuits_max: must be within 1…1024",
    );
}

#[test]
fn wrong_values_are_refused_with_the_key_and_the_limit() {
    check("min_severity = 0", "min_severity: must be within 1…10");
    check("nice = -21", "nice: must be within -20…19");
    check("nice = 20", "nice: must be within -20…19");
    check("min_severity = 11", "min_severity: must be within 1…10");
    check(
        "instance = 'A b'",
        "instance: \"A b\": instance name must be",
    );
    check("interface = ''", "interface: must be \"auto\" or 1 to 64");
    check(
        "interface = ['averyveryverylongname']",
        "interface: must be",
    );
    check(
        "[p2p]\nlisten = ['nonsense']",
        "p2p.listen: \"nonsense\": not a multiaddr",
    );
    check("[p2p]\npeers = ['/ip4/192.0.2.1/tcp/9001']", "p2p.peers: ");
    check(
        "[p2p]\nconnections_max = 1",
        "p2p.connections_max: must be within 2…10000",
    );
    check(
        "[trust]\nmin_confidence = 1.5",
        "trust.min_confidence: must be within 0…1",
    );
    check(
        "[trust]\npeers = [{ peer = 'x', trust = 0.5 }]",
        "trust.peers.peer: \"x\": not the peer ID",
    );
    check(
        &format!("[trust]\npeers = [{{ peer = '{PEER}', trust = 1.5 }}]"),
        "trust.peers.trust: must be within 0…1",
    );
    check(
        "[ask]\npeers_max = 65",
        "ask.peers_max: must be within 1…64",
    );
    check(
        "[ask]\ndeadline = '9s'",
        "ask.deadline: must be within 100ms…8s",
    );
    check("[ask]\nhops = 3", "ask.hops: must be within 0…2");
    check(
        "[ask]\nnotice_above = 1.5",
        "ask.notice_above: must be within -1…1",
    );
    check(
        "[ask]\nchallenge_every = '1s'",
        "ask.challenge_every: must be 0s or within 10s…7d",
    );
    check(
        "[log]\np2p_keep_days = 3651",
        "log.p2p_keep_days: must be within 0…3650",
    );
    check(
        "[detect]\nseverity = []",
        "detect.severity: must have 1 to 10 steps",
    );
}

#[test]
fn wrong_values_of_detectors_are_refused_likewise() {
    check(
        "[detect.syn_flood]\nthreshold = 0",
        "detect.syn_flood.threshold: must be within 1…",
    );
    check(
        "[detect.syn_flood]\nwindow = '1x'",
        "detect.syn_flood.window: \"1x\" is not a duration",
    );
    check(
        "[detect.syn_flood]\nwindow = '2m'",
        "detect.syn_flood.window: must be within 100ms…60s",
    );
    check(
        "[detect.syn_flood]\nblock_for = '25h'",
        "detect.syn_flood.block_for: must be within",
    );
    check(
        "[detect.udp_flood]\nthreshold = 10000001",
        "detect.udp_flood.threshold: must be within 1…10000000",
    );
    check(
        "[detect.icmp_flood]\nwindow = '10ms'",
        "detect.icmp_flood.window: must be within 100ms…60s",
    );
    check(
        "[detect.syn_imbalance]\nblock_for = '0s'",
        "detect.syn_imbalance.block_for: must be within 1s…24h",
    );
    for ports in [1, 201] {
        check(
            &format!("[detect.port_scan]\nthreshold = {ports}"),
            "detect.port_scan.threshold: must be within 2…200",
        );
    }
    check(
        "[detect.syn_flood_destination]\nsources_min = 0",
        "detect.syn_flood_destination.sources_min: must be within 1…200",
    );
    check(
        "[detect.syn_flood_destination]\nhold_for = '2h'",
        "detect.syn_flood_destination.hold_for: must be within 1s…1h",
    );
    check(
        "[detect.syn_cookies]\nverified_for = '0s'",
        "detect.syn_cookies.verified_for: must be within 1s…24h",
    );
    check(
        "[detect.syn_cookies]\nanswers_per_second = 0",
        "detect.syn_cookies.answers_per_second: must be within 1…",
    );
    check(
        "[detect]\nsyn_cookies.mode = 'auto'\nsyn_flood_destination.enabled = false",
        "detect.syn_cookies.mode: \"auto\" needs detect.syn_flood_destination",
    );
    check(
        "[detect]\nblocks_per_second_max = 0",
        "detect.blocks_per_second_max: must be within 1…1000000",
    );
}

#[test]
fn logs_are_as_written() {
    let config = parse(
        "[logs]\nauth = ['/x/*.log']\naccess_format = 'vhost'\nbehind_proxy = ['10.0.0.0/8']\n\
         protect_logins_for = '0s'\nthresholds = { ssh_brute_force = '3 in 1m', error_storm = 'off' }",
    );
    let logs = config.unwrap().logs.unwrap();
    assert_eq!(logs.auth, [PathBuf::from("/x/*.log")]);
    assert_eq!(logs.access_format, AccessFormat::VirtualHost);
    assert_eq!(logs.protect_logins_for, Duration::ZERO);
    let thresholds = &logs.detector.thresholds;
    assert_eq!(thresholds[&Rule::SshBruteForce].events, 3);
    assert_eq!(thresholds[&Rule::ErrorStorm].events, 0);
    assert!(parse("[logs]\nenabled = false").unwrap().logs.is_none());
}

#[test]
fn wrong_values_of_feeds_are_refused() {
    for (text, says) in [
        (
            "warninglists = ['ours.json']",
            "feeds.warninglists: must be at most 256 absolute paths",
        ),
        (
            "ca_file = 'ca.pem'",
            "feeds.ca_file: must be an absolute path",
        ),
        (
            "timeout_secs = 0",
            "feeds.timeout_secs: must be within 1…600",
        ),
    ] {
        check(&format!("[feeds]\n{text}"), says);
    }
}

#[test]
fn wrong_values_of_logs_are_refused() {
    check(
        "[logs]\nauth = ['auth.log']",
        "logs.auth: must be at most 64 absolute paths",
    );
    check(
        "[logs]\nbehind_proxy = ['proxy']",
        "logs.behind_proxy: must be",
    );
    check(
        "[logs]\nprotect_logins_for = '1y'",
        "logs.protect_logins_for: must be 0s to 30d",
    );
    for threshold in ["5", "0 in 1m", "5 in 2d", "many in 1m"] {
        let text = format!("[logs]\nthresholds = {{ ssh_probe = '{threshold}' }}");
        check(&text, "logs.thresholds: must be rules (ssh_brute_force, ");
    }
    check(
        "[logs]\nthresholds = { sshd = 'off' }",
        "logs.thresholds: must be rules",
    );
}

#[test]
fn unknown_keys_are_refused() {
    let refused = toml::from_str::<RawConfig>("[p2p]\nprot = 1").unwrap_err();
    assert!(
        refused.to_string().contains("unknown field `prot`"),
        "{refused}"
    );
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    resolve(toml::from_str(text).unwrap(), &root())
}

fn root() -> Surroundings {
    Surroundings {
        is_root: true,
        uid: 0,
        state_home: None,
        runtime_home: None,
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let refused = parse(text).expect_err(text).to_string();
    assert!(refused.starts_with(expected), "{text}: {refused}");
}
