//! One file of a journal.

use std::{collections::BTreeMap, io, os::unix::fs::FileExt};

use aegis_core::Timestamp;

use crate::log::LINE_BYTES_MAX;

/// What a file begins with.
const SIGNATURE: &[u8; 8] = b"LPKSHHRH";

/// What a file may have that a reader must know: compression of three kinds, keyed hashes, and
/// offsets of four bytes.
const FLAGS_KNOWN: u32 = 0b1_1111;
const FLAG_COMPACT: u32 = 1 << 4;

/// The part of the header that every version has.
const HEADER_BYTES: usize = 208;

const TYPE_DATA: u8 = 1;
const TYPE_ENTRY: u8 = 3;
const TYPE_ENTRY_ARRAY: u8 = 6;

/// Where what an object of its kind has begins: behind the fixed parts.
const ENTRY_ITEMS_AT: u64 = 64;
const ARRAY_ITEMS_AT: u64 = 24;
const DATA_AT: u64 = 64;
const DATA_AT_COMPACT: u64 = 72;

/// Fields of an entry that are looked at: journald takes no more.
const FIELDS_MAX: u64 = 1_024;

/// How much of a field is read at once: more than the longest that matters, but for messages.
const PEEK_BYTES: usize = 512;

/// The fields that matter.
const FIELDS: [&str; 5] = ["MESSAGE", "_COMM", "_UID", "_SYSTEMD_UNIT", "_TRANSPORT"];

/// Something that can be read at any place.
pub trait Storage {
    /// Reads what there is at `offset`, up to the whole of `buffer`; returns how much that was.
    ///
    /// # Errors
    ///
    /// Fails where the system does.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Storage for std::fs::File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match FileExt::read_at(self, &mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl Storage for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.len());
        let count = buffer.len().min(self.len() - start);
        buffer[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system says no.
    #[error("cannot read the journal")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is no file of a journal")]
    NotAJournal,
    /// It is of a kind that this reader does not know.
    #[error("the journal has features that are not known here: {flags:#x}")]
    Unsupported {
        /// Its flags.
        flags: u32,
    },
    /// What is written there makes no sense.
    #[error("the journal is damaged at byte {at}")]
    Damaged {
        /// Where.
        at: u64,
    },
}

/// An entry, as far as it matters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// When it was written, in microseconds since 1970: what a reader remembers.
    pub realtime_us: u64,
    /// The fields that matter, by name; of several of one name the last.
    pub fields: BTreeMap<&'static str, Vec<u8>>,
}

/// A file of a journal and the place to which it was read.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    is_compact: bool,
    header_bytes: u64,
    /// The array of entries that is read, and how many of its entries were; 0 before the first.
    array: u64,
    index: u64,
}

impl Entry {
    /// Returns when it was written.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.realtime_us / 1_000)
    }
}

impl<S: Storage> Journal<S> {
    /// Opens a file; its first entry is the next.
    ///
    /// # Errors
    ///
    /// Fails where it is no file of a journal, or of a kind that is not known.
    pub fn open(storage: S) -> Result<Self, JournalError> {
        let mut header = [0; HEADER_BYTES];
        let count = storage.read_at(0, &mut header)?;
        if count < HEADER_BYTES || !header.starts_with(SIGNATURE) {
            return Err(JournalError::NotAJournal);
        }
        let flags = u32_at(&header, 12);
        if flags & !FLAGS_KNOWN != 0 {
            return Err(JournalError::Unsupported { flags });
        }
        let header_bytes = u64_at(&header, 88);
        if header_bytes < HEADER_BYTES as u64 {
            return Err(JournalError::NotAJournal);
        }
        Ok(Self {
            storage,
            is_compact: flags & FLAG_COMPACT != 0,
            header_bytes,
            array: 0,
            index: 0,
        })
    }

