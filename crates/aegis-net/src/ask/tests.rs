//! What is written is read as it was meant, and nothing else is read.

use std::{sync::Arc, time::Duration};

use aegis_core::{
    Confidence, Indicator, NodeId, Opinion, QUESTION_HOPS_MAX, Question, Score, Testimony,
    Timestamp, Topic,
    trust::model::{Recommendation, SortRecord},
};

use super::*;
use crate::Identity;

mod random;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn identity(n: u8) -> Identity {
    Identity::from_secret([n; 32])
}

fn opinion() -> Opinion {
    Opinion {
        score: Score::new(0.8).unwrap(),
        confidence: Confidence::new(0.95).unwrap(),
        sightings: 12,
        age: Duration::from_secs(90),
    }
}

fn testimony(author: u8, indicator: &str) -> Arc<Testimony> {
    let content = (Topic::Scan, Some(opinion()));
    Arc::new(sign(
        NOW,
        indicator.parse().unwrap(),
        content,
        &identity(author),
    ))
}

fn question(indicators: &[&str]) -> Question {
    Question {
        indicators: indicators.iter().map(|it| it.parse().unwrap()).collect(),
        hops: 1,
        wait: Duration::from_secs(3),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// Signs bytes as a testimony of whom they name, whatever they say.
fn signed_anew(author: u8, said: &[u8]) -> Vec<u8> {
    let signature = identity(author).sign(&[TESTIMONY_DOMAIN, said].concat());
    [said, &signature.to_bytes()].concat()
}

fn verify(bytes: &[u8]) -> Result<Testimony, AskError> {
    Unverified::parse(bytes)?.verify()
}

/// The page that describes the protocol has this example.
#[test]
fn the_worked_example_of_the_protocol_s_page_is_true() {
    let page = include_str!("../../../../docs/protocol.md");
    let said = testimony(7, "203.0.113.7");
    assert_eq!(said.signed.len(), 122);
    assert!(page.contains(&hex(&said.signed[..58])));
    assert!(page.contains(&hex(&said.signed[58..])));
    let asked = encode_question(&question(&["203.0.113.7"])).unwrap();
    assert!(page.contains(&format!("`{}`", hex(&asked))));
}

#[test]
fn a_testimony_is_read_as_it_was_signed() {
    for indicator in [
        "203.0.113.7",
        "203.0.113.0/24",
        "2001:db8::1",
        "2001:db8::/32",
        "::/0",
    ] {
        for opinion in [None, Some(opinion())] {
            let indicator = indicator.parse().unwrap();
            let said = sign(NOW, indicator, (Topic::Access, opinion), &identity(1));
            assert_eq!(verify(&said.signed), Ok(said.clone()));
            assert_eq!((said.topic, said.opinion), (Topic::Access, opinion));
            assert_eq!(said.author, identity(1).node_id());
            assert_eq!((said.indicator, said.stated_at), (indicator, NOW));
            assert!(said.signed.len() <= TESTIMONY_BYTES_MAX);
        }
    }
}

#[test]
fn a_testimony_says_what_its_bytes_say() {
    let exact = Opinion {
        score: Score::new(-0.123_456_789).unwrap(),
        confidence: Confidence::new(0.000_049).unwrap(),
        sightings: u32::MAX,
        age: Duration::MAX,
    };
    let now = NOW + Duration::from_millis(999);
    let said = sign(
        now,
        "192.0.2.1".parse().unwrap(),
        (Topic::Spam, Some(exact)),
        &identity(1),
    );
    let rounded = Opinion {
        score: Score::new(-0.1235).unwrap(),
        confidence: Confidence::NONE,
        sightings: u32::MAX,
        age: Duration::from_secs(NOW.as_secs()),
    };
    assert_eq!(said.opinion, Some(rounded));
    assert_eq!(said.stated_at, NOW);
    assert_eq!(verify(&said.signed), Ok(said));
}

#[test]
fn a_signature_for_anything_else_fits_no_testimony() {
    let signed = &testimony(1, "192.0.2.1").signed;
    let said = &signed[..signed.len() - 64];
    for domain in [&b""[..], crate::wire::SIGNATURE_DOMAIN] {
        let signature = identity(1).sign(&[domain, said].concat());
        let bytes = [said, &signature.to_bytes()].concat();
        assert_eq!(verify(&bytes), Err(AskError::Signature));
    }
    assert!(verify(&signed_anew(1, said)).is_ok());
}

/// Its author is to blame for it, so that is found out first.
#[test]
fn numbers_are_looked_at_after_the_signature() {
    check_number(1, &[6], "topic");
    check_number(34, &(1_u64 << 53).to_be_bytes(), "stated_at");
    check_number(46, &10_001_i16.to_be_bytes(), "score");
    check_number(46, &(-10_001_i16).to_be_bytes(), "score");
    check_number(46, &i16::MIN.to_be_bytes(), "score");
    check_number(48, &10_001_u16.to_be_bytes(), "confidence");
    check_number(48, &u16::MAX.to_be_bytes(), "confidence");
    check_number(54, &u32::MAX.to_be_bytes(), "age");
}

#[track_caller]
fn check_number(at: usize, number: &[u8], field: &'static str) {
    let mut bytes = testimony(1, "192.0.2.1").signed.to_vec();
    bytes[at..at + number.len()].copy_from_slice(number);
    assert_eq!(verify(&bytes), Err(AskError::Signature));
    let said = bytes.len() - 64;
    let bytes = signed_anew(1, &bytes[..said]);
    assert_eq!(verify(&bytes), Err(AskError::OutOfRange { field }));
}

#[test]
fn a_testimony_has_one_spelling() {
    let spelled = |flags: u8, indicator: &[u8]| {
        let head = &testimony(1, "192.0.2.1").signed[1..42];
        let said = [&[flags], head, indicator].concat();
        verify(&signed_anew(1, &said))
    };
    let malformed = |field| Err(AskError::Malformed { field });
    assert!(spelled(0, &[192, 0, 2, 1]).is_ok());
    assert_eq!(spelled(8, &[192, 0, 2, 1]), malformed("flags"));
    assert_eq!(spelled(128, &[192, 0, 2, 1]), malformed("flags"));
    assert!(spelled(2, &[192, 0, 2, 0, 24]).is_ok());
    assert_eq!(spelled(2, &[192, 0, 2, 1, 24]), malformed("indicator"));
    assert_eq!(spelled(2, &[192, 0, 2, 1, 32]), malformed("indicator"));
    assert_eq!(spelled(2, &[192, 0, 2, 1, 33]), malformed("indicator"));
    let mapped = "::ffff:192.0.2.1".parse::<std::net::Ipv6Addr>().unwrap();
    assert_eq!(spelled(1, &mapped.octets()), malformed("indicator"));
    let mut bytes = testimony(1, "192.0.2.1").signed.to_vec();
    bytes.push(0);
    assert_eq!(verify(&bytes), malformed("end"));
    bytes.resize(TESTIMONY_BYTES_MAX + 1, 0);
    let too_long = AskError::TooLong { bytes: bytes.len() };
    assert_eq!(verify(&bytes), Err(too_long));
}

#[test]
fn a_question_has_one_spelling() {
    let asked = question(&["2001:db8::/32", "192.0.2.2", "192.0.2.1", "192.0.2.2"]);
    let bytes = encode_question(&asked).unwrap();
    let in_order = question(&["192.0.2.1", "192.0.2.2", "2001:db8::/32"]);
    assert_eq!(decode_question(&bytes), Ok(in_order));
    let read = |bytes: &[&[u8]]| decode_question(&bytes.concat());
    let one = &[0, 192, 0, 2, 1][..];
    let out_of_range = |field| Err(AskError::OutOfRange { field });
    let malformed = |field| Err(AskError::Malformed { field });
    assert!(read(&[&[0, 0, 1, 1], one]).is_ok());
    assert_eq!(read(&[&[3, 0, 1, 1], one]), out_of_range("hops"));
    assert_eq!(read(&[&[0, 0, 0, 1], one]), out_of_range("wait"));
    assert!(read(&[&[0], &10_000_u16.to_be_bytes(), &[1], one]).is_ok());
    assert_eq!(
        read(&[&[0], &10_001_u16.to_be_bytes(), &[1], one]),
        out_of_range("wait")
    );
    assert_eq!(read(&[&[0, 0, 1, 0]]), out_of_range("count"));
    assert_eq!(read(&[&[0, 0, 1, 33], one]), out_of_range("count"));
    assert_eq!(read(&[&[0, 0, 1, 2], one]), Err(AskError::Truncated));
    assert_eq!(read(&[&[0, 0, 1, 2], one, one]), malformed("order"));
    assert_eq!(read(&[&[0, 0, 1, 1], one, one]), malformed("end"));
    assert_eq!(read(&[&[0, 0, 1, 1, 4, 192, 0, 2, 1]]), malformed("flags"));
    let long = vec![0; QUESTION_BYTES_MAX + 1];
    assert_eq!(read(&[&long]), Err(AskError::TooLong { bytes: long.len() }));
}

#[test]
fn what_is_asked_is_brought_into_range() {
    let mut asked = question(&["192.0.2.1"]);
    (asked.hops, asked.wait) = (u8::MAX, Duration::MAX);
    let read = decode_question(&encode_question(&asked).unwrap()).unwrap();
    assert_eq!(
        (read.hops, read.wait),
        (QUESTION_HOPS_MAX, crate::QUESTION_WAIT_MAX)
    );
    asked.wait = Duration::ZERO;
    let read = decode_question(&encode_question(&asked).unwrap()).unwrap();
    assert_eq!(read.wait, Duration::from_millis(1));
    let widest = |it: u32| {
        Indicator::prefix(
            std::net::Ipv6Addr::from_bits(u128::from(it) << 96).into(),
            32,
        )
    };
    asked.indicators = (0..32).filter_map(widest).collect();
    assert_eq!(encode_question(&asked).unwrap().len(), QUESTION_BYTES_MAX);
    asked.indicators.extend(widest(32));
    assert_eq!(encode_question(&asked), None);
    asked.indicators.clear();
    assert_eq!(encode_question(&asked), None);
}

#[test]
fn an_answer_is_in_order_and_each_says_one_thing_of_each() {
    let (a, b) = (testimony(1, "192.0.2.1"), testimony(2, "192.0.2.1"));
    let other = testimony(1, "192.0.2.2");
    let nothing = sign(NOW, a.indicator, (Topic::Scan, None), &identity(1));
    let said = [
        Arc::clone(&b),
        Arc::clone(&other),
        Arc::clone(&a),
        Arc::new(nothing),
    ];
    let bytes = encode_answer(&said);
    let read = decode_answer(&bytes).unwrap();
    let mut expected = vec![&a, &b, &other];
    expected.sort_by_key(|it| (it.author, it.indicator));
    assert_eq!(read.len(), 3);
    for (read, expected) in read.into_iter().zip(expected) {
        assert_eq!(&read.verify().unwrap(), &**expected);
    }
    let swapped = [&[0, 2], &*other.signed, &*a.signed].concat();
    assert_eq!(
        decode_answer(&swapped),
        Err(AskError::Malformed { field: "order" })
    );
    assert_eq!(decode_answer(&[0, 0]), Ok(vec![]));
    assert_eq!(
        decode_answer(&[0, 0, 0]),
        Err(AskError::Malformed { field: "end" })
    );
    assert_eq!(decode_answer(&[]), Err(AskError::Truncated));
    assert_eq!(
        decode_answer(&[1, 1]),
        Err(AskError::OutOfRange { field: "count" })
    );
    assert_eq!(
        decode_answer(&bytes[..bytes.len() - 1]),
        Err(AskError::Truncated)
    );
}

#[test]
fn the_longest_answer_fits() {
    let indicators = (0..32)
        .map(|it: u128| Indicator::prefix(std::net::Ipv6Addr::from_bits(it << 96).into(), 32));
    let indicators: Vec<Indicator> = indicators.flatten().collect();
    let said = (0..9).flat_map(|author| {
        let content = (Topic::Flood, Some(opinion()));
        let of = move |it: &Indicator| Arc::new(sign(NOW, *it, content, &identity(author)));
        indicators.iter().map(of).collect::<Vec<_>>()
    });
    let said: Vec<Arc<Testimony>> = said.collect();
    let bytes = encode_answer(&said);
    assert_eq!(bytes.len(), ANSWER_BYTES_MAX);
    assert_eq!(decode_answer(&bytes).unwrap().len(), ANSWER_TESTIMONIES_MAX);
}

#[test]
fn a_recommendation_is_read_as_it_was_made() {
    let known = Recommendation {
        malicious_right: 1,
        malicious_wrong: 2,
        benign_right: 3,
        benign_wrong: u32::MAX,
        sort: SortRecord {
            competence: Confidence::FULL,
            integrity: Confidence::new(0.0001).unwrap(),
            interactions: 4,
            reputation: Confidence::NONE,
            recommenders: 5,
        },
    };
    for said in [None, Some(known)] {
        let bytes = encode_recommendation(said.as_ref());
        assert_eq!(decode_recommendation(&bytes), Ok(said));
        let longer = [&bytes[..], &[0]].concat();
        assert!(decode_recommendation(&longer).is_err());
        assert_eq!(
            decode_recommendation(&bytes[..bytes.len() - 1]),
            Err(AskError::Truncated)
        );
    }
    let mut bytes = encode_recommendation(Some(&known));
    assert_eq!(bytes.len(), RECOMMENDATION_BYTES_MAX);
    bytes[17..19].copy_from_slice(&10_001_u16.to_be_bytes());
    let field = "competence";
    assert_eq!(
        decode_recommendation(&bytes),
        Err(AskError::OutOfRange { field })
    );
    assert_eq!(
        decode_recommendation(&[2]),
        Err(AskError::Malformed { field: "known" })
    );
}

#[test]
fn a_question_about_a_node_is_read_as_it_was_put() {
    let subject = NodeId::from_public_key([5; 32]);
    let wait = Duration::from_millis(1234);
    let bytes = encode_question_about(subject, wait);
    assert_eq!(bytes.len(), QUESTION_ABOUT_BYTES);
    assert_eq!(decode_question_about(&bytes), Ok((subject, wait)));
    assert_eq!(decode_question_about(&bytes[1..]), Err(AskError::Truncated));
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        decode_question_about(&longer),
        Err(AskError::TooLong { bytes: 35 })
    );
}
