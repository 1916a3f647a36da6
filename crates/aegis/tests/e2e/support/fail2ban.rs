//! A real fail2ban on a host, with our action.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use aegis::lab::{node::LabNode, testbed::Host};

use super::{AEGIS, debian::Packages, needed, shell::Said, until};

/// The action as it is packaged.
const ACTION: &str = include_str!("../../../../../packaging/fail2ban/aegis.conf");

const FAIL2BAN: Packages = Packages {
    folder: "debian-fail2ban",
    names: &["fail2ban"],
    programs: &["fail2ban-server", "fail2ban-client"],
};

/// What fail2ban is written for: Debian's own, whichever else there are.
const PYTHON: &str = "/usr/bin/python3";

/// The jail's name.
pub(crate) const JAIL: &str = "aegis-test";

/// fail2ban with one jail that reads one log.
pub(crate) struct Fail2ban {
    prefix: PathBuf,
    dir: PathBuf,
    server: Option<Child>,
}

impl Fail2ban {
    /// Returns one that is configured, with what it keeps below `dir`; `None` where the test is skipped
    /// because there is none.
    pub(crate) fn new(dir: &Path, log: &Path, node: &LabNode) -> Option<Self> {
        if !needed::runs(&mut Command::new(PYTHON), "python3") {
            return None;
        }
        let prefix = FAIL2BAN.unpacked()?;
        let config = dir.join("config");
        for part in ["action.d", "filter.d"] {
            fs::create_dir_all(config.join(part)).unwrap();
            for entry in fs::read_dir(prefix.join("etc/fail2ban").join(part))
                .unwrap()
                .flatten()
            {
                if entry.path().is_file() {
                    fs::copy(entry.path(), config.join(part).join(entry.file_name())).unwrap();
                }
            }
        }
        fs::write(config.join("action.d/aegis.conf"), ACTION).unwrap();
        let options = format!("--socket {}", node.socket.display());
        let jail = format!(
            "[{JAIL}]\nenabled = true\nfilter = sshd\nbackend = polling\nlogpath = {}\n\
             maxretry = 5\nfindtime = 600\nbantime = 600\nusedns = no\n\
             action = aegis[aegis=\"{AEGIS}\", options=\"{options}\"]\n",
            log.display()
        );
        fs::write(config.join("jail.conf"), jail).unwrap();
        let own = format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {0}/fail2ban.log\nsyslogsocket = auto\n\
             socket = {0}/fail2ban.sock\npidfile = {0}/fail2ban.pid\ndbfile = {0}/fail2ban.db\n\
             dbpurgeage = 1d\ndbmaxmatches = 10\n[DEFAULT]\nallowipv6 = no\n",
            dir.display()
        );
        fs::write(config.join("fail2ban.conf"), own).unwrap();
        Some(Self {
            prefix,
            dir: dir.to_owned(),
            server: None,
        })
    }

    /// Starts it on `host` and waits until its jail runs, for the so-manieth time.
    pub(crate) async fn start(&mut self, host: &Host, times: usize) {
        let mut command = host.command(PYTHON);
        self.arguments(&mut command, "fail2ban-server");
        command.args(["-f", "start"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        let started = format!("Jail '{JAIL}' started");
        until("fail2ban runs", async || {
            (self.log().matches(&started).count() >= times).then_some(())
        })
        .await;
    }

    /// Stops it as a service manager does, and waits for its end.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            super::shell::signal(server.id(), "TERM");
            server.wait().unwrap();
        }
    }

    /// Asks it something.
    pub(crate) fn client(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(PYTHON);
        self.arguments(&mut command, "fail2ban-client");
        super::shell::run(command.args(arguments))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join("fail2ban.log")).unwrap_or_default()
    }

    fn arguments(&self, command: &mut Command, program: &str) {
        let packages = self.prefix.join("usr/lib/python3/dist-packages");
        command.env("PYTHONPATH", packages);
        command.arg(self.prefix.join("usr/bin").join(program));
        command.arg("-c").arg(self.dir.join("config"));
    }
}

impl Drop for Fail2ban {
    fn drop(&mut self) {
        self.stop();
    }
}
