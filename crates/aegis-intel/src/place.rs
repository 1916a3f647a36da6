//! Places: where addresses are, from databases in MaxMind's format.
//!
//! Several databases complete each other: one has countries, another autonomous systems. A file is read
//! whole and checked before anybody relies on it, so that one which is replaced while a node runs is taken
//! over or leaves everything as it is.

use std::{
    collections::HashMap,
    fs, io,
    net::IpAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use aegis_core::{CountryCode, FEED_ENTRIES_MAX, Indicator, Location, Region};
use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use self::tree::{STEPS_PER_NODE_MAX, Tree};

#[cfg(test)]
mod tests;
mod tree;
#[cfg(any(test, feature = "testing"))]
pub mod writer;

/// Databases at most: one for each kind of knowledge, and some to spare.
pub const DATABASES_MAX: usize = 8;

/// The largest file that is read: the most detailed of the vendor has half of it.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The longest name of an autonomous system that is kept, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Databases that stand together.
#[derive(Debug, Default)]
pub struct Places {
    databases: Vec<Database>,
}

/// Which file a database was read from, and what that looked like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    path: PathBuf,
    /// Length, time and number of the file; `None` where there was none.
    seen: Option<(u64, i64, i64, u64)>,
}

#[derive(Debug)]
struct Database {
    stamp: Stamp,
    reader: Reader<Vec<u8>>,
}

/// Why a database is no use.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It cannot be read.
    #[error("cannot read the database of places {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is too large.
    #[error("the database of places {path} has more than {FILE_BYTES_MAX} bytes")]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// It is no such database, or a damaged one.
    #[error("{path} is no whole database in MaxMind's format")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its nodes are shared so that nobody could wait for its networks.
    #[error(
        "the tree of {path} takes more than {STEPS_PER_NODE_MAX} steps for each of its {nodes} nodes"
    )]
    Tangled {
        /// Which.
        path: PathBuf,
        /// How many nodes it has.
        nodes: u32,
    },
    /// A region has more prefixes than can be blocked.
    #[error("{region} has more than {FEED_ENTRIES_MAX} prefixes")]
    TooMany {
        /// Which.
        region: Region,
    },
}

/// What a record of any of these databases may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    continent: Option<Coded<'a>>,
    #[serde(borrow)]
    country: Option<IsoCoded<'a>>,
    #[serde(borrow)]
    registered_country: Option<IsoCoded<'a>>,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Coded<'a> {
    code: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IsoCoded<'a> {
    iso_code: Option<&'a str>,
}

impl Places {
    /// Reads and checks every database. Takes a while: a large one has some hundred megabytes.
    ///
    /// # Errors
    ///
    /// Fails where one is no use.
    pub fn open(paths: &[PathBuf]) -> Result<Self, PlaceError> {
        let databases = paths
            .iter()
            .take(DATABASES_MAX)
            .map(|it| Database::open(it));
        Ok(Self {
            databases: databases.collect::<Result<_, _>>()?,
        })
    }

    /// Returns whether there is any.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// Returns what the files looked like that these were read from.
    pub fn stamps(&self) -> Vec<Stamp> {
        self.databases.iter().map(|it| it.stamp.clone()).collect()
    }

    /// Returns a number that tells these from others.
    pub fn generation(&self) -> u64 {
        let mut generation = 0_u64;
        for it in &self.databases {
            let (length, seconds, nanoseconds, inode) = it.stamp.seen.unwrap_or_default();
            for part in [
                length,
                seconds.cast_unsigned(),
                nanoseconds.cast_unsigned(),
                inode,
            ] {
                // FNV-1a by words: nobody gains by two that collide.
                generation = (generation ^ part)
                    .wrapping_mul(0x0100_0000_01b3)
                    .rotate_left(17);
            }
        }
        generation
    }

