//! Three capabilities instead of root: they suffice, each is missed by its name, and root keeps
//! no others. The service file's own lines prepare the BPF file system.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use aegis::lab::node::LabNode;
use aegis_api::AttachMode;

use crate::interface::replace_interface;
use crate::support::{
    AEGIS, block,
    host::{Flood, flood, pings},
    shell::{Said, must, run},
    until_blocked,
    world::{How, World, stop},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("attacker", 66), ("flooder", 67)];

/// A user that no host has.
const USER: u32 = 64_123;

/// The service file of the package.
const SERVICE: &str = include_str!("../../../../packaging/systemd/aegis.service");

const NEEDED: [&str; 3] = ["bpf", "net_admin", "perfmon"];

/// Addresses that the tables of a fresh node have no room for.
const MORE_THAN_FIT: u32 = 4_800;

/// CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF, as /proc shows them.
const THREE: &str = "000000c000001000";
const NONE: &str = "0000000000000000";

/// A BPF file system of the test's own, a program that everybody may run, and a folder for a node.
struct Place {
    dir: PathBuf,
    bpffs: PathBuf,
    program: PathBuf,
}

impl Place {
    fn new(world: &World) -> Self {
        let dir = world.dir().to_owned();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let (bpffs, program) = (dir.join("bpf"), dir.join("aegis"));
        fs::create_dir(&bpffs).unwrap();
        fs::copy(AEGIS, &program).unwrap();
        for host in ["a", "b"] {
            fs::create_dir(dir.join(host)).unwrap();
            chown(dir.join(host), Some(USER), Some(USER)).unwrap();
        }
        Self {
            dir,
            bpffs,
            program,
        }
    }

    /// Does as root what systemd and the service file do, elsewhere and for another user.
    fn prepare(&self) {
        let lines = SERVICE.lines();
        let lines: Vec<&str> = lines
            .filter_map(|it| it.strip_prefix("ExecStartPre=+"))
            .collect();
        assert_eq!(lines.len(), 2);
        must(
            Command::new("mount")
                .args(["-t", "bpf", "-o", "mode=0700", "bpf"])
                .arg(&self.bpffs),
        );
        for line in lines {
            let line = line.replace("/sys/fs/bpf", self.bpffs.to_str().unwrap());
            let line = line.replace("-o aegis -g aegis", &format!("-o {USER} -g {USER}"));
            must(Command::new("sh").args(["-c", &line]));
        }
    }

    fn config(&self) -> String {
        format!("bpffs = {:?}\n[p2p]\nenabled = false\n", self.bpffs)
    }

    /// Returns a script that starts a node as a user with nothing but `capabilities`.
    fn script(&self, capabilities: &[&str]) -> String {
        let sets = set(capabilities);
        format!(
            "shift; exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs \
             --inh-caps {sets} --ambient-caps {sets} --bounding-set {sets} '{}' \"$@\"",
            self.program.display()
        )
    }

    /// Runs a command of the program on the host `a` as that user with nothing but `capabilities`.
    fn run(&self, world: &World, capabilities: &[&str], arguments: &str) -> Said {
        let mut command = world.host("a").command("sh");
        let script = self.script(capabilities);
        command.args(["-c", &script, "sh", "aegis"]);
        run(command.args(arguments.split(' ')))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Where nothing was mounted there is nothing to take down; pins go with the mount.
        let _ = Command::new("umount").arg("-l").arg(&self.bpffs).output();
    }
}

/// Writes a set of capabilities for setpriv(1).
fn set(capabilities: &[&str]) -> String {
    let added = capabilities.iter().map(|it| format!(",+{it}"));
    format!("-all{}", added.collect::<String>())
}

