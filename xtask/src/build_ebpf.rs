//! `build-ebpf`: builds the kernel program, the same bytes wherever it is built, and checks that
//! the committed object is what the source gives.
//!
//! The object is committed and embedded, so that everybody else needs cargo and a C compiler only.
//! One compiler is pinned, since another gives other bytes. Paths of the machine are remapped, the
//! debug information is stripped but BTF stays, conditions are turned round where that saves a
//! jump, and an object that still holds panicking code, which
//! the kernel would refuse, is refused here.

mod turn;

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use crate::talk;

/// The toolchains that may hold the pinned compiler, as rustup calls them; the second always does.
const TOOLCHAINS: [&str; 2] = ["nightly", PINNED_TOOLCHAIN];
/// The compiler behind it: `nightly` moves, the committed bytes must not.
const COMPILER_COMMIT: &str = "e50aa6fba4e63ab34c72bf9acfd2c307c1155d1a";
/// The nightly of the day after, for those who need to install it; `.ci/run` reads this line.
const PINNED_TOOLCHAIN: &str = "nightly-2026-05-20";
const LINKER_VERSION: &str = "bpf-linker 0.13.0";
/// Tells the benchmark, and the test of it, where the kernel programs are that they load.
pub(crate) const BENCH_OBJECT: &str = "AEGIS_BENCH_OBJECT";
/// What the kernel program is compiled for.
pub(crate) const TARGET: &str = "bpfel-unknown-none";

const OBJECT: &str = "crates/aegis-enforce/bpf/aegis.bpf.o";
const RECORD: &str = "crates/aegis-enforce/bpf/SOURCE.blake3";
/// What the bytes of the object depend on, besides the compiler and its flags.
const SOURCES: [&str; 5] = [
    "crates/aegis-ebpf/Cargo.toml",
    "crates/aegis-ebpf/Cargo.lock",
    "crates/aegis-ebpf/src",
    "crates/aegis-abi/src",
    "xtask/src/build_ebpf",
];
/// How the object is compiled; without `--btf` and full debug information it has no BTF.
const FLAGS: [&str; 6] = [
    "-Clinker=bpf-linker",
    "-Clink-arg=--btf",
    // Ends that are alike stay apart: a jump to a common one costs more than the room it saves.
    "-Clink-arg=--llvm-args=-enable-tail-merge=false",
    "-Cdebuginfo=2",
    // Atomic additions that return a value want v3, which kernel 5.15 has.
    "-Ctarget-cpu=v3",
    // Packet bytes have no alignment; without this they are read one by one.
    "-Ctarget-feature=+allows-misaligned-mem-access",
];

/// What to do with the object.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Accepted for symmetry: the object is always optimised, the verifier takes no other
    #[arg(long)]
    release: bool,
    /// Compare with the committed object instead of replacing it
    #[arg(long)]
    check: bool,
    /// Write the object here instead
    #[arg(long, conflicts_with = "check")]
    output: Option<PathBuf>,
    /// Build what `bench kernel` loads instead: into the target folder, and never committed
    #[arg(long, conflicts_with_all = ["check", "output"])]
    bench: bool,
}

impl Args {
    /// Returns what `--check` says.
    pub(crate) fn check() -> Self {
        Self {
            release: true,
            check: true,
            output: None,
            bench: false,
        }
    }
}

/// A crate of kernel programs: its folder, and the name of its binary.
struct Source {
    folder: &'static str,
    binary: &'static str,
}

const PRODUCT: Source = Source {
    folder: "crates/aegis-ebpf",
    binary: "aegis",
};
/// What only benchmarks load, so that nothing of it can get into the product's object.
const BENCH: Source = Source {
    folder: "crates/aegis-bench-ebpf",
    binary: "bench",
};

/// Builds the object and writes it, or compares it with the committed one.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let root = workspace_root()?;
    let Args {
        release: _,
        check,
        output,
        bench,
    } = args;
    if bench {
        let path = build_bench()?;
        talk::say(path.display());
        return Ok(());
    }
    match missing_tool() {
        Some(missing) if check => return check_record(&root, &missing),
        Some(missing) => bail!("cannot build the kernel program: {missing}"),
        None => {}
    }
    let object = build(&root, &PRODUCT)?;
    match (check, output) {
        (true, _) => compare(&root, &object),
        (false, Some(path)) => fs::write(&path, object).context("write the object"),
        (false, None) => {
            let path = root.join(OBJECT);
            let folder = path.parent().context("find the folder of the object")?;
            fs::create_dir_all(folder).context("make the folder of the object")?;
            fs::write(&path, object).context("write the object")?;
            fs::write(root.join(RECORD), source_record(&root)?).context("record the source")
        }
    }
}

