//! Tickets: one word that tells a node where another is, and lets it in.
//!
//! A ticket is for whoever holds it, like a key: it may hold the network's secret, and it holds an
//! invitation that the node that printed it honours a number of times.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1 |
//! | 1 | flags: 1 if there is a network secret, 2 if there is an organisation, added up |
//! | 32 | public key of the node that printed it |
//! | 16 | the invitation's token |
//! | 8 | first second in which it does not hold any more, since 1970 |
//! | 1 | how many addresses follow, 1 to 8 |
//! | 1 and as many as it says, each | a multiaddr in its binary form, without a peer ID |
//! | 32 | if there is one, the network's secret |
//! | 32, 1 | if there is one, the organisation's public key, and the role: 0 member, 1 publisher |
//!
//! `text` makes a word of them, and finds out when one is mistyped.

mod text;

use std::{fmt, str::FromStr};

use aegis_core::{MemberRole, NodeId, OrganisationId, Timestamp};
use libp2p::Multiaddr;

use crate::{Address, NetworkSecret, PeerAddress};

pub use text::TICKET_CHARS_MAX;

/// Addresses of a ticket at most: a host has a few, each by TCP and QUIC.
pub const TICKET_ADDRESSES_MAX: usize = 8;

const VERSION: u8 = 1;
const HAS_SECRET: u8 = 1;
const HAS_ORGANISATION: u8 = 2;

/// The longest address in bytes of its binary form.
const ADDRESS_BYTES_MAX: usize = u8::MAX as usize;

/// The random bytes that a ticket lets in with. They do not show themselves.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct Token([u8; Self::BYTES]);

impl Token {
    /// How many they are: nobody guesses one.
    pub const BYTES: usize = 16;