#[tokio::test]
async fn netns_three_capabilities_suffice_for_all_of_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let place = Place::new(&world);
    place.prepare();
    let (config, script) = (place.config(), place.script(&NEEDED));
    let how = How {
        config: &config,
        script: Some(&script),
        ..How::default()
    };
    let node = world.start("a", how).await;
    check_threads(&node, USER);
    let status = node.client.status().await.unwrap();
    assert_eq!(status.problems, [""; 0]);
    assert_eq!(status.interfaces[0].mode, AttachMode::Native);

    let own = world.host("a").address;
    assert_eq!(pings(world.host("attacker"), own, 2), 2, "served before");
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    assert_eq!(pings(world.host("attacker"), own, 2), 0, "dropped after");
    let flood_of = Flood {
        to: own,
        forged: &[],
        count: 2_000,
        rate: 4_000,
    };
    flood(world.host("flooder"), flood_of);
    until_blocked(&node.client, "10.77.0.67", true).await;
    let stats = node.client.stats().await.unwrap();
    assert_eq!(stats.detectors["syn_flood"], 1);

    stop(node).await;
    assert_eq!(
        pings(world.host("attacker"), own, 2),
        0,
        "nobody is needed for it"
    );
    let node = world.start("a", how).await;
    let status = node.client.status().await.unwrap();
    let reason = &status.interfaces[0].reason;
    assert!(reason.contains("taken over"), "{reason}");
    assert_eq!(pings(world.host("attacker"), own, 2), 0);
    stop(node).await;

    let arguments = format!(
        "detach --instance {} --bpffs {}",
        world.instance("a"),
        place.bpffs.display()
    );
    let said = place.run(&world, &[], &arguments);
    assert_eq!(
        said.code,
        Some(0),
        "the owner needs no capability: {said:?}"
    );
    assert!(
        said.out.contains("1 interface passes everything"),
        "{said:?}"
    );
    assert_eq!(pings(world.host("attacker"), own, 2), 2, "served again");
}

#[tokio::test]
async fn netns_a_bpf_file_system_of_its_own_does_as_well() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let place = Place::new(&world);
    let options = format!("uid={USER},gid={USER},mode=0700");
    let mut mount = Command::new("mount");
    must(
        mount
            .args(["-t", "bpf", "-o", &options, "bpf"])
            .arg(&place.bpffs),
    );
    let (config, script) = (place.config(), place.script(&NEEDED));
    let how = How {
        config: &config,
        script: Some(&script),
        ..How::default()
    };
    let node = world.start("a", how).await;
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    replace_interface(&world, &node).await;
    let status = node.client.status().await.unwrap();
    assert_eq!(status.interfaces[0].mode, AttachMode::Native);
    let own = world.host("a").address;
    assert_eq!(pings(world.host("attacker"), own, 2), 0, "dropped again");
    assert_eq!(pings(world.host("flooder"), own, 2), 2, "the way is there");
}

#[tokio::test]
async fn netns_tables_grow_with_three_capabilities() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let place = Place::new(&world);
    place.prepare();
    let (config, script) = (place.config(), place.script(&NEEDED));
    let how = How {
        config: &config,
        script: Some(&script),
        ..How::default()
    };
    let node = world.start("a", how).await;
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    let before = node.client.status().await.unwrap().kernel_map_ids;
    for n in 0..MORE_THAN_FIT {
        let [.., high, low] = n.to_be_bytes();
        let mut block = block(&format!("198.18.{high}.{low}"), 600);
        block.publish = false;
        node.client.block(&block).await.unwrap();
    }
    let status = node.client.status().await.unwrap();
    assert_eq!(status.problems, [""; 0]);
    assert_ne!(
        status.kernel_map_ids, before,
        "a new program with larger tables"
    );
    let own = world.host("a").address;
    assert_eq!(pings(world.host("attacker"), own, 2), 0, "dropped by it");
    assert_eq!(pings(world.host("flooder"), own, 2), 2, "the way is there");
}

