//! Which set an indicator lies in: one for each purpose, address family and prefix length.
//!
//! Prefixes do not go into one set of intervals: intervals must not overlap, so a prefix inside
//! another would lose its own deadline, or be cut out of the other when it is removed. A set for
//! each length in use, asked with the source masked to that length, keeps every prefix as it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aegis_core::{Exemption, Indicator};

/// What being in a set means, in the order in which the rules ask.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Purpose {
    Protected,
    Allowlisted,
    Blocked,
}

/// One set.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct SetKey {
    pub(super) purpose: Purpose,
    pub(super) is_ipv6: bool,
    pub(super) prefix_len: u8,
}

impl SetKey {
    pub(super) fn of(purpose: Purpose, indicator: Indicator) -> Self {
        Self {
            purpose,
            is_ipv6: !indicator.is_ipv4(),
            prefix_len: indicator.prefix_len(),
        }
    }

    pub(super) fn exempt(exemption: Exemption, indicator: Indicator) -> Self {
        let purpose = match exemption {
            Exemption::Protected => Purpose::Protected,
            Exemption::Allowlisted => Purpose::Allowlisted,
        };
        Self::of(purpose, indicator)
    }

    /// Returns whether the set holds single addresses.
    pub(super) fn is_host(self) -> bool {
        self.prefix_len == if self.is_ipv6 { 128 } else { 32 }
    }

    /// Returns the set's name in the table, such as `blocked4_24`.
    pub(super) fn name(self) -> String {
        let purpose = match self.purpose {
            Purpose::Protected => "protected",
            Purpose::Allowlisted => "allowed",
            Purpose::Blocked => "blocked",
        };
        let family = if self.is_ipv6 { 6 } else { 4 };
        format!("{purpose}{family}_{}", self.prefix_len)
    }

    /// Reads a name as [`name`](Self::name) writes it.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (start, prefix_len) = name.split_once('_')?;
        let (purpose, is_ipv6) = match start {
            "protected4" => (Purpose::Protected, false),
            "protected6" => (Purpose::Protected, true),
            "allowed4" => (Purpose::Allowlisted, false),
            "allowed6" => (Purpose::Allowlisted, true),
            "blocked4" => (Purpose::Blocked, false),
            "blocked6" => (Purpose::Blocked, true),
            _ => return None,
        };
        let key = Self {
            purpose,
            is_ipv6,
            prefix_len: prefix_len.parse().ok()?,
        };
        let longest = if is_ipv6 { 128 } else { 32 };
        (key.prefix_len <= longest && key.name() == name).then_some(key)
    }

    /// Returns the type of the set's elements.
    pub(super) fn element_type(self) -> &'static str {
        if self.is_ipv6 {
            "ipv6_addr"
        } else {
            "ipv4_addr"
        }
    }

    /// Returns the left side of the rule that asks the set: the source, masked to the length.
    pub(super) fn source(self) -> String {
        let field = if self.is_ipv6 {
            "ip6 saddr"
        } else {
            "ip saddr"
        };
        if self.is_host() {
            return field.to_owned();
        }
        format!("{field} & {}", self.mask())
    }

    /// Returns the indicator that an element of this set stands for.
    pub(super) fn indicator(self, address: IpAddr) -> Option<Indicator> {
        if address.is_ipv6() != self.is_ipv6 {
            return None;
        }
        let indicator = Indicator::prefix(address, self.prefix_len)?;
        (indicator.address() == address && Self::of(self.purpose, indicator) == self)
            .then_some(indicator)
    }

    fn mask(self) -> IpAddr {
        let zeros = |bits: u32| bits - u32::from(self.prefix_len);
        if self.is_ipv6 {
            let mask = u128::MAX.checked_shl(zeros(128)).unwrap_or(0);
            Ipv6Addr::from_bits(mask).into()
        } else {
            let mask = u32::MAX.checked_shl(zeros(32)).unwrap_or(0);
            Ipv4Addr::from_bits(mask).into()
        }
    }
}

#[cfg(test)]
mod tests;