    /// Returns where an address is; nothing where no database has it, or has it in a way that cannot be
    /// read.
    pub fn location(&self, address: IpAddr) -> Location {
        let mut location = Location::default();
        for database in &self.databases {
            let found = database.reader.lookup(address);
            let entry = found.and_then(|it| it.decode::<Entry<'_>>());
            if let Ok(Some(entry)) = entry {
                entry.complete(&mut location);
            }
        }
        location
    }

    /// Returns every prefix of a region; of several databases the first that knows any.
    ///
    /// # Errors
    ///
    /// Fails where there are too many, or a database cannot be read to its end.
    pub fn prefixes(&self, region: Region) -> Result<Vec<Indicator>, PlaceError> {
        for database in &self.databases {
            let prefixes = database.prefixes(region)?;
            if !prefixes.is_empty() {
                return Ok(prefixes);
            }
        }
        Ok(Vec::new())
    }
}

impl Stamp {
    /// Returns what a file looks like now.
    pub fn of(path: &Path) -> Self {
        let seen = fs::metadata(path).ok();
        Self {
            path: path.to_owned(),
            seen: seen.map(|it| (it.len(), it.mtime(), it.mtime_nsec(), it.ino())),
        }
    }
}

impl Database {
    fn open(path: &Path) -> Result<Self, PlaceError> {
        let path = path.to_owned();
        let stamp = Stamp::of(&path); // before it is read: a change meanwhile is seen later
        let bytes = match read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(PlaceError::TooLarge { path }),
            Err(source) => return Err(PlaceError::Read { path, source }),
        };
        let malformed = |source: MaxMindDbError| PlaceError::Malformed {
            path: path.clone(),
            source: source.into(),
        };
        let metadata = Reader::from_source(bytes.as_slice())
            .map_err(malformed)?
            .metadata()
            .clone();
        let tree = Tree {
            bytes: &bytes,
            node_count: metadata.node_count,
            record_bits: metadata.record_size,
            is_ipv6: metadata.ip_version == 6,
        };
        // Before it is verified: that walks the tree too.
        if !tree.is_walked_soon() {
            let nodes = metadata.node_count;
            return Err(PlaceError::Tangled { path, nodes });
        }
        let reader = Reader::from_source(bytes).map_err(malformed)?;
        reader.verify().map_err(malformed)?;
        Ok(Self { stamp, reader })
    }

    fn prefixes(&self, region: Region) -> Result<Vec<Indicator>, PlaceError> {
        let malformed = |source: MaxMindDbError| PlaceError::Malformed {
            path: self.stamp.path.clone(),
            source: source.into(),
        };
        let mut prefixes = Vec::new();
        // Many prefixes share one record.
        let mut known: HashMap<usize, bool> = HashMap::new();
        let all = self.reader.networks(Default::default());
        for found in all.map_err(malformed)? {
            let found = found.map_err(malformed)?;
            let Some(offset) = found.offset() else {
                continue;
            };
            let is_in = match known.get(&offset) {
                Some(is_in) => *is_in,
                None => {
                    let mut location = Location::default();
                    if let Ok(Some(entry)) = found.decode::<Entry<'_>>() {
                        entry.complete(&mut location);
                    }
                    let is_in = location.is_in(region);
                    known.insert(offset, is_in);
                    is_in
                }
            };
            if !is_in {
                continue;
            }
            let network = found.network().map_err(malformed)?;
            let Some(prefix) = Indicator::prefix(network.ip(), network.prefix()) else {
                continue; // the whole of IPv4 in IPv6 is no prefix of ours
            };
            if prefixes.len() >= FEED_ENTRIES_MAX {
                return Err(PlaceError::TooMany { region });
            }
            prefixes.push(prefix);
        }
        Ok(prefixes)
    }
}

impl Entry<'_> {
    /// Adds what is known here and was not yet.
    fn complete(&self, location: &mut Location) {
        let code = |text: Option<&str>| text.and_then(|it| it.parse::<CountryCode>().ok());
        let country = [&self.country, &self.registered_country];
        let country = country
            .into_iter()
            .flatten()
            .find_map(|it| code(it.iso_code));
        let continent = self.continent.as_ref().and_then(|it| code(it.code));
        location.country = location.country.or(country);
        location.continent = location.continent.or(continent);
        if location.asn.is_none() && self.autonomous_system_number.is_some() {
            location.asn = self.autonomous_system_number;
            let name = self.autonomous_system_organization;
            location.asn_name = name.map(|it| it.chars().take(NAME_CHARS_MAX).collect());
        }
    }
}

/// Reads a file whole; `None` where it is too large.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Ok(None);
    }
    fs::read(path).map(Some)
}
