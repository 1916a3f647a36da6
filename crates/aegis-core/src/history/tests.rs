//! Words and ids of history are read back as they were written.

use super::{HistoryId, HistoryKind};
use crate::Timestamp;

#[test]
fn every_kind_has_a_word_of_its_own_that_reads_back() {
    for kind in HistoryKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    assert!("".parse::<HistoryKind>().is_err());
    assert!("Blocked".parse::<HistoryKind>().is_err());
}

#[test]
fn an_id_reads_back_and_nothing_else_is_one() {
    let id = HistoryId {
        at: Timestamp::from_millis(1_795_176_000_250),
        seq: 42,
    };
    assert_eq!(id.to_string(), "1795176000250-42");
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "",
        "-",
        "1-",
        "-1",
        "1",
        "+1-2",
        "1-2-3",
        "1- 2",
        "1-99999999999999999999",
    ] {
        assert!(text.parse::<HistoryId>().is_err(), "{text}");
    }
}