    /// Returns what it is read from.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Returns how many entries there are, as of now: cheap, and it changes with every entry.
    ///
    /// # Errors
    ///
    /// Fails where the system does.
    pub fn entries(&self) -> Result<u64, JournalError> {
        let mut bytes = [0; 8];
        self.read(152, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Passes over every entry up to the last that was written at `realtime_us` or before.
    ///
    /// # Errors
    ///
    /// Fails where the file is damaged.
    pub fn seek(&mut self, realtime_us: u64) -> Result<(), JournalError> {
        (self.array, self.index) = (self.first_array()?, 0);
        while self.array != 0 {
            let capacity = self.capacity(self.array)?;
            let (mut low, mut high) = (0, capacity);
            while low < high {
                let middle = low + (high - low) / 2;
                let item = self.item(self.array, middle)?;
                let is_passed = item != 0 && self.realtime(item)? <= realtime_us;
                (low, high) = if is_passed {
                    (middle + 1, high)
                } else {
                    (low, middle)
                };
            }
            self.index = low;
            let next = self.next_array(self.array)?;
            if low < capacity || next == 0 {
                return Ok(());
            }
            (self.array, self.index) = (next, 0);
        }
        Ok(())
    }

    /// Returns the next entry; `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// Fails where the file is damaged. The next call goes on behind an entry that is.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, JournalError> {
        if self.array == 0 {
            self.array = self.first_array()?;
        }
        while self.array != 0 {
            if self.index < self.capacity(self.array)? {
                let item = self.item(self.array, self.index)?;
                if item == 0 {
                    return Ok(None);
                }
                self.index += 1;
                return self.entry(item).map(Some);
            }
            match self.next_array(self.array)? {
                0 => return Ok(None),
                next => (self.array, self.index) = (next, 0),
            }
        }
        Ok(None)
    }

    fn entry(&self, at: u64) -> Result<Entry, JournalError> {
        let size = self.object(at, TYPE_ENTRY)?;
        let bytes = if self.is_compact { 4 } else { 16 };
        let count = size.saturating_sub(ENTRY_ITEMS_AT) / bytes;
        if count > FIELDS_MAX {
            return Err(JournalError::Damaged { at });
        }
        let mut entry = Entry {
            realtime_us: self.realtime(at)?,
            fields: BTreeMap::new(),
        };
        for index in 0..count {
            let item = self.offset(at + ENTRY_ITEMS_AT + index * bytes)?;
            if let Some((name, value)) = self.field(item)? {
                entry.fields.insert(name, value);
            }
        }
        Ok(entry)
    }

    /// Reads a field, if it is one that matters.
    fn field(&self, at: u64) -> Result<Option<(&'static str, Vec<u8>)>, JournalError> {
        let mut peek = [0; PEEK_BYTES];
        let count = self.storage.read_at(at, &mut peek)?;
        let behind = if self.is_compact {
            DATA_AT_COMPACT
        } else {
            DATA_AT
        };
        let size = u64_at(&peek, 8);
        let is_data = peek[0] == TYPE_DATA && size >= behind && self.is_place(at);
        if count < 16 || !is_data {
            return Err(JournalError::Damaged { at });
        }
        let is_compressed = peek[1] & 0b111 != 0;
        let start = usize::try_from(behind).unwrap_or(usize::MAX).min(count);
        let seen = &peek[start..count];
        let is_it =
            |name: &&str| seen.starts_with(name.as_bytes()) && seen.get(name.len()) == Some(&b'=');
        let Some(name) = FIELDS
            .into_iter()
            .find(|it| is_it(it))
            .filter(|_| !is_compressed)
        else {
            return Ok(None);
        };
        let length = usize::try_from(size - behind).unwrap_or(usize::MAX);
        let length = length.saturating_sub(name.len() + 1).min(LINE_BYTES_MAX);
        let mut value = vec![0; length];
        self.read(at + behind + name.len() as u64 + 1, &mut value)?;
        Ok(Some((name, value)))
    }

    fn first_array(&self) -> Result<u64, JournalError> {
        let mut bytes = [0; 8];
        self.read(176, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Returns the array behind another: always further on in the file, so that there is an end.
    fn next_array(&self, at: u64) -> Result<u64, JournalError> {
        let mut bytes = [0; 8];
        self.read(at + 16, &mut bytes)?;
        let next = u64::from_le_bytes(bytes);
        if next != 0 && next <= at {
            return Err(JournalError::Damaged { at });
        }
        Ok(next)
    }

    fn capacity(&self, at: u64) -> Result<u64, JournalError> {
        let size = self.object(at, TYPE_ENTRY_ARRAY)?;
        let bytes = if self.is_compact { 4 } else { 8 };
        Ok(size.saturating_sub(ARRAY_ITEMS_AT) / bytes)
    }

    fn item(&self, array: u64, index: u64) -> Result<u64, JournalError> {
        let bytes = if self.is_compact { 4 } else { 8 };
        self.offset(array + ARRAY_ITEMS_AT + index * bytes)
    }

    fn realtime(&self, entry: u64) -> Result<u64, JournalError> {
        let mut bytes = [0; 8];
        self.read(entry + 24, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Checks that an object of this kind is there; returns its size.
    fn object(&self, at: u64, kind: u8) -> Result<u64, JournalError> {
        let mut bytes = [0; 16];
        self.read(at, &mut bytes)?;
        let size = u64_at(&bytes, 8);
        let is_it = bytes[0] == kind && (16..1 << 40).contains(&size) && self.is_place(at);
        if is_it {
            Ok(size)
        } else {
            Err(JournalError::Damaged { at })
        }
    }

    fn is_place(&self, at: u64) -> bool {
        at >= self.header_bytes && at.is_multiple_of(8)
    }

    /// Reads an offset as this file writes them.
    fn offset(&self, at: u64) -> Result<u64, JournalError> {
        let mut bytes = [0; 8];
        let count = if self.is_compact { 4 } else { 8 };
        self.read(at, &mut bytes[..count])?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads exactly so much; less is damage.
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), JournalError> {
        let is_far = at > 1 << 48; // no file is as long
        if is_far || self.storage.read_at(at, buffer)? < buffer.len() {
            return Err(JournalError::Damaged { at });
        }
        Ok(())
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

#[cfg(test)]
mod tests;
