//! Datagrams as the kernel writes them, and as nobody should.

use super::*;

const SEQUENCE: u32 = 7;

#[test]
fn splits_a_datagram_at_its_padding() {
    let datagram = [message(20, SEQUENCE, b"abcde"), message(21, SEQUENCE, b"")].concat();
    let found: Vec<_> = messages(&datagram).collect();
    assert_eq!(
        found,
        [
            Message {
                kind: 20,
                sequence: SEQUENCE,
                payload: b"abcde"
            },
            Message {
                kind: 21,
                sequence: SEQUENCE,
                payload: b""
            },
        ]
    );
}

#[test]
fn stops_at_a_broken_message() {
    let whole = message(20, SEQUENCE, b"abcd");
    for length in 0..whole.len() {
        assert_eq!(messages(&whole[..length]).count(), 0, "{length} bytes");
    }
    let mut too_short = whole.clone();
    too_short[..4].copy_from_slice(&3_u32.to_ne_bytes());
    assert_eq!(messages(&too_short).count(), 0);
    let mut too_long = [whole.clone(), whole].concat();
    too_long[..4].copy_from_slice(&u32::MAX.to_ne_bytes());
    assert_eq!(messages(&too_long).count(), 0);
}

#[test]
fn a_dump_ends_with_done_and_takes_its_own_answers_only() {
    let done = message(NLMSG_DONE, SEQUENCE, &0_i32.to_ne_bytes());
    let stale = message(NLMSG_DONE, SEQUENCE - 1, &0_i32.to_ne_bytes());
    let datagram = [
        message(20, SEQUENCE - 1, b"old!"),
        message(20, SEQUENCE, b"new!"),
    ]
    .concat();
    let mut taken = Vec::new();
    let mut take = |kind, payload: &[u8]| taken.push((kind, payload.to_vec()));
    assert!(!take_datagram(&datagram, SEQUENCE, &mut take).unwrap());
    assert!(!take_datagram(&stale, SEQUENCE, &mut take).unwrap());
    assert!(take_datagram(&done, SEQUENCE, &mut take).unwrap());
    assert_eq!(taken, [(20, b"new!".to_vec())]);
}

#[test]
fn tells_the_kernels_refusal() {
    for kind in [NLMSG_DONE, NLMSG_ERROR] {
        let refusal = message(kind, SEQUENCE, &(-libc::EPERM).to_ne_bytes());
        let error = take_datagram(&refusal, SEQUENCE, &mut |_, _| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
    let worst = message(NLMSG_ERROR, SEQUENCE, &i32::MIN.to_ne_bytes());
    assert!(take_datagram(&worst, SEQUENCE, &mut |_, _| ()).is_err());
}

#[test]
fn writes_a_question_that_it_can_read_itself() {
    let bytes = encode(
        Request {
            kind: 26,
            body: &[1, 2, 3, 4],
        },
        SEQUENCE,
    );
    let found: Vec<_> = messages(&bytes).collect();
    assert_eq!(
        found,
        [Message {
            kind: 26,
            sequence: SEQUENCE,
            payload: &[1, 2, 3, 4]
        }]
    );
}

fn message(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = encode(
        Request {
            kind,
            body: payload,
        },
        sequence,
    );
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
