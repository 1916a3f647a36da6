//! What a node keeps of tickets: whom those that it printed let in, and those that it joined by.
//!
//! A file in the state directory, which the daemon and `aegis join` without one both write. It
//! holds what a ticket holds, so it is for its owner alone, and it is written anew or not at all.

mod raw;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use aegis_api::InvitationId;
use aegis_core::{MemberRole, NodeId, Operator, OrganisationId, Timestamp};
use aegis_net::{NetworkSecret, Ticket, Token};

/// Invitations that are kept, and tickets that were joined by.
pub(crate) const INVITATIONS_MAX: usize = 256;
pub(crate) const JOINED_MAX: usize = 64;

/// Nodes that all invitations together let in: as many as the Engine remembers.
pub(crate) const ADMITTED_MAX: usize = aegis_core::PEERS_MAX;

/// The permissions of what is kept.
const MODE: u32 = 0o600;

/// The longest file that is read: everything in it at its longest.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is kept of tickets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tickets {
    /// Whom tickets of this node let in, the oldest first.
    pub(crate) invitations: Vec<Invitation>,
    /// By which tickets this node joined, the oldest first.
    pub(crate) joined: Vec<Joined>,
}

/// Whom one ticket lets in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invitation {
    /// What the token is known again by.
    pub(crate) token_hash: [u8; 32],
    /// Who had it printed.
    pub(crate) user: Operator,
    /// From when on it lets nobody in.
    pub(crate) expires_at: Timestamp,
    /// How many nodes it lets in.
    pub(crate) uses: u32,
    /// What they become beside that.
    pub(crate) offer: Option<Offer>,
    /// Whom it let in.
    pub(crate) admitted: Vec<NodeId>,
}

/// A membership that a ticket leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Offer {
    pub(crate) organisation: OrganisationId,
    pub(crate) role: MemberRole,
    pub(crate) membership_secs: u64,
}

/// A ticket by which this node joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Joined {
    pub(crate) ticket: Ticket,
    /// Whether the other node has let this one in.
    pub(crate) is_admitted: bool,
}

/// Why the file is no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TicketsError {
    /// It can be neither read nor written.
    #[error("cannot keep tickets in {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path} does not hold tickets: {problem}")]
    Malformed { path: PathBuf, problem: String },
    /// The network of the ticket is not that of this node.
    #[error("secret: the ticket is of another closed network than this node is in")]
    OtherNetwork,
    /// There are as many as there may be.
    #[error("this node has joined by {JOINED_MAX} tickets, and by no more")]
    Full,
}

impl Invitation {
    /// Returns what tells it from others.
    pub(crate) fn id(&self) -> InvitationId {
        let [a, b, c, d, ..] = self.token_hash;
        InvitationId::from_bytes([a, b, c, d])
    }

    /// Returns whether `token` is its own.
    pub(crate) fn is_of(&self, token: &Token) -> bool {
        // Hashes tell nothing by how long it takes to compare them.
        self.token_hash == token.hash()
    }
}

impl Tickets {
    /// Reads what is kept in a state directory; nothing where there is no file.
    pub(crate) fn load(dir: &Path) -> Result<Self, TicketsError> {
        let path = file(dir);
        let io = |source| TicketsError::Io {
            path: path.clone(),
            source,
        };
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(io(error)),
        };
        let malformed = |problem: String| TicketsError::Malformed {
            path: path.clone(),
            problem,
        };
        if size > FILE_BYTES_MAX {
            return Err(malformed("it is too long".to_owned()));
        }
        let text = fs::read_to_string(&path).map_err(io)?;
        raw::read(&text).map_err(malformed)
    }

    /// Changes what is kept in a state directory, and returns it as it is on the disk then.
    ///
    /// Whoever else wants to change it waits.
    pub(crate) fn change<T>(
        dir: &Path,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<(Self, T), TicketsError> {
        let path = file(dir);
        let io = |source| TicketsError::Io {
            path: path.clone(),
            source,
        };
        let lock = open(&dir.join("tickets.lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let before = Self::load(dir)?;
        let mut after = before.clone();
        let changed = change(&mut after);
        if after != before {
            write(dir, &path, &raw::written(&after)).map_err(io)?;
        }
        Ok((after, changed))
    }

    /// Keeps a ticket to join by; one for the same node takes the place of an earlier one.
    pub(crate) fn join(&mut self, ticket: &Ticket) -> Result<(), TicketsError> {
        let peer = ticket.parts().peer;
        if let (Some(own), Some(other)) = (self.secret(), &ticket.parts().secret)
            && own != *other
        {
            return Err(TicketsError::OtherNetwork);
        }
        let is_again = self.joined.iter().find(|it| it.ticket == *ticket).cloned();
        self.joined.retain(|it| it.ticket.parts().peer != peer);
        if self.joined.len() >= JOINED_MAX {
            return Err(TicketsError::Full);
        }
        self.joined.push(is_again.unwrap_or_else(|| Joined {
            ticket: ticket.clone(),
            is_admitted: false,
        }));
        Ok(())
    }

    /// Returns the secret of the closed network that was joined, if one was.
    pub(crate) fn secret(&self) -> Option<NetworkSecret> {
        self.joined.iter().find_map(|it| it.ticket.parts().secret)
    }

    /// Returns every node that a ticket let in.
    pub(crate) fn admitted(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.invitations.iter().flat_map(|it| &it.admitted).copied()
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("tickets.json")
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .open(path)
}

/// Writes a file so that after a crash it is the old or the new one.
fn write(dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&new)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&new, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests;
