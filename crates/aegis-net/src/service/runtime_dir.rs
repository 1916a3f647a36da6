//! Nodes of one host find each other through a directory: each keeps a file there that says where
//! it listens.
//!
//! A file is alive for as long as its node holds the lock on it, which ends with the process however
//! it ends. Files are strangers' words: their size, number and addresses are bounded, files of other
//! users are passed over, and a node named there is dialled only where this host's own
//! or private addresses are concerned.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aegis_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::Address;

/// Files that are read at a time: nodes of one host.
const FILES_MAX: usize = 64;

/// The longest file in bytes.
const FILE_BYTES_MAX: u64 = 8192;

/// Addresses that one node may name.
const ADDRESSES_MAX: usize = 32;

/// What a file says.
#[derive(Debug, Deserialize, Serialize)]
struct NodeFile {
    /// Where the node listens.
    addresses: Vec<String>,
    /// The network namespace it lives in: `127.0.0.1` of another one is another host.
    network: String,
}

/// This node's place in the directory.
#[derive(Debug)]
pub(super) struct RuntimeDir {
    own: NodeId,
    folder: PathBuf,
    file: File, // locked for as long as this node lives
    inode: u64,
    network: String,
    addresses: Vec<Address>,
}

impl RuntimeDir {
    /// Makes the directory, where need be, and this node's file in it.
    pub(super) fn join(runtime_dir: &Path, own: NodeId) -> io::Result<Self> {
        let folder = runtime_dir.join("nodes");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&folder)?;
        let file = place(&folder, own)?;
        Ok(Self {
            own,
            inode: file.metadata()?.ino(),
            network: network_namespace(),
            folder,
            file,
            addresses: Vec::new(),
        })
    }

    /// Says where this node listens.
    pub(super) fn announce(&mut self, addresses: Vec<Address>) -> io::Result<()> {
        self.addresses = addresses;
        self.write()
    }

    /// Returns the other live nodes with their addresses, and removes the files of dead ones.
    pub(super) fn scan(&mut self) -> io::Result<BTreeMap<NodeId, Vec<Address>>> {
        self.keep_place()?;
        let mut nodes = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)?.take(FILES_MAX) {
            let path = entry?.path();
            let Some(node) = node_named_by(&path).filter(|it| *it != self.own) else {
                continue;
            };
            // A file may vanish or change while we look; the next scan sees what became of it.
            if let Ok(Some(addresses)) = self.read(&path) {
                nodes.insert(node, addresses);
            }
        }
        Ok(nodes)
    }

    /// Removes this node's file.
    pub(super) fn leave(self) {
        let path = path_of(&self.folder, self.own);
        if fs::metadata(&path).is_ok_and(|it| it.ino() == self.inode) {
            let _ = fs::remove_file(path);
        }
    }

    /// Puts the file back where somebody removed it.
    fn keep_place(&mut self) -> io::Result<()> {
        let path = path_of(&self.folder, self.own);
        if fs::metadata(&path).is_ok_and(|it| it.ino() == self.inode) {
            return Ok(());
        }
        self.file = place(&self.folder, self.own)?;
        self.inode = self.file.metadata()?.ino();
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let said = NodeFile {
            addresses: self.addresses.iter().map(Address::to_string).collect(),
            network: self.network.clone(),
        };
        let text = serde_json::to_vec(&said)?;
        self.file.rewind()?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }

    /// Returns what a live node's file says, `None` where it is dead or says nothing for us.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<Address>>> {
        let file = open_warily(path)?;
        let metadata = file.metadata()?;
        let owners = [self.file.metadata()?.uid(), 0];
        if !metadata.is_file() || !owners.contains(&metadata.uid()) {
            return Ok(None);
        }
        if !is_alive(&file)? {
            remove_dead(path, metadata.ino());
            return Ok(None);
        }
        let mut text = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
        let said: NodeFile = serde_json::from_slice(&text)?;
        if said.network != self.network {
            return Ok(None);
        }
        let addresses = said.addresses.iter().take(ADDRESSES_MAX);
        Ok(Some(addresses.filter_map(|it| it.parse().ok()).collect()))
    }
}

/// Makes this node's file: locked first and named after, so that nobody ever sees it unlocked.
fn place(folder: &Path, own: NodeId) -> io::Result<File> {
    let path = path_of(folder, own);
    if let Ok(file) = open_warily(&path)
        && is_alive(&file)?
    {
        let twin = "another process runs with this node's identity";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, twin));
    }
    let draft = folder.join(format!(".{own}.{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut options = File::options();
    let file = options
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&draft)?;
    file.try_lock()?;
    fs::rename(&draft, &path)?;
    Ok(file)
}

/// Opens a file without following a link and without waiting for the other end of a pipe.
fn open_warily(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    File::options().read(true).custom_flags(flags).open(path)
}

/// Returns whether a node holds the lock on its file.
fn is_alive(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes a dead node's file, unless a new one was put in its place meanwhile.
fn remove_dead(path: &Path, inode: u64) {
    if fs::metadata(path).is_ok_and(|it| it.ino() == inode) {
        let _ = fs::remove_file(path);
    }
}

fn path_of(folder: &Path, node: NodeId) -> PathBuf {
    folder.join(format!("{node}.json"))
}

/// Returns the node that a file belongs to by its name.
fn node_named_by(path: &Path) -> Option<NodeId> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".json")?.parse().ok()
}

/// Returns the name of this process's network namespace, empty where it cannot be told.
fn network_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/net");
    link.map_or_else(|_| String::new(), |it| it.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
