//! The tree that becomes a package: every file where it will be, with its mode.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{CHANGELOG, maintainer::maintainer};
use crate::shell;

/// Programs that are packed; the one below is a link to the first.
const PROGRAMS: [&str; 2] = ["aegis", "orgsig"];
const LINKED: &str = "aegis-threat-intel";

/// Files of the repository, where they will be, and whether they are packed with gzip.
const FILES: &[(&str, &str)] = &[
    (
        "packaging/systemd/aegis.service",
        "usr/lib/systemd/system/aegis.service",
    ),
    (
        "packaging/systemd/aegis.sysusers",
        "usr/lib/sysusers.d/aegis.conf",
    ),
    (
        "packaging/systemd/aegis.tmpfiles",
        "usr/lib/tmpfiles.d/aegis.conf",
    ),
    ("packaging/deb/copyright", "usr/share/doc/aegis/copyright"),
    ("LICENSE-MIT", "usr/share/doc/aegis/LICENSE-MIT"),
    ("README.md", "usr/share/doc/aegis/README.md"),
];

/// The folder whose documents go into the package, and how their names end: the configuration, the
/// help and the README lead to them by `docs/…`.
const DOCUMENTS: &str = "docs";
const DOCUMENT_ENDINGS: [&str; 2] = ["md", "json"];

/// The same for what other programs read, which is packed where it is there.
const FILES_OF_OTHERS: &[(&str, &str)] = &[
    (
        "packaging/fail2ban/aegis.conf",
        "etc/fail2ban/action.d/aegis.conf",
    ),
    (
        "packaging/exabgp/aegis-flowspec",
        "usr/share/aegis/exabgp/aegis-flowspec",
    ),
    (
        "packaging/grafana/aegis.json",
        "usr/share/aegis/grafana/aegis.json",
    ),
    (
        "packaging/prometheus/aegis.rules.yml",
        "usr/share/aegis/prometheus/aegis.rules.yml",
    ),
];

/// What the default configuration says of observing, and what the packaged one does.
const OBSERVE_DEFAULT: &str = "#observe = false\n";
const OBSERVE_PACKAGED: &str = "observe = true\n";

