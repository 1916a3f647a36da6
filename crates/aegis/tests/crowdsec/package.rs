//! Debian's packages of CrowdSec: fetched once, unpacked, never installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::program::{Said, run};

/// What is fetched; the versions are those of the Debian that this runs on.
const PACKAGES: [&str; 2] = ["crowdsec", "crowdsec-firewall-bouncer"];

/// What both hold that says that they are unpacked.
const PROGRAMS: [&str; 3] = ["crowdsec", "cscli", "crowdsec-firewall-bouncer"];

/// Returns the directory that the packages are unpacked in, or says why the test is skipped.
pub(crate) fn unpacked() -> Option<&'static Path> {
    static UNPACKED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match UNPACKED.get_or_init(unpack) {
        Ok(root) => Some(root),
        Err(why) => {
            let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
            assert!(!is_required, "CrowdSec's packages are required: {why}");
            eprintln!("SKIPPED: no packages of CrowdSec: {why}");
            None
        }
    }
}

fn unpack() -> Result<PathBuf, String> {
    if run(Command::new("id").arg("-u")).out.trim() != "0" {
        return Err("root is needed for network namespaces".to_owned());
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../debian-crowdsec");
    let root = directory.join("root");
    if is_whole(&root) {
        return Ok(root);
    }
    fs::create_dir_all(&directory).map_err(|it| it.to_string())?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        run(command.current_dir(&directory).arg("-q").args(arguments))
    };
    let download = [&["download"][..], &PACKAGES].concat();
    if apt(&download).code != Some(0) {
        apt(&["update"]); // what there is was known of too long ago, or never
        succeeded(&apt(&download))?;
    }
    for file in fs::read_dir(&directory)
        .map_err(|it| it.to_string())?
        .flatten()
    {
        if file.path().extension().is_some_and(|it| it == "deb") {
            let mut dpkg = Command::new("dpkg-deb");
            succeeded(&run(dpkg.arg("-x").arg(file.path()).arg(&root)))?;
        }
    }
    match is_whole(&root) {
        true => Ok(root),
        false => Err("they do not hold what was looked for".to_owned()),
    }
}

fn is_whole(root: &Path) -> bool {
    PROGRAMS
        .iter()
        .all(|it| root.join("usr/bin").join(it).is_file())
}

fn succeeded(said: &Said) -> Result<(), String> {
    match said.code {
        Some(0) => Ok(()),
        _ => Err(said.all()),
    }
}
