//! `cargo xtask ci`: what CI checks beside the tests, each step timed, the first failure named.
//!
//! A step that lacks its tool is left out loudly. Every step runs even after a failure, so that
//! one round tells everything.

use anyhow::{Result, bail};

use crate::{build_ebpf, shell, talk, tidy};

/// What `cargo xtask ci` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs only these steps.
    steps: Vec<String>,
}

/// How a step ended, if it did not fail.
enum Verdict {
    Passed,
    /// It could not run here, and why.
    LeftOut(&'static str),
}

struct Step {
    name: &'static str,
    run: fn() -> Result<Verdict>,
}

/// Quick steps first.
const STEPS: [Step; 10] = [
    Step {
        name: "fmt",
        run: format,
    },
    Step {
        name: "tidy",
        run: house_rules,
    },
    Step {
        name: "clippy",
        run: clippy,
    },
    Step {
        name: "clippy-bpf",
        run: clippy_bpf,
    },
    Step {
        name: "doc",
        run: document,
    },
    Step {
        name: "deny",
        run: deny,
    },
    Step {
        name: "arena",
        run: recheck_arena,
    },
    Step {
        name: "network",
        run: heal_networks,
    },
    Step {
        name: "build-ebpf",
        run: check_object,
    },
    Step {
        name: "lockfile",
        run: lockfile,
    },
];

/// Runs the steps and sums them up.
pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(odd) = args
        .steps
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step `{odd}`; there are: {}", names.join(", "));
    }
    let is_wanted =
        |step: &&Step| args.steps.is_empty() || args.steps.iter().any(|it| it == step.name);
    let mut lines = Vec::new();
    let mut first_failure = None;
    for step in STEPS.iter().filter(is_wanted) {
        talk::note(format_args!("\n=== {}", step.name));
        let watch = talk::Stopwatch::start();
        let word = match (step.run)() {
            Ok(Verdict::Passed) => "passed".to_owned(),
            Ok(Verdict::LeftOut(why)) => {
                talk::warn(format_args!("{} is left out: {why}", step.name));
                format!("LEFT OUT: {why}")
            }
            Err(error) => {
                talk::note(format_args!("{error:#}"));
                first_failure.get_or_insert(step.name);
                "FAILED".to_owned()
            }
        };
        lines.push(format!(
            "{:<12} {:>7.1} s  {word}",
            step.name,
            watch.elapsed().as_secs_f64()
        ));
    }
    lines.iter().for_each(talk::say);
    match first_failure {
        Some(name) => bail!("the first step that failed: {name}"),
        None => Ok(()),
    }
}

fn format() -> Result<Verdict> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    for manifest in [
        "crates/aegis-ebpf/Cargo.toml",
        "crates/aegis-bench-ebpf/Cargo.toml",
        "fuzz/Cargo.toml",
    ] {
        if shell::root().join(manifest).is_file() {
            let arguments = ["fmt", "--check", "--manifest-path", manifest];
            shell::run(&mut shell::cargo(&arguments))?;
        }
    }
    Ok(Verdict::Passed)
}

fn house_rules() -> Result<Verdict> {
    tidy::run(&tidy::Args::default()).map(|()| Verdict::Passed)
}

fn clippy() -> Result<Verdict> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    shell::run(&mut shell::cargo(&arguments)).map(|()| Verdict::Passed)
}

/// Computes rows of the committed table of trust models anew, other ones every day, and compares
/// the compatibility models with what the originals reached.
fn recheck_arena() -> Result<Verdict> {
    for arguments in [
        ["recheck", "docs/trust/arena.csv"],
        ["anchors", "dovecot"],
        ["anchors", "fides"],
    ] {
        let mut command = shell::cargo(&["run", "--quiet", "--release", "--package", "aegis-sim"]);
        shell::run(command.arg("--").args(arguments))?;
    }
    Ok(Verdict::Passed)
}

/// Plays 500 networks that fail and heal, and lets alerts spread among a thousand nodes.
fn heal_networks() -> Result<Verdict> {
    for arguments in [
        ["heal", "--seeds", "500"].as_slice(),
        &["spread", "--nodes", "1000", "--mute", "0,50"],
    ] {
        let mut command = shell::cargo(&["run", "--quiet", "--release", "--package", "aegis-sim"]);
        shell::run(command.arg("--").arg("net").args(arguments))?;
    }
    Ok(Verdict::Passed)
}

fn clippy_bpf() -> Result<Verdict> {
    let Some(toolchain) = build_ebpf::toolchain() else {
        return Ok(Verdict::LeftOut("the pinned compiler is not installed"));
    };
    if !build_ebpf::has_core_source(toolchain) {
        return Ok(Verdict::LeftOut("the pinned compiler has no rust-src"));
    }
    if !shell::succeeds(&mut shell::cargo_of(toolchain, &["clippy", "--version"])) {
        return Ok(Verdict::LeftOut("the pinned compiler has no clippy"));
    }
    let arguments = [
        "clippy",
        "--release",
        "-Z",
        "build-std=core",
        "--target",
        build_ebpf::TARGET,
    ];
    for folder in ["crates/aegis-ebpf", "crates/aegis-bench-ebpf"] {
        let mut command = shell::cargo_of(toolchain, &arguments);
        command
            .args(["--", "-D", "warnings"])
            .current_dir(shell::root().join(folder));
        command.env("CARGO_TARGET_DIR", shell::target_folder()?.join("bpf"));
        shell::run(&mut command)?;
    }
    Ok(Verdict::Passed)
}

fn document() -> Result<Verdict> {
    let arguments = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    let mut command = shell::cargo(&arguments);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings")).map(|()| Verdict::Passed)
}

/// Advisories are not among these: their database comes by network and changes by itself, so
/// `cargo deny check advisories` belongs before a release and not before every commit.
fn deny() -> Result<Verdict> {
    if !shell::has_cargo_command("deny") {
        return Ok(Verdict::LeftOut("cargo-deny is not installed"));
    }
    let arguments = [
        "deny",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ];
    shell::run(&mut shell::cargo(&arguments)).map(|()| Verdict::Passed)
}

fn check_object() -> Result<Verdict> {
    build_ebpf::run(build_ebpf::Args::check()).map(|()| Verdict::Passed)
}

fn lockfile() -> Result<Verdict> {
    let arguments = ["metadata", "--locked", "--format-version", "1"];
    shell::capture(&mut shell::cargo(&arguments)).map(|_| Verdict::Passed)
}
