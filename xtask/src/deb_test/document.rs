//! The transcript in the documentation: blocks of `docs/operator.md` that are marked `console` show a
//! section of what the machine was told and answered.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{shell, talk};

const FILE: &str = "docs/operator.md";

/// How a block begins: the name of the section behind it.
const BLOCK: &str = "```console ";
const BLOCK_END: &str = "```";

/// How a section of the transcript begins.
const SECTION: &str = "@ ";

/// Writes what was answered into the document.
pub(super) fn bless(transcript: &str) -> Result<()> {
    fs::write(shell::root().join(FILE), filled(&document()?, transcript)?)
        .with_context(|| format!("write {FILE}"))?;
    talk::note(format_args!("wrote {FILE}"));
    Ok(())
}

/// Compares what was answered with the document; what differs from run to run does not count.
pub(super) fn check(transcript: &str) -> Result<()> {
    let document = document()?;
    let fresh = filled(&document, transcript)?;
    let (shown, answered) = (likeness(&document), likeness(&fresh));
    let differs = shown.iter().zip(&answered).find(|(a, b)| a != b);
    match differs {
        Some((shown, answered)) => {
            bail!("{FILE} shows `{shown}` where the machine said `{answered}`: see --bless")
        }
        None if shown.len() != answered.len() => bail!("{FILE} shows less or more: see --bless"),
        None => Ok(()),
    }
}

fn document() -> Result<String> {
    fs::read_to_string(shell::root().join(FILE)).with_context(|| format!("read {FILE}"))
}

/// Returns the document with every block replaced by its section of the transcript.
fn filled(document: &str, transcript: &str) -> Result<String> {
    let mut text = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(name) = line.strip_prefix(BLOCK) else {
            continue;
        };
        let section = section(transcript, name.trim());
        let section = section.with_context(|| format!("find `{name}` in the transcript"))?;
        text.push_str(&section);
        text.push_str(BLOCK_END);
        text.push('\n');
        lines.by_ref().find(|it| *it == BLOCK_END);
    }
    Ok(text)
}

/// Returns the lines of one section, without blanks at their ends.
fn section(transcript: &str, name: &str) -> Option<String> {
    let mut lines = transcript.lines();
    lines.find(|it| it.strip_prefix(SECTION) == Some(name))?;
    let lines = lines.take_while(|it| !it.starts_with(SECTION));
    let text: String = lines.map(|it| it.trim_end().to_owned() + "\n").collect();
    Some(text.trim_end().to_owned() + "\n")
}

/// Returns the lines with names and numbers made equal, and without those that come and go.
fn likeness(document: &str) -> Vec<String> {
    document.lines().map(like).collect()
}

fn like(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let is_random = word.len() >= 16 && word.chars().any(|it| it.is_ascii_digit());
        if is_random || word.starts_with("12D3KooW") {
            return "<id>".to_owned();
        }
        let digits = |it: char| it.is_ascii_digit();
        let mut like = String::new();
        for part in word.split_inclusive(|it: char| !it.is_ascii_digit()) {
            like.push_str(part.trim_matches(digits));
        }
        like
    });
    words
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
