//! Debian's packages of other people's programs: fetched once, unpacked below `target/`, never installed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Packages that are unpacked together; the versions are those of the Debian that this runs on.
pub(crate) struct Packages {
    /// The name of their folder.
    pub(crate) folder: &'static str,
    pub(crate) names: &'static [&'static str],
    /// A file of each that is used, wherever below `/usr` it lies.
    pub(crate) programs: &'static [&'static str],
}

impl Packages {
    /// Returns the directory that they are unpacked in, or says why the test is skipped;
    /// `AEGIS_REQUIRE_KERNEL=1` makes that a failure.
    pub(crate) fn unpacked(&self) -> Option<PathBuf> {
        self.unpacked_from(|directory| self.download(directory))
    }

    /// The same, where `download` puts the packages into the directory that it is given.
    pub(crate) fn unpacked_from(
        &self,
        download: impl Fn(&Path) -> Result<(), String>,
    ) -> Option<PathBuf> {
        match self.unpack(download) {
            Ok(root) => Some(root),
            Err(why) => {
                let is_required =
                    std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
                assert!(!is_required, "{:?} are required: {why}", self.names);
                eprintln!("SKIPPED: {:?} cannot be had: {why}", self.names);
                None
            }
        }
    }

    /// Returns where one of the programs lies in the directory that they are unpacked in.
    pub(crate) fn program(root: &Path, name: &str) -> Option<PathBuf> {
        let places = ["usr/bin", "usr/sbin", "usr/lib/systemd", "lib/systemd"];
        let mut found = places.iter().map(|it| root.join(it).join(name));
        found.find(|it| it.is_file())
    }

    fn unpack(&self, download: impl Fn(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(self.folder);
        fs::create_dir_all(&directory).map_err(in_words)?;
        // Tests run at the same time, in one process and in several: one of them fetches.
        let lock = File::create(directory.join("lock")).map_err(in_words)?;
        lock.lock().map_err(in_words)?;
        let root = directory.join("root");
        if self.are_in(&root) {
            return Ok(root);
        }
        download(&directory)?;
        let unfinished = directory.join("unfinished");
        for folder in [&root, &unfinished] {
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(in_words)?;
            }
        }
        for file in fs::read_dir(&directory).map_err(in_words)?.flatten() {
            if file.path().extension().is_some_and(|it| it == "deb") {
                let mut dpkg = Command::new("dpkg-deb");
                succeeded(dpkg.arg("-x").arg(file.path()).arg(&unfinished))?;
            }
        }
        if !self.are_in(&unfinished) {
            return Err("they do not hold what was looked for".to_owned());
        }
        fs::rename(&unfinished, &root).map_err(in_words)?;
        Ok(root)
    }

    fn download(&self, directory: &Path) -> Result<(), String> {
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            succeeded(command.current_dir(directory).arg("-q").args(arguments))
        };
        let download = [&["download"][..], self.names].concat();
        // What there is may have been known of too long ago, or never.
        apt(&download).or_else(|_| apt(&["update"]).and_then(|()| apt(&download)))
    }

    fn are_in(&self, root: &Path) -> bool {
        let is_there = |it: &&str| Self::program(root, it).is_some();
        self.programs.iter().all(is_there)
    }
}

/// Runs a program to its end; fails, with what it said, where it does.
pub(crate) fn succeeded(command: &mut Command) -> Result<(), String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().map_err(in_words)?;
    if status.success() {
        return Ok(());
    }
    let said = [stdout, stderr].concat();
    Err(format!(
        "{command:?}: {status}: {}",
        String::from_utf8_lossy(&said)
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn in_words(error: io::Error) -> String {
    error.to_string()
}
