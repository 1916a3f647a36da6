//! `aegis lab`: one command that proves the main job and leaves nothing behind.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use aegis_enforce::DEFAULT_BPFFS;
use serde_json::Value;

use crate::support::{
    AEGIS, fresh_name, has_kernel,
    host::Running,
    now,
    shell::{Said, must, run, signal},
    until,
};

/// Marks every process of one lab, whatever becomes of its parents.
const MARK: &str = "AEGIS_E2E_LAB";

/// How long the whole may take.
const LAB_MAX_MS: u128 = 60_000;

/// Nobody: a user without any privilege.
const NOBODY: &str = "65534";

/// A place for one run of the lab, and what is looked at afterwards.
struct Site {
    mark: String,
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Option<Self> {
        if !has_kernel() {
            return None;
        }
        let mark = fresh_name();
        let dir = tempfile::Builder::new().prefix(&mark).tempdir().unwrap();
        Some(Self { mark, dir })
    }

    fn lab(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(AEGIS);
        command.arg("lab").args(arguments);
        command.env("TMPDIR", self.dir.path()).env(MARK, &self.mark);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Nothing of the lab with this process id is left, in the kernel or out of it.
    #[track_caller]
    fn is_clean(&self, pid: u32) {
        let namespaces = must(Command::new("ip").args(["netns", "list"]));
        assert!(
            !namespaces.contains(&format!("aegis-lab-{pid}-")),
            "{namespaces}"
        );
        let pins = names_in(&Path::new(DEFAULT_BPFFS).join("aegis"));
        assert!(
            !pins.iter().any(|it| it.starts_with(&format!("lab-{pid}-"))),
            "{pins:?}"
        );
        assert_eq!(
            names_in(self.dir.path()),
            [""; 0],
            "in its temporary directory"
        );
        assert_eq!(self.processes(), [""; 0]);
    }

    /// Returns the command lines of every process of the lab.
    fn processes(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.mark);
        let is_ours = |it: &String| {
            let environment = fs::read(format!("/proc/{it}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment)
                .split('\0')
                .any(|it| it == mark)
        };
        let ours = names_in(Path::new("/proc")).into_iter().filter(is_ours);
        ours.map(|it| fs::read_to_string(format!("/proc/{it}/cmdline")).unwrap_or_default())
            .collect()
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Runs a lab to its end; returns what it found and its process id.
#[track_caller]
fn finish(child: Child, proofs_min: usize) -> (Value, u32) {
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    let report: Value = report.unwrap_or_else(|_| panic!("{:?}: {said}", output.status));
    everything_is_proven(&report, proofs_min);
    assert_eq!(output.status.code(), Some(0), "{said}");
    (report, pid)
}

#[track_caller]
fn everything_is_proven(report: &Value, proofs_min: usize) {
    let proofs = report["proofs"].as_array().unwrap();
    assert!(proofs.len() >= proofs_min, "{proofs:#?}");
    for proof in proofs {
        assert_eq!(proof["holds"], true, "{proof:#}");
    }
}

#[test]
fn netns_the_lab_proves_the_main_job_and_leaves_nothing() {
    let Some(site) = Site::new() else { return };
    let started_at = now();
    let (report, pid) = finish(site.lab(&["--json"]).spawn().unwrap(), 9);
    let took = now().since(started_at);
    assert!(took.as_millis() < LAB_MAX_MS, "{took:?}");
    assert_eq!(report["nodes"], serde_json::json!(["a", "b", "c"]));
    assert_eq!(report["bystander"]["failed"], 0);
    site.is_clean(pid);
}

#[test]
fn netns_a_lab_of_five_nodes_proves_it_on_all_five() {
    let Some(site) = Site::new() else { return };
    let (report, pid) = finish(site.lab(&["--json", "--nodes", "5"]).spawn().unwrap(), 11);
    assert_eq!(
        report["nodes"],
        serde_json::json!(["a", "b", "c", "d", "e"])
    );
    site.is_clean(pid);
}

#[tokio::test]
async fn netns_a_lab_that_is_interrupted_takes_everything_down() {
    // At once, while hosts are made; and when nodes, servers, visitor and attacker are at work.
    for (name, step) in [("INT", "making"), ("INT", "floods"), ("TERM", "floods")] {
        let Some(site) = Site::new() else { return };
        let mut lab = Running(site.lab(&[]).spawn().unwrap());
        let pid = lab.0.id();
        let mut lines = BufReader::new(lab.0.stderr.take().unwrap()).lines();
        assert!(
            lines.by_ref().any(|it| it.unwrap().contains(step)),
            "{step}"
        );
        signal(pid, name);
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        let ended = lab.0.wait().unwrap();
        assert!(ended.code().is_some_and(|it| it != 0), "{ended:?} {rest:?}");
        assert!(rest.iter().any(|it| it.contains("interrupted")), "{rest:?}");
        site.is_clean(pid);
    }
}

#[tokio::test]
async fn netns_without_root_the_lab_runs_on_loopback_and_says_what_it_left_out() {
    let Some(site) = Site::new() else { return };
    let program = site.dir.path().join("aegis");
    fs::copy(AEGIS, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let home = site.dir.path().join("home");
    fs::create_dir(&home).unwrap();
    let (dir, home_text) = (
        site.dir.path().display().to_string(),
        home.display().to_string(),
    );
    must(Command::new("chown").args([NOBODY, &dir, &home_text]));
    let mut command = Command::new("setpriv");
    let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    command
        .args(ids)
        .args(["--clear-groups", "--bounding-set=-all", "--no-new-privs"]);
    command.arg(&program).args(["lab", "--json"]);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .env(MARK, &site.mark);
    let said: Said = run(&mut command);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    everything_is_proven(&report, 2);
    assert!(
        report["left_out"].to_string().contains("the flood"),
        "{report:#}"
    );
    assert_eq!(names_in(&home), [""; 0]);
    until("all its processes end", async || {
        site.processes().is_empty().then_some(())
    })
    .await;
}
