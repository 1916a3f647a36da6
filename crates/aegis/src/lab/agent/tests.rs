//! Tests of the packets that the lab sends.

use super::*;

#[test]
fn a_packet_with_its_checksum_sums_to_nothing() {
    let (from, to) = (Ipv4Addr::new(10, 77, 0, 66), Ipv4Addr::new(10, 77, 0, 11));
    assert_eq!(checksum(&ip_header(from, to)), 0);
    let segment = syn(SocketAddrV4::new(from, 1234), SocketAddrV4::new(to, 80), 7);
    let mut pseudo = [from.octets(), to.octets()].concat();
    pseudo.extend([0, 6, 0, 20]);
    pseudo.extend(segment);
    assert_eq!(checksum(&pseudo), 0);
    assert_eq!(segment[13], 0x02);
}

#[test]
fn the_checksum_is_that_of_the_rfc() {
    // RFC 1071 §3: the example's sum is ddf2, so its checksum is 220d.
    assert_eq!(
        checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
        0x220d
    );
}
