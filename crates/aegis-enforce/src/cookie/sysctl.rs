//! `net.ipv4.tcp_syncookies`: raised while the responder answers, and put back after.
//!
//! What it was lies in a file, so that a start after a crash puts it back too. A value that
//! somebody else set meanwhile is left alone.

use std::{fs, io, path::Path};

/// Cookies for every request that reaches a listener, whatever room it has.
pub(super) const RAISED: u8 = 2;

/// Where the setting is: that of the network namespace that the reading thread is in.
const PATH: &str = "/proc/sys/net/ipv4/tcp_syncookies";

/// A way to the setting.
pub trait Sysctl {
    /// Reads it.
    fn read(&self) -> io::Result<u8>;
    /// Sets it.
    fn write(&mut self, value: u8) -> io::Result<()>;
}

/// The setting of this network namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcSysctl;

impl Sysctl for ProcSysctl {
    fn read(&self) -> io::Result<u8> {
        parse(&fs::read_to_string(PATH)?)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no small number"))
    }

    fn write(&mut self, value: u8) -> io::Result<()> {
        fs::write(PATH, value.to_string())
    }
}

/// Raises the setting and remembers in `memory` what it was.
pub(super) fn raise(sysctl: &mut impl Sysctl, memory: &Path) -> io::Result<()> {
    let value = sysctl.read()?;
    if value == RAISED {
        // By us before a crash, or by the operator for good: then there is nothing to remember.
        return Ok(());
    }
    // Before the setting changes: what is written down and not done yet harms nobody.
    remember(memory, value)?;
    sysctl.write(RAISED)
}

/// Puts the setting back where we raised it; returns whether we had.
pub(super) fn restore(sysctl: &mut impl Sysctl, memory: &Path) -> io::Result<bool> {
    let before = match fs::read_to_string(memory) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if let Some(before) = before
        && sysctl.read()? == RAISED
    {
        sysctl.write(before)?;
    }
    fs::remove_file(memory)?;
    Ok(before.is_some())
}

fn remember(memory: &Path, value: u8) -> io::Result<()> {
    // Renamed into place: half a file would say nothing.
    let draft = memory.with_extension("new");
    fs::write(&draft, format!("{value}\n"))?;
    fs::rename(&draft, memory)
}

fn parse(text: &str) -> Option<u8> {
    text.trim().parse().ok().filter(|it| *it <= RAISED)
}

#[cfg(test)]
mod tests;
