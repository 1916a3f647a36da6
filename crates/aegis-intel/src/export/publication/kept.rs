//! Publications as lines of a file, so that who asks for what is new goes on after a restart of the node.
//!
//! ```text
//! aegis published 1 1800000000000000                                        when the first of all was renewed
//! + 203.0.113.7 bot 5 detector 1800000000000 1800000600000 1800000000000 1800000000000001      is shown
//! - 203.0.113.9 bot 5 detector 1800000000000 1800000600000 1800000060000 1800000060000002      was taken back
//! x 203.0.113.5 1800000000000                                               is neither any more
//! = 1800000060000002 1800000060000 11400714819323198485                     all that belongs together is here
//! ```
//!
//! A renewal adds what it changed. What no last line of the kind `=` follows was cut off by a crash, and counts
//! for nothing.

use std::{
    collections::{BTreeMap, HashSet},
    str::{FromStr, SplitAsciiWhitespace},
};

use aegis_core::{Indicator, Origin, Severity, Timestamp};

use super::{Entry, Publication, Shown, Uuid, WITHDRAWN_MAX, stix};

/// The longest line in bytes: every word of it is of a bounded type.
pub const KEPT_LINE_BYTES_MAX: usize = 512;

/// Objects that are recalled at most: more than any kernel's table holds.
const OBJECTS_MAX: usize = 2_000_000;

/// The latest time at which something can have been added: whoever counts on from there has a long way to go.
const MICROS_MAX: u64 = u64::MAX / 2;

/// How the first line begins; the number is that of the format.
const HEAD: &str = "aegis published 1";

/// A line that is none of a publication's, or has no place where it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("that is no line of a publication")]
pub struct InvalidKept;

/// What every object is called by: what is blocked, and since when in milliseconds.
type Name = (Indicator, u64);

/// A publication that is being read.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    began_at: Option<u64>,
    objects: BTreeMap<Name, (Shown, bool)>, // with whether it was taken back; at most OBJECTS_MAX
    waiting: Vec<Change>,                   // since the last mark
    mark: Option<Mark>,
}

#[derive(Clone, Debug)]
enum Change {
    Put(Box<Shown>, bool),
    Gone(Name),
}

/// What a last line says.
#[derive(Clone, Copy, Debug)]
struct Mark {
    last_added_at: u64,
    changed_at: Timestamp,
    tag: u64,
}

impl Publication {
    /// Returns the lines that it is made of.
    pub fn kept(&self) -> impl Iterator<Item = String> {
        let head = format!("{HEAD} {}", self.began_at);
        let objects = self.added_after(0).map(|(it, is_gone)| put(it, is_gone));
        std::iter::once(head)
            .chain(objects)
            .chain(std::iter::once(self.mark()))
    }

    /// Returns the lines that it takes to make it of one before.
    pub fn kept_since(&self, before: &Self) -> Vec<String> {
        let name = |it: &Shown| (it.entry.indicator, it.entry.decided_at);
        let all: HashSet<_> = self.added_after(0).map(|it| name(it.0)).collect();
        let gone = before.added_after(0).map(|it| name(it.0));
        let gone = gone.filter(|it| !all.contains(it));
        let gone = gone.map(|(indicator, at)| format!("x {indicator} {}", at.as_millis()));
        let added = self.added_after(before.last_added_at);
        gone.chain(added.map(|(it, is_gone)| put(it, is_gone)))
            .chain(std::iter::once(self.mark()))
            .collect()
    }

    fn mark(&self) -> String {
        let changed_at = self.changed_at.as_millis();
        format!("= {} {changed_at} {}", self.last_added_at, self.tag)
    }
}

impl Recall {
    /// Takes the next line. After one that is none, nothing more is to be taken.
    pub fn take(&mut self, line: &str) -> Result<(), InvalidKept> {
        if self.began_at.is_none() {
            let began_at = line.strip_prefix(HEAD).ok_or(InvalidKept)?;
            let mut words = Words(began_at.split_ascii_whitespace());
            self.began_at = Some(words.micros()?);
            return Ok(());
        }
        let mut words = Words(line.split_ascii_whitespace());
        let change = match words.next()? {
            kind @ ("+" | "-") => Some(Change::Put(Box::new(words.shown()?), kind == "-")),
            "x" => Some(Change::Gone((words.parsed()?, words.parsed()?))),
            "=" => None,
            _ => return Err(InvalidKept),
        };
        let Some(change) = change else {
            let mark = words.mark()?;
            words.end()?;
            self.settle(mark);
            return Ok(());
        };
        words.end()?;
        if self.objects.len() + self.waiting.len() >= OBJECTS_MAX {
            return Err(InvalidKept);
        }
        self.waiting.push(change);
        Ok(())
    }