/// Builds what `bench kernel` loads, and returns where it lies.
pub(crate) fn build_bench() -> anyhow::Result<PathBuf> {
    if let Some(missing) = missing_tool() {
        bail!("cannot build the kernel programs of the benchmark: {missing}");
    }
    build(&workspace_root()?, &BENCH)?;
    Ok(object_folder()?.join("bench.bpf.o"))
}

fn workspace_root() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(folder.parent().context("find the workspace")?.into())
}

/// Returns what of the pinned tools cannot be had, with the command that gets it.
fn missing_tool() -> Option<String> {
    let install = format!("get it with `rustup toolchain install {PINNED_TOOLCHAIN} -c rust-src`");
    let Some(toolchain) = toolchain() else {
        return Some(format!("no pinned compiler {COMPILER_COMMIT}; {install}"));
    };
    if !has_core_source(toolchain) {
        return Some(format!(
            "the toolchain `{toolchain}` has no rust-src; {install}"
        ));
    }
    let linker = read_output(Command::new("bpf-linker").arg("--version")).unwrap_or_default();
    if linker.trim() != LINKER_VERSION {
        return Some(format!("no {LINKER_VERSION} on the path"));
    }
    if objcopy().is_none() {
        return Some("no llvm-objcopy; Debian has it in llvm-22".into());
    }
    None
}

/// Returns the toolchain that holds the pinned compiler.
pub(crate) fn toolchain() -> Option<&'static str> {
    TOOLCHAINS.into_iter().find(|toolchain| {
        let version = read_output(rustc(toolchain).arg("-vV"));
        version.is_ok_and(|it| it.contains(COMPILER_COMMIT))
    })
}

/// Returns whether a toolchain can build `core` itself.
pub(crate) fn has_core_source(toolchain: &str) -> bool {
    let core = "lib/rustlib/src/rust/library/core";
    sysroot(toolchain).is_ok_and(|it| it.join(core).is_dir())
}

fn sysroot(toolchain: &str) -> anyhow::Result<PathBuf> {
    let printed = read_output(rustc(toolchain).args(["--print", "sysroot"]))?;
    Ok(printed.trim().into())
}

fn rustc(toolchain: &str) -> Command {
    let mut command = Command::new("rustc");
    command.arg(format!("+{toolchain}"));
    command
}

fn read_output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("run a tool")?;
    ensure!(output.status.success(), "a tool failed: {command:?}");
    String::from_utf8(output.stdout).context("read what a tool says")
}

/// Returns the path of an objcopy that knows BPF.
fn objcopy() -> Option<PathBuf> {
    [
        "llvm-objcopy",
        "/usr/lib/llvm-22/bin/llvm-objcopy",
        "rust-objcopy",
    ]
    .into_iter()
    .find(|it| read_output(Command::new(it).arg("--version")).is_ok())
    .map(PathBuf::from)
}

/// Returns the folder that objects are built in.
fn object_folder() -> anyhow::Result<PathBuf> {
    let root = workspace_root()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    std::path::absolute(target.join("bpf")).context("find the target folder")
}

/// Names our crates without the path that cargo takes into its name, which otherwise decides
/// the order of some instructions.
const WRAPPER: &str = r#"#!/bin/sh
rustc=$1
shift
case "$*" in
*"--crate-name aegis"*)
    for it do
        shift
        case $it in metadata=*) it=metadata=aegis ;; esac
        set -- "$@" "$it"
    done
    ;;
esac
exec "$rustc" "$@"
"#;