/// Scripts that dpkg runs.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// A tree under a folder of its own.
pub(super) struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// Makes an empty tree at `folder`.
    pub(super) fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
        fs::create_dir_all(folder.join("DEBIAN"))
            .with_context(|| format!("make {}", folder.display()))?;
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts the programs in, without what only a debugger reads.
    pub(super) fn put_programs(&self, from: &Path) -> Result<()> {
        for name in PROGRAMS {
            let place = self.place(&format!("usr/bin/{name}"))?;
            fs::copy(from.join(name), &place)
                .with_context(|| format!("copy {name} from {}", from.display()))?;
            let mut strip = shell::program("strip");
            strip.args(["--strip-all", "--remove-section=.comment"]);
            shell::run(strip.arg(&place))?;
            mode(&place, 0o755)?;
        }
        symlink(PROGRAMS[0], self.place(&format!("usr/bin/{LINKED}"))?)
            .with_context(|| format!("link {LINKED}"))
    }

    /// Puts in what the program itself writes: configuration, completions, manual pages.
    pub(super) fn put_generated(&self, version: &str) -> Result<()> {
        let said = |arguments: &[&str]| shell::capture(self.program().args(arguments));
        let config = said(&["config", "default"])?;
        ensure!(
            config.matches(OBSERVE_DEFAULT).count() == 1,
            "the default configuration says `{}` other than once",
            OBSERVE_DEFAULT.trim()
        );
        let config = config.replace(OBSERVE_DEFAULT, OBSERVE_PACKAGED);
        self.write("etc/aegis/aegis.toml", &config)?;
        for (shell, place) in [
            ("bash", "usr/share/bash-completion/completions/aegis"),
            ("zsh", "usr/share/zsh/vendor-completions/_aegis"),
            ("fish", "usr/share/fish/vendor_completions.d/aegis.fish"),
        ] {
            self.write(place, &said(&["completions", shell])?)?;
        }
        let manuals = self.folder.join("usr/share/man/man1");
        fs::create_dir_all(&manuals).context("make the folder of manual pages")?;
        shell::run(self.program().arg("manual").arg(&manuals))?;
        let orgsig = read("packaging/man/orgsig.1")?.replace("@VERSION@", version);
        self.write("usr/share/man/man1/orgsig.1", &orgsig)?;
        for page in fs::read_dir(&manuals).context("list manual pages")? {
            zip(&page?.path())?;
        }
        Ok(())
    }

    /// Puts in what lies in the repository.
    pub(super) fn put_files(&self, version: &str) -> Result<()> {
        let of_others = FILES_OF_OTHERS.iter();
        let of_others = of_others.filter(|(file, _)| shell::root().join(file).is_file());
        for (file, place) in FILES.iter().chain(of_others) {
            self.write(place, &read(file)?)?;
        }
        self.put_documents()?;
        let place = "usr/share/doc/aegis/changelog";
        let changelog = read(CHANGELOG)?
            .replace("@VERSION@", version)
            .replace("@MAINTAINER@", &maintainer()?);
        self.write(place, &changelog)?;
        zip(&self.folder.join(place))
    }

    fn put_documents(&self) -> Result<()> {
        let folder = shell::root().join(DOCUMENTS);
        for entry in fs::read_dir(&folder).context("list the documents")? {
            let name = entry?.file_name();
            let ending = Path::new(&name).extension().and_then(|it| it.to_str());
            if ending.is_some_and(|it| DOCUMENT_ENDINGS.contains(&it)) {
                let file = format!("{DOCUMENTS}/{}", name.to_string_lossy());
                self.write(&format!("usr/share/doc/aegis/{file}"), &read(&file)?)?;
            }
        }
        Ok(())
    }

    /// Puts in what dpkg reads.
    pub(super) fn put_control(&self, version: &str, architecture: &str) -> Result<()> {
        for script in SCRIPTS {
            let text = read(&format!("packaging/deb/{script}"))?;
            self.write(&format!("DEBIAN/{script}"), &text)?;
            mode(&self.folder.join("DEBIAN").join(script), 0o755)?;
        }
        let conffiles = self.files("etc")?;
        self.write(
            "DEBIAN/conffiles",
            &lines(&conffiles, |it| format!("/{it}")),
        )?;
        let libraries = self.libraries()?;
        let mut du = shell::program("du");
        let size = shell::capture(du.args(["-sk", "--apparent-size"]).arg(&self.folder))?;
        let size = size.split_whitespace().next().unwrap_or("0");
        let control = read("packaging/deb/control.in")?
            .replace("@VERSION@", version)
            .replace("@ARCHITECTURE@", architecture)
            .replace("@INSTALLED_KIB@", size)
            .replace("@LIBRARIES@", &libraries)
            .replace("@MAINTAINER@", &maintainer()?);
        self.write("DEBIAN/control", &control)?;
        self.checksums()
    }

    fn program(&self) -> Command {
        let mut program = shell::program(self.folder.join("usr/bin").join(PROGRAMS[0]));
        // What the machine that packs says of itself has no place in the package.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AEGIS_") {
                program.env_remove(name);
            }
        }
        program
    }

    /// Returns the packages with the libraries that the programs load, in the versions they need.
    fn libraries(&self) -> Result<String> {
        let folder = PathBuf::from(format!("{}.libraries", self.folder.display()));
        fs::create_dir_all(folder.join("debian")).context("make a folder for dpkg-shlibdeps")?;
        fs::write(
            folder.join("debian/control"),
            "Source: aegis\n\nPackage: aegis\nArchitecture: any\n",
        )
        .context("write what dpkg-shlibdeps reads")?;
        let mut command = shell::program("dpkg-shlibdeps");
        command.current_dir(&folder).arg("-O");
        for name in PROGRAMS {
            command
                .arg("-e")
                .arg(self.folder.join("usr/bin").join(name));
        }
        let said = shell::capture(&mut command)?;
        fs::remove_dir_all(&folder).context("remove the folder of dpkg-shlibdeps")?;
        let depends = said
            .lines()
            .find_map(|it| it.strip_prefix("shlibs:Depends="));
        Ok(depends.context("find the libraries")?.to_owned())
    }

    fn checksums(&self) -> Result<()> {
        let mut files = self.files("usr")?;
        files.extend(self.files("etc")?);
        let mut command = shell::program("md5sum");
        let sums = shell::capture(command.current_dir(&self.folder).args(&files))?;
        self.write("DEBIAN/md5sums", &sums)
    }

    /// Returns the files below `folder`, with their paths from the root of the tree.
    fn files(&self, folder: &str) -> Result<Vec<String>> {
        let mut command = shell::program("find");
        command.current_dir(&self.folder);
        let found = shell::capture(command.args([folder, "-type", "f"]))?;
        let mut files: Vec<_> = found.lines().map(str::to_owned).collect();
        files.sort();
        Ok(files)
    }

    fn write(&self, place: &str, text: &str) -> Result<()> {
        let place = self.place(place)?;
        fs::write(&place, text).with_context(|| format!("write {}", place.display()))?;
        mode(&place, 0o644)
    }

    /// Returns where `place` is in the tree, and makes its folder.
    fn place(&self, place: &str) -> Result<PathBuf> {
        let place = self.folder.join(place);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        Ok(place)
    }
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(shell::root().join(file)).with_context(|| format!("read {file}"))
}

fn mode(file: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(file, fs::Permissions::from_mode(mode))
        .with_context(|| format!("set the mode of {}", file.display()))
}

fn lines(items: &[String], line: impl Fn(&String) -> String) -> String {
    items.iter().map(|it| line(it) + "\n").collect()
}

/// Packs a file so that equal content gives equal bytes.
fn zip(file: &Path) -> Result<()> {
    mode(file, 0o644)?;
    shell::capture(shell::program("gzip").args(["-9n", "--force"]).arg(file)).map(|_| ())
}