    /// Returns the token with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes. They are not for anybody's eyes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Returns what may be kept and shown in the token's place: nobody gets from it to the token.
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key("aegis 1 invitation", &self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a ticket says, before it is known to fit into one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TicketParts {
    /// The node that printed it.
    pub peer: NodeId,
    /// What it lets in with.
    pub token: Token,
    /// From when on it does not, in whole seconds.
    pub expires_at: Timestamp,
    /// Where the node is, the best first; what is too much is left out.
    pub addresses: Vec<Address>,
    /// The secret of its network, if it has one.
    pub secret: Option<NetworkSecret>,
    /// Of which organisation it makes whoever brings it a member, and as what.
    pub organisation: Option<(OrganisationId, MemberRole)>,
}

/// A ticket that can be printed and read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket(TicketParts); // at least one address, and all of it within the length of a word

/// Why a text is no ticket, or something does not go into one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTicket {
    /// It does not look like one.
    #[error("a ticket is one word that begins with `aegis1`")]
    NotOne,
    /// It is longer than any.
    #[error("a ticket has at most {TICKET_CHARS_MAX} characters")]
    TooLong,
    /// A character is none that tickets are written with.
    #[error(
        "character {at} is none that a ticket has: lower-case letters and digits but 1, b, i, o"
    )]
    Character {
        /// Which, the first is 1.
        at: usize,
    },
    /// It was changed on its way.
    #[error("the checksum is wrong: a character is mistyped, or some are missing")]
    Checksum,
    /// It is of a later version of the program.
    #[error("it has version {found}, this program reads version {VERSION}")]
    Version {
        /// Which.
        found: u8,
    },
    /// The checksum is right and the rest is not.
    #[error("{field}: {problem}")]
    Field {
        /// Which part.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Ticket {
    /// Returns the ticket that says this, with as many of the addresses as fit.
    pub fn new(parts: TicketParts) -> Result<Self, InvalidTicket> {
        let TicketParts {
            expires_at,
            addresses,
            ..
        } = &parts;
        if expires_at.floor_to_secs() != *expires_at {
            return Err(field("expires_at", "must be a whole second"));
        }
        let mut fitting: Vec<Address> = Vec::new();
        for address in addresses {
            let address = bare(address)?;
            let mut more = fitting.clone();
            more.push(address);
            let longer = Self(TicketParts {
                addresses: more,
                ..parts.clone()
            });
            let is_more = longer.0.addresses.len() <= TICKET_ADDRESSES_MAX;
            let is_new = !fitting.contains(&longer.0.addresses[fitting.len()]);
            if is_new && is_more && text::fits(longer.to_bytes().len()) {
                fitting = longer.0.addresses;
            }
        }
        if fitting.is_empty() {
            return Err(field("addresses", "there must be one that is not too long"));
        }
        Ok(Self(TicketParts {
            addresses: fitting,
            ..parts
        }))
    }

    /// Returns what it says.
    pub const fn parts(&self) -> &TicketParts {
        &self.0
    }

    /// Returns where the node that printed it is.
    pub fn peer_addresses(&self) -> impl Iterator<Item = PeerAddress> + '_ {
        let at = |it| PeerAddress::new(self.0.peer, it);
        self.0.addresses.iter().map(at)
    }

    /// Returns it as a word. Whoever reads the word can use it.
    pub fn to_text(&self) -> String {
        text::encode(&self.to_bytes())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let parts = &self.0;
        let mut bytes = vec![VERSION, 0];
        bytes.extend_from_slice(parts.peer.public_key());
        bytes.extend_from_slice(parts.token.as_bytes());
        bytes.extend_from_slice(&parts.expires_at.as_secs().to_be_bytes());
        // Both casts are of what `new` and `from_bytes` have bounded.
        bytes.push(parts.addresses.len() as u8);
        for address in &parts.addresses {
            let address = address.to_multiaddr().to_vec();
            bytes.push(address.len() as u8);
            bytes.extend_from_slice(&address);
        }
        if let Some(secret) = &parts.secret {
            bytes[1] |= HAS_SECRET;
            bytes.extend_from_slice(secret.as_bytes());
        }
        if let Some((organisation, role)) = &parts.organisation {
            bytes[1] |= HAS_ORGANISATION;
            bytes.extend_from_slice(organisation.public_key());
            bytes.push(match role {
                MemberRole::Member => 0,
                MemberRole::Publisher => 1,
            });
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidTicket> {
        let mut rest = Rest(bytes);
        let [version] = rest.take("version")?;
        if version != VERSION {
            return Err(InvalidTicket::Version { found: version });
        }
        let [flags] = rest.take("flags")?;
        if flags & !(HAS_SECRET | HAS_ORGANISATION) != 0 {
            return Err(field("flags", "one has no meaning"));
        }
        let peer = NodeId::from_public_key(rest.take("node")?);
        let token = Token(rest.take("token")?);
        let expires_at = u64::from_be_bytes(rest.take("expires_at")?);
        if expires_at > u64::MAX / 1000 {
            return Err(field("expires_at", "is later than any time"));
        }
        let addresses = rest.addresses()?;
        let secret = (flags & HAS_SECRET != 0).then(|| rest.take("secret"));
        let secret = secret.transpose()?.map(NetworkSecret::from_bytes);
        let organisation = (flags & HAS_ORGANISATION != 0).then(|| rest.organisation());
        let organisation = organisation.transpose()?;
        if !rest.0.is_empty() {
            return Err(field("end", "there is more than a ticket has"));
        }
        Ok(Self(TicketParts {
            peer,
            token,
            expires_at: Timestamp::from_secs(expires_at),
            addresses,
            secret,
            organisation,
        }))
    }
}

impl FromStr for Ticket {
    type Err = InvalidTicket;

    fn from_str(text: &str) -> Result<Self, InvalidTicket> {
        Self::from_bytes(&text::decode(text.trim())?)
    }
}

/// What is left of a ticket's bytes.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], InvalidTicket> {
        let (first, rest) = self.0.split_first_chunk().ok_or_else(|| missing(name))?;
        self.0 = rest;
        Ok(*first)
    }

    fn addresses(&mut self) -> Result<Vec<Address>, InvalidTicket> {
        let [count] = self.take("addresses")?;
        if !(1..=TICKET_ADDRESSES_MAX).contains(&usize::from(count)) {
            return Err(field("addresses", "there must be 1 to 8"));
        }
        let mut addresses = Vec::new();
        for _ in 0..count {
            let [length] = self.take("addresses")?;
            let split = self.0.split_at_checked(length.into());
            let (bytes, rest) = split.ok_or_else(|| missing("addresses"))?;
            self.0 = rest;
            let address = address(bytes).ok_or_else(|| field("addresses", "one is none"))?;
            if addresses.contains(&address) {
                return Err(field("addresses", "one is there twice"));
            }
            addresses.push(address);
        }
        Ok(addresses)
    }

    fn organisation(&mut self) -> Result<(OrganisationId, MemberRole), InvalidTicket> {
        let organisation = OrganisationId::from_public_key(self.take("organisation")?);
        let role = match self.take("role")? {
            [0] => MemberRole::Member,
            [1] => MemberRole::Publisher,
            [_] => return Err(field("role", "must be 0 or 1")),
        };
        Ok((organisation, role))
    }
}

/// Reads an address that is spelled as it is written here; `None` for any other.
fn address(bytes: &[u8]) -> Option<Address> {
    let spelled = Multiaddr::try_from(bytes.to_vec()).ok()?.to_string();
    let address: Address = spelled.parse().ok()?;
    let is_as_written = address.to_multiaddr().to_vec() == bytes;
    (is_as_written && bare(&address).ok()? == address).then_some(address)
}

/// Returns an address without a peer ID, if people can read it.
fn bare(address: &Address) -> Result<Address, InvalidTicket> {
    if !address.as_str().bytes().all(|it| it.is_ascii_graphic()) {
        return Err(field(
            "addresses",
            "one has characters that nobody can read",
        ));
    }
    // Whose it is does not matter: it is dropped.
    let nobody = NodeId::from_public_key([0; 32]);
    let bare = PeerAddress::new(nobody, address).address().clone();
    if bare.to_multiaddr().to_vec().len() > ADDRESS_BYTES_MAX {
        return Err(field("addresses", "one has more than 255 bytes"));
    }
    Ok(bare)
}

const fn field(field: &'static str, problem: &'static str) -> InvalidTicket {
    InvalidTicket::Field { field, problem }
}

const fn missing(name: &'static str) -> InvalidTicket {
    field(name, "the ticket ends before it")
}

#[cfg(test)]
mod tests;
