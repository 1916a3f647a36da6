//! The logs of what peers say and do, as JSON lines in files of their own, as users of Slips know
//! them: `p2p_reports.log` always, `p2p.log` where it is asked for.
//!
//! Each file is for one day (UTC); earlier days lie beside it with their date and are removed after
//! the days they are kept for. A file takes no more than its bound a day: peers decide how much
//! there is to write.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aegis_core::Timestamp;
use serde_json::{Map, Value};

/// Bytes of one file a day: some half a million lines.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What a configuration says of these logs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct P2pLogConfig {
    /// Where they are.
    pub dir: PathBuf,
    /// Whether there is a `p2p.log`.
    pub with_events: bool,
    /// How many earlier days are kept.
    pub keep_days: u32,
}

/// Both logs.
#[derive(Debug)]
pub(super) struct P2pLogs {
    reports: DailyLog,
    events: Option<DailyLog>,
}

impl P2pLogs {
    /// Makes the directory; files come with their first line.
    pub(super) fn open(config: &P2pLogConfig) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.dir)?;
        let log = |name: &'static str| DailyLog::new(config.dir.clone(), name, config.keep_days);
        Ok(Self {
            reports: log("p2p_reports"),
            events: config.with_events.then(|| log("p2p")),
        })
    }

    /// Writes what a peer said, or how trust in it moved.
    pub(super) fn report(&mut self, now: Timestamp, line: Map<String, Value>) -> io::Result<()> {
        self.reports.write(now, line)
    }

    /// Writes what a peer did, where that is wanted.
    pub(super) fn event(&mut self, now: Timestamp, line: Map<String, Value>) -> io::Result<()> {
        match &mut self.events {
            Some(log) => log.write(now, line),
            None => Ok(()),
        }
    }

    /// Brings what was written to the files.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.reports.flush()?;
        self.events.as_mut().map_or(Ok(()), DailyLog::flush)
    }
}

/// A log with a file for each day.
#[derive(Debug)]
struct DailyLog {
    dir: PathBuf,
    name: &'static str,
    keep_days: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    date: String,
    file: io::BufWriter<File>,
    bytes: u64,
}

impl DailyLog {
    const fn new(dir: PathBuf, name: &'static str, keep_days: u32) -> Self {
        Self {
            dir,
            name,
            keep_days,
            open: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.name))
    }

    fn write(&mut self, now: Timestamp, mut line: Map<String, Value>) -> io::Result<()> {
        let date = date_of(now);
        if self.open.as_ref().is_none_or(|it| it.date != date) {
            self.open = None; // flushes what the day before left
            self.open = Some(self.start(date)?);
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        line.insert("time".to_owned(), now.to_string().into());
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        if open.bytes + text.len() as u64 > FILE_BYTES_MAX {
            return Ok(()); // the day is full
        }
        open.bytes += text.len() as u64;
        open.file.write_all(text.as_bytes())
    }

    /// Opens the file of `date`; one of an earlier day goes aside.
    fn start(&self, date: String) -> io::Result<Open> {
        let path = self.path();
        if let Some(earlier) = day_of_file(&path)?.filter(|it| *it != date) {
            let aside = self.dir.join(format!("{}.{earlier}.log", self.name));
            // A clock that went back and forth must not cost a day that is finished.
            if !aside.try_exists()? {
                fs::rename(&path, aside)?;
            }
        }
        self.remove_old(&date)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Open {
            date,
            file: io::BufWriter::new(file),
            bytes,
        })
    }

    /// Removes the files of days that are not kept any more.
    fn remove_old(&self, today: &str) -> io::Result<()> {
        let prefix = format!("{}.", self.name);
        let mut dated: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|it| it.to_str());
            let date = name.and_then(|it| it.strip_prefix(&prefix)?.strip_suffix(".log"));
            if date.is_some_and(|it| is_date(it) && it < today) {
                dated.push(path);
            }
        }
        dated.sort();
        let surplus = dated.len().saturating_sub(self.keep_days as usize);
        dated.iter().take(surplus).try_for_each(fs::remove_file)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |it| it.file.flush())
    }
}

/// Returns the day of the file's first line; `None` for no file, or one that does not say.
fn day_of_file(path: &Path) -> io::Result<Option<String>> {
    let text = match File::open(path) {
        Ok(file) => {
            let mut head = Vec::new();
            file.take(64 * 1024).read_to_end(&mut head)?;
            head
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let line = text.split(|it| *it == b'\n').next().unwrap_or_default();
    let line: Option<Value> = serde_json::from_slice(line).ok();
    let date = line
        .as_ref()
        .and_then(|it| it.get("time")?.as_str()?.get(..10));
    Ok(date.filter(|it| is_date(it)).map(str::to_owned))
}

fn date_of(now: Timestamp) -> String {
    now.to_string().chars().take(10).collect()
}

fn is_date(text: &str) -> bool {
    let shape = |(place, it): (usize, u8)| match place {
        4 | 7 => it == b'-',
        _ => it.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

#[cfg(test)]
mod tests;
