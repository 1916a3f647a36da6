//! The machine that figures come from.

use std::{fmt, fs, process::Command};

use serde_json::{Value, json};

/// What stands above every figure.
#[derive(Debug)]
pub(crate) struct Machine {
    lines: Vec<(&'static str, String)>,
}

/// Describes this machine as it is now.
pub(crate) fn describe() -> Machine {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|it| it.strip_prefix("model name"))
        .map(|it| it.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_default();
    let memory = read("/proc/meminfo")
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .collect::<Vec<_>>()
        .join(" ");
    let lines = vec![
        ("processors", format!("{cpus} × {model}")),
        ("memory", memory),
        ("kernel", read("/proc/version").trim().to_owned()),
        ("mitigations", mitigations()),
        ("JIT", jit()),
        ("load", read("/proc/loadavg").trim().to_owned()),
        ("xdp-tools", version("dpkg-query", &["-W", "xdp-tools"])),
        ("nftables", version("nft", &["--version"])),
        ("ipset", version("ipset", &["--version"])),
        ("command", std::env::args().collect::<Vec<_>>().join(" ")),
    ];
    Machine { lines }
}

impl Machine {
    pub(crate) fn to_json(&self) -> Value {
        let fields = self.lines.iter();
        fields
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.lines {
            writeln!(f, "- {name}: {value}")?;
        }
        Ok(())
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Returns what the kernel does against flaws that the processor has.
fn mitigations() -> String {
    let Ok(folder) = fs::read_dir("/sys/devices/system/cpu/vulnerabilities") else {
        return "unknown".into();
    };
    let mut lines: Vec<_> = folder
        .flatten()
        .map(|it| {
            let name = it.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(it.path()).unwrap_or_default())
        })
        .filter(|(_, state)| state.trim() != "Not affected")
        .map(|(name, state)| format!("{name}: {}", state.trim()))
        .collect();
    lines.sort();
    lines.join("; ")
}

fn jit() -> String {
    let [enabled, hardened] = ["enable", "harden"].map(|it| {
        let value = read(&format!("/proc/sys/net/core/bpf_jit_{it}"));
        value.trim().to_owned()
    });
    format!("bpf_jit_enable={enabled} bpf_jit_harden={hardened}")
}

/// Returns what a program says of its version; the first line is enough.
fn version(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        return "not installed".into();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or("unknown version").to_owned()
}
