//! Lines that syslog wrote: a time, the host, who speaks, and what.

use super::{LINE_BYTES_MAX, Stamp};

/// A line of a log such as `/var/log/auth.log`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SyslogLine<'a> {
    /// When it was written.
    pub stamp: Stamp,
    /// The program that it says it is of. Whoever may write to the log may say any.
    pub program: &'a str,
    /// What it says.
    pub message: &'a [u8],
}

impl<'a> SyslogLine<'a> {
    /// Reads a line; `None` for what is of another fashion, or of a program without a process.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let line = &line[..line.len().min(LINE_BYTES_MAX)];
        let (stamp, rest) = stamp(line)?;
        let rest = after_word(rest)?; // the host's name
        let end = rest.windows(3).position(|it| it == b"]: ")?;
        let tag = std::str::from_utf8(&rest[..end]).ok()?;
        let (program, process) = tag.split_once('[')?;
        let is_process = !process.is_empty() && process.bytes().all(|it| it.is_ascii_digit());
        let is_word = |it: u8| it.is_ascii_alphanumeric() || b"-_./()".contains(&it);
        let is_program = !program.is_empty() && program.bytes().all(is_word);
        (is_process && is_program).then_some(Self {
            stamp,
            program,
            message: &rest[end + 3..],
        })
    }
}

fn stamp(line: &[u8]) -> Option<(Stamp, &[u8])> {
    if line.first()?.is_ascii_digit() {
        let end = line.iter().position(|it| *it == b' ')?;
        let text = std::str::from_utf8(&line[..end]).ok()?;
        return Some((Stamp::rfc3339(text)?, &line[end + 1..]));
    }
    let text = std::str::from_utf8(line.get(..15)?).ok()?;
    let rest = line.get(15..)?.strip_prefix(b" ")?;
    Some((Stamp::traditional(text)?, rest))
}

fn after_word(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|it| *it == b' ')?;
    Some(&text[end + 1..])
}

#[cfg(test)]
mod tests;
