//! Everything that a node hands to other programs, over the shell and over HTTP: what is for members of an
//! organisation alone is in none of it, nor is what somebody wrote beside a block.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const OPEN: &str = "203.0.113.7";
const SEALED: &str = "198.51.100.66";

/// MD5 of both, as a feed of MISP has them.
const OPEN_HASH: &str = "68fecd3b63b272e813f600f1a4885e0c";
const SEALED_HASH: &str = "bd4c13ee1864f3c9b268c7b4f3df638c";

/// What could end a line, a quotation, a command or a cell.
const REASON: &str = "INJECTED\"'; drop table x; $(reboot) `reboot` =1+1, {}[]<>|&%\\";

const FORMATS: [&str; 15] = [
    "plain",
    "cidr",
    "csv",
    "jsonl",
    "nft",
    "ipset",
    "iprep",
    "iprep-categories",
    "dataset",
    "zeek",
    "nginx",
    "haproxy",
    "mikrotik",
    "stix",
    "flowspec",
];

/// A node with its doors, and a key that opens them.
struct Node {
    sandbox: Sandbox,
    api: String,
    lapi: String,
    secret: String,
}

#[test]
fn nothing_that_is_handed_on_has_what_is_for_members_alone() {
    let sandbox = Sandbox::new();
    configure(&sandbox);
    let _daemon = sandbox.start(&[]);
    let node = Node::of(sandbox);
    let organisation = node.found();
    node.block(OPEN, Value::Null);
    node.block(SEALED, organisation.into());
    let listed = node.sandbox.json("list");
    let sealed = listed.as_array().expect("a list");
    let sealed = sealed.iter().filter(|it| it["members_only"] == true);
    assert_eq!(sealed.count(), 1, "{listed}");

    let everything = node.everything();
    assert!(everything.len() > 40, "{}", everything.len());
    for (name, text) in &everything {
        for told in [SEALED, SEALED_HASH, "INJECTED", "reboot"] {
            assert!(!text.contains(told), "{name} has {told}: {text}");
        }
    }
    let says = |name: &str, what: &str| {
        let text = everything.iter().find(|it| it.0 == name).map(|it| &it.1);
        let text = text.unwrap_or_else(|| panic!("there is no {name}"));
        assert!(text.contains(what), "{name} lacks {what}: {text}");
    };
    for format in FORMATS.into_iter().filter(|it| *it != "iprep-categories") {
        says(&format!("export {format}"), OPEN);
        says(&format!("/v1/export/{format}"), OPEN);
    }
    says("api /security/blocklist", OPEN);
    says("lapi /security/blocklist?format=f5", OPEN);
    says("/misp/hashes.csv", OPEN_HASH);
    says("file hashes.csv", OPEN_HASH);
    says("/taxii2/aegis/collections/active-blocks/objects/", OPEN);
    let count = |name: &str| {
        let path = format!("/taxii2/aegis/collections/active-blocks/{name}/");
        let text = &everything
            .iter()
            .find(|it| it.0 == path)
            .expect("it is there")
            .1;
        let page: Value = serde_json::from_str(text).expect("JSON");
        page["objects"].as_array().expect("objects").len()
    };
    // The identity, and what is for everybody.
    assert_eq!((count("objects"), count("manifest")), (2, 2));
    // Bouncers of this node enforce what it does.
    let polled = node.get(&node.lapi, "/v1/decisions/stream?startup=true");
    assert!(polled.contains(SEALED), "{polled}");
}

#[test]
fn a_feed_of_misp_is_a_directory_and_its_files_are_replaced() {
    let sandbox = Sandbox::new();
    let answer = sandbox.run("export misp-feed");
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let _daemon = sandbox.start(&["--no-p2p"]);
    let block = format!("block {OPEN} 1h brute_force 8");
    assert_eq!(sandbox.run(&block).code, Some(0));
    let names = || {
        let answer = sandbox.run("export misp-feed --output feed");
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let files = fs::read_dir(sandbox.path().join("feed")).expect("it is there");
        let files = files.map(|it| it.expect("a file").file_name().into_string());
        let mut names: Vec<String> = files.map(|it| it.expect("text")).collect();
        names.sort();
        names
    };
    let first = names();
    assert_eq!(first.len(), 3, "{first:?}");
    let hashes = || fs::read_to_string(sandbox.path().join("feed/hashes.csv")).expect("text");
    assert!(hashes().starts_with(OPEN_HASH), "{}", hashes());
    assert_eq!(sandbox.run(&format!("unblock {OPEN}")).code, Some(0));
    assert_eq!(names(), first, "the event keeps its name");
    assert_eq!(hashes(), "");
}

#[test]
fn a_list_over_http_is_the_one_of_now() {
    let sandbox = Sandbox::new();
    configure(&sandbox);
    let _daemon = sandbox.start(&["--no-p2p"]);
    let node = Node::of(sandbox);
    let list = || node.get(&node.api, "/v1/export/plain");
    for round in 0..5 {
        let address = format!("203.0.113.{round}");
        node.block(&address, Value::Null);
        assert!(list().contains(&address), "{round}");
        let unblock = format!("unblock {address}");
        assert_eq!(node.sandbox.run(&unblock).code, Some(0));
        assert!(!list().contains(&address), "{round}");
    }
}

