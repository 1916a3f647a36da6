//! Prometheus, Debian's own, scrapes a real node: the metrics pass its checks, its rules load and pass
//! their tests, and every expression of the dashboard finds what it asks for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aegis::lab::testbed::Host;
use aegis_api::Client;

use crate::support::{
    block,
    debian::Packages,
    host::{Flood, Running, flood},
    shell::{must, run},
    until, until_blocked,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

const METRICS: &str = "127.0.0.1:9464";
const PROMETHEUS: &str = "127.0.0.1:9491";

/// Expressions of the dashboard that find nothing here, each with the reason.
const EMPTY: [(&str, &str); 2] = [
    ("aegis_feed_entries", "this node has applied no list"),
    ("aegis_feed_last_success", "this node has applied no list"),
];

/// Debian's Prometheus, and what checks rules and metrics.
const DEBIAN: Packages = Packages {
    folder: "debian-prometheus",
    names: &["prometheus"],
    programs: &["prometheus", "promtool"],
};

/// Where Debian's Prometheus lies, unpacked and not installed.
struct Programs(PathBuf);

impl Programs {
    /// Finds or downloads it, or says why the test is skipped.
    fn new() -> Option<Self> {
        let root = DEBIAN.unpacked()?;
        Some(Self(root.join("usr/bin")))
    }

    fn command(&self, host: &Host, name: &str) -> Command {
        host.command(self.0.join(name).to_str().unwrap())
    }

    /// Starts Prometheus on a host, and has it scrape the node there often.
    fn start(&self, host: &Host, dir: &Path) -> Running {
        let rules = packaging("prometheus/aegis.rules.yml");
        let config = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\n\
             rule_files: [{rules:?}]\n\
             scrape_configs:\n- job_name: aegis\n  static_configs: [{{targets: [{METRICS:?}]}}]\n"
        );
        fs::write(dir.join("prometheus.yml"), config).unwrap();
        let mut command = self.command(host, "prometheus");
        command
            .arg(format!(
                "--config.file={}",
                dir.join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address={PROMETHEUS}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("prometheus.log")).unwrap());
        Running(command.spawn().unwrap())
    }

    /// Returns the lines that Prometheus finds for an expression.
    fn query(&self, host: &Host, expression: &str) -> Vec<String> {
        let mut command = self.command(host, "promtool");
        let server = format!("http://{PROMETHEUS}");
        let said = run(command.args(["query", "instant", &server, expression]));
        let found = said.out.lines().filter(|it| !it.is_empty());
        found.map(str::to_owned).collect()
    }
}

fn packaging(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../packaging")
        .join(file)
}

/// Returns what a scrape of the port brings, without its head.
fn scrape(host: &Host) -> String {
    let script = format!(
        "exec 3<>/dev/tcp/{} && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3",
        METRICS.replace(':', "/")
    );
    let said = must(host.command("bash").args(["-c", &script]));
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    body.to_owned()
}

/// Returns every expression of the dashboard, with its variables as Grafana fills them in.
fn expressions() -> Vec<String> {
    let text = fs::read_to_string(packaging("grafana/aegis.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|it| it["targets"].as_array().unwrap());
    targets
        .map(|it| {
            let expression = it["expr"].as_str().unwrap().replace("$instance", ".*");
            let expression = expression.replace("$__rate_interval", "1m");
            assert!(!expression.contains('$'), "{expression}");
            expression
        })
        .collect()
}

async fn attacked(world: &World, client: &Client) {
    let of_attacker = Flood {
        to: world.host("a").address,
        forged: &[],
        count: 2_000,
        rate: 4_000,
    };
    flood(world.host("attacker"), of_attacker);
    until_blocked(client, "10.77.0.66", true).await;
}

#[tokio::test]
async fn netns_prometheus_finds_all_that_rules_and_dashboard_ask_for() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(programs) = Programs::new() else {
        return;
    };
    let config = format!("[metrics]\nlisten = {METRICS:?}\ncrowdsec_names = true\n");
    let how = How {
        config: &config,
        ..How::default()
    };
    let node = world.start("a", how).await;
    let (host, dir) = (world.host("a"), world.dir());
    let prometheus = programs.start(host, dir);
    until("Prometheus scrapes", async || {
        let up = programs.query(host, "up{job=\"aegis\"} == 1");
        (!up.is_empty()).then_some(())
    })
    .await;
    attacked(&world, &node.client).await;
    node.client.block(&block("192.0.2.7", 60)).await.unwrap();
    for expression in expressions() {
        if EMPTY.iter().any(|(part, _)| expression.contains(part)) {
            assert_eq!(programs.query(host, &expression), [""; 0], "{expression}");
            continue;
        }
        let found = async || {
            // A rate needs something to happen between two scrapes, whenever they come.
            node.client.block(&block("192.0.2.8", 60)).await.unwrap();
            let found = programs.query(host, &expression);
            (!found.is_empty() && !found.iter().any(|it| it.contains("NaN"))).then_some(())
        };
        until(&expression, found).await;
    }
    let count = programs.query(host, "count({job=\"aegis\"})");
    eprintln!("series of one node: {count:?}");
    drop(prometheus);

    // Nothing of it names an address or a peer.
    let text = scrape(host);
    assert!(
        text.contains("aegis_entries{source=\"detector\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("fw_bouncer_banned_ips{origin=\"operator\"} 2"),
        "{text}"
    );
    for name in ["10.77.0.", "192.0.2.7", "12D3KooW"] {
        assert!(!text.contains(name), "{text}");
    }
    // The names of CrowdSec are its own, and not for this linter to like.
    let own: Vec<&str> = text.lines().filter(|it| !is_of_crowdsec(it)).collect();
    let file = dir.join("metrics.txt");
    fs::write(&file, own.join("\n") + "\n").unwrap();
    let mut check = programs.command(host, "promtool");
    check
        .args(["check", "metrics"])
        .stdin(fs::File::open(&file).unwrap());
    let output = check.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

fn is_of_crowdsec(line: &str) -> bool {
    let name = line
        .trim_start_matches("# HELP ")
        .trim_start_matches("# TYPE ");
    name.starts_with("fw_bouncer_") || name.starts_with("cs_")
}

#[test]
fn netns_the_rules_for_prometheus_load_and_pass_their_tests() {
    let Some(programs) = Programs::new() else {
        return;
    };
    let promtool = programs.0.join("promtool");
    let folder = packaging("prometheus");
    let said = must(Command::new(&promtool).current_dir(&folder).args([
        "check",
        "rules",
        "aegis.rules.yml",
    ]));
    assert!(said.contains("10 rules found"), "{said}");
    must(Command::new(&promtool).current_dir(&folder).args([
        "test",
        "rules",
        "aegis.rules.test.yml",
    ]));
}
