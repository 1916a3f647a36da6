//! The bytes: what was said is read, and nothing else.

use proptest::{collection::vec, prelude::*};

use super::*;

type Bytes = Arc<[u8]>;

fn prefixes(most: usize) -> impl Strategy<Value = Vec<Prefix>> {
    vec(any::<u64>().prop_map(Prefix::new), 0..most)
}

fn alerts() -> impl Strategy<Value = Vec<Bytes>> {
    vec(vec(any::<u8>(), 0..600).prop_map(Bytes::from), 0..5)
}

fn request() -> impl Strategy<Value = Request<Bytes>> {
    let digest = prop::option::of(any::<[u64; 4]>().prop_map(SetDigest::from_lanes));
    prop_oneof![
        (digest, 1..=CELLS_MAX).prop_map(|(digest, count)| Request::Cells { digest, count }),
        (prefixes(50), prefixes(50))
            .prop_map(|(wanted, offered)| Request::Exchange { wanted, offered }),
        (prefixes(50)).prop_map(|mut held| {
            held.sort();
            Request::Range {
                first: held.first().copied().unwrap_or(Prefix::MIN),
                last: held.last().copied().unwrap_or(Prefix::MAX),
                held,
            }
        }),
        alerts().prop_map(Request::Give),
    ]
}

fn answer() -> impl Strategy<Value = Answer<Bytes>> {
    let cell = (any::<u128>(), any::<u64>(), any::<i32>());
    let cell = cell.prop_map(|(ids, checks, count)| Cell { ids, checks, count });
    let bits = || vec(any::<bool>(), 0..100);
    prop_oneof![
        Just(Answer::Same),
        Just(Answer::Taken),
        Just(Answer::Busy),
        (any::<[u8; 16]>(), 0usize..1 << 24, vec(cell, 1..50)).prop_map(|(salt, size, cells)| {
            Answer::Cells {
                salt: Salt::from_bytes(salt),
                size,
                cells,
            }
        }),
        (0..=PREFIXES_MAX, alerts(), bits()).prop_map(|(considered, alerts, wanted)| {
            Answer::Exchange {
                considered,
                alerts,
                wanted,
            }
        }),
        (any::<u64>(), alerts(), bits()).prop_map(|(reached, alerts, wanted)| Answer::Range {
            reached: Prefix::new(reached),
            alerts,
            wanted,
        }),
    ]
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_said(request in request()) {
        let bytes = request.encode();
        prop_assert_eq!(Request::decode(&bytes), Ok(request));
        prop_assert_eq!(Request::decode(&bytes[..bytes.len() - 1]), Err(Malformed));
        let more = [&bytes[..], &[0]].concat();
        prop_assert_eq!(Request::decode(&more), Err(Malformed));
    }

    #[test]
    fn an_answer_is_read_as_it_was_said(answer in answer()) {
        let bytes = answer.encode();
        prop_assert_eq!(Answer::decode(&bytes), Ok(answer));
        prop_assert_eq!(Answer::decode(&bytes[..bytes.len() - 1]), Err(Malformed));
    }

    #[test]
    fn junk_is_read_as_what_has_these_very_bytes_or_not_at_all(
        mut bytes in vec(any::<u8>(), 0..300),
        kind in 0u8..6,
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert_eq!(request.encode(), bytes.clone());
        }
        if let Ok(answer) = Answer::decode(&bytes) {
            prop_assert_eq!(answer.encode(), bytes);
        }
    }
}

#[test]
fn more_than_a_bound_allows_is_not_read() {
    let many = vec![Prefix::MIN; PREFIXES_MAX + 1];
    let exchange = Request::<Bytes>::Exchange {
        wanted: many.clone(),
        offered: Vec::new(),
    };
    assert_eq!(Request::decode(&exchange.encode()), Err(Malformed));
    let range = Request::<Bytes>::Range {
        first: Prefix::MIN,
        last: Prefix::MAX,
        held: many,
    };
    assert_eq!(Request::decode(&range.encode()), Err(Malformed));
    let long = Request::Give(vec![Bytes::from(vec![0; 4097])]);
    assert_eq!(Request::decode(&long.encode()), Err(Malformed));
    let fat = Request::Give(vec![Bytes::from(vec![0; 4096]); 65]);
    assert_eq!(Request::decode(&fat.encode()), Err(Malformed));
    let unsorted = Request::<Bytes>::Range {
        first: Prefix::MIN,
        last: Prefix::MAX,
        held: vec![Prefix::new(2), Prefix::new(1)],
    };
    assert_eq!(Request::decode(&unsorted.encode()), Err(Malformed));
}

#[test]
fn a_cell_of_a_large_set_takes_about_25_bytes() {
    let mut live = LiveSet::new(1);
    for number in 0..100_000 {
        live.insert(id(number));
    }
    let (salt, cells) = live.cells(256);
    let cells = Answer::<Bytes>::Cells {
        salt,
        size: live.len(),
        cells: cells.to_vec(),
    };
    let bytes = cells.encode().len();
    assert!(bytes <= 26 * 256, "{bytes}");
}
