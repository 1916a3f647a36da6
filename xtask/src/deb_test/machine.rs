//! The machine: a container on this kernel, or an emulated one with a kernel of its own.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::shell;

/// How long a machine may take, in seconds; an emulator is about ten times slower, and runs tests before.
const CONTAINER_SECS_MAX: &str = "600";
const EMULATED_SECS_MAX: &str = "3600";

/// What a container may do beyond the usual: load kernel programs into a network of its own.
const CAPABILITIES: &str = "--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN";
const CALLS: &str = "--system-call-filter=bpf perf_event_open";

const IMAGE_ROOT: &str = "root.img";
const IMAGE_TEST: &str = "test.img";

/// Where the test runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Machine {
    Container,
    Emulated,
}

impl Machine {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Container => "in a container, on this kernel",
            Self::Emulated => "in an emulator, on Debian's kernel",
        }
    }

    /// Returns the programs that are needed and not there.
    pub(super) fn missing(self) -> Vec<&'static str> {
        let needed: &[&str] = match self {
            Self::Container => &["debootstrap", "systemd-nspawn"],
            Self::Emulated => &["debootstrap", "qemu-system-x86_64", "mke2fs", "debugfs"],
        };
        let is_missing = |it: &&&str| {
            let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
            !places
                .iter()
                .any(|place| Path::new(place).join(it).exists())
        };
        needed.iter().filter(is_missing).copied().collect()
    }

    /// Boots `root`, has it do what is in `test`, and returns once it is off.
    pub(super) fn run(self, root: &Path, test: &Path) -> Result<()> {
        match self {
            Self::Container => contain(root, test),
            Self::Emulated => emulate(root, test),
        }
    }
}

fn contain(root: &Path, test: &Path) -> Result<()> {
    let mut command = shell::program("timeout");
    command.args(["--kill-after=10", CONTAINER_SECS_MAX, "systemd-nspawn"]);
    command.args(["--quiet", "--boot", "--register=no", "--keep-unit"]);
    command.args(["--volatile=overlay", "--private-network", "--console=pipe"]);
    command.args([CAPABILITIES, CALLS]);
    command.arg("--directory").arg(root);
    command.arg(format!("--bind={}:/opt/test", test.display()));
    // A container has no place for the BPF file system that systemd mounts on a host.
    let bpffs = test.with_file_name("bpf");
    fs::create_dir_all(&bpffs).context("make a folder for a BPF file system")?;
    command.arg(format!("--bind={}:/sys/fs/bpf", bpffs.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut mount = shell::program("mount");
    shell::capture(
        mount
            .args(["-t", "bpf", "-o", "mode=0700", "bpf"])
            .arg(&bpffs),
    )?;
    let result = shell::run(&mut command);
    shell::capture(shell::program("umount").arg(&bpffs))?;
    result
}

fn emulate(root: &Path, test: &Path) -> Result<()> {
    let folder = test.parent().context("find the folder of the test")?;
    let (disk, with_test) = (folder.join(IMAGE_ROOT), folder.join(IMAGE_TEST));
    image(root, &disk, "3G")?;
    image(test, &with_test, "2G")?;
    let mut command = shell::program("timeout");
    command.args(["--kill-after=10", EMULATED_SECS_MAX, "qemu-system-x86_64"]);
    // No KVM: where the host is a guest itself, it may be there and hang. One processor: what two of
    // them spin for costs more, emulated, than the second brings.
    command.args(["-machine", "q35", "-accel", "tcg", "-cpu", "max"]);
    command.args(["-smp", "1", "-m", "2048", "-net", "none"]);
    command.args(["-nographic", "-no-reboot"]);
    command
        .arg("-kernel")
        .arg(found(&root.join("boot"), "vmlinuz-")?);
    command
        .arg("-initrd")
        .arg(found(&root.join("boot"), "initrd.img-")?);
    // An emulator that waits for its turn ticks late, which a kernel takes for a broken timer.
    let told = "console=ttyS0 root=/dev/vda rw panic=-1 no_timer_check";
    command.args(["-append", told]);
    let drive = |image: &Path| format!("file={},format=raw,if=virtio", image.display());
    command.arg("-drive").arg(drive(&disk) + ",snapshot=on");
    command.arg("-drive").arg(drive(&with_test));
    let console = File::create(folder.join("console")).context("make a file for the console")?;
    command.stdin(Stdio::null()).stdout(console);
    let result = shell::run(&mut command);
    // Also what one left that did not come to its end.
    let mut dump = shell::program("debugfs");
    dump.arg("-R").arg(format!("rdump / {}", test.display()));
    shell::capture(dump.arg(&with_test))?;
    result
}

/// Makes a disk of what is in a folder.
fn image(folder: &Path, image: &Path, size: &str) -> Result<()> {
    if image.exists() {
        fs::remove_file(image).context("remove the last image")?;
    }
    let mut command = shell::program("mke2fs");
    command
        .args(["-q", "-t", "ext4", "-d"])
        .arg(folder)
        .arg(image);
    shell::run(command.arg(size))
}

/// Returns the file in `folder` whose name begins so.
fn found(folder: &Path, start: &str) -> Result<std::path::PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(start) {
            return Ok(entry.path());
        }
    }
    bail!("{} has no {start}…", folder.display())
}
