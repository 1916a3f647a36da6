//! CrowdSec's own server, as Debian ships it, with the same list.

use std::{fs, path::Path};

use crate::{
    memory, must,
    place::Place,
    program::{Running, until},
    run,
};
use aegis::daemon::Clock;

/// Where it listens.
const LISTEN: &str = "127.0.0.1:8090";

/// Imports the list into CrowdSec's own server, and says how long that took.
pub(crate) async fn import(place: &Place, list: &Path, count: u32) {
    let directory = place.path("rival");
    fs::create_dir_all(directory.join("data")).unwrap();
    let config = directory.join("config.yaml");
    fs::write(&config, config_of(place, &directory)).unwrap();
    fs::write(directory.join("credentials.yaml"), "").unwrap();
    let cscli = |words: &[&str]| {
        let mut command = place.host("node").command(place.root.join("usr/bin/cscli"));
        command.arg("-c").arg(&config).args(words);
        command
    };
    let credentials = directory.join("credentials.yaml");
    let credentials = credentials.to_str().unwrap();
    must(&mut cscli(&[
        "machines",
        "add",
        "m1",
        "--password",
        "secret-of-m1",
        "--force",
        "-f",
        credentials,
    ]));
    let mut server = place
        .host("node")
        .command(place.root.join("usr/bin/crowdsec"));
    server.arg("-c").arg(&config).arg("-no-cs");
    let server = Running::start(&mut server, &place.path("rival.log"));
    until("it answers", async || {
        (run(&mut cscli(&["decisions", "list"])).code == Some(0)).then_some(())
    })
    .await;
    let before = memory(server.0.id());
    let started_at = Clock.now();
    let said = run(&mut cscli(&[
        "decisions",
        "import",
        "-i",
        list.to_str().unwrap(),
    ]));
    assert!(said.all().contains("successfully imported"), "{said:?}");
    let took = Clock.now().since(started_at).as_secs_f64();
    println!(
        "import of {count}: CrowdSec {took:.2} s, {before} before, {} after",
        memory(server.0.id())
    );
}

fn config_of(place: &Place, directory: &Path) -> String {
    let (at, machine) = (directory.display(), place.path("boss"));
    let (machine, root) = (machine.display(), place.root.display());
    format!(
        "common:\n  daemonize: false\n  log_media: stdout\n  log_level: info\n  working_dir: .\n\
        config_paths:\n  config_dir: {machine}/etc/\n  data_dir: {at}/data/\n  hub_dir: {machine}/hub/\n\
        \x20 simulation_path: {machine}/etc/simulation.yaml\n  index_path: {machine}/hub/.index.json\n\
        crowdsec_service:\n  acquisition_path: {machine}/etc/acquis.yaml\ncscli:\n  output: human\n\
        db_config:\n  type: sqlite\n  use_wal: true\n  db_path: {at}/data/crowdsec.db\napi:\n  client:\n\
        \x20   credentials_path: {at}/credentials.yaml\n  server:\n    enable: true\n\
        \x20   listen_uri: {LISTEN}\n    profiles_path: {root}/etc/crowdsec/profiles.yaml\n\
        \x20   console_path: {at}/console.yaml\nprometheus:\n  enabled: false\n"
    )
}
