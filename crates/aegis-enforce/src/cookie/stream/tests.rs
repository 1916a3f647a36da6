//! Events byte by byte as the kernel writes them.

use super::*;

#[test]
fn reads_both_families_and_nothing_else() {
    let mut address = [0; 16];
    address[..4].copy_from_slice(&[203, 0, 113, 7]);
    let v4 = event(EVENT_VERIFIED, 4, address);
    assert_eq!(parse(&v4), Some("203.0.113.7".parse().unwrap()));
    let octets = "2001:db8::7".parse::<Ipv6Addr>().unwrap().octets();
    let v6 = event(EVENT_VERIFIED, 6, octets);
    assert_eq!(parse(&v6), Some("2001:db8::7".parse().unwrap()));
    assert_eq!(parse(&event(aegis_abi::EVENT_SYN_FLOOD, 4, address)), None);
    assert_eq!(parse(&event(EVENT_VERIFIED, 5, address)), None);
    for length in 0..v4.len() {
        assert_eq!(parse(&v4[..length]), None, "{length} bytes");
    }
    assert_eq!(parse(&[&v4[..], &[0]].concat()), None);
}

fn event(kind: u32, family: u32, address: [u8; 16]) -> Vec<u8> {
    let mut bytes = [kind.to_ne_bytes(), family.to_ne_bytes()].concat();
    bytes.extend(address);
    bytes.resize(size_of::<Event>(), 0);
    bytes
}
