//! Programs of Debian 13 as they run there, whatever Debian this is.
//!
//! They are unpacked below `target/` with all that they run on. Each start has a copy of that tree to itself, in
//! memory, which ends with the program; of this machine it sees a test's directory, `/dev` and `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use aegis::lab::testbed::Host;

use super::debian::{Packages, succeeded};

const SUITE: &str = "trixie";
const MIRROR: &str = "http://deb.debian.org/debian";

/// Who signs what comes from there; every Debian has these keys.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

const PROGRAMS: Packages = Packages {
    folder: "debian-13",
    names: &[
        "dash", // OpenSMTPD has a shell deliver
        "msmtp",
        "ntfy",
        "openssl",
        "opensmtpd",
        "prometheus-alertmanager",
        "suricata",
    ],
    programs: &[
        "dash",
        "msmtp",
        "ntfy",
        "openssl",
        "prometheus-alertmanager",
        "smtpd",
        "suricata",
    ],
};

/// Copies the tree `$1`, shows `$2` in it, has what `$2` holds of `etc`, and runs the rest there. The copy's mounts
/// are in a namespace of their own, so that nobody else sees them on `/mnt`.
const SCRIPT: &str = r#"
tree=$1 dir=$2; shift 2
mount -t tmpfs none /mnt
mkdir /mnt/changed /mnt/work /mnt/root
mount -t overlay none -o "lowerdir=$tree,upperdir=/mnt/changed,workdir=/mnt/work" /mnt/root
cd /mnt/root
for it in bin sbin lib lib64; do ln -s "usr/$it" "$it"; done
mkdir -p dev proc run tmp var/lib var/mail var/spool ".$dir"
ln -s /run var/run
chmod 1777 tmp
mount --bind /dev dev
mount --bind /proc proc
mount --bind "$dir" ".$dir"
if [ -d "$dir/etc" ]; then cp -r "$dir/etc/." etc/; fi
exec chroot . "$@"
"#;

/// The tree of Debian 13's programs.
pub(crate) struct Debian13 {
    tree: PathBuf,
}

impl Debian13 {
    /// Finds or fetches it, or says why the test is skipped.
    pub(crate) fn unpacked() -> Option<Self> {
        let tree = PROGRAMS.unpacked_from(download)?;
        Some(Self { tree })
    }

    /// Returns a command that will run `program` on `host`; of what is there it sees `dir`.
    pub(crate) fn command(&self, host: &Host, dir: &Path, program: &str) -> Command {
        let mut command = host.command("unshare");
        command.args(["--mount", "sh", "-ec", SCRIPT, "sh"]);
        command.arg(&self.tree).arg(dir).arg(self.inside(program));
        command
    }

    /// Returns what runs `program` without a copy of the tree, for whoever may not make one: by the tree's own
    /// loader, with its libraries.
    pub(crate) fn loaded(&self, program: &str) -> String {
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        let libraries = self.tree.join(libraries);
        let is_loader =
            |it: &fs::DirEntry| it.file_name().to_string_lossy().starts_with("ld-linux");
        let mut entries = fs::read_dir(&libraries).unwrap().flatten();
        let loader = entries.find(is_loader).unwrap().path();
        let program = Packages::program(&self.tree, program).unwrap();
        format!(
            "{} --library-path {} {}",
            loader.display(),
            libraries.display(),
            program.display()
        )
    }

    /// Returns where a program lies in the tree, seen from inside.
    fn inside(&self, program: &str) -> PathBuf {
        let found = Packages::program(&self.tree, program).unwrap();
        Path::new("/").join(found.strip_prefix(&self.tree).unwrap())
    }
}

/// Has apt find out what the programs need where nothing is installed, and fetch all of it into `folder`; what it
/// notes is there too, and nothing of this machine's is touched.
fn download(folder: &Path) -> Result<(), String> {
    let line = format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror());
    let (sources, installed) = (folder.join("sources.list"), folder.join("installed"));
    let lists = folder.join("lists");
    let written = fs::create_dir_all(lists.join("partial"))
        .and_then(|()| fs::create_dir_all(folder.join("partial")))
        .and_then(|()| fs::write(&sources, line))
        .and_then(|()| fs::write(&installed, ""));
    written.map_err(|it| it.to_string())?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        for (name, value) in [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("-")),
            ("Dir::State::lists", &lists),
            ("Dir::State::status", &installed),
            ("Dir::Cache::archives", folder),
            ("Dir::Cache::pkgcache", Path::new("")),
            ("Dir::Cache::srcpkgcache", Path::new("")),
            ("Acquire::Languages", Path::new("none")),
            ("APT::Sandbox::User", Path::new("root")),
        ] {
            command.arg("-o").arg(format!("{name}={}", value.display()));
        }
        succeeded(command.args(["-q", "-y"]).args(arguments))
    };
    apt(&["update"])?;
    let install = ["install", "--download-only", "--no-install-recommends"];
    apt(&[&install[..], PROGRAMS.names].concat())
}

/// Returns where apt of this machine has Debian from, or where everybody may have it from.
fn mirror() -> String {
    let told = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let mut lines = told.lines();
    let name = lines.find_map(|it| it.strip_prefix("VERSION_CODENAME="));
    let wanted = format!(" {} main", name.unwrap_or(SUITE));
    let mut apt = Command::new("apt-get");
    apt.args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
    ]);
    let targets = apt.output().map(|it| it.stdout).unwrap_or_default();
    let targets = String::from_utf8_lossy(&targets).into_owned();
    let found = targets.lines().find_map(|it| it.strip_suffix(&wanted));
    found.unwrap_or(MIRROR).to_owned()
}
