//! Tests of `memory`.

use super::*;

#[test]
fn what_was_put_is_taken() {
    let mut writer = Writer::default();
    writer.put_u8(7);
    writer.put_bool(true);
    writer.put_u32(1 << 20);
    writer.put_u64(u64::MAX);
    writer.put_f64(-2.5);
    writer.put_f64(0.25);
    let bytes = writer.into_bytes();
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.take_u8(), Some(7));
    assert_eq!(reader.take_bool(), Some(true));
    assert_eq!(reader.take_u32(), Some(1 << 20));
    assert_eq!(reader.take_u64(), Some(u64::MAX));
    assert_eq!(reader.take_f64(3.0), Some(-2.5));
    assert!(!reader.is_at_end());
    assert_eq!(reader.take_confidence(), Confidence::new(0.25));
    assert!(reader.is_at_end());
    assert_eq!(reader.take_u8(), None);
}

#[test]
fn what_could_not_have_been_written_is_not_read() {
    assert_eq!(Reader::new(&[2]).take_bool(), None);
    assert_eq!(Reader::new(&[0; 7]).take_f64(1.0), None);
    for value in [f64::NAN, f64::INFINITY, 1.5, -1.5] {
        let bytes = value.to_le_bytes();
        assert_eq!(Reader::new(&bytes).take_f64(1.0), None);
        assert_eq!(Reader::new(&bytes).take_confidence(), None);
    }
}
