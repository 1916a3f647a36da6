//! The kernel's switches that concern BPF and floods: sysctls, and lockdown.

use std::io;
use std::path::Path;

use super::{Check, mend};

#[cfg(test)]
mod tests;

/// What reading a switch gave.
type Read = io::Result<String>;

/// Checks the switches of the running kernel.
pub(super) fn checks() -> Vec<Check> {
    let switch = |name: &str| std::fs::read_to_string(Path::new("/proc/sys").join(name));
    vec![
        unprivileged(switch("kernel/unprivileged_bpf_disabled")),
        jit(switch("net/core/bpf_jit_enable")),
        hardening(switch("net/core/bpf_jit_harden")),
        lockdown(std::fs::read_to_string("/sys/kernel/security/lockdown")),
        syn_cookies(switch("net/ipv4/tcp_syncookies")),
    ]
}

fn unprivileged(switch: Read) -> Check {
    const NAME: &str = "unprivileged bpf";
    match switch.as_deref().map(str::trim) {
        Ok("0") => Check::warn(
            NAME,
            "any local user may load BPF programs",
            mend(
                "this has been a way to attack kernels",
                "sudo sysctl -w kernel.unprivileged_bpf_disabled=2",
            ),
        ),
        Ok("1" | "2") => Check::ok(NAME, "only privileged users may load BPF programs"),
        Ok(other) => unknown(NAME, other),
        Err(error) => unread(NAME, error),
    }
}

fn jit(switch: Read) -> Check {
    const NAME: &str = "bpf jit";
    const FIX: &str = "sudo sysctl -w net.core.bpf_jit_enable=1";
    match switch.as_deref().map(str::trim) {
        Ok("0") => {
            let why = "a packet costs several times as much";
            Check::warn(NAME, "programs are interpreted", mend(why, FIX))
        }
        Ok("1") => Check::ok(NAME, "programs are compiled"),
        Ok("2") => {
            let detail = "programs are compiled, and dumped to the kernel log";
            let why = "the log shows the addresses of the kernel's code";
            Check::warn(NAME, detail, mend(why, FIX))
        }
        Ok(other) => unknown(NAME, other),
        Err(error) => unread(NAME, error),
    }
}

fn hardening(switch: Read) -> Check {
    const NAME: &str = "bpf jit hardening";
    match switch.as_deref().map(str::trim) {
        Ok("0") => Check::ok(NAME, "off"),
        Ok("1") => Check::ok(
            NAME,
            "for unprivileged programs only, of which AEGIS has none",
        ),
        Ok("2") => {
            let why = "every constant in a program is hidden behind two more instructions, so a \
                       packet costs more; 1 spares privileged programs";
            let fix = "sudo sysctl -w net.core.bpf_jit_harden=1";
            Check::warn(NAME, "for all programs", mend(why, fix))
        }
        Ok(other) => unknown(NAME, other),
        Err(error) => unread(NAME, error),
    }
}

fn lockdown(file: Read) -> Check {
    const NAME: &str = "lockdown";
    let Ok(text) = file else {
        return Check::ok(NAME, "the kernel has none, or does not show it");
    };
    // All modes in a row, the one that holds in brackets.
    let inside = text.split_once('[').and_then(|it| it.1.split_once(']'));
    match inside.map(|it| it.0) {
        Some("none") => Check::ok(NAME, "off"),
        Some("integrity") => Check::ok(NAME, "integrity, which lets these programs load"),
        Some("confidentiality") => {
            let why =
                "programs may not read kernel memory, which AEGIS's do not; tracing tools fail";
            Check::note(NAME, "confidentiality", why)
        }
        Some(other) => unknown(NAME, other),
        None => unknown(NAME, text.trim()),
    }
}

fn syn_cookies(switch: Read) -> Check {
    const NAME: &str = "tcp_syncookies";
    match switch.as_deref().map(str::trim) {
        Ok("0") => {
            let why = "a flood of connection requests that gets by fills the table of half-open \
                       connections, and nobody else gets in";
            let fix = "sudo sysctl -w net.ipv4.tcp_syncookies=1";
            Check::warn(NAME, "the stack never answers with cookies", mend(why, fix))
        }
        Ok("1") => Check::ok(
            NAME,
            "the stack answers with cookies when its table is full",
        ),
        Ok("2") => {
            let why = "connections lose window scaling where the client has no timestamps; 1 \
                       sends cookies under load only";
            let note = Check::note(NAME, "the stack answers everybody with cookies", why);
            note.with_fix("sudo sysctl -w net.ipv4.tcp_syncookies=1")
        }
        Ok(other) => unknown(NAME, other),
        Err(error) => unread(NAME, error),
    }
}

fn unknown(name: &'static str, value: &str) -> Check {
    let value: String = value.chars().take(VALUE_CHARS_MAX).collect();
    Check::note(
        name,
        format!("has the value {value:?}"),
        "this build does not know what that means",
    )
}

/// Of a value that makes no sense, more would not help.
const VALUE_CHARS_MAX: usize = 40;

fn unread(name: &'static str, error: &io::Error) -> Check {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let note = Check::note(name, "only root may read it", "it is not known here");
        return note.with_fix("sudo aegis doctor");
    }
    // Some belong to the first network namespace and are not seen from others.
    Check::ok(name, "not told on this kernel or in this network namespace")
}
