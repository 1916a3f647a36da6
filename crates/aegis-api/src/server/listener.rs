//! The control socket: who may connect, and what becomes of one that is in the way.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

use super::connection::Accept;
use crate::Caller;

/// Owner and group may control the node, nobody else.
const SOCKET_MODE: u32 = 0o660;

/// Everybody may see that a node runs.
const DIRECTORY_MODE: u32 = 0o755;

/// A control socket with somebody who listens. Dropping it removes the socket.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
    inode: (u64, u64), // device and number, so that a successor's socket is left alone
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another node has it.
    #[error("another node already answers on {path}")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket has its name.
    #[error("{path} is in the way and is not a socket")]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// The system said no.
    #[error("cannot create the control socket {path}")]
    Create {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Listener {
    /// Creates the socket at `path`, and its directory where there is none.
    ///
    /// A socket that nobody answers on is replaced, one that somebody answers on is not. Needs
    /// a tokio runtime.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let create = |source| BindError::Create {
            path: path.to_owned(),
            source,
        };
        let directory = path.parent().unwrap_or_else(|| Path::new(""));
        if !directory.as_os_str().is_empty() {
            create_directory(directory).map_err(create)?;
        }
        refuse_occupied(path)?;
        // Made under another name first: nobody can connect before the mode is right.
        let unfinished = directory.join(format!(".{}", std::process::id()));
        let listener = bind_unfinished(&unfinished).map_err(create)?;
        let finished =
            fs::rename(&unfinished, path).and_then(|()| fs::symlink_metadata(path).map(inode));
        match finished {
            Ok(inode) => Ok(Self {
                listener,
                path: path.to_owned(),
                inode,
            }),
            Err(source) => {
                let _ = fs::remove_file(&unfinished); // best effort on the way out
                Err(create(source))
            }
        }
    }
}

impl Accept for Listener {
    type Accepted = (UnixStream, Caller);

    async fn accept(&self) -> io::Result<(UnixStream, Caller)> {
        let (stream, _) = self.listener.accept().await?;
        let peer = stream.peer_cred()?;
        let pid = peer.pid().and_then(|it| u32::try_from(it).ok());
        let caller = Caller::Local {
            uid: peer.uid(),
            pid: pid.filter(|it| *it > 0), // zero: of another namespace
        };
        Ok((stream, caller))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|it| inode(it) == self.inode);
        if is_ours {
            let _ = fs::remove_file(&self.path); // best effort: the next start replaces it
        }
    }
}

fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(directory)
}

/// Refuses a path that holds anything but a socket that nobody answers on.
fn refuse_occupied(path: &Path) -> Result<(), BindError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let path = path.to_owned();
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket { path });
    }
    match std::os::unix::net::UnixStream::connect(&path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BindError::Create { path, source }),
        Ok(_) => Err(BindError::InUse { path }),
    }
}

fn bind_unfinished(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

fn inode(metadata: fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests;