#[test]
fn a_client_that_asks_for_what_is_new_hears_after_a_restart_what_was_taken_back_before() {
    let sandbox = Sandbox::new();
    configure(&sandbox);
    let daemon = sandbox.start(&["--no-p2p"]);
    let mut node = Node::of(sandbox);
    for address in [OPEN, "203.0.113.8", "203.0.113.9"] {
        node.block(address, Value::Null);
    }
    let path = "/taxii2/aegis/collections/active-blocks/manifest/?limit=";
    let last = |page: &Value| {
        let last = page["objects"].as_array().and_then(|it| it.last());
        let last = last.expect("an object");
        last["date_added"].as_str().expect("a time").to_owned()
    };
    let all: Value = serde_json::from_str(&node.get(&node.api, &format!("{path}9"))).expect("JSON");
    assert_eq!(all["objects"].as_array().expect("objects").len(), 4);
    assert_eq!(node.sandbox.run(&format!("unblock {OPEN}")).code, Some(0));
    let known = node.get(&node.api, &format!("{path}9&added_after={}", last(&all)));
    let known: Value = serde_json::from_str(&known).expect("JSON");
    // Nobody asks before the end.
    assert_eq!(node.sandbox.run("unblock 203.0.113.8").code, Some(0));
    node.sandbox.stop(daemon);
    let _daemon = node.sandbox.start(&["--no-p2p"]);
    node.find_doors();
    let objects = path.replace("manifest", "objects");
    let since = |at: &str| node.get(&node.api, &format!("{objects}9&added_after={at}"));
    let news: Value = serde_json::from_str(&since(&last(&known))).expect("JSON");
    let news = news["objects"].as_array().expect("objects");
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0]["revoked"], true);
    assert_eq!(news[0]["pattern"], "[ipv4-addr:value = '203.0.113.8']");
    let both: Value = serde_json::from_str(&since(&last(&all))).expect("JSON");
    assert_eq!(both["objects"].as_array().expect("objects").len(), 2);
}

impl Node {
    fn of(sandbox: Sandbox) -> Self {
        let status = sandbox.json("status");
        let url = |it: &Value| it.as_str().expect("it is served").to_owned();
        let key = sandbox.json("key create reader --scope read");
        Self {
            api: url(&status["api"]),
            lapi: url(&status["lapi"]["url"]),
            secret: url(&key["secret"]),
            sandbox,
        }
    }

    /// Asks where the doors are after a restart.
    fn find_doors(&mut self) {
        let status = self.sandbox.json("status");
        let url = |it: &Value| it.as_str().expect("it is served").to_owned();
        self.api = url(&status["api"]);
        self.lapi = url(&status["lapi"]["url"]);
    }

    /// Founds an organisation that the node is a publisher of.
    fn found(&self) -> String {
        let word = |it: &Value| it.as_str().expect("text").to_owned();
        let node = word(&self.sandbox.json("status")["node_id"]);
        let organisation = word(&self.sandbox.json("org create ACME")["organisation"]);
        let sign = format!("org sign {node} --role publisher --valid 1h");
        let membership = word(&self.sandbox.json(&sign)["membership"]);
        self.sandbox.json(&format!("org join {membership}"));
        organisation
    }

    fn block(&self, indicator: &str, to: Value) {
        let body = json!({
            "indicator": indicator, "duration_secs": 3600, "threat_type": "brute_force",
            "severity": 7, "description": REASON, "to": to, "publish": true,
        });
        let created = self.sandbox.json("key create decider --scope decide");
        let secret = created["secret"].as_str().expect("a secret");
        let answer = ask(&self.api, "POST", "/v1/block", secret, &body.to_string());
        assert!(answer.contains("expires_at"), "{answer}");
        assert_eq!(self.sandbox.run("key revoke decider").code, Some(0));
    }

    fn get(&self, url: &str, path: &str) -> String {
        ask(url, "GET", path, &self.secret, "")
    }

    /// Returns all that is handed on, each with its name.
    fn everything(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for format in FORMATS {
            let line = format!("export {format}");
            all.push((line.clone(), self.sandbox.run(&line).out));
            let path = format!("/v1/export/{format}");
            all.push((path.clone(), self.get(&self.api, &path)));
        }
        for (door, url) in [("api", &self.api), ("lapi", &self.lapi)] {
            for query in ["", "?format=mikrotik", "?format=f5", "?format=juniper"] {
                let path = format!("/security/blocklist{query}");
                all.push((format!("{door} {path}"), self.get(url, &path)));
            }
        }
        for collection in ["active-blocks", "local-observations", "p2p-consensus"] {
            for what in ["objects", "manifest"] {
                let path = format!("/taxii2/aegis/collections/{collection}/{what}/");
                all.push((path.clone(), self.get(&self.api, &path)));
            }
        }
        let answer = self.sandbox.run("export misp-feed --output feed");
        assert_eq!(answer.code, Some(0), "{answer:?}");
        for file in fs::read_dir(self.sandbox.path().join("feed")).expect("it is there") {
            let file = file.expect("a file");
            let name = file.file_name().into_string().expect("text");
            let text = fs::read_to_string(file.path()).expect("text");
            let path = format!("/misp/{name}");
            all.push((path.clone(), self.get(&self.api, &path)));
            all.push((format!("file {name}"), text));
        }
        all
    }
}

fn configure(sandbox: &Sandbox) {
    let path = sandbox.path().join("aegis.toml");
    let text = fs::read_to_string(&path).expect("set up");
    let doors =
        ["api", "lapi"].map(|it| format!("[{it}]\nenabled = true\nlisten = \"127.0.0.1:0\"\n"));
    fs::write(&path, text + &doors.concat()).expect("set up");
}

/// Asks with a key, and returns the body of an answer that must be good.
fn ask(url: &str, method: &str, path: &str, secret: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: aegis\r\nconnection: close\r\n\
         content-type: application/json\r\nx-api-key: {secret}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    body.to_owned()
}
