//! What is read comes out as it went in, and what cannot be read says why.

use aegis_core::{
    BlockDuration, Evidence, Severity, Statement, ThreatType, Timestamp,
    sync::{CHUNK_ALERTS_MAX, CHUNK_BYTES_MAX, Prefix},
};

use super::*;
use crate::Identity;

fn alert(author: u8, n: u32) -> Arc<Alert> {
    let statement = Statement {
        indicator: std::net::IpAddr::from((0xC612_0000 + n).to_be_bytes()).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: Timestamp::from_secs(1_763_640_000),
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, &Identity::from_secret([author; 32])))
}

fn exchange(alerts: Vec<Arc<Alert>>) -> Answer<Arc<Alert>> {
    Answer::Exchange {
        considered: alerts.len(),
        alerts,
        wanted: vec![true, false, true],
    }
}

#[test]
fn requests_and_answers_are_read_as_they_were_written() {
    let alerts: Vec<_> = (0..300).map(|n| alert((n % 3) as u8, n)).collect();
    let prefixes: Vec<Prefix> = (1..10).map(Prefix::new).collect();
    for request in [
        Request::Cells {
            digest: None,
            count: 32,
        },
        Request::Exchange {
            wanted: prefixes.clone(),
            offered: prefixes,
        },
        Request::Give(alerts.clone()),
        Request::Give(Vec::new()),
    ] {
        let framed = encode_request(request.clone());
        assert_eq!(read_request(&framed), Ok(request));
    }
    for answer in [Answer::Same, Answer::Busy, exchange(alerts)] {
        let framed = encode_answer(answer.clone());
        assert_eq!(read_answer(&framed), Ok(answer));
    }
}

#[test]
fn a_message_that_was_cut_off_is_told_from_one_that_is_wrong() {
    let framed = encode_answer(exchange(vec![alert(1, 1)]));
    for length in 0..framed.len() {
        let read = read_answer(&framed[..length]);
        assert_eq!(read, Err(Unreadable::Truncated), "{length}");
    }
    let longer = [&framed[..], &[0]].concat();
    assert_eq!(read_answer(&longer), Err(Malformed.into()));
    let other = [&4_u32.to_be_bytes()[..], &[9; 4]].concat();
    assert_eq!(read_answer(&other), Err(Malformed.into()));
    assert_eq!(read_request(&other), Err(Malformed.into()));
    let huge = u32::try_from(MESSAGE_BYTES_MAX + 1).unwrap();
    let read = read_answer(&huge.to_be_bytes());
    assert_eq!(read, Err(Unreadable::TooLong));
}

#[test]
fn one_invalid_alert_spoils_its_message() {
    for bad in [0, 127, 128, 299] {
        let alerts = (0..300).map(|n| {
            let good = alert(1, n);
            if n != bad {
                return good;
            }
            let text = String::from_utf8(good.wire().to_vec()).unwrap();
            let forged = text.replace("verified", "spoofable").into_bytes();
            let statement = good.statement().clone();
            Arc::new(Alert::from_verified(
                good.author(),
                statement,
                forged.into(),
            ))
        });
        let framed = encode_request(Request::Give(alerts.collect()));
        let forged = Err(WireError::Signature.into());
        assert_eq!(read_request(&framed), forged, "{bad}");
    }
}

#[test]
fn a_whole_chunk_fits_into_a_frame() {
    let alerts = (0..CHUNK_ALERTS_MAX as u32).map(|n| alert(1, n));
    let mut bytes = 0;
    let chunk = alerts.take_while(|it| {
        bytes += it.wire().len();
        bytes <= CHUNK_BYTES_MAX
    });
    let framed = encode_request(Request::Give(chunk.collect()));
    assert!(framed.len() > 250 * 1024 && framed.len() <= FRAME_BYTES_MAX);
    assert!(read_request(&framed).is_ok());
}

#[test]
fn only_what_was_sent_in_full_is_anybody_s_fault() {
    let faults = [
        Unreadable::Truncated,
        Unreadable::TooLong,
        Unreadable::Malformed(Malformed),
        Unreadable::Alert(WireError::NotCanonical),
    ];
    let expected = [
        None,
        Some(Misbehaviour::Oversized),
        Some(Misbehaviour::Malformed),
        Some(Misbehaviour::Respelled),
    ];
    assert_eq!(faults.map(Unreadable::misbehaviour), expected);
}
