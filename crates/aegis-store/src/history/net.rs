//! Indicators as keys of an index in which a prefix and all that lies in it stand together.

use std::net::IpAddr;

use aegis_core::Indicator;

/// Behind every prefix length: the end of a range of keys.
const BEHIND_ALL: u8 = u8::MAX;

/// Returns the key: the address family, the address, the prefix length.
pub(super) fn key(indicator: &Indicator) -> Vec<u8> {
    let mut key = address_key(indicator.address());
    key.push(indicator.prefix_len());
    key
}

/// Returns the first and last key of what lies in `indicator`, itself included.
pub(super) fn within(indicator: &Indicator) -> (Vec<u8>, Vec<u8>) {
    let last = last_address(indicator);
    let mut end = address_key(last);
    end.push(BEHIND_ALL);
    (key(indicator), end)
}

/// Returns the keys of the prefixes around `indicator`, without itself.
pub(super) fn around(indicator: &Indicator) -> Vec<Vec<u8>> {
    let address = indicator.address();
    let prefixes = (0..indicator.prefix_len()).filter_map(|it| Indicator::prefix(address, it));
    prefixes.map(|it| key(&it)).collect()
}

fn address_key(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(it) => [&[4][..], &it.octets()].concat(),
        IpAddr::V6(it) => [&[6][..], &it.octets()].concat(),
    }
}

fn last_address(indicator: &Indicator) -> IpAddr {
    let prefix_len = u32::from(indicator.prefix_len());
    match indicator.address() {
        IpAddr::V4(it) => {
            let host_bits = u32::MAX.checked_shr(prefix_len).unwrap_or(0);
            IpAddr::V4((it.to_bits() | host_bits).into())
        }
        IpAddr::V6(it) => {
            let host_bits = u128::MAX.checked_shr(prefix_len).unwrap_or(0);
            IpAddr::V6((it.to_bits() | host_bits).into())
        }
    }
}