    fn settle(&mut self, mark: Mark) {
        for change in self.waiting.drain(..) {
            match change {
                Change::Put(shown, is_gone) => {
                    let at = shown.entry.decided_at.as_millis();
                    let name = (shown.entry.indicator, at);
                    self.objects.insert(name, (*shown, is_gone));
                }
                Change::Gone(name) => drop(self.objects.remove(&name)),
            }
        }
        self.mark = Some(mark);
    }

    /// Returns what was shown last, of the node whose event of MISP this is; `None` where nothing whole
    /// was read.
    pub fn finish(self, event: Uuid) -> Option<Publication> {
        let (began_at, mark) = (self.began_at?, self.mark?);
        let (mut shown, mut withdrawn) = (Vec::<Shown>::new(), Vec::new());
        for (object, is_gone) in self.objects.into_values() {
            match shown.last_mut() {
                _ if is_gone => withdrawn.push(object),
                // No list has an indicator twice: then the file is not of our making.
                Some(last) if last.entry.indicator == object.entry.indicator => *last = object,
                Some(_) | None => shown.push(object),
            }
        }
        withdrawn.sort_by_key(|it| it.added_at);
        let surplus = withdrawn.len().saturating_sub(WITHDRAWN_MAX);
        withdrawn.drain(..surplus);
        let last = shown.iter().chain(&withdrawn).map(|it| it.added_at).max();
        let mut publication = Publication {
            order: Vec::new(),
            shown,
            withdrawn: withdrawn.into(),
            began_at,
            last_added_at: mark.last_added_at.max(last.unwrap_or(began_at)),
            changed_at: mark.changed_at,
            tag: mark.tag,
            event,
        };
        publication.order = publication.in_order();
        Some(publication)
    }
}

/// The words of a line.
struct Words<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str, InvalidKept> {
        self.0.next().ok_or(InvalidKept)
    }

    fn parsed<T: FromStr>(&mut self) -> Result<T, InvalidKept> {
        self.next()?.parse().map_err(|_| InvalidKept)
    }

    fn time(&mut self) -> Result<Timestamp, InvalidKept> {
        self.parsed().map(Timestamp::from_millis)
    }

    /// Takes a time after which there is room for more.
    fn micros(&mut self) -> Result<u64, InvalidKept> {
        let micros = self.parsed()?;
        (micros <= MICROS_MAX).then_some(micros).ok_or(InvalidKept)
    }

    fn end(&mut self) -> Result<(), InvalidKept> {
        self.0.next().map_or(Ok(()), |_| Err(InvalidKept))
    }

    fn mark(&mut self) -> Result<Mark, InvalidKept> {
        Ok(Mark {
            last_added_at: self.micros()?,
            changed_at: self.time()?,
            tag: self.parsed()?,
        })
    }

    fn shown(&mut self) -> Result<Shown, InvalidKept> {
        let (indicator, threat_type) = (self.parsed()?, self.parsed()?);
        let severity = Severity::new(self.parsed()?).ok_or(InvalidKept)?;
        let entry = Entry {
            indicator,
            threat_type,
            severity,
            origin: origin(self.next()?)?,
            decided_at: self.time()?,
            expires_at: self.time()?,
        };
        Ok(Shown {
            id: stix::id(&entry),
            entry,
            modified_at: self.time()?,
            added_at: self.micros()?,
        })
    }
}

fn origin(word: &str) -> Result<&'static str, InvalidKept> {
    let all = [
        Origin::Peers,
        Origin::Import,
        Origin::Feed,
        Origin::Detector,
        Origin::Operator,
    ];
    let mut all = all.into_iter().map(Origin::as_str);
    all.find(|it| *it == word).ok_or(InvalidKept)
}

fn put(shown: &Shown, is_gone: bool) -> String {
    let Shown {
        entry,
        modified_at,
        added_at,
        ..
    } = shown;
    format!(
        "{} {} {} {} {} {} {} {} {added_at}",
        if is_gone { '-' } else { '+' },
        entry.indicator,
        entry.threat_type,
        entry.severity,
        entry.origin,
        entry.decided_at.as_millis(),
        entry.expires_at.as_millis(),
        modified_at.as_millis(),
    )
}

#[cfg(test)]
mod tests;
