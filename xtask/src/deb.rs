//! `cargo xtask deb`: the Debian package, from a release build and what lies in `packaging/`.
//!
//! Who answers for it is said as to Debian's own tools: `DEBFULLNAME="Ada King" DEBEMAIL=ada@example.org`.
//! Needs `dpkg-deb` and `dpkg-shlibdeps` (both come with build-essential), and no network that the
//! build itself does not need.

mod maintainer;
mod stage;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::{shell, talk};
use stage::Stage;

/// The largest package that is let out, in bytes.
const PACKAGE_BYTES_MAX: u64 = 25_000_000;

/// The package's changelog, newest first.
const CHANGELOG: &str = "packaging/deb/changelog";

/// What `cargo xtask deb` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Version of the package [default: that of the workspace].
    #[arg(long)]
    package_version: Option<String>,
    /// Takes the programs from this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

/// How much is done to make a package small.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// For a test.
    Little,
    /// For who downloads it.
    Much,
}

impl Effort {
    const fn flag(self) -> &'static str {
        match self {
            Self::Little => "-z0",
            Self::Much => "-z9",
        }
    }
}

/// Builds the package and says where it is.
pub(crate) fn run(args: &Args) -> Result<()> {
    let programs = match &args.programs {
        Some(folder) => std::path::absolute(folder)?,
        None => build_programs()?,
    };
    let version = match &args.package_version {
        Some(version) => version.clone(),
        None => workspace_version()?,
    };
    talk::say(build(&programs, &version, Effort::Much)?.display());
    Ok(())
}

/// Builds the programs for release and returns the folder that they are in.
pub(crate) fn build_programs() -> Result<PathBuf> {
    let arguments = [
        "build",
        "--release",
        "--locked",
        "--package",
        "aegis",
        "--bins",
    ];
    let mut cargo = shell::cargo(&arguments);
    // What cargo tells this program of its package would have build scripts run again.
    let of_package =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|it| of_package(it)) {
        cargo.env_remove(name);
    }
    shell::run(&mut cargo)?;
    Ok(shell::target_folder()?.join("release"))
}

/// Returns the version that the workspace has.
pub(crate) fn workspace_version() -> Result<String> {
    let metadata = shell::metadata(&shell::root().join("Cargo.toml"))?;
    let packages = metadata["packages"].as_array().context("list packages")?;
    let aegis = packages.iter().find(|it| it["name"] == "aegis");
    let version = aegis.and_then(|it| it["version"].as_str());
    Ok(version.context("find the version of aegis")?.to_owned())
}

/// Packs the programs in `programs` as `version` and returns the package.
pub(crate) fn build(programs: &Path, version: &str, effort: Effort) -> Result<PathBuf> {
    check_version(version)?;
    let folder = shell::target_folder()?.join("deb");
    let architecture = shell::capture(shell::program("dpkg").arg("--print-architecture"))
        .context("ask dpkg for the architecture: is this Debian?")?;
    let name = format!("aegis_{version}_{}", architecture.trim());
    let stage = Stage::new(folder.join(&name))?;
    stage.put_programs(programs)?;
    stage.put_generated(version)?;
    stage.put_files(version)?;
    stage.put_control(version, architecture.trim())?;
    let package = folder.join(format!("{name}.deb"));
    let mut pack = shell::program("dpkg-deb");
    pack.args(["--root-owner-group", "-Zxz", effort.flag(), "--build"]);
    pack.env("SOURCE_DATE_EPOCH", source_date()?);
    shell::run(pack.arg(stage.folder()).arg(&package))?;
    let bytes = fs::metadata(&package).context("look at the package")?.len();
    talk::note(format_args!("{bytes} bytes"));
    ensure!(
        bytes < PACKAGE_BYTES_MAX || matches!(effort, Effort::Little),
        "the package has {bytes} bytes, which is more than {PACKAGE_BYTES_MAX}"
    );
    Ok(package)
}

/// Returns when the source was last changed, so that equal sources give equal packages.
fn source_date() -> Result<String> {
    if let Ok(said) = env::var("SOURCE_DATE_EPOCH") {
        return Ok(said);
    }
    let said = shell::capture(shell::program("git").args(["log", "-1", "--format=%ct"]));
    if let Ok(said) = said {
        return Ok(said.trim().to_owned());
    }
    // Where there is no git, or no history: when the changelog was last written.
    let changelog =
        fs::read_to_string(shell::root().join(CHANGELOG)).context("read a changelog")?;
    let mut ends = changelog.lines().filter_map(|it| it.strip_prefix(" -- "));
    let date = ends.find_map(|it| it.split_once("  "));
    let (_, date) = date.context("find a date in the changelog")?;
    let mut clock = shell::program("date");
    let said = shell::capture(clock.args(["--utc", "+%s", "--date", date]))?;
    Ok(said.trim().to_owned())
}

fn check_version(version: &str) -> Result<()> {
    let is_fit = |it: char| it.is_ascii_alphanumeric() || ".+~".contains(it);
    if !version.starts_with(|it: char| it.is_ascii_digit()) || !version.chars().all(is_fit) {
        bail!("`{version}` is no version that dpkg compares");
    }
    Ok(())
}