#[test]
fn netns_each_missing_capability_is_named_with_what_gives_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let place = Place::new(&world);
    place.prepare();
    for missing in NEEDED {
        let rest: Vec<&str> = NEEDED.into_iter().filter(|it| *it != missing).collect();
        let said = place.run(&world, &rest, &arguments(&world, &place));
        assert_eq!(said.code, Some(4), "{missing}: {said:?}");
        let name = format!("not permitted without CAP_{}: ", missing.to_uppercase());
        assert!(said.err.contains(&name), "{missing}: {said:?}");
        let fix = format!(
            "sudo setcap cap_bpf,cap_net_admin,cap_perfmon=ep '{}'",
            place.program.display()
        );
        assert!(said.err.contains(&fix), "{missing}: {said:?}");
        assert!(
            !place
                .bpffs
                .join("aegis")
                .join(world.instance("b").as_str())
                .exists(),
            "nothing was left behind"
        );
    }
}

#[test]
fn netns_a_folder_of_another_user_is_told_with_the_commands_that_mend_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let place = Place::new(&world);
    let arguments = arguments(&world, &place);
    let said = place.run(&world, &NEEDED, &arguments);
    let mount = format!("sudo mount -t bpf bpf '{}'", place.bpffs.display());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(&mount), "{said:?}");
    must(
        Command::new("mount")
            .args(["-t", "bpf", "-o", "mode=0700", "bpf"])
            .arg(&place.bpffs),
    );

    let said = place.run(&world, &NEEDED, &arguments);
    assert_eq!(said.code, Some(4), "{said:?}");
    let (_, fix) = said.err.split_once("is user 64123: ").unwrap();
    let fix = fix.split_once(" (os").map_or(fix, |it| it.0).trim();
    must(Command::new("sh").args(["-c", &fix.replace("sudo ", "")]));
    // What it says is all that was missing: now it gets as far as its interface.
    let said = place.run(&world, &NEEDED, &arguments);
    assert!(said.err.contains("aegis-none"), "{said:?}");
}

#[tokio::test]
async fn netns_root_keeps_three_capabilities_in_every_thread() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    check_threads(&node, 0);
    stop(node).await;
    let how = How {
        config: "[p2p]\nport = 443\n",
        ..How::default()
    };
    let node = world.start("a", how).await;
    let with_low_ports = "000000c000001400";
    let pid = node.pid().unwrap();
    for status in threads(pid) {
        assert_eq!(value(&status, "CapEff"), with_low_ports);
    }
    stop(node).await;
}

/// Returns the arguments of a node on an interface that there is not.
fn arguments(world: &World, place: &Place) -> String {
    let config = place.dir.join("aegis.toml");
    fs::write(&config, place.config()).unwrap();
    format!(
        "run --interface aegis-none --instance {} --config {} --state-dir {}/b/state \
         --runtime-dir {}/b/run",
        world.instance("b"),
        config.display(),
        place.dir.display(),
        place.dir.display()
    )
}

/// Checks that every thread of a node has the three capabilities and no way to others.
#[track_caller]
fn check_threads(node: &LabNode, user: u32) {
    let threads = threads(node.pid().unwrap());
    assert!(threads.len() > 1, "a node has several threads");
    for status in threads {
        let shown = [
            "CapEff",
            "CapPrm",
            "CapBnd",
            "CapInh",
            "CapAmb",
            "NoNewPrivs",
        ];
        let shown = shown.map(|it| value(&status, it));
        assert_eq!(shown, [THREE, THREE, THREE, NONE, NONE, "1"], "{status}");
        assert_eq!(
            value(&status, "Uid"),
            [user; 4].map(|it| it.to_string()).join("\t")
        );
    }
}

/// Returns what /proc says of each thread of a process.
fn threads(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task")).unwrap();
    // A thread may end meanwhile.
    let statuses =
        tasks.filter_map(|it| fs::read_to_string(it.unwrap().path().join("status")).ok());
    statuses.collect()
}

fn value<'a>(status: &'a str, key: &str) -> &'a str {
    let mut pairs = status.lines().filter_map(|it| it.split_once(":\t"));
    pairs.find(|it| it.0 == key).map(|it| it.1).unwrap()
}
