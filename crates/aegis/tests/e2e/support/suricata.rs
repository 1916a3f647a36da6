//! A real Suricata on a host, configured as Debian ships it but for what a test says.

use std::{
    fs::{self, File},
    net::IpAddr,
    path::{Path, PathBuf},
    process::Command,
};

use aegis::lab::testbed::Host;
use serde_json::Value;

use super::{debian13::Debian13, host::Running, shell, until};

/// Suricata on one host; killed when dropped.
pub(crate) struct Suricata {
    dir: PathBuf,
    process: Running,
}

/// Where a Suricata runs, and what it is told.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) debian: &'a Debian13,
    pub(crate) host: &'a Host,
    /// What it sees of this machine; what it writes is in a directory of its own there.
    pub(crate) dir: &'a Path,
    pub(crate) rules: &'a str,
    /// Other values of its configuration: `name=value`.
    pub(crate) values: &'a [String],
}

impl Setup<'_> {
    /// Has it look whether it could run so; returns all that it says.
    #[track_caller]
    pub(crate) fn checked(self) -> String {
        let (_, mut command) = self.command();
        let said = shell::run(command.args(["-T", "-v"]));
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out + &said.err
    }

    /// Starts it on the host's interface, and waits until it sees packets.
    pub(crate) async fn start(self) -> Suricata {
        let (dir, mut command) = self.command();
        let said = File::create(dir.join("said")).unwrap();
        command.arg("--af-packet=eth0");
        command.stdout(said.try_clone().unwrap()).stderr(said);
        let process = Running(command.spawn().unwrap());
        let suricata = Suricata { dir, process };
        suricata.until_it_says("Engine started", 1).await;
        suricata
    }

    fn command(self) -> (PathBuf, Command) {
        let dir = self.dir.join("suricata");
        fs::create_dir_all(&dir).unwrap();
        let rules = dir.join("rules");
        fs::write(&rules, self.rules).unwrap();
        let mut command = self.debian.command(self.host, self.dir, "suricata");
        command.arg("-l").arg(&dir).arg("-S").arg(&rules);
        for value in self.values {
            command.args(["--set", value]);
        }
        (dir, command)
    }
}

impl Suricata {
    /// Returns where its log of events is.
    pub(crate) fn eve(&self) -> PathBuf {
        self.dir.join("eve.json")
    }

    /// Has it read its rules and lists anew, for the so-manieth time.
    pub(crate) async fn reload(&self, times: usize) {
        shell::signal(self.process.0.id(), "USR2");
        self.until_it_says("rule reload complete", times).await;
    }

    /// Returns its alerts until now: the signature's number and who sent the packet.
    pub(crate) fn alerts(&self) -> Vec<(u64, String)> {
        let text = fs::read_to_string(self.eve()).unwrap_or_default();
        let events = text.lines().filter_map(|it| serde_json::from_str(it).ok());
        let alerts = events.filter(|it: &Value| it["event_type"] == "alert");
        let told = alerts.map(|it| {
            let sender = it["src_ip"].as_str().unwrap().to_owned();
            (it["alert"]["signature_id"].as_u64().unwrap(), sender)
        });
        told.collect()
    }

    /// Returns how often it alerted by this signature to a packet of this sender's.
    pub(crate) fn count(&self, signature: u64, sender: &str) -> usize {
        // Of IPv6 it writes all digits.
        let sender: IpAddr = sender.parse().unwrap();
        let alerts = self.alerts();
        let is_it = |it: &&(u64, String)| it.0 == signature && it.1.parse() == Ok(sender);
        alerts.iter().filter(is_it).count()
    }

    async fn until_it_says(&self, words: &str, times: usize) {
        until(&format!("Suricata says: {words}"), async || {
            let said = fs::read_to_string(self.dir.join("said")).ok()?;
            (said.matches(words).count() >= times).then_some(())
        })
        .await;
    }
}
