//! One owner for each instance's table in a network namespace.
//!
//! The lock is a socket with an abstract name: it belongs to the network namespace, as the tables
//! do, and is gone with its process, however that ends.

#![expect(unsafe_code, reason = "asks who holds the other end of a socket")]

use std::{
    io, mem,
    os::{
        fd::AsRawFd as _,
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
};

use crate::{EnforceError, InstanceName};

/// Held while an instance is owned; `None` where somebody squats on its name.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, never used")] Option<UnixListener>);

impl Lock {
    pub(super) fn take(instance: &InstanceName) -> Result<Self, EnforceError> {
        let failed = EnforceError::kernel("take the lock of the instance");
        let name = format!("aegis/nft/{instance}");
        let address = match SocketAddr::from_abstract_name(name) {
            Ok(address) => address,
            Err(error) => return Err(failed(error)),
        };
        match UnixListener::bind_addr(&address) {
            Ok(listener) => Ok(Self(Some(listener))),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => Err(failed(error)),
            // Anybody may take an abstract name: only root and our own user are believed.
            Err(_) if owner(&address).is_some_and(|it| it != 0 && it != own_user()) => {
                tracing::warn!(instance = %instance, "Another user holds the name of the lock");
                Ok(Self(None))
            }
            Err(_) => Err(EnforceError::AlreadyRunning {
                instance: instance.to_string(),
            }),
        }
    }
}

fn own_user() -> u32 {
    // SAFETY: no arguments, and it cannot fail.
    unsafe { libc::geteuid() }
}

/// Returns the user whose process listens there.
fn owner(address: &SocketAddr) -> Option<u32> {
    let stream = UnixStream::connect_addr(address).ok()?;
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut peer: libc::ucred = unsafe { mem::zeroed() };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: a live socket, and a structure of the size that is told.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut size,
        )
    };
    (result == 0).then_some(peer.uid)
}
