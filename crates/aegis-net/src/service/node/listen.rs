//! Listening: on what the configuration names, if nobody else does.

use std::{io, net::TcpListener};

use libp2p::{Swarm, core::transport::TransportError, multiaddr::Protocol};

use crate::{
    Address,
    address::ip_of,
    service::{NetError, behaviour::Behaviour, members::Members},
};

/// Listens on an address, or says why that cannot be.
pub(super) fn listen(
    swarm: &mut Swarm<Members<Behaviour>>,
    address: &Address,
) -> Result<(), NetError> {
    let refused = |source| NetError::Listen {
        address: address.clone(),
        source,
    };
    probe(address).map_err(refused)?;
    swarm
        .listen_on(address.to_multiaddr())
        .map(drop)
        .map_err(|error| match error {
            TransportError::Other(source) => refused(source),
            TransportError::MultiaddrNotSupported(_) => {
                refused(io::Error::from(io::ErrorKind::Unsupported))
            }
        })
}

/// Fails where another process listens on a TCP port: libp2p listens with `SO_REUSEPORT`, so that
/// two nodes of one user would take turns in getting each other's connections.
fn probe(address: &Address) -> io::Result<()> {
    let address = address.to_multiaddr();
    let mut parts = address.iter().skip(1);
    if let (Some(ip), Some(Protocol::Tcp(port))) = (ip_of(&address), parts.next())
        && port != 0
    {
        TcpListener::bind((ip, port))?;
    }
    Ok(())
}
