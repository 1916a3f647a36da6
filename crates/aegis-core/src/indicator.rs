//! Indicators: the addresses and prefixes that statements and decisions are about.

use std::{cmp::Ordering, fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The longest text that can be an indicator: an IPv6 address with a prefix length.
const TEXT_BYTES_MAX: usize = 49;

/// An IPv4 or IPv6 address or prefix in canonical form.
///
/// Host bits are zero and `::ffff:a.b.c.d` is IPv4, so equal indicators have equal texts.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Indicator(IpNet); // always truncated, never an IPv4-mapped IPv6 network

/// A text that is neither an address nor a prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an IPv4 or IPv6 address or prefix")]
pub struct InvalidIndicator;

impl Indicator {
    /// Returns the indicator of one address.
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address.to_canonical()))
    }

    /// Returns the prefix of `prefix_len` bits that `address` lies in, or `None` where the
    /// address family has fewer bits.
    ///
    /// A prefix of `::ffff:0:0/96` becomes the IPv4 prefix it means.
    pub fn prefix(address: IpAddr, prefix_len: u8) -> Option<Self> {
        let (address, prefix_len) = match address {
            IpAddr::V6(v6) if prefix_len >= 96 => match v6.to_ipv4_mapped() {
                Some(v4) => (IpAddr::V4(v4), prefix_len - 96),
                None => (address, prefix_len),
            },
            IpAddr::V4(_) | IpAddr::V6(_) => (address, prefix_len),
        };
        IpNet::new(address, prefix_len)
            .ok()
            .map(|net| Self(net.trunc()))
    }

    /// Returns the first address, the only one for a single address.
    pub fn address(&self) -> IpAddr {
        self.0.addr() // the network's, since host bits are zero
    }

    /// Returns the prefix length in bits: 0…32 for IPv4, 0…128 for IPv6.
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Returns whether this is a single address.
    pub fn is_host(&self) -> bool {
        self.0.prefix_len() == self.0.max_prefix_len()
    }

    /// Returns whether this is IPv4.
    pub fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// Returns whether every address of `other` is also in this indicator.
    pub fn contains(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Returns whether the two have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Returns the last single address of the indicator.
    pub fn last_host(&self) -> Self {
        Self(IpNet::from(self.0.broadcast()))
    }
}

impl From<IpAddr> for Indicator {
    fn from(address: IpAddr) -> Self {
        Self::host(address)
    }
}

impl FromStr for Indicator {
    type Err = InvalidIndicator;

    fn from_str(text: &str) -> Result<Self, InvalidIndicator> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidIndicator);
        }
        let Some((address, prefix_len)) = text.split_once('/') else {
            return text.parse().map(Self::host).map_err(|_| InvalidIndicator);
        };
        // `u8::from_str` takes "+24" and "024"; neither is a way to write a prefix.
        let is_canonical = prefix_len == "0" || !prefix_len.starts_with(['0', '+']);
        let prefix_len = prefix_len.parse().ok().filter(|_| is_canonical);
        let address = address.parse().map_err(|_| InvalidIndicator)?;
        prefix_len
            .and_then(|it| Self::prefix(address, it))
            .ok_or(InvalidIndicator)
    }
}

impl fmt::Display for Indicator {
    /// Writes a single address without, a prefix with its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            self.address().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

impl fmt::Debug for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Indicator({self})")
    }
}

impl Ord for Indicator {
    /// IPv4 before IPv6, then by address, then the wider prefix first.
    fn cmp(&self, other: &Self) -> Ordering {
        // Host bits are zero, so that the address of a network needs no masking: every sorted map asks this.
        match (&self.0, &other.0) {
            (IpNet::V4(one), IpNet::V4(two)) => {
                let key = |it: &Ipv4Net| (it.addr().to_bits(), it.prefix_len());
                key(one).cmp(&key(two))
            }
            (IpNet::V6(one), IpNet::V6(two)) => {
                let key = |it: &Ipv6Net| (it.addr().to_bits(), it.prefix_len());
                key(one).cmp(&key(two))
            }
            (IpNet::V4(_), IpNet::V6(_)) => Ordering::Less,
            (IpNet::V6(_), IpNet::V4(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Indicator {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
