//! Batches keep their messages and their bounds.

use proptest::prelude::*;

use super::*;

fn messages(sizes: &[usize]) -> Vec<Arc<[u8]>> {
    // Bytes that do not compress, as signatures.
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let message = |size: &usize| (0..*size).map(|_| next()).collect();
    sizes.iter().map(message).collect()
}

#[track_caller]
fn keeps(messages: &[Arc<[u8]>]) -> usize {
    let batches = pack(messages);
    let mut unpacked = Vec::new();
    for batch in &batches {
        assert!(batch.len() <= BATCH_BYTES_MAX);
        unpacked.extend(unpack(batch).unwrap());
    }
    assert_eq!(unpacked, messages);
    batches.len()
}

#[test]
fn messages_come_out_as_they_went_in() {
    assert_eq!(keeps(&[]), 0);
    assert_eq!(keeps(&messages(&[1])), 1);
    assert_eq!(keeps(&messages(&[400; 70])), 1);
    assert!(keeps(&messages(&[400; 1000])) > 10);
    assert!(keeps(&messages(&[ALERT_BYTES_MAX; 100])) > 10);
}

#[test]
fn what_compresses_well_is_cut_by_what_it_unpacks_to() {
    let same: Arc<[u8]> = vec![b'a'; 4000].into();
    assert_eq!(keeps(&vec![same; 130]), 2);
}

#[test]
fn what_is_no_message_is_left_out() {
    let odd = messages(&[0, 5, ALERT_BYTES_MAX + 1, 70_000]);
    let batches = pack(&odd);
    assert_eq!(unpack(&batches[0]).unwrap(), [Arc::clone(&odd[1])]);
}

#[test]
fn a_bomb_is_refused() {
    let zeros = compress_to_vec_zlib(&vec![0; UNPACKED_BYTES_MAX + 1], 9);
    assert!(zeros.len() < 1024);
    assert_eq!(unpack(&zeros), Err(BatchError::Unpack));
    let huge = compress_to_vec_zlib(&vec![0; 2 << 20], 9);
    assert_eq!(unpack(&huge), Err(BatchError::Unpack));
    let long = vec![0; BATCH_BYTES_MAX + 1];
    assert_eq!(unpack(&long), Err(BatchError::TooLong { bytes: 32_769 }));
}

#[test]
fn half_a_message_is_refused() {
    for row in [
        b"\x00".as_slice(),
        b"\x00\x00",
        b"\x00\x05abcd",
        b"\x00\x01a\x00",
        b"\x10\x01a",
        b"\xff\xffa",
    ] {
        let batch = compress_to_vec_zlib(row, 6);
        assert_eq!(
            unpack(&batch),
            Err(BatchError::Content),
            "{}",
            row.escape_ascii()
        );
    }
    assert_eq!(unpack(b""), Err(BatchError::Unpack));
    assert_eq!(unpack(b"garbage"), Err(BatchError::Unpack));
}

proptest! {
    // Compression is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_messages_come_out_again(sizes in proptest::collection::vec(1..=ALERT_BYTES_MAX, 0..60)) {
        keeps(&messages(&sizes));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = unpack(&bytes);
        let _ = unpack(&compress_to_vec_zlib(&bytes, 1));
    }
}