/// Builds an object in a folder of its own and returns its bytes.
fn build(root: &Path, source: &Source) -> anyhow::Result<Vec<u8>> {
    let Source { folder, binary } = source;
    let toolchain = toolchain().context("find the pinned compiler")?;
    let target = object_folder()?;
    fs::create_dir_all(&target).context("make the target folder")?;
    let wrapper = target.join("rustc-wrapper");
    fs::write(&wrapper, WRAPPER).context("write the compiler's wrapper")?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))
        .context("let the compiler's wrapper run")?;
    let output = Command::new("cargo")
        .arg(format!("+{toolchain}"))
        .args(["build", "--release", "--locked", "-Z", "build-std=core"])
        .args(["--target", TARGET, "--quiet"])
        .current_dir(root.join(folder))
        .env("CARGO_TARGET_DIR", &target)
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            rust_flags(root, toolchain)?.join("\x1f"),
        )
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC")
        .env("RUSTC_WRAPPER", &wrapper)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .output()
        .context("run cargo")?;
    // Kept back where all went well: the compiler warns of a flag that we mean.
    let messages = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{folder} does not build:\n{messages}"
    );
    let built = target.join(TARGET).join("release").join(binary);
    let stripped = target.join(format!("{binary}.bpf.o"));
    let objcopy = objcopy().context("find llvm-objcopy")?;
    let status = Command::new(objcopy)
        .arg("--strip-debug")
        .args([&built, &stripped])
        .status()
        .context("run llvm-objcopy")?;
    ensure!(status.success(), "llvm-objcopy failed");
    let mut object = fs::read(&stripped).context("read the object")?;
    refuse_panics(&object)?;
    turn::turn_conditions(&mut object)?;
    fs::write(&stripped, &object).context("write the object")?;
    Ok(object)
}

/// Returns the flags, with every path of this machine mapped to one that is the same everywhere.
fn rust_flags(root: &Path, toolchain: &str) -> anyhow::Result<Vec<String>> {
    let sysroot = sysroot(toolchain)?;
    let cargo_home = match env::var_os("CARGO_HOME") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env::var_os("HOME").context("find the home folder")?).join(".cargo"),
    };
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let real_home = cargo_home
        .canonicalize()
        .unwrap_or_else(|_| cargo_home.clone());
    let remaps = [
        remap(&cargo_home, "/cargo"),
        remap(&real_home, "/cargo"),
        remap(&sysroot, "/rust"),
        remap(root, "/src"),
    ];
    Ok(FLAGS.map(String::from).into_iter().chain(remaps).collect())
}

/// Fails where a symbol of panicking code is left: the kernel would refuse the program.
fn refuse_panics(object: &[u8]) -> anyhow::Result<()> {
    let needle = b"panicking";
    let is_left = object.windows(needle.len()).any(|it| it == needle);
    ensure!(!is_left, "the object still holds panicking code");
    Ok(())
}

fn compare(root: &Path, object: &[u8]) -> anyhow::Result<()> {
    let committed = fs::read(root.join(OBJECT)).context("read the committed object")?;
    ensure!(
        committed == object,
        "the committed object is not what the source gives: run `cargo xtask build-ebpf`"
    );
    check_source(root)
}

/// Compares the recorded hash of the source: weaker than a rebuild, and said so.
fn check_record(root: &Path, missing: &str) -> anyhow::Result<()> {
    warn_loudly(&format!(
        "THE KERNEL OBJECT WAS NOT REBUILT: {missing}.\n\
         Only the recorded hash of its source is compared, which proves less."
    ));
    check_source(root)
}

fn check_source(root: &Path) -> anyhow::Result<()> {
    let recorded = fs::read_to_string(root.join(RECORD)).context("read the recorded source")?;
    ensure!(
        recorded == source_record(root)?,
        "the source of the kernel program changed since its object was built: run \
         `cargo xtask build-ebpf`"
    );
    Ok(())
}

#[expect(
    clippy::print_stderr,
    reason = "a developer's tool talks on standard error"
)]
fn warn_loudly(text: &str) {
    let line = "!".repeat(80);
    eprintln!("{line}\n{text}\n{line}");
}

/// Returns the line that tells source and compiler of the object apart from any other.
fn source_record(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        list_files(&root.join(source), &mut files)?;
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for path in files {
        let name = path.strip_prefix(root).context("name a source file")?;
        let bytes = fs::read(&path).with_context(|| format!("read {}", name.display()))?;
        for part in [name.as_os_str().as_encoded_bytes(), &bytes[..]] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    for flag in FLAGS {
        hasher.update(flag.as_bytes());
    }
    Ok(format!(
        "{}  source, built by rustc {COMPILER_COMMIT}\n",
        hasher.finalize()
    ))
}

/// Adds every file below `path` but tests, which are no part of the object.
fn list_files(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        if path.file_name().is_some_and(|it| it != "tests.rs") {
            files.push(path.into());
        }
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("list {}", path.display()))?;
    for entry in entries {
        list_files(&entry.context("list a folder")?.path(), files)?;
    }
    Ok(())
}
