//! Who accepted what: listening ports, and the connections that wait to be matched with them.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;

use super::diag::TcpSocket;

#[cfg(test)]
mod tests;

/// Connections of one dump that are kept: two megabytes, and more peers than a node judges.
const PROVEN_MAX: usize = 65_536;

/// Ended connections on ports not known to listen, kept until the next dump tells.
const WAITING_MAX: usize = 4096;

/// What the sockets seen so far prove.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    listening: BTreeSet<u16>,
    waiting: VecDeque<(u16, IpAddr)>,
    found: BTreeSet<IpAddr>,
}

/// The sockets of one dump; it becomes true as a whole, when the dump is complete.
#[derive(Debug, Default)]
pub(super) struct Survey {
    listening: BTreeSet<u16>,
    proven: BTreeSet<(u16, IpAddr)>,
}

impl Survey {
    /// Takes one socket of the dump.
    pub(super) fn take(&mut self, socket: TcpSocket) {
        match socket {
            TcpSocket::Listening { port } => {
                self.listening.insert(port);
            }
            TcpSocket::Connected {
                port,
                remote,
                is_proven: true,
            } => {
                if self.proven.len() < PROVEN_MAX {
                    self.proven.insert((port, remote));
                }
            }
            TcpSocket::Connected {
                is_proven: false, ..
            } => {}
        }
    }
}

impl Ledger {
    /// Takes a whole dump, and settles the ended connections that waited for it.
    pub(super) fn complete(&mut self, survey: Survey) {
        self.listening = survey.listening;
        for (port, remote) in survey
            .proven
            .into_iter()
            .chain(std::mem::take(&mut self.waiting))
        {
            if self.listening.contains(&port) {
                self.find(remote);
            }
        }
    }

    /// Takes a socket that has just ended.
    pub(super) fn end(&mut self, socket: TcpSocket) {
        let TcpSocket::Connected {
            port,
            remote,
            is_proven: true,
        } = socket
        else {
            return;
        };
        if self.listening.contains(&port) {
            self.find(remote);
        } else {
            // Its listener may be younger than the last dump; most are our own outgoing ones.
            if self.waiting.len() == WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back((port, remote));
        }
    }

    /// Takes out the addresses found since the last call, each once.
    pub(super) fn take_found(&mut self) -> Vec<IpAddr> {
        std::mem::take(&mut self.found).into_iter().collect()
    }

    fn find(&mut self, remote: IpAddr) {
        if self.found.len() < PROVEN_MAX {
            self.found.insert(remote);
        }
    }
}
